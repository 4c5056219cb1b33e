/** The processes of the demo. None outlives it: they are ended in one place, whatever happened. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a program of the demo is started as. */
export interface Part {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

const ANSWER_MS: Millis = 30_000;
/** From a connection that breaks to the news that its process has ended. */
const MOMENT_MS: Millis = 500;
/** A gateway that stops writes what it holds first. */
const STOP_MS: Millis = 10_000;
/** The end of what a process said, shown if it fails. */
const LOG_CHARS_MAX = 4_000;

/** The demo cannot go on: a process of it was lost, or is too slow. */
export class DemoFailed extends Error {
  override readonly name = "DemoFailed";
}

export class Cast {
  readonly #clock: Clock;
  readonly #environment: Environment;
  readonly #children = new Map<ChildProcess, string>();
  readonly #interrupted: Promise<never>;
  #interrupt: (why: Error) => void = () => undefined;
  #ending = false;

  constructor(clock: Clock, environment: Environment) {
    this.#clock = clock;
    this.#environment = withoutSettings(environment);
    this.#interrupted = new Promise((_, reject) => {
      this.#interrupt = reject;
    });
    // Nobody may be waiting when it happens; whoever asks next is told.
    this.#interrupted.catch((error: unknown) => error);
  }

  /** Ends whatever is being waited for. */
  interrupt(why: Error): void {
    this.#interrupt(why);
  }

  /** Rejects if a process ends that should not, or the demo is interrupted. */
  async during<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await Promise.race([work, this.#interrupted]);
    } catch (error) {
      // What fails first for want of a process is often a request to it: the process says why.
      const moment = new Promise<void>((resolve) => this.#clock.after(MOMENT_MS, resolve));
      await Promise.race([this.#interrupted, moment]);
      throw error;
    }
  }

  /** A program of the demo, which speaks over its channel. */
  async start(part: Part): Promise<{ readonly child: ChildProcess; readonly ready: unknown }> {
    const child = this.#spawn(part, ["ignore", "ignore", "pipe", "ipc"]);
    const ready = new Promise<unknown>((resolve) => child.once("message", resolve));
    return { child, ready: await this.#inTime(ready, part) };
  }

  /** A gateway, which says with one line of JSON that it is ready. */
  async startGateway(part: Part): Promise<unknown> {
    const child = this.#spawn(part, ["ignore", "pipe", "pipe"]);
    const line = new Promise<string>((resolve) => {
      let text = "";
      child.stdout?.on("data", (chunk) => {
        text += chunk;
        if (text.includes("\n")) resolve(text);
      });
    });
    return JSON.parse(await this.#inTime(line, part));
  }

  /** A command that is run to its end; what it printed. */
  run(part: Part): Promise<string> {
    const { args, name, program } = part;
    const child = spawn(process.execPath, [program, ...args], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    const said = logOf(child);
    child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    const ended = new Promise<string>((resolve, reject) => {
      child.once("close", (code) => {
        if (code === 0) resolve(out);
        else reject(new DemoFailed(`${name} ended with ${code}: ${said()}`));
      });
    });
    return this.#inTime(ended, part);
  }

  /** Ends one before the others. */
  stop(child: ChildProcess): Promise<void> {
    this.#children.delete(child);
    return ended(child, this.#clock);
  }

  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#children.keys()].map((child) => ended(child, this.#clock)));
  }

  #spawn({ args, name, program }: Part, stdio: ("ignore" | "pipe" | "ipc")[]): ChildProcess {
    const child = spawn(process.execPath, [program, ...args], { env: this.#environment, stdio });
    const said = logOf(child);
    this.#children.set(child, name);
    child.once("error", (error) => this.#interrupt(error));
    child.once("exit", (code, signal) => {
      if (this.#ending || !this.#children.delete(child)) return;
      this.#interrupt(new DemoFailed(`The ${name} ended with ${code ?? signal}: ${said()}`));
    });
    return child;
  }

  /** Each of them answers soon, or something is wrong with this machine. */
  #inTime<Value>(work: Promise<Value>, { name }: Part): Promise<Value> {
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      const why = new DemoFailed(`Nothing came of the ${name} within ${ANSWER_MS / 1_000} s.`);
      cancel = this.#clock.after(ANSWER_MS, () => reject(why));
    });
    return this.during(Promise.race([work, late])).finally(cancel);
  }
}

function ended(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.after(STOP_MS, () => child.kill("SIGKILL"));
    child.once("exit", () => {
      cancel();
      resolve();
    });
    if (child.connected) child.disconnect();
    else child.kill("SIGTERM");
  });
}

function logOf(child: ChildProcess): () => string {
  let log = "";
  child.stderr?.on("data", (chunk) => {
    log = (log + chunk).slice(-LOG_CHARS_MAX);
  });
  return () => log.trim();
}

/** What a person has set for own clients and gateways is not meant for these. */
function withoutSettings(environment: Environment): Record<string, string> {
  const kept = Object.entries(environment).filter((pair): pair is [string, string] => {
    return pair[1] !== undefined && !/^(OPENAI|SLIPCLUTCH)_/.test(pair[0]);
  });
  return Object.fromEntries(kept);
}
