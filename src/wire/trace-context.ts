/**
 * The trace that a call belongs to, by W3C Trace Context and Baggage. It comes from an agent and
 * goes to its tool servers: only what has the shape of it, and nothing else that an agent sends.
 */
import type { JsonObject } from "./json.ts";

export type Trace = Readonly<Record<string, string>>;

export const NO_TRACE: Trace = {};

/**
 * Trace Context 1, section 3.2: a version other than ff, and ids that are not all zero. Only a
 * version that is not known yet may have more behind them.
 */
const PARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?$/;
const PARENT_00 = /^00-.{52}$/;
const PARENT_CHARS_MAX = 256;
/** Entries `key=value` with commas between them, as both standards have them. */
const ENTRIES = /^[\t\x20-\x7e]*=[\t\x20-\x7e]*$/;
/** Section 3.3.1.5 lets a state be cut to 512 characters; Baggage, section 3.3.2, allows 8192. */
const STATE_CHARS_MAX = 512;
const BAGGAGE_CHARS_MAX = 8_192;

/** What of a call's `_meta` goes on with it. A state is about its parent: none without it. */
export function traceOf({ baggage, traceparent, tracestate }: JsonObject): Trace {
  const written = text(traceparent, PARENT, PARENT_CHARS_MAX);
  const parent = written?.startsWith("00") && !PARENT_00.test(written) ? null : written;
  const state = parent === null ? null : text(tracestate, ENTRIES, STATE_CHARS_MAX);
  const carried = text(baggage, ENTRIES, BAGGAGE_CHARS_MAX);
  return {
    ...(parent === null ? {} : { traceparent: parent }),
    ...(state === null ? {} : { tracestate: state }),
    ...(carried === null ? {} : { baggage: carried }),
  };
}

/** Whose child a call is, as its caller says. */
export interface TraceParent {
  /** 16 bytes in lower-case hex. */
  readonly traceId: string;
  /** 8 bytes in lower-case hex. */
  readonly spanId: string;
  readonly sampled: boolean;
  readonly state: string | null;
}

const SAMPLED = 1;
const HEX = 16;

/** Null: it belongs to no trace. */
export function parentOf({ traceparent, tracestate }: Trace): TraceParent | null {
  const [, traceId, spanId, flags] = traceparent?.split("-") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  const sampled = (Number.parseInt(flags, HEX) & SAMPLED) === SAMPLED;
  return { traceId, spanId, sampled, state: tracestate ?? null };
}

/** Of version 00, whatever version it came in: section 4.3. */
export function traceparentOf(span: Omit<TraceParent, "state">): string {
  return `00-${span.traceId}-${span.spanId}-${span.sampled ? "01" : "00"}`;
}

function text(value: unknown, shape: RegExp, charsMax: number): string | null {
  if (typeof value !== "string" || value.length > charsMax) return null;
  return shape.test(value) ? value : null;
}
