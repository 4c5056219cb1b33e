/** A gateway hears of a resume piece by piece: its clients are not told of the pieces. */
import { expect, test } from "vitest";
import { type Kind, ParkingLife } from "./parking-life.ts";

const KINDS: readonly Kind[] = ["model", "read", "write", "named"];

test("what was let go waits until its gateway has read that the agent goes on", async () => {
  const life = new ParkingLife({ from: 0, count: 0, when: "before" });
  const parts = await life.start();
  parts.upkeep.start();
  await life.done(life.pauseAgent(parts));
  const held = KINDS.map((kind, no) => life.ask(parts, { kind, no }));
  const left = KINDS.slice(1).map((kind, no) => {
    const leaves = { afterMs: 100, backAfterMs: null };
    return life.ask(parts, { kind, no: KINDS.length + no }, leaves);
  });
  await life.pass(1_000);
  // The rows of calls are read every second; what the clutches are takes longer.
  life.failing.before = async (name) => {
    if (name === "clutches" || name === "pending") await life.sleep(2_500);
  };
  await life.done(life.resumeAgent(parts));
  await life.done(Promise.all([...held, ...left]));
  await life.pass(5_000);
  expect([...life.farEnd.written].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const refused = life.data.journal.filter(({ kind }) => kind === "call.refused");
  expect(refused.map(({ code }) => code)).toEqual([]);
  expect(life.unexpected).toEqual([]);
  await life.done(life.stop(parts));
});
