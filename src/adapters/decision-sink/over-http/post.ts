/** One address that entries are posted to. A redirect is an answer like any other. */
import { type ClientRequest, request as overHttp, Agent as PlainAgent } from "node:http";
import { request as overHttps, Agent as SafeAgent } from "node:https";
import { gzip } from "node:zlib";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { DecisionsRefused } from "../../../ports/decision-log.ts";

/** Of one request, from its first byte to the last of its answer. */
export const REQUEST_MS_MAX: Millis = 10_000;
/** A connection is kept so long for the next batch: less than far ends keep one. */
const IDLE_MS_MAX: Millis = 3_000;
/** Of an answer; whoever says more than that is not listened to. */
const ANSWER_BYTES_MAX = 64 * 1024;
const HEADER_BYTES_MAX = 16_384;
const OK_MIN = 200;
const OK_MAX = 299;
/** What was read and is not wanted: unreadable, or too large. Anything else may pass. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);

export interface Posting {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export class Post {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #agent: PlainAgent;
  readonly #open: typeof overHttp;
  readonly #underWay = new Set<ClientRequest>();
  #isClosed = false;

  /** `headers`: of every request; they do not replace those of a posting. */
  constructor(url: string, headers: Readonly<Record<string, string>>, clock: Clock) {
    this.#url = new URL(url);
    this.#headers = headers;
    this.#clock = clock;
    const isSafe = this.#url.protocol === "https:";
    this.#open = isSafe ? overHttps : overHttp;
    // One batch is under way at a time.
    const options = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS_MAX };
    this.#agent = isSafe ? new SafeAgent(options) : new PlainAgent(options);
  }

  /** The body of an answer of 2xx. Rejects otherwise, saying neither what was sent nor to where. */
  send({ body, headers }: Posting): Promise<string> {
    if (this.#isClosed) return Promise.reject(new Error("closed"));
    return new Promise((resolve, reject) => {
      const request = this.#open(this.#url, {
        method: "POST",
        agent: this.#agent,
        maxHeaderSize: HEADER_BYTES_MAX,
        headers: { ...this.#headers, ...headers, "content-length": body.length },
      });
      this.#underWay.add(request);
      const cancel = this.#clock.after(REQUEST_MS_MAX, () => {
        request.destroy(new Error(`no answer within ${REQUEST_MS_MAX} ms`));
      });
      const end = () => {
        cancel();
        this.#underWay.delete(request);
      };
      const fail = (error: Error) => {
        end();
        request.destroy();
        reject(error);
      };
      request.on("error", fail);
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES_MAX) fail(new Error("an answer without end"));
          else chunks.push(chunk);
        });
        response.on("error", fail);
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          if (status < OK_MIN || status > OK_MAX) return fail(failureOf(status));
          end();
          resolve(Buffer.concat(chunks).toString("utf8"));
        });
      });
      request.end(body);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const request of this.#underWay) request.destroy(new Error("closed"));
    this.#agent.destroy();
  }
}

function failureOf(status: number): Error {
  const because = `status ${status}`;
  return REFUSED.has(status) ? refused(because) : new Error(because);
}

/** Sent again, it would be turned away again. */
export function refused(because: string): DecisionsRefused {
  return Object.assign(new Error(because), { refused: true as const });
}

/** Beside the calls: the work is done on another thread. */
export function packed(text: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(text, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}
