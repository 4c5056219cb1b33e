/** What is usual, and how much it varies: by hand, by its source, and in a surge. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baselineOf } from "../../../src/guards/breaker/baseline.ts";
import {
  addedTo,
  BUCKETS_MAX,
  bucketsIn,
  type History,
  NO_HISTORY,
  suspecting,
} from "../../../src/guards/breaker/buckets.ts";
import { MEASURES } from "../../../src/guards/breaker/measure.ts";

const MINUTE = 60_000;
const START = 1_800_000_000_000;

/** What was called in each bucket from the start on. */
function historyOf(counts: readonly number[], bucketMs = MINUTE): History {
  const now = START + counts.length * bucketMs;
  return counts.reduce((history, count, no) => {
    // Where nothing was called nothing is told.
    if (count === 0) return history;
    const at = START + no * bucketMs;
    return addedTo(history, bucketMs, { at, count, beside: count }, now);
  }, NO_HISTORY);
}

type Of = Parameters<typeof baselineOf>[3];
const CALLS = MEASURES.calls_per_tool;

function seen(counts: readonly number[], of: Of, bucketMs = MINUTE) {
  const until = START + counts.length * bucketMs;
  const span = { from: START, until, bucketMs, windowMs: MINUTE };
  return baselineOf(historyOf(counts, bucketMs), CALLS, span, of);
}

describe("What is usual", () => {
  test("is nothing where nothing is known", () => {
    for (const of of ["average", "ewma", "median"] as const) expect(seen([0, 0], of)).toBeNull();
  });

  test("of the average is the plain mean, from the first call on", () => {
    expect(seen([0, 0, 10, 0, 20, 30], "average")).toEqual({
      ...{ usual: 15, spread: 0, isLong: true },
    });
  });

  test("of the median does not move by single bursts", () => {
    const steady = Array.from({ length: 60 }, (_, no) => 10 + (no % 3));
    const burst = steady.map((count, no) => (no % 20 === 7 ? 10_000 : count));
    expect(seen(steady, "median")?.usual).toBe(11);
    expect(seen(burst, "median")?.usual).toBe(11);
    expect(seen(burst, "median")?.spread).toBeCloseTo(0.6745 * Math.sqrt(11), 9);
    expect(seen(burst, "average")?.usual).toBeGreaterThan(400);
  });

  test("of the median spreads as its deviations do", () => {
    // Median 100; deviations 0, 50 and 100 in turns: their median is 50.
    const counts = Array.from({ length: 60 }, (_, no) => [100, 50, 150, 0, 200][no % 5] ?? 0);
    counts[0] = 100;
    expect(seen(counts, "median")).toMatchObject({ usual: 100, spread: 50 });
  });

  test("by falling weights is what weighs each bucket by its age", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 2, maxLength: 60 }),
        (counts) => {
          const weight = 2 / 61;
          const mean = counts.reduce((sum, one) => sum + one, 0) / counts.length;
          const start = counts.reduce((sum, one) => sum + (one - mean) ** 2, 0) / counts.length;
          // The sums as they are defined: weights w(1-w)^age, and what is left to the beginning.
          const age = (no: number) => counts.length - 1 - no;
          const shares = counts.map((_, no) => weight * (1 - weight) ** age(no));
          const rest = (1 - weight) ** counts.length;
          const usual = counts.reduce((sum, one, no) => sum + one * (shares[no] ?? 0), rest * mean);
          const square = counts.reduce(
            (sum, one, no) => sum + one ** 2 * (shares[no] ?? 0),
            rest * (start + mean ** 2),
          );
          const found = seen(counts, "ewma");
          expect(found?.usual).toBeCloseTo(usual, 6);
          const spread = Math.max(Math.sqrt(Math.max(square - usual ** 2, 0)), Math.sqrt(usual));
          expect(found?.spread).toBeCloseTo(spread, 4);
        },
      ),
    );
  });

  test("by falling weights follows what changed, sooner than the average", () => {
    const grown = Array.from({ length: 60 }, (_, no) => (no < 40 ? 10 : 30));
    const [ewma, average] = [seen(grown, "ewma"), seen(grown, "average")];
    expect(ewma?.usual).toBeGreaterThan(average?.usual ?? 0);
    expect(ewma?.usual).toBeLessThan(30);
  });

  test("varies no less than chance does: a steady tool is not held to its last digit", () => {
    const steady = Array.from({ length: 60 }, () => 25);
    expect(seen(steady, "ewma")).toMatchObject({ usual: 25, spread: 5 });
    expect(seen(steady, "median")?.spread).toBeCloseTo(0.6745 * 5, 9);
    const seldom = Array.from({ length: 60 }, (_, no) => (no === 0 ? 1 : 0));
    expect(seen(seldom, "ewma")?.spread).toBe(1);
  });

  test("is of one minute, however long the buckets are", () => {
    for (const bucketMs of [2_000, MINUTE, 24 * MINUTE]) {
      const minutes = bucketMs / MINUTE;
      const counts = Array.from({ length: 60 }, () => 100 * minutes);
      const found = seen(counts, "ewma", bucketMs);
      expect(found?.usual).toBeCloseTo(100, 6);
      // The deviation of a minute's calls that come by chance.
      expect(found?.spread).toBeCloseTo(10, 6);
    }
  });

  test("is not taught by what was under alarm", () => {
    const counts = Array.from({ length: 40 }, (_, no) => (no < 30 ? 10 : 900));
    const alarm = { from: START + 30 * MINUTE, until: START + 40 * MINUTE };
    const all = suspecting(historyOf(counts), MINUTE, alarm);
    const span = { from: START, until: START + 40 * MINUTE, bucketMs: MINUTE, windowMs: MINUTE };
    for (const of of ["average", "ewma", "median"] as const) {
      expect(baselineOf(all, CALLS, span, of)?.usual).toBeCloseTo(10, 9);
    }
  });
});

describe("Buckets", () => {
  const piece = fc.record({
    minute: fc.nat({ max: 150 }),
    count: fc.integer({ min: 1, max: 9 }),
    beside: fc.integer({ min: 1, max: 9 }),
  });

  test("are the sums of what came in each, of the newest ones, in whatever order it came", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
        const newest = Math.max(...pieces.map(({ minute }) => minute));
        const now = START + newest * MINUTE;
        const history = pieces.reduce(
          (all, { minute, ...amount }) =>
            addedTo(all, MINUTE, { at: START + minute * MINUTE, ...amount }, now),
          NO_HISTORY,
        );
        const first = newest - BUCKETS_MAX + 1;
        const kept = pieces.filter(({ minute }) => minute >= first);
        const oldest = Math.min(...kept.map(({ minute }) => minute));
        const expected = Array.from({ length: newest - oldest + 1 }, (_, place) => {
          const own = kept.filter(({ minute }) => minute === oldest + place);
          return {
            count: own.reduce((sum, { count }) => sum + count, 0),
            beside: own.reduce((sum, { beside }) => sum + beside, 0),
          };
        });
        const span = { from: START - 1_000 * MINUTE, until: now + MINUTE };
        expect(bucketsIn(history, MINUTE, span)).toEqual(expected);
        expect(history.counts.length).toBeLessThanOrEqual(BUCKETS_MAX);
      }),
    );
  });
});
