/** Entries as log records, to a collector of OpenTelemetry: OTLP over HTTP, as JSON. */
import type { Clock } from "../../../ports/clock.ts";
import type { DecisionSink } from "../../../ports/decision-log.ts";
import type { Remarks } from "../../../ports/remarks.ts";
import { Post } from "../over-http/post.ts";
import { Uploads } from "../over-http/uploads.ts";
import { logsOf, type Origin } from "./records.ts";

/** Of one request's body, packed; collectors take some megabytes. */
export const REQUEST_BYTES_MAX = 256 * 1024;

const PATH = "v1/logs";
const HEADERS = { "content-type": "application/json", "content-encoding": "gzip" };

export interface OtelSinkSettings extends Origin {
  /** Of the collector, without `/v1/logs`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function otelSink(settings: OtelSinkSettings, clock: Clock, log: Remarks): DecisionSink {
  const { headers, url } = settings;
  const post = new Post(`${url.replace(/\/+$/, "")}/${PATH}`, headers, clock);
  const uploads = new Uploads({
    textOf: (events) => logsOf(events, settings),
    bytesMax: REQUEST_BYTES_MAX,
    post: async (body) => {
      const rejected = rejectedIn(await post.send({ body, headers: HEADERS }));
      // By the protocol they are not to be sent again, and nobody knows which they are.
      if (rejected > 0) log.warn("a collector did not keep decisions that it took", { rejected });
    },
  });
  return { kind: "otel", send: (events) => uploads.send(events), close: () => post.close() };
}

/** Of an answer that took them. One that cannot be read says nothing. */
function rejectedIn(answer: string): number {
  try {
    const rejected = Number(JSON.parse(answer)?.partialSuccess?.rejectedLogRecords ?? 0);
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    // It took them, and what it says beside that is no matter of theirs.
    return 0;
  }
}
