/** What a settlement may not touch: other calls' reservations, and money that is not there. */
import { describe, expect, test } from "vitest";
import { giveBack, receive, settle } from "../../../src/guards/budget/slice.ts";
import { slice } from "./scenes.ts";

describe("an overbilled call", () => {
  test("is never drawn from other calls' reservations", () => {
    const busy = slice({ free: 0, reserved: 50, unflushed: 7 });
    expect(settle(busy, 30, 45)).toEqual([{ ...busy, reserved: 20, unflushed: 37 }, 30]);
  });

  test("draws its own reservation also where free is below zero, and no more", () => {
    const deep = slice({ free: -10, reserved: 30 });
    expect(settle(deep, 30, 40)).toEqual([{ ...deep, reserved: 0, unflushed: 30 }, 30]);
    expect(settle(deep, 30, 20)).toEqual([
      { free: 0, reserved: 0, unflushed: 20, granted: 0n, returned: 0n },
      20,
    ]);
  });
});

describe("what changes nothing", () => {
  const full = slice({ free: 100, granted: 200n, returned: 5n });

  test.each([200n, 199n, 0n])("an old total of %s leaves the very same slice", (total) => {
    expect(receive(full, total)).toBe(full);
  });

  test.each([0, -1])("giving back %s leaves the very same slice", (amount) => {
    expect(giveBack(full, amount)).toBe(full);
  });
});
