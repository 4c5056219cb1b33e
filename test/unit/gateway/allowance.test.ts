import { expect, test } from "vitest";
import { Allowance } from "../../../src/gateway/allowance.ts";

test("a burst is taken at once, then so many a second, and rest refills no more than the burst", () => {
  const allowance = new Allowance(3, 2);
  const taken = (now: number) => [1, 2, 3, 4].map(() => allowance.take(now));
  expect(taken(0)).toEqual([true, true, true, false]);
  expect(allowance.take(499)).toBe(false);
  expect(allowance.take(500)).toBe(true);
  expect(taken(1_500)).toEqual([true, true, false, false]);
  expect(taken(60_000)).toEqual([true, true, true, false]);
});
