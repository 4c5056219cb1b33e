/** What OPA sends its decision log to, as far as it checks: a JSON array in gzip, and no more. */
import { gunzipSync } from "node:zlib";
import type { DecisionEvent } from "../ports/decision-log.ts";
import { type Arrived, type Checked, type FarEnd, farEnd } from "./far-end.ts";

const BYTES_MAX = 32_768;
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;
/** The names that an entry of OPA's can have. */
const NAMES: ReadonlySet<string> = new Set([
  ...["labels", "decision_id", "trace_id", "span_id", "bundles", "path", "input", "result"],
  ...["error", "erased", "masked", "requested_by", "timestamp", "metrics", "req_id", "custom"],
]);
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

export interface FakeDecisionReceiver extends FarEnd<readonly DecisionEvent[]> {
  /** Below it are the logs: what a client is told. */
  readonly base: string;
}

/** `token`: the one that it takes. */
export async function fakeDecisionReceiver(token: string): Promise<FakeDecisionReceiver> {
  const end = await farEnd("/opa/logs", (arrived): Checked<readonly DecisionEvent[]> => {
    if (arrived.headers.authorization !== `Bearer ${token}`) {
      return { ok: false, why: "another token", status: 401 };
    }
    return read(arrived);
  });
  return Object.assign(end, { base: end.url.replace(/\/logs$/, "") });
}

function read({ bytes, headers, method, path }: Arrived): Checked<readonly DecisionEvent[]> {
  const wrong = (why: string) => ({ ok: false, why, status: 400 }) as const;
  if (method !== "POST" || path !== "/opa/logs") return { ...wrong("its address"), status: 404 };
  if (headers["content-type"] !== "application/json") return wrong("its type");
  if (headers["content-encoding"] !== "gzip") return wrong("its encoding");
  if (bytes.length > BYTES_MAX) return { ...wrong("its size"), status: 413 };
  let events: unknown;
  try {
    const options = { maxOutputLength: UNPACKED_BYTES_MAX };
    events = JSON.parse(gunzipSync(bytes, options).toString("utf8"));
  } catch (error) {
    return wrong(String(error));
  }
  if (!Array.isArray(events) || events.length === 0) return wrong("no list of entries");
  const why = events.map(wrongIn).find((one) => one !== null);
  return why === undefined ? { ok: true, received: events, body: "" } : wrong(String(why));
}

/** What makes it no entry; null: nothing does. */
export function wrongIn(event: unknown): string | null {
  if (typeof event !== "object" || event === null) return "an entry that is no object";
  const unknown = Object.keys(event).find((name) => !NAMES.has(name));
  if (unknown !== undefined) return `a name that OPA does not know: ${unknown}`;
  const one = event as DecisionEvent; // its fields are looked at below
  if (typeof one.decision_id !== "string" || one.decision_id === "") return "no decision_id";
  if (!TIMESTAMP.test(one.timestamp)) return "a timestamp that is none";
  if (typeof one.path !== "string" || one.path.startsWith("/")) return "a path that is none";
  if (!Object.values(one.labels).every((label) => typeof label === "string")) return "its labels";
  const revisions = Object.values(one.bundles).map(({ revision }) => revision);
  if (!revisions.every((revision) => typeof revision === "string")) return "its bundles";
  return Number.isSafeInteger(one.req_id) && one.req_id > 0 ? null : "no req_id";
}
