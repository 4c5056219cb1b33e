/**
 * What OPA's service of decision logs speaks: `POST <url>/logs`, a JSON array of entries, in gzip,
 * of a bounded size.
 */
import type { Clock } from "../../../ports/clock.ts";
import type { DecisionSink } from "../../../ports/decision-log.ts";
import { Post } from "../over-http/post.ts";
import { Uploads } from "../over-http/uploads.ts";

/** Of one request's body, packed: what OPA's `upload_size_limit_bytes` is unless it is set. */
export const UPLOAD_BYTES_MAX = 32_768;

const HEADERS = { "content-type": "application/json", "content-encoding": "gzip" };

export interface HttpSinkSettings {
  /** Of the service, without `/logs`. */
  readonly url: string;
  /** Sent as `authorization: Bearer …`. */
  readonly token: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export function httpSink({ headers, token, url }: HttpSinkSettings, clock: Clock): DecisionSink {
  const own = token === null ? {} : { authorization: `Bearer ${token}` };
  const post = new Post(`${url.replace(/\/+$/, "")}/logs`, { ...headers, ...own }, clock);
  const uploads = new Uploads({
    textOf: (events) => JSON.stringify(events),
    bytesMax: UPLOAD_BYTES_MAX,
    post: async (body) => {
      await post.send({ body, headers: HEADERS });
    },
  });
  return { kind: "http", send: (events) => uploads.send(events), close: () => post.close() };
}
