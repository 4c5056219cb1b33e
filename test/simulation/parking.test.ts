import { describe, expect, test } from "vitest";
import { liveParked } from "./parking-run.ts";

/** `SEED=7` repeats one that failed and, with `TRACE=1`, says what happened; `SEEDS=1000` tries more. */
const { SEED, SEEDS, TRACE } = process.env;
const COUNT = Number(SEEDS ?? 16);
const FIRST = Number(SEED ?? 1);
const LAST = SEED === undefined ? COUNT : FIRST;
const A_SEED_MS = 120_000;

describe("calls are parked and let go, whatever breaks", () => {
  const states: Record<string, number> = {};

  for (let seed = FIRST; seed <= LAST; seed += 1) {
    test(`no promise is broken in the life of seed ${seed}`, { timeout: A_SEED_MS }, async () => {
      const trace = TRACE === undefined ? null : (line: string) => console.log(line);
      const report = await liveParked(seed, trace);
      for (const [state, count] of Object.entries(report.states)) {
        states[state] = (states[state] ?? 0) + count;
      }
      expect(report.answered).toBeGreaterThan(0);
      expect(report.written).toBeGreaterThan(0);
    });
  }

  test.runIf(SEED === undefined)("in these lives calls were parked and done, and denied", () => {
    expect(states.done).toBeGreaterThan(COUNT);
    expect(states.denied).toBeGreaterThan(0);
  });
});
