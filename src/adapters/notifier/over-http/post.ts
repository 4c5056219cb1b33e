import { Pool } from "undici";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";

/** Of an answer, what is read: a far end says little, and a page of HTML is none. */
const ANSWER_BYTES_MAX = 4_096;
const HEADER_BYTES_MAX = 16_384;
/** A notice goes out at a time, and a test beside it. */
const CONNECTIONS_MAX = 4;

export interface Posting {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of one request, as far as it matters to any notifier. */
export type Posted =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly text: string;
      /** From `retry-after`; null: it names no time. */
      readonly retryAfterMs: Millis | null;
    }
  | { readonly kind: "fault"; readonly because: string };

/** One address that is posted to. Redirects are answers like any other: they are not followed. */
export class Post {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #clock: Clock;

  constructor(url: string, clock: Clock) {
    const { origin, pathname, search } = new URL(url);
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      maxHeaderSize: HEADER_BYTES_MAX,
      allowH2: false,
    });
    this.#path = pathname + search;
    this.#clock = clock;
  }

  /** Never rejects, and ends within its time. */
  async send({ body, headers }: Posting, timeoutMs: Millis): Promise<Posted> {
    const late = new AbortController();
    const stopTimer = this.#clock.after(timeoutMs, () => {
      late.abort(new Error(`no answer within ${timeoutMs} ms`));
    });
    try {
      const {
        body: answer,
        headers: said,
        statusCode,
      } = await this.#pool.request({
        method: "POST",
        path: this.#path,
        headers: { ...headers, "accept-encoding": "identity" },
        body,
        signal: late.signal,
        // Both would measure silence; what counts here is the whole.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const retryAfterMs = afterOf(said["retry-after"], this.#clock.wall());
      return { kind: "answer", status: statusCode, text: await textOf(answer), retryAfterMs };
    } catch (error) {
      return { kind: "fault", because: becauseOf(late.signal.reason ?? error) };
    } finally {
      stopTimer();
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy(new Error("closed"));
  }
}

/** The beginning; what is left costs the connection. */
async function textOf(answer: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString("utf8");
}

const MS_PER_SECOND = 1_000;

/** Seconds, or a date. */
function afterOf(header: string | string[] | undefined, now: Millis): Millis | null {
  if (typeof header !== "string") return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * MS_PER_SECOND;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(at - now, 0);
}

/** A host with several addresses fails with one error for each and no message of its own. */
function becauseOf(error: unknown): string {
  const causes = error instanceof AggregateError ? error.errors : [error];
  const texts = causes.map((cause) => (cause instanceof Error ? cause.message : String(cause)));
  return texts.filter((text) => text !== "").join("; ") || "the connection failed";
}
