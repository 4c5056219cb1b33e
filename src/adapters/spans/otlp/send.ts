/** One request to the collector: it ends in an answer, and never rejects. */
import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { gzip } from "node:zlib";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";

/** Of an answer's body; a collector that says more than that is not listened to. */
const ANSWER_BYTES_MAX = 64 * 1024;
const MS_PER_SECOND = 1_000;
const OK_MIN = 200;
const OK_MAX = 299;
/** By the protocol only these are to be tried again. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface Road {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly gzip: boolean;
  readonly timeoutMs: Millis;
}

export type Answered =
  | { readonly kind: "taken"; readonly body: Buffer }
  /** Nobody knows whether it was taken: it may be sent again. */
  | { readonly kind: "again"; readonly why: string; readonly afterMs: Millis | null }
  | { readonly kind: "rejected"; readonly why: string };

export async function send(body: Buffer, road: Road, clock: Clock): Promise<Answered> {
  const written = road.gzip ? await packed(body) : body;
  return new Promise((resolve) => {
    const encoding = road.gzip ? { "content-encoding": "gzip" } : {};
    const own = { "content-type": road.contentType, "content-length": written.length, ...encoding };
    const url = new URL(road.url);
    const open = url.protocol === "https:" ? overHttps : overHttp;
    const request = open(url, { method: "POST", headers: { ...road.headers, ...own } });
    const end = (answered: Answered) => {
      cancel();
      resolve(answered);
      request.destroy();
    };
    const cancel = clock.after(road.timeoutMs, () => {
      end({ kind: "again", why: `no answer within ${road.timeoutMs} ms`, afterMs: null });
    });
    request.on("error", ({ message }) => end({ kind: "again", why: message, afterMs: null }));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
      });
      response.on("error", ({ message }) => end({ kind: "again", why: message, afterMs: null }));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        end(answerOf(status, response.headers["retry-after"], Buffer.concat(chunks)));
      });
    });
    request.end(written);
  });
}

function answerOf(status: number, retryAfter: string | undefined, body: Buffer): Answered {
  if (status >= OK_MIN && status <= OK_MAX) return { kind: "taken", body };
  const why = `HTTP ${status}`;
  if (!AGAIN.has(status)) return { kind: "rejected", why };
  const seconds = Number(retryAfter);
  const afterMs = retryAfter !== undefined && seconds >= 0 ? seconds * MS_PER_SECOND : null;
  return { kind: "again", why, afterMs };
}

function packed(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(body, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}
