/** Entries → log records of OTLP, as JSON. */
import type { DecisionEvent } from "../../../ports/decision-log.ts";
import { type Attributes, pairsOf } from "../../../wire/otlp-values.ts";

/** `SeverityNumber`: a decision is no alarm, whichever way it went. */
const INFO = 9;
const NANOS_PER_MS = 1_000_000n;

export interface Origin {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

export function logsOf(events: readonly DecisionEvent[], { resource, scope }: Origin): string {
  const scopeLogs = [{ scope, logRecords: events.map(recordOf) }];
  const one = { resource: { attributes: pairsOf(resource) }, scopeLogs };
  return JSON.stringify({ resourceLogs: [one] });
}

function recordOf(event: DecisionEvent): object {
  const at = String(BigInt(Date.parse(event.timestamp)) * NANOS_PER_MS);
  return {
    timeUnixNano: at,
    observedTimeUnixNano: at,
    severityNumber: INFO,
    severityText: "INFO",
    body: { stringValue: JSON.stringify(event) },
    attributes: pairsOf(attributesOf(event)),
    traceId: event.trace_id,
    spanId: event.span_id,
  };
}

/** Of what a mask left: where the agent or the result is hidden, so is its attribute. */
function attributesOf(event: DecisionEvent): Attributes {
  const agent = member(event.input, "agent_id");
  const result = resultOf(event);
  return {
    decision_id: event.decision_id,
    path: event.path,
    ...(typeof agent === "string" ? { agent } : {}),
    ...(result === null ? {} : { result }),
  };
}

/**
 * As the gateway reads it: `true`, or an object whose `allow` is true and that neither denies nor
 * parks. Null: the entry does not say.
 */
function resultOf({ erased, error, masked, result }: DecisionEvent): "allow" | "deny" | null {
  const hidden = [...(erased ?? []), ...(masked ?? [])];
  if (hidden.some((pointer) => /^\/result(\/|$)/.test(pointer))) return null;
  if (error?.code.startsWith("decision_log_")) return null;
  if (typeof result !== "object" || result === null) return result === true ? "allow" : "deny";
  const isAllowed = member(result, "allow") === true;
  return isAllowed && isNone(member(result, "deny")) && isNone(member(result, "park"))
    ? "allow"
    : "deny";
}

function isNone(reasons: unknown): boolean {
  return reasons === undefined || (Array.isArray(reasons) && reasons.length === 0);
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  // `as`: it has that name.
  return (value as Record<string, unknown>)[name];
}
