import type { Dispatcher, Pool } from "undici";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import type { HttpToolAnswer } from "../../../wire/http-tool-answer.ts";
import { faultOf } from "./fault.ts";

/**
 * How long a call may wait for one of the pool's connections, as long as for a connection to be
 * made. Beyond it the server is as good as out of reach.
 */
export const CONNECTION_WAIT_MAX_MS = 10_000;
/** Of the body of a failure; the rest is not read. */
export const FAILURE_BYTES_MAX = 64 * 1024;
const FIRST_REDIRECT = 300;
const FIRST_FAILURE = 400;

export interface Ask {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string | null;
  readonly timeoutMs: Millis;
  readonly answerBytesMax: number;
}

export interface AskRun {
  mayWrite(): boolean;
  /** Exactly once, never synchronously. */
  end(end: AskEnd): void;
}

export type AskEnd =
  | { readonly kind: "answer"; readonly answer: HttpToolAnswer }
  | { readonly kind: "fault"; readonly fault: ToolFault };

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * One request and its answer.
 *
 *   waiting ──connected──► mayWrite? ──yes──► written ──► head ──► data* ──► end
 *      │                      └─no─► held        └────────┴─────────┴──────► end
 *      └──abort, refused, waited too long──► end (written: false)
 *
 * The HTTP client calls `onRequestStart` when a connection is free and writes the request in the
 * same synchronous stretch; aborting there writes nothing and costs the connection. What is cut
 * costs its connection too.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #ask: Ask;
  readonly #run: AskRun;
  readonly #clock: Clock;
  readonly #chunks: Uint8Array[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #contentType = "";
  #bytes = 0;
  #written = false;
  #over = false;
  #stopTimer: () => void;

  constructor(pool: Pool, clock: Clock, ask: Ask, run: AskRun) {
    this.#ask = ask;
    this.#run = run;
    this.#clock = clock;
    this.#stopTimer = clock.after(CONNECTION_WAIT_MAX_MS, () => {
      const message = `no connection was free within ${CONNECTION_WAIT_MAX_MS} ms`;
      this.#fail({ kind: "unreachable", written: false, message });
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

  abort(): void {
    this.#fail({ kind: "aborted", written: this.#written, message: "cut off by the gateway" });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) {
      controller.abort(new Error("aborted before it was written"));
      return;
    }
    const mayWrite = this.#run.mayWrite();
    if (this.#over) return; // who was asked has aborted it
    if (!mayWrite) {
      return this.#fail({ kind: "held", written: false, message: "held back at the write" });
    }
    this.#written = true;
    this.#stopTimer();
    const { timeoutMs } = this.#ask;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      this.#fail({ kind: "timeout", written: true, message: `no answer within ${timeoutMs} ms` });
    });
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: AnswerHeaders,
  ): void {
    if (this.#over || status < 200) return;
    this.#status = status;
    this.#contentType = String(headers["content-type"] ?? "");
    if (status >= FIRST_REDIRECT && status < FIRST_FAILURE) {
      return this.#garbage(`HTTP ${status}${placeOf(headers)}: redirects are not followed`);
    }
    const encoding = String(headers["content-encoding"] ?? "identity").toLowerCase();
    if (encoding !== "identity") {
      this.#garbage(`content-encoding ${encoding}, though identity was asked for`);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#over) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const { answerBytesMax } = this.#ask;
    if (this.#status >= FIRST_FAILURE) {
      if (this.#bytes > Math.min(FAILURE_BYTES_MAX, answerBytesMax)) this.#answer("read enough");
    } else if (this.#bytes > answerBytesMax) {
      const message = `an answer of more than ${answerBytesMax} bytes`;
      this.#fail({ kind: "too-large", written: true, message });
    }
  }

  onResponseEnd(): void {
    this.#answer(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(faultOf(error, this.#written));
  }

  #answer(cut: string | null): void {
    const body = Buffer.concat(this.#chunks).subarray(0, this.#ask.answerBytesMax);
    const answer = { status: this.#status, contentType: this.#contentType, body };
    this.#finish({ kind: "answer", answer });
    if (cut !== null) this.#controller?.abort(new Error(cut));
  }

  #garbage(what: string): void {
    this.#fail({ kind: "protocol", written: true, message: `answered with ${what}` });
  }

  #fail(fault: ToolFault): void {
    if (this.#over) return;
    this.#finish({ kind: "fault", fault });
    this.#controller?.abort(new Error(fault.message));
  }

  /** In a microtask: nobody is called early, and what is thrown there is not swallowed. */
  #finish(end: AskEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    queueMicrotask(() => this.#run.end(end));
  }
}

/** Where a redirect points, for the log: its origin alone, for the rest may hold a secret. */
function placeOf({ location }: AnswerHeaders): string {
  if (typeof location !== "string") return "";
  const origin = URL.canParse(location) ? new URL(location).origin : "its own origin";
  return ` to ${origin}`;
}
