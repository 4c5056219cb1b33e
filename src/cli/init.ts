/** `slipclutch init DIR`: a guardrails folder to begin with. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { STARTER } from "../config/starter.ts";

export interface InitOptions {
  readonly folder: string;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Writes the starter, or nothing if any of its files is there already. Exit code 0 or 1. */
export async function runInit({ folder, out, err }: InitOptions): Promise<number> {
  const there: string[] = [];
  for (const file of STARTER.keys()) {
    if (await exists(join(folder, file))) there.push(file);
  }
  if (there.length > 0) {
    err(`${folder} already has ${there.join(", ")}: nothing was written.`);
    return 1;
  }
  for (const [file, text] of STARTER) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    // "wx": a file that somebody made in the meantime is not overwritten either.
    await writeFile(path, text, { flag: "wx" });
    out(`wrote ${path}`);
  }
  out(`Next: slipclutch check --config ${folder}`);
  return 0;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
