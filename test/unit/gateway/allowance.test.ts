import { expect, test } from "vitest";
import { Allowance } from "../../../src/gateway/allowance.ts";

test("so many are taken in a second, and a new second begins with all of them", () => {
  const allowance = new Allowance(3);
  const taken = (now: number) => [1, 2, 3, 4, 5].map(() => allowance.take(now));
  expect(taken(0)).toEqual([true, true, true, false, false]);
  expect(allowance.take(999)).toBe(false);
  expect(taken(1_000)).toEqual([true, true, true, false, false]);
});
