import { describe, expect, test } from "vitest";
import { Neighbours } from "../../../src/gateway/neighbours.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const EXPIRY_MS = 12_000;
const LOOK_MS = 1_000;

/** Looks once a second and keeps what was fenced, with the second it was. */
function watching() {
  const clock = testClock();
  const neighbours = new Neighbours(EXPIRY_MS, clock);
  const fenced: string[] = [];
  let failing = false;
  const look = async (live: Readonly<Record<string, number>>) => {
    const beats = Object.entries(live).map(([id, beatNo]) => ({ id, beatNo }));
    await neighbours.watch(beats, "self", async (id, seen) => {
      fenced.push(`${id}#${seen}@${clock.monotonic() / 1_000}`);
      if (failing) throw new Error("no answer");
    });
  };
  return {
    clock,
    fenced,
    look,
    fail: (fails: boolean) => {
      failing = fails;
    },
    /** For so many looks, the first one at once. */
    repeat: async (looks: number, live: Readonly<Record<string, number>>) => {
      for (let count = 0; count < looks; count += 1) {
        await look(live);
        clock.advance(LOOK_MS);
      }
    },
  };
}

describe("a neighbour whose heartbeats stopped", () => {
  test("is fenced when its number has stood still for the whole expiry, not before", async () => {
    const { fenced, look, repeat } = watching();
    await repeat(12, { other: 7, self: 3 });
    expect(fenced).toEqual([]);
    await look({ other: 7, self: 3 });
    expect(fenced).toEqual(["other#7@12"]);
  });

  test("is fenced again with each look that still lists it", async () => {
    const { fail, fenced, look, repeat } = watching();
    await repeat(12, { other: 7 });
    fail(true);
    await expect(look({ other: 7 })).rejects.toThrow("no answer");
    fail(false);
    await look({ other: 7 });
    expect(fenced).toEqual(["other#7@12", "other#7@12"]);
  });

  test("and others with it, each by its own number and time", async () => {
    const { fenced, repeat } = watching();
    await repeat(5, { first: 1 });
    await repeat(8, { first: 1, second: 9 });
    expect(fenced).toEqual(["first#1@12"]);
    await repeat(4, { second: 9 });
    expect(fenced).toEqual(["first#1@12"]);
    await repeat(1, { second: 9 });
    expect(fenced).toEqual(["first#1@12", "second#9@17"]);
  });
});

describe("nobody is fenced", () => {
  test("whose number moves, however slowly", async () => {
    const { fenced, repeat } = watching();
    for (let beatNo = 1; beatNo < 6; beatNo += 1) await repeat(12, { other: beatNo });
    expect(fenced).toEqual([]);
  });

  test("whose number goes back, as in a store that was restored", async () => {
    const { fenced, repeat } = watching();
    await repeat(12, { other: 7 });
    await repeat(12, { other: 6 });
    expect(fenced).toEqual([]);
  });

  test("who is oneself", async () => {
    const { fenced, repeat } = watching();
    await repeat(60, { self: 1 });
    expect(fenced).toEqual([]);
  });

  test("who was away from the list in between", async () => {
    const { fenced, repeat } = watching();
    await repeat(11, { other: 7 });
    await repeat(1, {});
    await repeat(12, { other: 7 });
    expect(fenced).toEqual([]);
  });

  test("at the first look, or after a look that came too late to tell", async () => {
    const { clock, fenced, look, repeat } = watching();
    clock.advance(60_000);
    await repeat(11, { other: 7 });
    clock.advance(3_000);
    await look({ other: 7 });
    expect(fenced).toEqual([]);
    clock.advance(60_000);
    await repeat(12, { other: 7 });
    expect(fenced).toEqual([]);
    await look({ other: 7 });
    expect(fenced).toHaveLength(1);
  });

  test("because of a wall clock that was set forward", async () => {
    const { clock, fenced, look } = watching();
    await look({ other: 7 });
    clock.step(3_600_000);
    clock.advance(LOOK_MS);
    await look({ other: 7 });
    expect(fenced).toEqual([]);
  });
});

test("a look that is 3 s late still counts, one any later does not", async () => {
  const late = watching();
  for (let looks = 0; looks < 5; looks += 1) {
    await late.look({ other: 7 });
    late.clock.advance(3_000);
  }
  expect(late.fenced).toEqual(["other#7@12"]);

  const blind = watching();
  for (let looks = 0; looks < 60; looks += 1) {
    await blind.look({ other: 7 });
    blind.clock.advance(3_001);
  }
  expect(blind.fenced).toEqual([]);
});
