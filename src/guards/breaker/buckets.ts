/** What is remembered of the time before: sums of stretches of it, as many as there is room for. */
import type { Millis } from "../money.ts";
import type { Amount } from "./measure.ts";
import type { Line } from "./rules.ts";

export interface Bucket extends Amount {
  readonly start: Millis;
  /** Not: there was an alarm then, and a runaway must not become what is usual. */
  readonly teaches: boolean;
}

export const BUCKETS_MAX = 60;
const MINUTE_MS = 60_000;

/** How long a bucket of this line's baseline is. */
export function bucketMsOf(above: Line): Millis {
  return above.kind === "value" ? MINUTE_MS : Math.ceil(above.overMs / BUCKETS_MAX);
}

/** At most `BUCKETS_MAX`, in order of their starts; what is older than all of them is left out. */
export function addedTo(
  buckets: readonly Bucket[],
  bucketMs: Millis,
  { at, beside, count: n }: Amount & { readonly at: Millis },
  now: Millis,
): readonly Bucket[] {
  const start = Math.floor(at / bucketMs) * bucketMs;
  if (start < now - BUCKETS_MAX * bucketMs) return buckets;
  const known = buckets.find((bucket) => bucket.start === start);
  const raised = {
    ...{ start, count: n + (known?.count ?? 0), beside: beside + (known?.beside ?? 0) },
    teaches: known?.teaches ?? true,
  };
  return [...buckets.filter((bucket) => bucket !== known), raised]
    .sort((one, other) => one.start - other.start)
    .slice(-BUCKETS_MAX);
}
