/** Gateways as they are shipped: built, copied aside, each in a process of its own. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { type Program, startProgram, stopProgram } from "./processes.ts";

const ROOT = path.dirname(import.meta.dirname);

/** Relative path → YAML or JSON value. */
export type Folder = Readonly<Record<string, unknown>>;

export interface Gateway {
  readonly program: Program;
  readonly agentUrl: string;
  readonly controlUrl: string;
  readonly operatorToken: string;
  readonly options: GatewayOptions;
}

export interface GatewayOptions {
  /** The program: of the build, or the source. */
  readonly main: string;
  readonly configFolder: string;
  readonly dataFolder: string;
  readonly store: string | null;
  readonly core?: number;
  readonly nodeArgs?: readonly string[];
}

/** The line with which `start --json` says that it is ready. */
interface Ready {
  readonly agent_url: string;
  readonly control_url: string;
  readonly operator_token: string;
}

/** Folders that go when the benchmark ends. */
const made: string[] = [];
process.once("exit", () => {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-bench-"));
  made.push(folder);
  return folder;
}

export function writeFolder(files: Folder): string {
  const folder = temporaryFolder();
  for (const [name, value] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), stringify(value));
  }
  return folder;
}

/**
 * The program to measure. A build is copied aside, so that a new one in the middle of a run changes
 * nothing; it stays inside the repository, where its packages are found.
 */
export function programToRun(fromSource: boolean): string {
  if (fromSource) return path.join(ROOT, "src", "main.ts");
  const script = path.join(ROOT, "scripts", "build.ts");
  const built = spawnSync(process.execPath, [script, "--if-stale"], { stdio: "inherit" });
  if (built.status !== 0) throw new Error("the build failed; --source measures without one");
  fs.mkdirSync(path.join(ROOT, ".cache"), { recursive: true });
  const aside = fs.mkdtempSync(path.join(ROOT, ".cache", "bench-"));
  made.push(aside);
  fs.cpSync(path.join(ROOT, "dist"), path.join(aside, "dist"), { recursive: true });
  fs.copyFileSync(path.join(ROOT, "package.json"), path.join(aside, "package.json"));
  return path.join(aside, "dist", "slipclutch.mjs");
}

/** With PostgreSQL all gateways share one key; any will do for a throwaway server. */
export const ENCRYPTION_KEY = "5c".repeat(32);

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { configFolder, core, dataFolder, main, nodeArgs = [], store } = options;
  const args = [...nodeArgs, main, "start", "--config", configFolder, "--data", dataFolder];
  args.push("--agent-port", "0", "--control-port", "0", "--json");
  if (store !== null) args.push("--store", store);
  const program = await startProgram<Ready>({ args, ...(core === undefined ? {} : { core }) });
  const { agent_url: agentUrl, control_url: controlUrl, operator_token: token } = program.ready;
  return { program, agentUrl, controlUrl, operatorToken: token, options };
}

/** Asks the control plane; an answer that is no success is an error. */
export async function ask<Answer>(
  { controlUrl, operatorToken }: Gateway,
  method: "GET" | "POST",
  address: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(controlUrl + address, {
    method,
    headers: { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return (await response.json()) as Answer; // the caller names the view that this address answers
}

export async function keyFor(gateway: Gateway, agent: string): Promise<string> {
  const made = await ask<{ key: string }>(gateway, "POST", "/api/v1/keys", { agent });
  return made.key;
}

export async function stopGateway(gateway: Gateway, signal?: NodeJS.Signals): Promise<void> {
  await stopProgram(gateway.program, signal);
}
