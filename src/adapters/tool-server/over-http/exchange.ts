import type { Dispatcher, Pool } from "undici";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import { faultOf } from "./fault.ts";
import { CONNECTION_WAIT_MAX_MS } from "./pool.ts";

/** How long the rest of a stream is read after its answer, so that its connection can be kept. */
export const DRAIN_MS_MAX: Millis = 1_000;

/** The way to one server. */
export interface Road {
  readonly pool: Pool;
  readonly clock: Clock;
}

export interface HttpAsk {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string | null;
  /** From the write to the end; null: the caller looks at the clock. */
  readonly timeoutMs: Millis | null;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What becomes of an answer depends on what is spoken over HTTP; until then all is alike. */
export interface AnswerSink {
  /** Asked in the stretch of the write. */
  mayWrite(): boolean;
  head(status: number, headers: AnswerHeaders): void;
  /** Also of what comes after the answer was made out, until it is cut. */
  data(chunk: Uint8Array): void;
  /** All of it has come. */
  last(): void;
  /** Instead of an answer. Like what is told by `answered`: once, never synchronously. */
  fault(fault: ToolFault): void;
}

/**
 * One request and its answer, whatever is spoken.
 *
 *   waiting ──connected──► mayWrite? ──yes──► written ──► head ──► data* ──► answered | fault
 *      │                      └─no─► fault(held)  └────────┴─────────┴─────► fault
 *      └──abort, refused, waited too long──► fault(written: false)
 *
 * The HTTP client calls `onRequestStart` when a connection is free and writes the request in the
 * same synchronous stretch; aborting there writes nothing and costs the connection. What is cut
 * costs its connection too, so what comes after an answer is read on for a moment.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #clock: Clock;
  readonly #timeoutMs: Millis | null;
  readonly #sink: AnswerSink;
  #controller: Dispatcher.DispatchController | null = null;
  #written = false;
  #over = false;
  #isCut = false;
  #stopTimer: () => void;

  constructor({ clock, pool }: Road, ask: HttpAsk, sink: AnswerSink) {
    this.#clock = clock;
    this.#timeoutMs = ask.timeoutMs;
    this.#sink = sink;
    this.#stopTimer = clock.after(CONNECTION_WAIT_MAX_MS, () => {
      const message = `no connection was free within ${CONNECTION_WAIT_MAX_MS} ms`;
      this.fail({ kind: "unreachable", written: false, message });
    });
    pool.dispatch(
      {
        method: ask.method,
        path: ask.target,
        headers: [...ask.headers],
        body: ask.body === null ? null : Buffer.from(ask.body),
        // Both would measure silence; what counts here is the whole.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      this,
    );
  }

  /** An answer was made out, or there was a fault: nothing more is told. */
  get isOver(): boolean {
    return this.#over;
  }

  abort(): void {
    this.fail({ kind: "aborted", written: this.#written, message: "cut off by the gateway" });
  }

  /** The answer is made out. What is left of it is read on, but not for long. */
  answered(tell: () => void): void {
    if (this.#over) return;
    this.#end(tell);
    this.#stopTimer = this.#clock.after(DRAIN_MS_MAX, () => this.cut("it did not end"));
  }

  /** What came is no answer. */
  garbage(what: string): void {
    this.fail({ kind: "protocol", written: true, message: `answered with ${what}` });
  }

  fail(fault: ToolFault): void {
    if (this.#over) return;
    this.#end(() => this.#sink.fault(fault));
    this.cut(fault.message);
  }

  /** Nothing more is read. */
  cut(why: string): void {
    this.#isCut = true;
    this.#stopTimer();
    this.#controller?.abort(new Error(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) {
      controller.abort(new Error("aborted before it was written"));
      return;
    }
    const mayWrite = this.#sink.mayWrite();
    if (this.#over) return; // who was asked has aborted it
    if (!mayWrite) {
      return this.fail({ kind: "held", written: false, message: "held back at the write" });
    }
    this.#written = true;
    this.#stopTimer();
    const timeoutMs = this.#timeoutMs;
    if (timeoutMs === null) return;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      this.fail({ kind: "timeout", written: true, message: `no answer within ${timeoutMs} ms` });
    });
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: AnswerHeaders,
  ): void {
    if (!this.#over && status >= 200) this.#sink.head(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (!this.#isCut) this.#sink.data(chunk);
  }

  onResponseEnd(): void {
    if (!this.#isCut) this.#sink.last();
    this.#stopTimer();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(faultOf(error, this.#written));
    this.#stopTimer();
  }

  /** In a microtask: nobody is called early, and what is thrown there is not swallowed. */
  #end(tell: () => void): void {
    this.#over = true;
    this.#stopTimer();
    queueMicrotask(tell);
  }
}

/** Answers are asked for as they are; null: this one is. */
export function encodingOf(headers: AnswerHeaders): string | null {
  const encoding = String(headers["content-encoding"] ?? "identity").toLowerCase();
  return encoding === "identity"
    ? null
    : `content-encoding ${encoding}, though identity was asked for`;
}
