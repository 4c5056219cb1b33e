import { describe, expect, test } from "vitest";
import { live } from "./run.ts";

/**
 * Seeds of every run, each another life. `SEED=7` repeats one that failed and, with `TRACE=1`, says
 * what happened in it; `SEEDS=1000` tries as many.
 */
const { SEED, SEEDS, TRACE } = process.env;
const COUNT = Number(SEEDS ?? 24);
const FIRST = Number(SEED ?? 1);
const LAST = SEED === undefined ? COUNT : FIRST;
const A_SEED_MS = 120_000;

describe("many gateways on one store, whatever breaks", () => {
  for (let seed = FIRST; seed <= LAST; seed += 1) {
    test(`no promise is broken in the life of seed ${seed}`, { timeout: A_SEED_MS }, async () => {
      const trace = TRACE === undefined ? null : (line: string) => console.log(line);
      const { answers, written } = await live(seed, trace);
      const answered = [...answers.values()].reduce((sum, count) => sum + count, 0);
      // A life in which nothing happens keeps every promise.
      expect(answered).toBeGreaterThan(0);
      expect(written).toBeGreaterThan(0);
    });
  }
});
