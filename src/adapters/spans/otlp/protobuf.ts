/** OTLP as Protocol Buffers, by the numbers of `opentelemetry/proto/trace/v1`. */
import type { Attributes, Span, SpanEvent, Value } from "../../../ports/spans.ts";
import { type Export, FAILED, flagsOf, KINDS, nanosOf } from "./request.ts";
import { Writer } from "./writer.ts";

const EXPORT = { resourceSpans: 1 };
const RESOURCE_SPANS = { resource: 1, scopeSpans: 2, schemaUrl: 3 };
const RESOURCE = { attributes: 1 };
const SCOPE_SPANS = { scope: 1, spans: 2, schemaUrl: 3 };
const SCOPE = { name: 1, version: 2 };
const SPAN = {
  ...{ traceId: 1, spanId: 2, traceState: 3, parentSpanId: 4, name: 5, kind: 6, start: 7, end: 8 },
  ...{ attributes: 9, events: 11, status: 15, flags: 16 },
};
const EVENT = { time: 1, name: 2, attributes: 3 };
const STATUS = { code: 3 };
const PAIR = { key: 1, value: 2 };
const VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5 };
const ARRAY = { values: 1 };

export function protobufOf({ resource, schemaUrl, scope, spans }: Export): Buffer {
  const to = new Writer();
  to.message(EXPORT.resourceSpans, () => {
    to.message(RESOURCE_SPANS.resource, () => writePairs(to, RESOURCE.attributes, resource));
    to.message(RESOURCE_SPANS.scopeSpans, () => {
      to.message(SCOPE_SPANS.scope, () => {
        to.text(SCOPE.name, scope.name);
        to.text(SCOPE.version, scope.version);
      });
      for (const span of spans) to.message(SCOPE_SPANS.spans, () => writeSpan(to, span));
      to.text(SCOPE_SPANS.schemaUrl, schemaUrl);
    });
    to.text(RESOURCE_SPANS.schemaUrl, schemaUrl);
  });
  return to.written;
}

function writeSpan(to: Writer, span: Span): void {
  const { attributes, context, endedAt, events, failed, kind, name, parent, startedAt } = span;
  to.hex(SPAN.traceId, context.traceId);
  to.hex(SPAN.spanId, context.spanId);
  if (parent !== null && parent.state !== null) to.text(SPAN.traceState, parent.state);
  if (parent !== null) to.hex(SPAN.parentSpanId, parent.spanId);
  to.text(SPAN.name, name);
  to.integer(SPAN.kind, KINDS[kind]);
  to.fixed64(SPAN.start, nanosOf(startedAt));
  to.fixed64(SPAN.end, nanosOf(endedAt));
  writePairs(to, SPAN.attributes, attributes);
  for (const event of events) to.message(SPAN.events, () => writeEvent(to, event));
  to.message(SPAN.status, () => {
    if (failed) to.integer(STATUS.code, FAILED);
  });
  to.fixed32(SPAN.flags, flagsOf(span));
}

function writeEvent(to: Writer, { at, attributes, name }: SpanEvent): void {
  to.fixed64(EVENT.time, nanosOf(at));
  to.text(EVENT.name, name);
  writePairs(to, EVENT.attributes, attributes);
}

function writePairs(to: Writer, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    to.message(field, () => {
      to.text(PAIR.key, key);
      to.message(PAIR.value, () => writeValue(to, value));
    });
  }
}

function writeValue(to: Writer, value: Value): void {
  switch (typeof value) {
    case "string":
      return to.text(VALUE.string, value);
    case "boolean":
      return to.integer(VALUE.bool, value ? 1 : 0);
    case "number":
      if (!Number.isInteger(value)) return to.double(VALUE.double, value);
      return to.integer(VALUE.int, value);
    case "object":
      if ("double" in value) return to.double(VALUE.double, value.double);
      return to.message(VALUE.array, () => {
        for (const one of value) to.message(ARRAY.values, () => writeValue(to, one));
      });
  }
}
