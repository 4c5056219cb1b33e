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
