import type { Millis } from "../../../../guards/money.ts";
import type { Clock } from "../../../../ports/clock.ts";
import type { Remarks } from "../../../../ports/remarks.ts";
import type { ToolFault } from "../../../../ports/tool-server.ts";
import { STATELESS_VERSION } from "../../../../wire/mcp-stateless.ts";
import { unreachable } from "../link.ts";
import type { McpCommand } from "../mcp-settings.ts";
import { within } from "../within.ts";
import { Conversation } from "./conversation.ts";
import { Murmur } from "./murmur.ts";

/** Between an end and the next start: twice as long each time, up to the most. */
export const REST_MS = 1_000;
export const REST_MS_MAX = 30_000;
/** What stayed up so long did not end because it was started. */
export const STEADY_MS = 60_000;
/** Longer than this nobody waits for a start; as long as for a connection over HTTP. */
export const REST_WAIT_MS_MAX = 10_000;

const CLOSED: ToolFault = { kind: "reset", written: false, message: "closed by the gateway" };

export interface Told {
  readonly remarks: Remarks;
  /** Takes the secrets out, and what is too long. */
  clean(message: string): string;
  onListChanged(): void;
}

/**
 * Keeps one child up for all who ask.
 *
 *   none ──asked──► starting ──agreed──► up ──ended──► resting ──asked, rested──► starting
 *                      └────────failed────────────────►┘
 *
 * A rest is doubled by every end that comes soon after its start, so that a server that cannot
 * run costs a start every 30 s, and none at all while nobody asks for it.
 */
export class Keeper {
  readonly #command: McpCommand;
  readonly #clock: Clock;
  readonly #told: Told;
  /** The newest, whatever has become of it. */
  #begun: Conversation | null = null;
  #up: Conversation | null = null;
  #starting: Promise<Conversation | ToolFault> | null = null;
  #closed = false;
  #wake: () => void = () => undefined;
  /** Of the last one: two at a time could get in each other's way. */
  #gone: Promise<void> = Promise.resolve();
  #shakesHands = false;
  #restMs = 0;
  #restUntil: Millis = 0;
  #because = "";
  #lastId = 0;

  constructor(command: McpCommand, clock: Clock, told: Told) {
    this.#command = command;
    this.#clock = clock;
    this.#told = told;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The one there is, or a new one, or why there is none. Never rejects. */
  conversation(): Conversation | Promise<Conversation | ToolFault> {
    if (this.#up !== null) return this.#up;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#begun?.close(CLOSED.message);
    await this.#starting;
    await this.#gone;
  }

  async #start(): Promise<Conversation | ToolFault> {
    const restMs = this.#restUntil - this.#clock.monotonic();
    if (restMs > REST_WAIT_MS_MAX) {
      const seconds = Math.ceil(restMs / 1_000);
      return unreachable(`${this.#because}; it is started again in ${seconds} s at the earliest`);
    }
    if (restMs > 0) await this.#rest(restMs);
    await this.#gone;
    return this.#closed ? CLOSED : this.#open();
  }

  #rest(ms: Millis): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return within(this.#clock, ms, woken);
  }

  async #open(): Promise<Conversation | ToolFault> {
    const opened = await this.#attempt();
    // Some servers of before 2026-07-28 end at a question that they do not know.
    if (this.#begun?.endedAtQuestion !== true || this.#closed) return opened;
    await this.#gone;
    this.#shakesHands = true;
    return this.#closed ? CLOSED : this.#attempt();
  }

  async #attempt(): Promise<Conversation | ToolFault> {
    const begun = this.#begin();
    if (typeof begun === "string") return unreachable(begun);
    this.#begun = begun;
    const wrong = await begun.open(this.#shakesHands, () => this.nextId());
    const { isOver, isStateless, pid } = begun;
    if (wrong === null && !isOver) {
      this.#up = begun;
      this.#shakesHands = !isStateless;
      const speaks = isStateless ? STATELESS_VERSION : "a version with a handshake";
      this.#told.remarks.info("a tool server was started", { ...this.#who, pid, speaks });
      return begun;
    }
    this.#shakesHands = false;
    void begun.close(wrong ?? "ended");
    if (this.#closed) return CLOSED;
    return unreachable(isOver || wrong === null ? this.#because : wrong);
  }

  #begin(): Conversation | string {
    const since = this.#clock.monotonic();
    const { onListChanged, remarks } = this.#told;
    const murmur = new Murmur(this.#clock, (line, linesLeftOut) => {
      const leftOut = linesLeftOut === 0 ? {} : { lines_left_out: linesLeftOut };
      const fields = { ...this.#who, line: this.#told.clean(line), ...leftOut };
      remarks.info("a tool server wrote to its standard error", fields);
    });
    try {
      const begun: Conversation = new Conversation(this.#command, this.#clock, {
        listChanged: onListChanged,
        murmured: (chunk) => murmur.hear(chunk),
        over: (because) => {
          murmur.end();
          this.#noteEnd(begun, since, because);
        },
      });
      return begun;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#rested(since, `the server could not be started: ${why}`);
      return this.#because;
    }
  }

  #noteEnd(conversation: Conversation, since: Millis, because: string): void {
    if (this.#up === conversation) this.#up = null;
    const { pid } = conversation;
    this.#gone = conversation.gone();
    if (this.#closed) return;
    const ranMs = this.#rested(since, because);
    this.#told.remarks.warn("a tool server ended", {
      ...this.#who,
      pid,
      because: this.#told.clean(because),
      ran_ms: Math.round(ranMs),
      next_start_after_ms: this.#restMs,
    });
    this.#told.onListChanged(); // the next one may be a newer version
  }

  /** Sets the time of the next start; how long it ran. */
  #rested(since: Millis, because: string): Millis {
    const now = this.#clock.monotonic();
    const wasSteady = now - since >= STEADY_MS;
    const twice = wasSteady ? REST_MS : 2 * this.#restMs;
    this.#restMs = Math.min(Math.max(twice, REST_MS), REST_MS_MAX);
    this.#restUntil = now + this.#restMs;
    this.#because = because;
    return now - since;
  }

  get #who() {
    return { tool_server: this.#command.name };
  }
}
