/** Programs that a benchmark starts: each on a core of its own if possible, and ended. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** The system under test has this core to itself; load and upstream share the other. */
export const CORE_UNDER_TEST = 0;
export const CORE_OF_LOAD = 1;

/** A load answers when it is over. */
const START_MS = 180_000;
const STOP_MS = 20_000;
const LOG_CHARACTERS_MAX = 64 * 1024;
/** What /proc/PID/stat counts in; fixed on Linux whatever the kernel's own tick is. */
const TICKS_A_SECOND = 100;

const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export interface ProgramOptions {
  readonly command?: string;
  readonly args: readonly string[];
  readonly core?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The end of what it wrote to standard error. */
  readonly log: () => string;
  /** From its start to its first line. */
  readonly readyMs: number;
}

/** Whether programs can be kept on one core here. */
export const pins = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

function pinned(options: ProgramOptions): [string, string[]] {
  const command = options.command ?? process.execPath;
  if (options.core === undefined || !pins) return [command, [...options.args]];
  return ["taskset", ["-c", String(options.core), command, ...options.args]];
}

/** Starts a program that says in its first line, in JSON, that it is ready. */
export async function startProgram<Ready>(
  options: ProgramOptions,
): Promise<Program & { readonly ready: Ready }> {
  const [command, args] = pinned(options);
  const startedAt = performance.now();
  const child = spawn(command, args, {
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  let log = "";
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-LOG_CHARACTERS_MAX);
  });
  const line = await firstLine(child, () => log);
  const ready = JSON.parse(line) as Ready; // what our own programs print, and nothing else is run
  const readyMs = performance.now() - startedAt;
  return { child, pid: child.pid ?? 0, log: () => log, readyMs, ready };
}

/** Starts a program that says nothing. */
export function startSilent(options: ProgramOptions): Program {
  const [command, args] = pinned(options);
  const child = spawn(command, args, { stdio: "ignore" });
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  return { child, pid: child.pid ?? 0, log: () => "", readyMs: Number.NaN };
}

/** Runs a program to its end; its first line is its answer. */
export async function runProgram<Answer>(options: ProgramOptions): Promise<Answer> {
  const { child, log, ready } = await startProgram<Answer>(options);
  if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode !== 0) throw new Error(`a program ended with ${child.exitCode}: ${log()}`);
  return ready;
}

/** Keeps a process that runs already, and those it starts from now on, on one core. */
export function pin(pid: number, core: number): void {
  if (pins) spawnSync("taskset", ["-cp", String(core), String(pid)]);
}

function firstLine(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`a program did not start in ${START_MS} ms:\n${log()}`));
    }, START_MS);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`a program ended with ${code} before it was ready:\n${log()}`));
    });
    child.stdout?.on("data", (chunk) => {
      text = (text + chunk).slice(0, LOG_CHARACTERS_MAX);
      const end = text.indexOf("\n");
      if (end < 0) return;
      clearTimeout(timer);
      resolve(text.slice(0, end));
    });
  });
}

/** Ends a program; one that does not end in time is killed. */
export async function stopProgram(
  { child }: Pick<Program, "child">,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });
}

/** Milliseconds of processor time of a whole process so far, all its threads, user and system. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, second, may hold anything; what follows its bracket is regular.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks * 1000) / TICKS_A_SECOND;
}

/** Resident memory in bytes: now, and the most there ever was. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1] ?? Number.NaN);
  return { now: kilobytes("VmRSS") * 1024, peak: kilobytes("VmHWM") * 1024 };
}
