/** How often a tool is called as a rule: the average a minute over the buckets that may teach. */
import type { Millis } from "../money.ts";

export interface SurgeBucket {
  readonly start: Millis;
  /** Calls of all gateways so far. */
  readonly total: number;
  /** Not: there was an alarm then, and a runaway must not become what is usual. */
  readonly teaches: boolean;
}

export interface Baseline {
  readonly perMinute: number;
  /** Enough to judge by. */
  readonly isLong: boolean;
}

const MINUTE_MS = 60_000;
/** Ten minutes of an hour: less may be the beginning of something that only grows to its size. */
const LONG_SHARE = 1 / 6;

/**
 * Null: nothing is known. Only whole buckets between the two instants are looked at; time counts
 * from the first call on, as a tool that was not there yet was not called seldom.
 */
export function baselineOf(
  buckets: readonly SurgeBucket[],
  bucketMs: Millis,
  { from, until }: { readonly from: Millis; readonly until: Millis },
): Baseline | null {
  const whole = buckets.filter(({ start }) => start >= from && start + bucketMs <= until);
  const known = whole.filter(({ teaches }) => teaches);
  const [first] = known;
  if (first === undefined) return null;
  const end = Math.floor(until / bucketMs) * bucketMs;
  const suspects = whole.filter(({ start, teaches }) => !teaches && start > first.start).length;
  const knownMs = end - first.start - suspects * bucketMs;
  const calls = known.reduce((sum, { total }) => sum + total, 0);
  return {
    perMinute: (calls * MINUTE_MS) / Math.max(knownMs, bucketMs),
    isLong: knownMs >= (until - from) * LONG_SHARE,
  };
}
