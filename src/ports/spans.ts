/** Spans of traces, as they are told to whoever collects them. */
import type { Millis } from "../guards/money.ts";
import type { Attributes, Value } from "../wire/otlp-values.ts";

export type { Attributes, Value };

/** One span among all: W3C Trace Context. */
export interface SpanContext {
  /** 16 bytes in lower-case hex. */
  readonly traceId: string;
  /** 8 bytes in lower-case hex. */
  readonly spanId: string;
  /** Whether it is told at all; whoever comes after it is asked to follow. */
  readonly sampled: boolean;
}

/** What a span is under: another one of ours, or of whoever called. */
export interface Parent extends SpanContext {
  readonly remote: boolean;
  /** `tracestate`, as it came. */
  readonly state: string | null;
}

export interface SpanEvent {
  readonly name: string;
  readonly at: Millis;
  readonly attributes: Attributes;
}

/** One that has ended. Instants are of the wall clock, with fractions. */
export interface Span {
  readonly context: SpanContext;
  readonly parent: Parent | null;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly startedAt: Millis;
  readonly endedAt: Millis;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly failed: boolean;
}

/** What became of spans; all but `exported` were dropped. */
export type Fate = "exported" | "no-room" | "rejected" | "unreachable";

export interface SpanSink {
  /** Takes note of it and returns: it never waits and never throws. */
  take(span: Span): void;
  /** Sends what it still has, within a time limit, and drops the rest. */
  close(): Promise<void>;
}
