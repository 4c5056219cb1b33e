import type { Millis } from "../../../guards/money.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import type { Message, RpcError, RpcId, RpcResult } from "../../../wire/json-rpc.ts";
import { type AnswerReader, answerReader, type Incoming } from "../../../wire/mcp-answer.ts";
import {
  type AnswerHeaders,
  type AnswerSink,
  Exchange,
  encodingOf,
  type Road,
} from "../over-http/exchange.ts";

/** Of the body of a refusal by status: there is a sentence in it, or it is of no use. */
const REFUSAL_BYTES_MAX = 64 * 1024;
/** From here on a status says that the message was not taken, a redirect too. */
const FIRST_REFUSAL = 300;

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

/** Where a server takes messages. */
export interface PostRoad extends Road {
  readonly path: string;
}

/**
 * One message sent by POST, and what comes back: an answer by itself, or a stream with the answer
 * in it, which is read on for a moment after it, as long as it keeps within its bounds.
 */
export class Post implements AnswerSink {
  readonly #ask: PostAsk;
  readonly #sink: PostSink;
  readonly #exchange: Exchange;
  #reader: AnswerReader | null = null;
  #status = 0;
  #sessionId: string | null = null;

  constructor(road: PostRoad, ask: PostAsk, sink: PostSink) {
    const { body, headers, timeoutMs } = ask;
    this.#ask = ask;
    this.#sink = sink;
    const post = { method: "POST", target: road.path, headers, body, timeoutMs };
    this.#exchange = new Exchange(road, post, this);
  }

  abort(): void {
    this.#exchange.abort();
  }

  mayWrite(): boolean {
    return this.#sink.mayWrite();
  }

  head(status: number, headers: AnswerHeaders): void {
    this.#status = status;
    const encoding = encodingOf(headers);
    if (encoding !== null) return this.#exchange.garbage(encoding);
    const isRefusal = status >= FIRST_REFUSAL;
    if (!isRefusal && this.#ask.id === null) return this.#end({ kind: "taken" });
    if (status === 202 || status === 204) {
      return this.#exchange.garbage(`HTTP ${status} and no answer`);
    }

    const type = String(headers["content-type"] ?? "");
    const bytesMax = isRefusal ? REFUSAL_BYTES_MAX : this.#ask.answerBytesMax;
    this.#reader = answerReader(type, bytesMax);
    const sessionId = headers["mcp-session-id"];
    this.#sessionId = typeof sessionId === "string" ? sessionId : null;
    if (this.#reader !== null) return;
    if (isRefusal) this.#refused("");
    else this.#exchange.garbage(`content type ${type === "" ? "none" : type.slice(0, 100)}`);
  }

  data(chunk: Uint8Array): void {
    const reader = this.#reader;
    if (reader === null) return;
    for (const incoming of reader.push(chunk)) this.#take(incoming);
    if (!reader.tooLarge) return;
    if (this.#exchange.isOver) this.#exchange.cut("more than was announced");
    else if (this.#status >= FIRST_REFUSAL) this.#refused("");
    else {
      const message = `an answer of more than ${this.#ask.answerBytesMax} bytes`;
      this.#exchange.fail({ kind: "too-large", written: true, message });
    }
  }

  last(): void {
    for (const incoming of this.#reader?.rest() ?? []) this.#take(incoming);
    if (this.#status >= FIRST_REFUSAL) this.#refused("");
    else this.#exchange.garbage("a stream that ended without an answer");
  }

  fault(fault: ToolFault): void {
    this.#sink.end({ kind: "fault", fault });
  }

  #take({ message, bytes }: Incoming): void {
    const { kind } = message;
    if (kind === "request" || kind === "notification") return this.#sink.heard(message);
    if (this.#exchange.isOver) return;
    if (this.#status >= FIRST_REFUSAL) {
      const text = "message" in message ? message.message : "";
      return this.#refused(text, kind === "error" ? message : null);
    }
    if (kind === "unreadable") {
      return this.#exchange.garbage(`what is no message: ${message.message}`);
    }
    // An error without an id is about what could not be read, and that was ours.
    if (message.id !== this.#ask.id && message.id !== null) return;
    this.#end({ kind: "answer", message, bytes, sessionId: this.#sessionId });
  }

  #refused(message: string, error: RpcError | null = null): void {
    this.#end({ kind: "refused", status: this.#status, message, error });
  }

  #end(end: PostEnd): void {
    this.#exchange.answered(() => this.#sink.end(end));
  }
}
