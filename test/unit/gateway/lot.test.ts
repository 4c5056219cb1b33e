import { expect, test } from "vitest";
import { Lot } from "../../../src/gateway/parking/lot.ts";
import type { Parked, ParkingStore } from "../../../src/ports/store.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const ROW: Parked = {
  ...{ call: "d-1", agent: "a", task: "t", key: "key_a", cause: "clutch", review: "r-1" },
  ...{
    digest: "t:1",
    about: "",
    at: 0,
    state: "parked",
    letGoAt: null,
    attached: null,
    claimedBy: null,
  },
  ...{ attempt: 0, message: null, maybeSent: false, edited: false },
};

test("a call that is parked while the others are read is not forgotten by that", async () => {
  const clock = testClock();
  let answer: (rows: readonly Parked[]) => void = () => {};
  const list = () => new Promise<readonly Parked[]>((resolve) => (answer = resolve));
  // Only this method is used.
  const store = { list } as unknown as ParkingStore;
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  const lot = new Lot(store, clock, log);
  const learned = lot.learn();
  lot.add(ROW);
  answer([]);
  await learned;
  expect(lot.expects("a", ROW)).toBe(true);
  const again = lot.learn();
  answer([]);
  await again;
  expect(lot.isEmpty).toBe(true);
});

test("whoever was decided is woken, once; the others sleep on", async () => {
  const clock = testClock();
  let decided: readonly Parked[] = [];
  // Only this method is used.
  const store = { list: async () => decided } as unknown as ParkingStore;
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  const lot = new Lot(store, clock, log);
  const looks: string[] = [];
  for (const parked of ["d-1", "d-2"]) {
    const look = async () => {
      looks.push(parked);
      return 60_000;
    };
    await lot.held.hold({ parked, nextAt: null, isStale: false, look, goOn: async () => {} });
  }
  expect(looks).toEqual(["d-1", "d-2"]);
  await lot.look("holder");
  expect(looks).toHaveLength(2);
  decided = [{ ...ROW, call: "d-2", state: "let_go" }];
  await lot.look("holder");
  await lot.look("holder");
  expect(looks).toEqual(["d-1", "d-2", "d-2"]);
  decided = [{ ...ROW, call: "d-2", state: "denied" }];
  await lot.look("holder");
  expect(looks).toEqual(["d-1", "d-2", "d-2", "d-2"]);
});

test("what the store has heard meanwhile is not told again", async () => {
  const clock = testClock();
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  // Nothing of it is used.
  const lot = new Lot({} as unknown as ParkingStore, clock, log);
  let hear: () => void = () => {};
  const heard = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const told: string[] = [];
  const owed = ["a", "b", "c"].map((what) => {
    return lot.owe(what, async () => {
      told.push(what);
      await heard;
    });
  });
  const paid = lot.pay();
  hear();
  await Promise.all(owed);
  expect(await paid).toBe(true);
  expect(told).toEqual(["a", "b", "c", "a"]);
});
