/** The way to one OPA: a request, and its whole answer within its time. */
import { Pool } from "undici";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { OpaSettings } from "./settings.ts";

/** Of an answer. Decisions are small; what is larger is a mistake, or not OPA. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES_MAX = 16_384;
/** After it, what still waits for a connection is forgotten: nobody waits for its answer then. */
const CONNECT_MS_MAX: Millis = 5_000;
/** Questions at once; the others wait for a connection within their own time. */
const CONNECTIONS_MAX = 64;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Null: by GET. */
export type Body = string | null;

export class Road {
  readonly #pool: Pool;
  readonly #base: string;
  readonly #clock: Clock;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ socket, token, url }: OpaSettings, clock: Clock) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      connectTimeout: CONNECT_MS_MAX,
      maxHeaderSize: HEADER_BYTES_MAX,
      allowH2: false,
      ...(socket === null ? {} : { socketPath: socket }),
    });
    this.#base = pathname.replace(/\/+$/, "");
    this.#clock = clock;
    this.#headers = {
      "accept-encoding": "identity",
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  /** Throws an `Error` that says why there is none. Redirects are answers, and not followed. */
  async ask(target: string, body: Body, timeoutMs: Millis): Promise<Answer> {
    const late = new AbortController();
    const { promise: over, reject } = Promise.withResolvers<never>();
    const stopTimer = this.#clock.after(timeoutMs, () => {
      const error = new Error(`no answer within ${timeoutMs} ms`);
      late.abort(error);
      // The client heeds an abort only once it has a connection for the request.
      reject(error);
    });
    try {
      return await Promise.race([this.#request(target, body, late.signal), over]);
    } catch (error) {
      throw new Error(becauseOf(late.signal.reason ?? error));
    } finally {
      stopTimer();
    }
  }

  async #request(target: string, body: Body, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#pool.request({
      method: body === null ? "GET" : "POST",
      path: this.#base + target,
      headers: this.#headers,
      body,
      signal,
      // Both would measure silence; what counts here is the whole.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return { status: answer.statusCode, text: await textOf(answer.body) };
  }

  /** Cuts off what is under way. */
  async close(): Promise<void> {
    await this.#pool.destroy(new Error("these policies were let go"));
  }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`more than ${ANSWER_BYTES_MAX} bytes of answer`);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

/** A host with several addresses fails with one error for each and no message of its own. */
function becauseOf(error: unknown): string {
  const causes = error instanceof AggregateError ? error.errors : [error];
  const texts = causes.map((cause) => (cause instanceof Error ? cause.message : String(cause)));
  return texts.filter((text) => text !== "").join("; ") || "the connection failed";
}
