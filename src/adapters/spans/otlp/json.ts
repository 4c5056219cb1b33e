/** OTLP as JSON: ids in hex, 64-bit numbers as text. */
import type { Span } from "../../../ports/spans.ts";
import { pairsOf } from "../../../wire/otlp-values.ts";
import { type Export, FAILED, flagsOf, KINDS, nanosOf } from "./request.ts";

export function jsonOf({ resource, schemaUrl, scope, spans }: Export): string {
  const scopeSpans = [{ scope, spans: spans.map(spanOf), schemaUrl }];
  const one = { resource: { attributes: pairsOf(resource) }, scopeSpans, schemaUrl };
  return JSON.stringify({ resourceSpans: [one] });
}

function spanOf(span: Span) {
  const { attributes, context, endedAt, events, failed, kind, name, parent, startedAt } = span;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    traceState: parent?.state ?? undefined,
    parentSpanId: parent?.spanId,
    flags: flagsOf(span),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: String(nanosOf(startedAt)),
    endTimeUnixNano: String(nanosOf(endedAt)),
    attributes: pairsOf(attributes),
    events: events.map(({ at, attributes: own, name: event }) => ({
      timeUnixNano: String(nanosOf(at)),
      name: event,
      attributes: pairsOf(own),
    })),
    status: failed ? { code: FAILED } : {},
  };
}
