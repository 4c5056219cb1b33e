/** A key's shared task ends with its day; a call that was parked in it is the same call after it. */
import { expect, test } from "vitest";
import { type Kind, ParkingLife } from "./parking-life.ts";

const DAY_MS = 86_400_000;
const KINDS: readonly Kind[] = ["model", "read", "write", "named"];

test("a client that hung up before midnight finds its call after it, and it is sent once", async () => {
  const life = new ParkingLife({ from: 0, count: 0, when: "before" });
  life.clock.step(DAY_MS - (life.clock.wall() % DAY_MS) - 2_000);
  const parts = await life.start();
  parts.upkeep.start();
  await life.done(life.pauseAgent(parts));
  const calls = KINDS.map((kind, no) => {
    const leaves = { afterMs: 300, backAfterMs: 3_000 };
    return life.ask(parts, { kind, no, isUnnamed: true }, leaves);
  });
  await life.pass(6_000);
  expect(life.data.parked.size).toBe(KINDS.length);
  await life.done(life.resumeAgent(parts));
  const answers = Promise.all(calls);
  await life.done(answers);
  for (const answer of await answers) expect(answer).toMatchObject({ status: 200 });
  await life.pass(3_000);
  expect([...life.farEnd.written].sort()).toEqual([0, 1, 2, 3]);
  expect(life.unexpected).toEqual([]);
  await life.done(life.stop(parts));
});
