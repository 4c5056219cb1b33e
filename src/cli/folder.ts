/** `check` and `init`: commands on a guardrails folder, which need no gateway. */
import { resolve } from "node:path";
import { systemClock } from "../compose/process.ts";
import type { Shell } from "./shell.ts";

const lines = (shell: Shell) => ({
  out: (line: string) => shell.out.write(`${line}\n`),
  err: (line: string) => shell.err.write(`${line}\n`),
});

export async function checkFolder(
  options: { readonly config: string; readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const { runCheck } = await import("./check.ts");
  return runCheck({
    folder: resolve(shell.folder, options.config),
    environment: shell.environment,
    json: options.json ?? false,
    now: systemClock.wall(),
    ...lines(shell),
  });
}

export async function initFolder(folder: string, shell: Shell): Promise<number> {
  const { runInit } = await import("./init.ts");
  return runInit({ folder: resolve(shell.folder, folder), ...lines(shell) });
}
