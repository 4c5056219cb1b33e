/** A real gateway in a process of its own, on a folder of its own, for end-to-end tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { checkAnswer } from "./api-document.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** The repository's own Node, whatever runs the tests. */
export const NODE = join(ROOT, "node_modules", ".bin", "node");
export const MAIN = join(ROOT, "src", "main.ts");
const START_MS = 60_000;
/** A value used twice is written twice: the folder takes no aliases. */
const NO_ALIASES = { aliasDuplicateObjects: false };

/** Relative path → YAML or JSON value, or text as it is. */
export type Folder = Readonly<Record<string, unknown>>;

export interface GatewayOptions {
  /** Files of the guardrails folder; null: the flags say where it is. */
  readonly config: Folder | null;
  /** More of the command line. */
  readonly flags?: readonly string[];
  /** A data folder to start on again; else a fresh one. */
  readonly data?: string;
  readonly store?: string;
  /** Listen where the configuration says, instead of on free ports. */
  readonly configuredPorts?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface TestGateway {
  readonly agentUrl: string;
  readonly controlUrl: string;
  readonly operatorToken: string;
  /** Of the first agent; null when the data folder had keys before. */
  readonly agentKey: string;
  readonly configFolder: string;
  readonly dataFolder: string;
  readonly process: ChildProcess;
  /** Lines of the log so far. */
  readonly log: () => string;
  /** Sends the signal and waits for the end; the exit code, or null if killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** The control plane's API; its answers are held to the document of it. */
  api(method: string, path: string, body?: unknown): Promise<Response>;
  /** POSTs JSON as the agent. */
  call(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }>;
}

export async function writeFolder(files: Folder, folder?: string): Promise<string> {
  const into = folder ?? (await mkdtemp(join(tmpdir(), "slipclutch-config-")));
  for (const [path, value] of Object.entries(files)) {
    await mkdir(dirname(join(into, path)), { recursive: true });
    await writeFile(
      join(into, path),
      typeof value === "string" ? value : stringify(value, NO_ALIASES),
    );
  }
  return into;
}

export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  const configFolder = await writeFolder(options.config ?? {});
  const dataFolder = options.data ?? (await mkdtemp(join(tmpdir(), "slipclutch-data-")));
  const args = ["start", "--data", dataFolder, ...(options.flags ?? [])];
  if (options.config !== null) args.push("--config", configFolder);
  if (!options.configuredPorts) args.push("--agent-port", "0", "--control-port", "0");
  args.push("--json");
  if (options.store !== undefined) args.push("--store", options.store);
  const child = spawn(NODE, [MAIN, ...args], {
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const ready = JSON.parse(await firstLine(child, () => log));
  return {
    agentUrl: ready.agent_url,
    controlUrl: ready.control_url,
    operatorToken: ready.operator_token,
    agentKey: ready.agent_key,
    configFolder,
    dataFolder,
    process: child,
    log: () => log,
    stop: (signal = "SIGTERM") => stop(child, signal),
    api: async (method, path, body) => {
      const answer = await fetch(ready.control_url + path, {
        method,
        headers: {
          authorization: `Bearer ${ready.operator_token}`,
          "content-type": "application/json",
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      await checkAnswer(method, path, answer);
      return answer;
    },
    call: (path, body, headers) =>
      fetch(ready.agent_url + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${ready.agent_key}`,
          "content-type": "application/json",
          ...headers,
        },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    cli: (...cliArgs) => runCli([...cliArgs, "--data", dataFolder]),
  };
}

/** Runs one command of the command line to its end. */
export function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(NODE, [MAIN, ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** Removes what a gateway wrote. */
export async function forget(gateway: TestGateway): Promise<void> {
  await rm(gateway.configFolder, { recursive: true, force: true });
  await rm(gateway.dataFolder, { recursive: true, force: true });
}

function firstLine(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the gateway did not start in ${START_MS} ms:\n${log()}`));
    }, START_MS);
    child.stdout?.on("data", (chunk) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0) return;
      clearTimeout(timer);
      resolve(text.slice(0, end));
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the gateway ended with ${code} before it was ready:\n${log()}`));
    });
  });
}

function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}
