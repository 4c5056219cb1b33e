import type { Millis } from "../../../guards/money.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import type { HttpToolAnswer } from "../../../wire/http-tool-answer.ts";
import {
  type AnswerHeaders,
  type AnswerSink,
  Exchange,
  encodingOf,
  type HttpAsk,
  type Road,
} from "../over-http/exchange.ts";

/** Of the body of a failure; the rest is not read. */
export const FAILURE_BYTES_MAX = 64 * 1024;
const FIRST_REDIRECT = 300;
const FIRST_FAILURE = 400;

export interface Ask extends HttpAsk {
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

/** One request, and its whole answer as a body. */
export class HttpCall implements AnswerSink {
  readonly #answerBytesMax: number;
  readonly #run: AskRun;
  readonly #exchange: Exchange;
  readonly #chunks: Uint8Array[] = [];
  #status = 0;
  #contentType = "";
  #bytes = 0;

  constructor(road: Road, ask: Ask, run: AskRun) {
    this.#answerBytesMax = ask.answerBytesMax;
    this.#run = run;
    this.#exchange = new Exchange(road, ask, this);
  }

  abort(): void {
    this.#exchange.abort();
  }

  mayWrite(): boolean {
    return this.#run.mayWrite();
  }

  head(status: number, headers: AnswerHeaders): void {
    this.#status = status;
    this.#contentType = String(headers["content-type"] ?? "");
    const redirect = status >= FIRST_REDIRECT && status < FIRST_FAILURE;
    const wrong = redirect
      ? `HTTP ${status}${placeOf(headers)}: redirects are not followed`
      : encodingOf(headers);
    if (wrong !== null) this.#exchange.garbage(wrong);
  }

  data(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const answerBytesMax = this.#answerBytesMax;
    if (this.#status >= FIRST_FAILURE) {
      if (this.#bytes <= Math.min(FAILURE_BYTES_MAX, answerBytesMax)) return;
      this.last();
      this.#exchange.cut("read enough");
    } else if (this.#bytes > answerBytesMax) {
      const message = `an answer of more than ${answerBytesMax} bytes`;
      this.#exchange.fail({ kind: "too-large", written: true, message });
    }
  }

  last(): void {
    const body = Buffer.concat(this.#chunks).subarray(0, this.#answerBytesMax);
    const answer = { status: this.#status, contentType: this.#contentType, body };
    this.#exchange.answered(() => this.#run.end({ kind: "answer", answer }));
  }

  fault(fault: ToolFault): void {
    this.#run.end({ kind: "fault", fault });
  }
}

/** Where a redirect points, for the log: its origin alone, for the rest may hold a secret. */
function placeOf({ location }: AnswerHeaders): string {
  if (typeof location !== "string") return "";
  const origin = URL.canParse(location) ? new URL(location).origin : "its own origin";
  return ` to ${origin}`;
}
