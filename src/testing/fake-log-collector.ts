/** A collector of logs, as far as OTLP over HTTP in JSON can be told from outside. */
import { gunzipSync } from "node:zlib";
import type { DecisionEvent } from "../ports/decision-log.ts";
import { wrongIn } from "./fake-decision-receiver.ts";
import { type Arrived, type Checked, type FarEnd, farEnd } from "./far-end.ts";

const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;
const INFO = 9;

/** One log record, with what it says of its entry beside it. */
export interface LogRecord {
  readonly event: DecisionEvent;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeUnixNano: string;
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface FakeLogCollector extends FarEnd<readonly LogRecord[]> {
  /** What a client is told. */
  readonly base: string;
  /** Attributes of the resource that sent last. */
  resource(): Readonly<Record<string, unknown>>;
}

export async function fakeLogCollector(): Promise<FakeLogCollector> {
  let resource: Readonly<Record<string, unknown>> = {};
  const end = await farEnd("/v1/logs", (arrived): Checked<readonly LogRecord[]> => {
    try {
      const [records, about] = read(arrived);
      resource = about;
      return { ok: true, received: records, body: '{"partialSuccess":{}}' };
    } catch (error) {
      return { ok: false, why: String(error), status: 400 };
    }
  });
  const base = end.url.replace(/\/v1\/logs$/, "");
  return Object.assign(end, { base, resource: () => resource });
}

type Read = readonly [readonly LogRecord[], Readonly<Record<string, unknown>>];

function read({ bytes, headers, method, path }: Arrived): Read {
  must(method === "POST" && path === "/v1/logs", "its address");
  must(headers["content-type"] === "application/json", "its type");
  must(headers["content-encoding"] === "gzip", "its encoding");
  const options = { maxOutputLength: UNPACKED_BYTES_MAX };
  const request = JSON.parse(gunzipSync(bytes, options).toString("utf8"));
  const [{ resource, scopeLogs }, ...others] = request.resourceLogs;
  must(others.length === 0, "another resource");
  const [{ logRecords, scope }] = scopeLogs;
  must(typeof scope.name === "string" && scope.name !== "", "no scope");
  must(logRecords.length > 0, "no record");
  return [logRecords.map(recordOf), named(resource.attributes)];
}

interface Raw extends Omit<LogRecord, "attributes" | "event"> {
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
}

/** Ids are in hex and 64-bit numbers are texts: what protobuf's own JSON has otherwise. */
function recordOf(raw: Raw): LogRecord {
  const { body, observedTimeUnixNano, severityNumber, spanId, timeUnixNano, traceId } = raw;
  must(severityNumber === INFO, "its severity");
  for (const at of [timeUnixNano, observedTimeUnixNano]) must(/^\d{19}$/.test(at), "its time");
  must(traceId === undefined || /^[0-9a-f]{32}$/.test(traceId), "its trace");
  must(spanId === undefined || /^[0-9a-f]{16}$/.test(spanId), "its span");
  const event = JSON.parse(body.stringValue);
  must(wrongIn(event) === null, String(wrongIn(event)));
  const attributes = named(raw.attributes) as Record<string, string>; // all four are texts
  must(attributes.decision_id === event.decision_id, "another decision_id");
  const ids = { ...(traceId ? { traceId } : {}), ...(spanId ? { spanId } : {}) };
  return { event, attributes, timeUnixNano, ...ids };
}

function named(pairs: Raw["attributes"]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`wrong: ${what}`);
}
