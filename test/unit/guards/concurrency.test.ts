/** How many calls of one tool are out at once. */
import { expect, test } from "vitest";
import { concurrency, slotLimit } from "../../../src/guards/concurrency/guard.ts";
import { admitTool } from "../../../src/guards/decide.ts";
import type { Permits, ToolRate } from "../../../src/guards/rate-limit/permits.ts";
import type { ToolRateNow } from "../../../src/guards/tool/facts.ts";
import { granted, toolFacts } from "./tool-scenes.ts";

const TIMEOUT_MS = 30_000;
const LIMIT: ToolRate = { tool: "t", requests: 2, perMs: TIMEOUT_MS };
const NOW = 1_000_000;

const held = (no: number, lastUse: number | null = null) =>
  ({ phase: "held", no, number: 1, lastUse, since: 0 }) as const;
const out = (no: number) => ({ ...held(no), phase: "taken" }) as const;

/** The verdict, and the slots after it. */
function ask(slots: Permits, changes: Partial<ToolRateNow> = {}) {
  const facts = toolFacts({ slots: { limit: LIMIT, asked: true, now: NOW, ...changes } });
  const { states, verdict } = admitTool(facts, { purses: [], slots });
  return { verdict, slots: states.slots };
}

test("A tool has as many slots as its manifest says, each of the age of its longest call", () => {
  expect(slotLimit(granted("s", "t", { concurrentMax: 2, timeoutMs: TIMEOUT_MS }))).toEqual(LIMIT);
  expect(slotLimit(granted("s", "t"))).toBeNull();
});

test("A call takes a free slot, and says how many there are", () => {
  const { slots, verdict } = ask([out(0), held(1)]);
  expect(slots).toEqual([out(0), out(1)]);
  expect(verdict).toMatchObject({ kind: "allow", bounds: { slot: { no: 1, number: 1 } } });
});

test("With all of them out a call is refused, with the number and when to come again", () => {
  const slots = [out(0), out(1)];
  expect(ask(slots)).toEqual({
    slots,
    verdict: {
      ...{ kind: "deny", code: "tool.busy", facts: { tool: "t", max_concurrent: 2 } },
      ...{ retryAfterMs: 1_000, rule: "concurrency" },
    },
  });
});

test("Where another gateway may have free ones, the store is asked first", () => {
  const short = { kind: "short-of-permits" };
  expect(ask([out(0)], { asked: false }).verdict).toEqual(short);
  expect(ask([out(0)]).verdict).toMatchObject({ code: "tool.busy" });
});

test("The slot of a gateway that died is free once what it had sent must be over", () => {
  expect(ask([held(0, NOW - TIMEOUT_MS)]).verdict).toMatchObject({ code: "tool.busy" });
  expect(ask([held(0, NOW - TIMEOUT_MS - 200)]).verdict).toMatchObject({ kind: "allow" });
});

test("A limit that was lowered leaves out what it no longer has", () => {
  expect(ask([held(1)], { limit: { ...LIMIT, requests: 1 } }).verdict).toMatchObject({
    code: "tool.busy",
  });
});

test("A call that a later guard refuses leaves its slot and its permit where they were", () => {
  const limit = { tool: "t", requests: 1, perMs: 1_000 };
  const rate = { limit, asked: true, now: NOW };
  const slots = { limit: LIMIT, asked: true, now: NOW };
  const before = { purses: [], permits: [held(0)], slots: [out(0), out(1)] };
  const { states, verdict } = admitTool(toolFacts({ rate, slots }), before);
  expect(verdict).toMatchObject({ code: "tool.busy" });
  expect(states).toBe(before);
});

test("A tool without a limit takes nothing", () => {
  const states = { purses: [], slots: [held(0)] };
  const [after, answer] = concurrency(toolFacts(), {} as never, states);
  expect(after).toBe(states);
  expect(answer.kind).toBe("allow");
});
