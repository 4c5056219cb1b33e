/** The decision log of slipclutch.yaml → complete settings. */
import type { Issue } from "./configuration.ts";
import type { RawDecisionLog } from "./decision-log-schema.ts";
import type {
  DecisionHttpSettings,
  DecisionLogSettings,
  DecisionOtelSettings,
} from "./decision-log-settings.ts";
import { issueAt } from "./issues.ts";
import type { Source } from "./source.ts";

interface DecisionLogRead {
  /** Null: decisions are not logged. */
  readonly settings: DecisionLogSettings | null;
  readonly issues: readonly Issue[];
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** What says what is sent and how long it is: no extra header may. */
const OWN_HEADERS =
  /^(host|connection|content-length|content-type|content-encoding|transfer-encoding|expect|upgrade|keep-alive|te|trailer)$/i;
/** Of the gateway itself. */
const OWN_LABELS = ["id", "version"];

export function decisionLogOf(raw: RawDecisionLog | undefined, source: Source): DecisionLogRead {
  if (raw === undefined) return { settings: null, issues: [] };
  const issues: Issue[] = [];
  const refuse: Refuse = (path, expected, hint) =>
    issues.push(issueAt(source, ["decision_log", ...path], expected, hint));
  const { file = null, http, labels = {}, otel } = raw;
  if (file === null && http === undefined && otel === undefined) {
    refuse([], "at least one of file, http and otel", "Say where decisions are logged.");
  }
  for (const [kind, sink] of Object.entries({ http, otel })) {
    if (sink !== undefined) checkSink(kind, sink, refuse);
  }
  if (http?.token !== undefined) checkToken(http.headers ?? {}, refuse);
  for (const label of OWN_LABELS) {
    if (!Object.hasOwn(labels, label)) continue;
    refuse(["labels", label], "a label that is not the gateway's own", "Give it another name.");
  }
  return { settings: { file, http: httpOf(http), otel: otelOf(otel), labels }, issues };
}

type Refuse = (path: readonly string[], expected: string, hint: string) => unknown;
type Sink = NonNullable<RawDecisionLog["http"] | RawDecisionLog["otel"]>;

function checkSink(kind: string, { allow_http, headers = {}, url }: Sink, refuse: Refuse): void {
  const { hostname, protocol } = new URL(url);
  if (protocol !== "https:" && !LOOPBACK.test(hostname) && allow_http !== true) {
    const hint = "Write https, or add allow_http: true if the network in between is yours alone.";
    refuse([kind, "url"], "a URL that begins with https://, or is on this machine", hint);
  }
  for (const header of Object.keys(headers)) {
    if (!OWN_HEADERS.test(header)) continue;
    refuse([kind, "headers", header], "a header that is not the gateway's own", "Remove it.");
  }
}

function checkToken(headers: Readonly<Record<string, string>>, refuse: Refuse): void {
  const header = Object.keys(headers).find((name) => name.toLowerCase() === "authorization");
  if (header === undefined) return;
  const hint = "Keep one of the two: `token` is sent as this header.";
  refuse(["http", "headers", header], "no other authorization beside token", hint);
}

function httpOf(raw: RawDecisionLog["http"]): DecisionHttpSettings | null {
  if (raw === undefined) return null;
  const { headers = {}, token = null, url } = raw;
  return { url, token, headers };
}

function otelOf(raw: RawDecisionLog["otel"]): DecisionOtelSettings | null {
  if (raw === undefined) return null;
  const { headers = {}, url } = raw;
  return { url, headers };
}
