import type { Dispatcher, Pool } from "undici";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import type { Message, RpcError, RpcId, RpcResult } from "../../../wire/json-rpc.ts";
import { type AnswerReader, answerReader, type Incoming } from "../../../wire/mcp-answer.ts";
import { faultOf } from "./fault.ts";

/**
 * How long a message may wait for one of the pool's connections, as long as for a connection to be
 * made. Beyond it the server is as good as out of reach.
 */
export const CONNECTION_WAIT_MAX_MS = 10_000;

/** How long the rest of a stream is read after its answer, so that its connection can be kept. */
export const DRAIN_MS_MAX = 1_000;

/** Of the body of a refusal by status: there is a sentence in it, or it is of no use. */
const REFUSAL_BYTES_MAX = 64 * 1024;

export interface PostAsk {
  readonly body: string;
  readonly headers: readonly string[];
  /** The request that is to be answered; null: what is posted has no answer. */
  readonly id: RpcId | null;
  /** From the write to the end; null: the caller looks at the clock. */
  readonly timeoutMs: Millis | null;
  readonly answerBytesMax: number;
}

/** Who posts. Only `mayWrite` is asked in the stretch of the write; the rest comes by itself. */
export interface PostSink {
  mayWrite(): boolean;
  /** What the server says or asks beside its answer. */
  heard(message: Message): void;
  /** Exactly once, never synchronously. */
  end(end: PostEnd): void;
}

export type PostEnd =
  | {
      readonly kind: "answer";
      readonly message: RpcResult | RpcError;
      readonly bytes: number;
      readonly sessionId: string | null;
    }
  /** What has no answer was taken. */
  | { readonly kind: "taken" }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly message: string;
      /** What its body says in the protocol's own words. */
      readonly error: RpcError | null;
    }
  | { readonly kind: "fault"; readonly fault: ToolFault };

/** The way to one server. */
export interface Road {
  readonly pool: Pool;
  readonly path: string;
  readonly clock: Clock;
}

/**
 * One message sent by POST, and what comes back.
 *
 *   waiting ──connected──► mayWrite? ──yes──► written ──► head ──► message* ──► end
 *      │                      └─no─► held        └────────┴──────────┴────────► end
 *      └──abort, refused, waited too long──► end (written: false)
 *
 * The HTTP client calls `onRequestStart` when a connection is free and writes the request in the
 * same synchronous stretch; aborting there writes nothing and costs the connection. A stream is
 * read on for a moment after its answer, as long as it keeps within its bounds.
 */
export class Post implements Dispatcher.DispatchHandler {
  readonly #ask: PostAsk;
  readonly #sink: PostSink;
  readonly #clock: Clock;
  #controller: Dispatcher.DispatchController | null = null;
  #reader: AnswerReader | null = null;
  #status = 0;
  #sessionId: string | null = null;
  #written = false;
  #over = false;
  #stopTimer: () => void;

  constructor(road: Road, ask: PostAsk, sink: PostSink) {
    this.#ask = ask;
    this.#sink = sink;
    this.#clock = road.clock;
    this.#stopTimer = road.clock.after(CONNECTION_WAIT_MAX_MS, () => {
      const message = `no connection was free within ${CONNECTION_WAIT_MAX_MS} ms`;
      this.#fail({ kind: "unreachable", written: false, message });
    });
    road.pool.dispatch(
      {
        method: "POST",
        path: road.path,
        headers: [...ask.headers],
        body: Buffer.from(ask.body),
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
    this.#written = this.#sink.mayWrite();
    if (!this.#written) {
      this.#fail({ kind: "held", written: false, message: "held back at the write" });
      return;
    }
    const { timeoutMs } = this.#ask;
    this.#stopTimer();
    if (timeoutMs === null) return;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      this.#fail({ kind: "timeout", written: true, message: `no answer within ${timeoutMs} ms` });
    });
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#over || status < 200) return;
    this.#status = status;
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") {
      return this.#garbage(`content-encoding ${encoding}, though identity was asked for`);
    }
    const isRefusal = status >= 300;
    if (!isRefusal && this.#ask.id === null) return this.#finish({ kind: "taken" });
    if (status === 202 || status === 204) return this.#garbage(`HTTP ${status} and no answer`);

    const type = String(headers["content-type"] ?? "");
    const bytesMax = isRefusal ? REFUSAL_BYTES_MAX : this.#ask.answerBytesMax;
    this.#reader = answerReader(type, bytesMax);
    const sessionId = headers["mcp-session-id"];
    this.#sessionId = typeof sessionId === "string" ? sessionId : null;
    if (this.#reader !== null) return;
    if (isRefusal) this.#refused("");
    else this.#garbage(`content type ${type === "" ? "none" : type.slice(0, 100)}`);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const reader = this.#reader;
    if (reader === null) return;
    for (const incoming of reader.push(chunk)) this.#take(incoming);
    if (!reader.tooLarge) return;
    if (this.#over) this.#cut("more than was announced");
    else if (this.#status >= 300) this.#refused("");
    else {
      const message = `an answer of more than ${this.#ask.answerBytesMax} bytes`;
      this.#fail({ kind: "too-large", written: true, message });
    }
  }

  onResponseEnd(): void {
    for (const incoming of this.#reader?.rest() ?? []) this.#take(incoming);
    if (this.#status >= 300) this.#refused("");
    else this.#garbage("a stream that ended without an answer");
    this.#stopTimer();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(faultOf(error, this.#written));
    this.#stopTimer();
  }

  #take({ message, bytes }: Incoming): void {
    const { kind } = message;
    if (kind === "request" || kind === "notification") return this.#sink.heard(message);
    if (this.#over) return;
    if (this.#status >= 300) {
      const text = "message" in message ? message.message : "";
      return this.#refused(text, kind === "error" ? message : null);
    }
    if (kind === "unreadable") return this.#garbage(`what is no message: ${message.message}`);
    // An error without an id is about what could not be read, and that was ours.
    if (message.id !== this.#ask.id && message.id !== null) return;
    this.#finish({ kind: "answer", message, bytes, sessionId: this.#sessionId });
  }

  #refused(message: string, error: RpcError | null = null): void {
    this.#finish({ kind: "refused", status: this.#status, message, error });
  }

  #garbage(what: string): void {
    this.#fail({ kind: "protocol", written: true, message: `answered with ${what}` });
  }

  #fail(fault: ToolFault): void {
    if (this.#over) return;
    this.#finish({ kind: "fault", fault });
    this.#cut(fault.message);
  }

  /** In a microtask: nobody is called early, and what is thrown there is not swallowed. */
  #finish(end: PostEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(DRAIN_MS_MAX, () => this.#cut("it did not end"));
    queueMicrotask(() => this.#sink.end(end));
  }

  #cut(why: string): void {
    this.#reader = null;
    this.#stopTimer();
    this.#controller?.abort(new Error(why));
  }
}
