import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Millis } from "../../../../guards/money.ts";
import type { Clock } from "../../../../ports/clock.ts";
import type { McpCommand } from "../mcp-settings.ts";
import { within } from "../within.ts";

/** For the end by itself, once its input has ended; then again after SIGTERM. */
export const GRACE_MS = 2_000;
/** For what an ended child had written; and for the system to end one that is killed. */
const REMAINS_MS_MAX = 500;

/** Who has a child. Nothing comes after `ended`. */
export interface ChildSink {
  wrote(chunk: Uint8Array): void;
  murmured(chunk: Uint8Array): void;
  /** It has read what was written to it. */
  drained(): void;
  /** It is gone, or was never there. */
  ended(how: string): void;
}

/**
 * One process, with the group that it leads: what it starts itself ends with it. It is started
 * without a shell. If the gateway is killed, its input ends; a server ends by itself then.
 */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #clock: Clock;
  readonly #sink: ChildSink;
  #how = "ended";
  #isOver = false;
  #over: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#over = resolve;
  });
  #stopping: Promise<void> | null = null;

  /** Throws where the system refuses at once. */
  constructor({ command, env, folder, surroundings }: McpCommand, clock: Clock, sink: ChildSink) {
    const [program, ...given] = command;
    this.#clock = clock;
    this.#sink = sink;
    this.#process = spawn(program, given, {
      cwd: folder,
      env: { ...surroundings, ...env },
      stdio: "pipe",
      shell: false,
      // Leads a group of its own: it can be ended whole, and the terminal's Ctrl-C is ours alone.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#listen();
  }

  /** Null: it could not be started. */
  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  /** Whether it reads: what is written now does not wait for long. */
  get hasRoom(): boolean {
    const { stdin } = this.#process;
    return !this.#isOver && stdin.writable && !stdin.writableNeedDrain;
  }

  write(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends it, gently first. Bounded, and never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #listen(): void {
    const { stderr, stdin, stdout } = this.#process;
    this.#process.on("error", (error) => {
      if (this.pid === null) this.#end(`could not be started: ${error.message}`);
    });
    this.#process.once("exit", (code, signal) => {
      this.#how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      // Whatever it started would else hold its pipes, and live on without anybody who knows it.
      this.#signal("SIGKILL");
      this.#clock.after(REMAINS_MS_MAX, () => this.#end(this.#how));
    });
    this.#process.once("close", () => this.#end(this.#how));
    stdout.on("data", (chunk: Uint8Array) => {
      if (!this.#isOver) this.#sink.wrote(chunk);
    });
    stderr.on("data", (chunk: Uint8Array) => {
      if (!this.#isOver) this.#sink.murmured(chunk);
    });
    stdout.once("end", () => this.stop());
    stdin.on("drain", () => this.#sink.drained());
    // It reads no more: an answer will not come either.
    stdin.on("error", () => this.stop());
  }

  async #stop(): Promise<void> {
    this.#process.stdin.end();
    if (await this.#endsWithin(GRACE_MS)) return;
    this.#signal("SIGTERM");
    if (await this.#endsWithin(GRACE_MS)) return;
    this.#signal("SIGKILL");
    await this.#endsWithin(REMAINS_MS_MAX);
  }

  async #endsWithin(ms: Millis): Promise<boolean> {
    await within(this.#clock, ms, this.#ended);
    return this.#isOver;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === null) return;
    if (process.platform === "win32") {
      this.#process.kill(signal);
      return;
    }
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Nobody is left in the group, or nobody whom we may end: no more can be done.
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code !== "ESRCH" && code !== "EPERM") throw error;
    }
  }

  #end(how: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
    this.#sink.ended(how);
  }
}
