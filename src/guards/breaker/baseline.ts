/**
 * What is usual as a rule, over the buckets that may teach, and how much that varies:
 *
 *   average   the mean; nothing of its spread
 *   ewma      mean and standard deviation with exponentially falling weights (West 1979, as in
 *             Finch, "Incremental calculation of weighted mean and variance", 2009, section 9)
 *   median    the median, and the median absolute deviation (MAD) from it
 *
 * A spread is never taken for less than that of what comes by chance alone (calls as a Poisson
 * process, failures as a binomial one, other numbers by a tenth): few quiet minutes would else make
 * a line of one.
 */
import type { Millis } from "../money.ts";
import { bucketsIn, type History } from "./buckets.ts";
import { type Amount, figureOf, type Measure, sumOf } from "./measure.ts";
import type { RelativeLine } from "./rules.ts";

/** In the signal's own unit. */
export interface Baseline {
  readonly usual: number;
  /** Of what is measured over one window: of `ewma` its deviation, of `median` its MAD. */
  readonly spread: number;
  /** Enough to judge by. */
  readonly isLong: boolean;
}

export interface Span {
  readonly from: Millis;
  readonly until: Millis;
  readonly bucketMs: Millis;
  /** Over how long the value that is compared is measured. */
  readonly windowMs: Millis;
}

/** Ten minutes of an hour: less may be the beginning of something that only grows to its size. */
const LONG_SHARE = 1 / 6;
/** Of a mean it is the number of what it is a mean of that counts. */
const LONG_MEAN_OF = 10;
/** Of as many buckets as there are: `2 / (N + 1)`, the usual choice for a window of N. */
const EWMA_WEIGHT = 2 / 61;
/** The MAD of a normal distribution in standard deviations. */
const MAD_OF_SIGMA = 0.6745;
/** What a number of any size differs by from task to task, at the least. */
const LEAST_SHARE_OF_MEAN = 0.1;

/** Null: nothing is known. Only whole buckets within the span are looked at. */
export function baselineOf(
  history: History,
  measure: Measure,
  span: Span,
  of: RelativeLine["kind"],
): Baseline | null {
  const { bucketMs, from, until, windowMs } = span;
  const amounts = bucketsIn(history, bucketMs, span);
  const values = amounts.flatMap((amount) => figureOf(measure, amount, bucketMs) ?? []);
  if (values.length === 0) return null;
  const all = sumOf(amounts);
  const mean = figureOf(measure, all, bucketMs * amounts.length) ?? 0;
  const { spread, usual } = seenIn(values, mean, of);
  // Of buckets that do not hang on each other: over a longer time what varies evens out.
  const spreadOfWindow = measure.kind === "rate" ? spread * Math.sqrt(bucketMs / windowMs) : spread;
  const windows = (bucketMs * amounts.length) / windowMs;
  const least = leastSpread(measure, all, usual, { windowMs, windows });
  return {
    usual,
    spread: spreadBy(of, spreadOfWindow, least),
    isLong:
      measure.kind === "mean"
        ? all.beside >= LONG_MEAN_OF
        : amounts.length * bucketMs >= (until - from) * LONG_SHARE,
  };
}

function spreadBy(of: RelativeLine["kind"], seen: number, least: number): number {
  switch (of) {
    case "average":
      return 0;
    case "ewma":
      return Math.max(seen, least);
    case "median":
      return Math.max(seen, MAD_OF_SIGMA * least);
  }
}

/** Where the line is above what is usual. */
export function lineAbove(above: RelativeLine, { spread, usual }: Baseline): number {
  switch (above.kind) {
    case "average":
      return above.times * usual;
    case "ewma":
      return usual + above.sigmas * spread;
    case "median":
      return usual + above.mads * spread;
  }
}

interface Seen {
  readonly usual: number;
  readonly spread: number;
}

function seenIn(values: readonly number[], mean: number, of: RelativeLine["kind"]): Seen {
  switch (of) {
    case "average":
      return { usual: mean, spread: 0 };
    case "ewma":
      return ewmaOf(values);
    case "median":
      return medianAndMad(values);
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Begins with the plain mean: the first bucket is no more usual than any other. */
function ewmaOf(values: readonly number[]): Seen {
  let mean = meanOf(values);
  let variance = meanOf(values.map((value) => (value - mean) ** 2));
  for (const value of values) {
    const off = value - mean;
    mean += EWMA_WEIGHT * off;
    variance = (1 - EWMA_WEIGHT) * (variance + EWMA_WEIGHT * off ** 2);
  }
  return { usual: mean, spread: Math.sqrt(variance) };
}

function medianAndMad(values: readonly number[]): Seen {
  const usual = medianOf(values);
  return { usual, spread: medianOf(values.map((value) => Math.abs(value - usual))) };
}

interface SeenFor {
  readonly windowMs: Millis;
  readonly windows: number;
}

/** The deviation within one window of what comes by chance; `all` was seen in so many windows. */
function leastSpread(measure: Measure, all: Amount, usual: number, seen: SeenFor): number {
  switch (measure.kind) {
    case "rate": {
      // Each call is so much of it. Of a tool that is hardly called the deviation is one call.
      const each = all.beside === 0 ? 0 : (figureOf(measure, all, seen.windowMs) ?? 0) / all.beside;
      return each === 0 ? 0 : each * Math.sqrt(Math.max(usual / each, 1));
    }
    case "share": {
      const whole = Math.max(all.beside / seen.windows, 1);
      const share = Math.min(Math.max(usual, 1 / whole), 1 - 1 / (2 * whole));
      return Math.sqrt((share * (1 - share)) / whole);
    }
    case "mean":
      return usual * LEAST_SHARE_OF_MEAN;
  }
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
