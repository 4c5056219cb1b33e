import { expect, test } from "vitest";
import { TakenOut } from "../../../src/gateway/answered/taken-out.ts";
import type { Caller } from "../../../src/gateway/call.ts";
import { deny } from "../../../src/guards/verdict.ts";

const HOUR_MS = 3_600_000;
const DENIAL = deny("manifest.unknown-tool", { tool: "wipe" });

// `as`: of a caller only the agent and the task are looked at.
const caller = (agent: string, task: string) =>
  ({ manifest: { agent }, taskName: { id: task, how: "named" } }) as unknown as Caller;
const ANN = caller("ann", "t");
const call = (id: string | null) => ({ id, name: "wipe", arguments: {}, argumentsBytes: 2 });

test("a call is found again by its id, in its task, for an hour", () => {
  const taken = new TakenOut();
  taken.note(call("c1"), DENIAL, ANN, 0);
  expect(taken.find("c1", ANN, HOUR_MS - 1)).toEqual({ name: "wipe", denial: DENIAL });
  expect(taken.find("c1", ANN, HOUR_MS)).toBeNull();
  expect(taken.find("c2", ANN, 0)).toBeNull();
  expect(taken.find("c1", caller("ann", "u"), 0)).toBeNull();
  expect(taken.find("c1", caller("bob", "t"), 0)).toBeNull();
});

test("an id that a later call got through with is that one's", () => {
  const taken = new TakenOut();
  taken.note(call("c1"), DENIAL, ANN, 0);
  taken.forget(call("c1"), caller("bob", "t"));
  taken.forget(call(null), ANN);
  expect(taken.find("c1", ANN, 1)).not.toBeNull();
  taken.forget(call("c1"), ANN);
  expect(taken.find("c1", ANN, 1)).toBeNull();
});

test("past so many the oldest is forgotten; one that is refused again is the newest", () => {
  const taken = new TakenOut();
  for (let at = 0; at < 10_000; at += 1) taken.note(call(`c${at}`), DENIAL, ANN, 0);
  taken.note(call("c0"), DENIAL, ANN, 0);
  taken.note(call("one more"), DENIAL, ANN, 0);
  expect(taken.find("c0", ANN, 1)).not.toBeNull();
  expect(taken.find("c1", ANN, 1)).toBeNull();
  expect(taken.find("c2", ANN, 1)).not.toBeNull();
});
