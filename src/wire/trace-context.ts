/**
 * The trace that a call belongs to, by W3C Trace Context and Baggage. It comes from an agent and
 * goes to its tool servers: only what has the shape of it, and nothing else that an agent sends.
 */
import type { JsonObject } from "./json.ts";

export type Trace = Readonly<Record<string, string>>;

export const NO_TRACE: Trace = {};

/** Trace Context 1, section 3.2: a version other than ff, and ids that are not all zero. */
const PARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?$/;
const PARENT_CHARS_MAX = 256;
/** Entries `key=value` with commas between them, as both standards have them. */
const ENTRIES = /^[\t\x20-\x7e]*=[\t\x20-\x7e]*$/;
/** Section 3.3.1.5 lets a state be cut to 512 characters; Baggage, section 3.3.2, allows 8192. */
const STATE_CHARS_MAX = 512;
const BAGGAGE_CHARS_MAX = 8_192;

/** What of a call's `_meta` goes on with it. A state is about its parent: none without it. */
export function traceOf({ baggage, traceparent, tracestate }: JsonObject): Trace {
  const parent = text(traceparent, PARENT, PARENT_CHARS_MAX);
  const state = parent === null ? null : text(tracestate, ENTRIES, STATE_CHARS_MAX);
  const carried = text(baggage, ENTRIES, BAGGAGE_CHARS_MAX);
  return {
    ...(parent === null ? {} : { traceparent: parent }),
    ...(state === null ? {} : { tracestate: state }),
    ...(carried === null ? {} : { baggage: carried }),
  };
}

function text(value: unknown, shape: RegExp, charsMax: number): string | null {
  if (typeof value !== "string" || value.length > charsMax) return null;
  return shape.test(value) ? value : null;
}
