/** How much is leased ahead: some calls, or 100 ms of demand, and a small part of what is left. */
import { describe, expect, test } from "vitest";
import { aheadOf, type Demand, noteDemand, QUIET } from "../../../src/guards/budget/demand.ts";

describe("the rate of demand", () => {
  const begun: Demand = { amount: 100, since: 10_000, rate: 3 };

  test("adds up within a stretch and keeps the rate", () => {
    expect(noteDemand(begun, 50, 10_499)).toEqual({ amount: 150, since: 10_000, rate: 3 });
  });

  test("is taken anew when a stretch is over, and the new one begins with this call", () => {
    expect(noteDemand(begun, 50, 10_500)).toEqual({ amount: 50, since: 10_500, rate: 0.2 });
    expect(noteDemand(begun, 50, 12_000)).toEqual({ amount: 50, since: 12_000, rate: 0.05 });
  });

  test("is none after a long silence", () => {
    expect(noteDemand(begun, 50, 12_001)).toEqual({ amount: 50, since: 12_001, rate: 0 });
  });

  test("is none at the first call of all", () => {
    expect(noteDemand(QUIET, 70, 1_000_000)).toEqual({ amount: 70, since: 1_000_000, rate: 0 });
  });
});

describe("how much to lease ahead", () => {
  const busy: Demand = { amount: 0, since: 0, rate: 50 };

  test.each<[string, Demand, number, bigint, number, number]>([
    ["eight calls of this size", QUIET, 10, 1_000_000n, 1, 80],
    ["100 ms of demand where that is more", busy, 10, 1_000_000n, 1, 5_000],
    ["the calls where those are more", busy, 1_000, 1_000_000n, 1, 8_000],
    ["at most a sixteenth of the room", busy, 1_000, 16_000n, 1, 1_000],
    ["that part shared by all processes", busy, 1_000, 16_000n, 4, 250],
    ["as if alone where nobody is counted", busy, 1_000, 16_000n, 0, 1_000],
    ["whole nano-USD", busy, 1_000, 100n, 1, 6],
    ["nothing of a room too small to share", busy, 1_000, 15n, 1, 0],
    ["nothing where there is no room", busy, 1_000, 0n, 1, 0],
    ["nothing where the room is negative", busy, 1_000, -160n, 1, 0],
    ["nothing for a call that costs nothing", QUIET, 0, 1_000_000n, 1, 0],
  ])("%s", (_name, demand, need, room, holders, expected) => {
    expect(aheadOf(demand, need, room, holders)).toBe(expected);
  });
});
