/**
 * How often a tool is called as a rule, over the buckets that may teach, and how much that varies:
 *
 *   average   the mean; nothing of its spread
 *   ewma      mean and standard deviation with exponentially falling weights (West 1979, as in
 *             Finch, "Incremental calculation of weighted mean and variance", 2009, section 9)
 *   median    the median, and the median absolute deviation (MAD) from it
 *
 * A spread is never taken for less than that of calls which come by chance alone (a Poisson
 * process: the variance of a count is its mean): few quiet minutes would else make a line of one.
 */
import type { Millis } from "../money.ts";
import type { RelativeLine } from "./rules.ts";

export interface SurgeBucket {
  readonly start: Millis;
  /** Calls of all gateways so far. */
  readonly total: number;
  /** Not: there was an alarm then, and a runaway must not become what is usual. */
  readonly teaches: boolean;
}

export interface Baseline {
  readonly perMinute: number;
  /** Of the calls of one minute: of `ewma` its deviation, of `median` its MAD, of `average` 0. */
  readonly spread: number;
  /** Enough to judge by. */
  readonly isLong: boolean;
}

const MINUTE_MS = 60_000;
/** Ten minutes of an hour: less may be the beginning of something that only grows to its size. */
const LONG_SHARE = 1 / 6;
/** Of as many buckets as there are: `2 / (N + 1)`, the usual choice for a window of N. */
const EWMA_WEIGHT = 2 / 61;
/** The MAD of a normal distribution in standard deviations. */
const MAD_OF_SIGMA = 0.6745;

/**
 * Null: nothing is known. Only whole buckets between the two instants are looked at; time counts
 * from the first call on, as a tool that was not there yet was not called seldom.
 */
export function baselineOf(
  buckets: readonly SurgeBucket[],
  bucketMs: Millis,
  { from, until }: { readonly from: Millis; readonly until: Millis },
  of: RelativeLine["kind"],
): Baseline | null {
  const whole = buckets.filter(({ start }) => start >= from && start + bucketMs <= until);
  const counts = countsOf(whole, bucketMs, Math.floor(until / bucketMs) * bucketMs);
  if (counts.length === 0) return null;
  const minutes = bucketMs / MINUTE_MS;
  const { spread, usual } = seenIn(counts, of);
  return {
    perMinute: usual / minutes,
    // Counts of minutes that do not hang on each other: their variances add up.
    spread: spread / Math.sqrt(minutes),
    isLong: counts.length * bucketMs >= (until - from) * LONG_SHARE,
  };
}

/** Calls of each bucket that may teach, from the first one on; where none was called it is 0. */
function countsOf(whole: readonly SurgeBucket[], bucketMs: Millis, end: Millis): readonly number[] {
  const first = whole.find(({ teaches }) => teaches);
  if (first === undefined) return [];
  const known = new Map(whole.map((bucket) => [bucket.start, bucket]));
  const counts: number[] = [];
  for (let start = first.start; start < end; start += bucketMs) {
    const bucket = known.get(start);
    if (bucket?.teaches !== false) counts.push(bucket?.total ?? 0);
  }
  return counts;
}

interface SeenCounts {
  readonly usual: number;
  readonly spread: number;
}

function seenIn(counts: readonly number[], of: RelativeLine["kind"]): SeenCounts {
  switch (of) {
    case "average":
      return { usual: meanOf(counts), spread: 0 };
    case "ewma":
      return ewmaOf(counts);
    case "median":
      return medianAndMad(counts);
  }
}

function meanOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
}

/** Begins with the plain mean: the first bucket is no more usual than any other. */
function ewmaOf(counts: readonly number[]): SeenCounts {
  let mean = meanOf(counts);
  let variance = meanOf(counts.map((count) => (count - mean) ** 2));
  for (const count of counts) {
    const off = count - mean;
    mean += EWMA_WEIGHT * off;
    variance = (1 - EWMA_WEIGHT) * (variance + EWMA_WEIGHT * off ** 2);
  }
  return { usual: mean, spread: Math.max(Math.sqrt(variance), byChance(mean)) };
}

function medianAndMad(counts: readonly number[]): SeenCounts {
  const usual = medianOf(counts);
  const mad = medianOf(counts.map((count) => Math.abs(count - usual)));
  return { usual, spread: Math.max(mad, MAD_OF_SIGMA * byChance(usual)) };
}

/** The deviation of a count that comes by chance; of a tool that is hardly called, one call. */
function byChance(count: number): number {
  return Math.sqrt(Math.max(count, 1));
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
