/** The real `opa`: as a server on a unix socket, and as the compiler of bundles. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { PolicySources } from "../../src/ports/policy-engine.ts";

const START_MS = 30_000;
const LOOK_EVERY_MS = 20;

export interface Opa {
  readonly socket: string;
  /** What it printed, a line each: its decision log among it, where that goes to the console. */
  said(): readonly string[];
  /** As a crash would. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface OpaRun {
  readonly sources: PolicySources;
  readonly dialect: "v0" | "v1";
  readonly parameters?: readonly string[];
  /** Its files are a bundle, whose manifest may be among them. */
  readonly isBundle?: boolean;
}

/** A server with these policies and documents. */
export async function startOpa({
  dialect,
  isBundle = false,
  parameters = [],
  sources,
}: OpaRun): Promise<Opa> {
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-opa-"));
  const socket = join(folder, "opa.sock");
  const place = join(folder, "policies");
  await mkdir(place);
  const files = await writeSources(place, sources);
  const child = spawn(
    "opa",
    [
      ...["run", "--server", "--skip-version-check", "--addr", `unix://${socket}`],
      ...dialectOf(dialect),
      ...parameters,
      ...(isBundle ? ["--bundle", place] : files),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const listen = (chunk: Buffer): void => {
    said += chunk;
  };
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  await healthy(child, socket, () => said).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const kill = async (): Promise<void> => {
    if (child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  };
  return {
    socket,
    said: () => said.split("\n").slice(0, -1),
    kill,
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What `opa build -t wasm` makes of them. */
export async function buildWasm(
  { dialect, sources }: OpaRun,
  entrypoints: readonly string[],
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-wasm-"));
  try {
    const files = await writeSources(folder, sources);
    const output = join(folder, "bundle.tar.gz");
    const asked = entrypoints.flatMap((entrypoint) => ["-e", entrypoint]);
    const parameters = ["build", "-t", "wasm", ...dialectOf(dialect), ...asked, "-o", output];
    await promisify(execFile)("opa", [...parameters, ...files]);
    return await readFile(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function dialectOf(dialect: "v0" | "v1"): readonly string[] {
  return dialect === "v0" ? ["--v0-compatible"] : [];
}

async function writeSources(folder: string, sources: PolicySources): Promise<readonly string[]> {
  const files = [...sources.modules, { file: "data.json", text: sources.data }];
  const paths = files.map(({ file, text }) => ({ path: join(folder, file), text }));
  await Promise.all(paths.map(({ path, text }) => writeFile(path, text)));
  return paths.map(({ path }) => path);
}

async function healthy(child: ChildProcess, socket: string, said: () => string): Promise<void> {
  const until = performance.now() + START_MS;
  while (performance.now() < until && child.exitCode === null) {
    if (await answers(socket)) return;
    await sleep(LOOK_EVERY_MS);
  }
  child.kill("SIGKILL");
  throw new Error(`opa did not start: ${said()}`);
}

/** That it wants a token is an answer too. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: socket, path: "/health" }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 500);
    });
    asked.on("error", () => resolve(false)).end();
  });
}
