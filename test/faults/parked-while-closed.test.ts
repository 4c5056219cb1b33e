/** A gateway that may not take calls lets none of those go that wait there. */
import { expect, test } from "vitest";
import { AGENT, type Kind, ParkingLife } from "./parking-life.ts";

const KINDS: readonly Kind[] = ["model", "read", "write", "named"];

test("while what is in force could not be taken over, nothing that waits goes by what was", async () => {
  const life = new ParkingLife({ from: 0, count: 0, when: "before" });
  const parts = await life.start();
  const { gateway } = parts;
  parts.upkeep.start();
  await life.done(life.pauseAgent(parts));
  const held = KINDS.map((kind, no) => life.ask(parts, { kind, no }));
  const left = KINDS.map((kind, no) => {
    const leaves = { afterMs: 100, backAfterMs: null };
    return life.ask(parts, { kind, no: KINDS.length + no }, leaves);
  });
  await life.pass(1_000);
  expect(gateway.lot.heldOf(AGENT)).toBe(KINDS.length);
  // Another gateway was given a folder that this one has not.
  const own = life.data.configuration;
  life.data.configuration = "dir:another";
  await life.pass(1_500);
  expect(gateway.closedBecause).not.toBe(null);
  await life.done(life.resumeAgent(parts));
  await life.pass(5_000);
  expect(life.farEnd.written).toEqual([]);
  life.data.configuration = own;
  await life.done(Promise.all([...held, ...left]));
  await life.pass(3_000);
  // But the model call whose client never came back.
  expect([...life.farEnd.written].sort()).toEqual([0, 1, 2, 3, 5, 6, 7]);
  expect(life.unexpected).toEqual([]);
  await life.done(life.stop(parts));
});
