/** The part of an account that a process holds: its books, whatever comes in whatever order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  drop,
  EMPTY,
  flushed,
  giveBack,
  hopeOf,
  receive,
  reserve,
  roomOf,
  type Slice,
  settle,
} from "../../../src/guards/budget/slice.ts";

const SLICE: Slice = { free: 100, reserved: 40, unflushed: 7, granted: 200n, returned: 53n };

describe("each change of a slice, whole", () => {
  const cases: readonly (readonly [string, Slice, Partial<Slice>])[] = [
    ["a grant adds what is new in it", receive(SLICE, 230n), { free: 130, granted: 230n }],
    ["a grant that is known changes nothing", receive(SLICE, 200n), {}],
    ["an old grant changes nothing", receive(SLICE, 150n), {}],
    ["a reservation moves free money", reserve(SLICE, 30), { free: 70, reserved: 70 }],
    ["a call that was never sent gives all back", drop(SLICE, 40), { free: 140, reserved: 0 }],
    ["the store has been told", flushed(SLICE, 7), { unflushed: 0 }],
    ["a part goes back", giveBack(SLICE, 60), { free: 40, returned: 113n }],
    ["no more goes back than is free", giveBack(SLICE, 900), { free: 0, returned: 153n }],
    ["nothing goes back of nothing", giveBack({ ...SLICE, free: 0 }, 5), { free: 0 }],
    ["a debt does not go back", giveBack({ ...SLICE, free: -3 }, 5), { free: -3 }],
  ];
  for (const [name, after, changes] of cases) {
    test(name, () => {
      expect(after).toEqual({ ...SLICE, ...changes });
    });
  }
});

describe("a call that settles", () => {
  const cases: readonly (readonly [string, number, number, Partial<Slice>])[] = [
    ["for less gets the rest back", 25, 25, { free: 115, reserved: 0, unflushed: 32 }],
    ["for all keeps nothing", 40, 40, { free: 100, reserved: 0, unflushed: 47 }],
    ["for nothing draws nothing", 0, 0, { free: 140, reserved: 0, unflushed: 7 }],
    ["for more draws on what is free", 90, 90, { free: 50, reserved: 0, unflushed: 97 }],
    ["for more than there is draws all", 500, 140, { free: 0, reserved: 0, unflushed: 147 }],
  ];
  for (const [name, charged, drawn, changes] of cases) {
    test(name, () => {
      expect(settle(SLICE, 40, charged)).toEqual([{ ...SLICE, ...changes }, drawn]);
    });
  }

  test("draws no more than its reservation where nothing is free", () => {
    const poor = { ...SLICE, free: 0 };
    const after = { ...poor, reserved: 0, unflushed: 47 };
    expect(settle(poor, 40, 100)).toEqual([after, 40]);
  });
});

test("room is what can be leased now, hope what could ever be", () => {
  const seen = { limit: 100n, spent: 30n, leased: 25n, forfeited: 6n, committed: 4n };
  expect([roomOf(seen), hopeOf(seen)]).toEqual([35n, 60n]);
  const over = { ...seen, limit: 50n };
  expect([roomOf(over), hopeOf(over)]).toEqual([-15n, 10n]);
});

/** One account of the store and one slice of it, as far as this holder is concerned. */
interface Both {
  slice: Slice;
  granted: bigint;
  returned: bigint;
  drawn: bigint;
  calls: number[];
  pending: number[];
}

const amount = fc.nat({ max: 1_000 });
const step = fc.oneof(
  fc.record({ kind: fc.constant("lease" as const), amount, heard: fc.boolean() }),
  fc.record({ kind: fc.constant("again" as const), amount, heard: fc.boolean() }),
  fc.record({ kind: fc.constant("reserve" as const), amount, heard: fc.boolean() }),
  fc.record({ kind: fc.constant("settle" as const), amount, heard: fc.boolean() }),
  fc.record({ kind: fc.constant("drop" as const), amount, heard: fc.boolean() }),
  fc.record({ kind: fc.constant("flush" as const), amount, heard: fc.boolean() }),
  fc.record({ kind: fc.constant("give" as const), amount, heard: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function take(both: Both, { amount: by, heard, kind }: Step): void {
  const { slice } = both;
  switch (kind) {
    case "lease":
      both.granted += BigInt(by);
      if (heard) both.slice = receive(slice, both.granted);
      return;
    case "again":
      both.slice = receive(slice, heard ? both.granted : both.granted / 2n);
      return;
    case "reserve":
      if (by > slice.free) return;
      both.slice = reserve(slice, by);
      both.calls.push(by);
      return;
    case "settle": {
      const call = both.calls.shift();
      if (call === undefined) return;
      const [after, drawn] = settle(slice, call, by);
      both.slice = after;
      both.pending.push(drawn);
      return;
    }
    case "drop": {
      const call = both.calls.pop();
      if (call !== undefined) both.slice = drop(slice, call);
      return;
    }
    case "flush":
      for (const drawn of both.pending) {
        both.drawn += BigInt(drawn);
        both.slice = flushed(both.slice, drawn);
      }
      both.pending = [];
      return;
    case "give":
      both.slice = giveBack(slice, by);
      if (heard) both.returned = both.slice.returned;
  }
}

test("the books hold after any changes, with answers that are lost, repeated or old", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const both: Both = {
        slice: EMPTY,
        granted: 0n,
        returned: 0n,
        drawn: 0n,
        calls: [],
        pending: [],
      };
      for (const one of steps) {
        take(both, one);
        const { free, granted, reserved, returned, unflushed } = both.slice;
        const held = both.granted - both.returned - both.drawn;
        const mine = BigInt(free + reserved + unflushed);
        expect(mine + (returned - both.returned) + (both.granted - granted)).toBe(held);
        expect(Math.min(free, reserved, unflushed)).toBeGreaterThanOrEqual(0);
        expect(held).toBeGreaterThanOrEqual(0n);
      }
    }),
    { numRuns: 2_000 },
  );
});
