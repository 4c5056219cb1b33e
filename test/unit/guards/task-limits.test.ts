/** A task that has made as many calls, or gone on for as long, as it may. */
import { describe, expect, test } from "vitest";
import { budget } from "../../../src/guards/budget/admit.ts";
import { admit, admitTool } from "../../../src/guards/decide.ts";
import { alive } from "../../../src/guards/task/alive.ts";
import { isReservedName, taskLimit, taskLimitOf } from "../../../src/guards/task/limits.ts";
import { bounds, facts, purse, seen, slice } from "./scenes.ts";
import { toolFacts } from "./tool-scenes.ts";

const ONE_CALL = bounds({ reserve: { usd: 5, tokens: 7, calls: 1 } });
const CALLS = taskLimit("max_calls", "support", 3);

/** An account that is spent, as the store says. */
function spent(name: string, changes: object = {}) {
  const account = seen({ limit: 3n, spent: 2n, leased: 0n, forfeited: 1n });
  const own = { budget: name, scope: "support/ticket/7", unit: "calls" as const };
  return purse({ ...own, slice: slice({ free: 0 }), seen: account, ...changes });
}

function refusal(...purses: ReturnType<typeof spent>[]) {
  const [, answer] = budget(facts(), ONE_CALL, { purses });
  return answer;
}

describe("the calls of a task", () => {
  test("are kept like those of a budget of its agent, and named like no budget", () => {
    expect(CALLS).toEqual({
      ...{ name: "limits.max_calls of support", only: { agent: "support" }, each: "task" },
      ...{ unit: "calls", limit: 3n, window: "task", onExhausted: "deny" },
    });
    expect(taskLimitOf(CALLS.name)).toBe("max_calls");
    expect(taskLimitOf(taskLimit("max_tool_calls", "a", 1).name)).toBe("max_tool_calls");
    expect(isReservedName(CALLS.name)).toBe(true);
    expect(taskLimitOf("each-task")).toBeNull();
    expect(isReservedName("each-task")).toBe(false);
  });

  test("that are made are told with the task and the numbers", () => {
    expect(refusal(spent(CALLS.name))).toEqual({
      ...{ kind: "deny", code: "task.exhausted" },
      facts: { limit: "max_calls", task: "ticket/7", max: 3, used: 3 },
    });
  });

  test("decide before a budget that is spent too: with more money it would be no better off", () => {
    expect(refusal(spent("mine"), spent(CALLS.name))).toMatchObject({ code: "task.exhausted" });
    expect(refusal(spent("mine"))).toMatchObject({ code: "budget.exhausted" });
  });

  test("that others have leased may come back, so the call does", () => {
    const leased = seen({ limit: 3n, spent: 2n, leased: 1n, forfeited: 0n });
    expect(refusal(spent(CALLS.name, { seen: leased }))).toMatchObject({
      code: "budget.contended",
    });
  });
});

describe("the duration of a task", () => {
  const task = (ageMs: number, durationMaxMs: number | null) => {
    return { id: "t", ended: false, ageMs, durationMaxMs };
  };
  const STATES = { purses: [] };

  test.each<[number, number | null]>([
    [0, 1_000],
    [999, 1_000],
    [-50, 1_000],
    [1e12, null],
  ])("of %i ms where it may have %s passes", (ageMs, most) => {
    const [after, answer] = alive({ task: task(ageMs, most) }, ONE_CALL, STATES);
    expect(after).toBe(STATES);
    expect(answer).toEqual({ kind: "allow", bounds: ONE_CALL, numbers: {} });
  });

  test.each([1_000, 61_500, Number.NaN])("of %d ms where it may have 1000 does not", (ageMs) => {
    const [, answer] = alive({ task: task(ageMs, 1_000) }, ONE_CALL, STATES);
    const told = { limit: "max_duration", task: "t", max_seconds: 1, seconds: ageMs / 1_000 };
    expect(answer).toEqual({ kind: "deny", code: "task.exhausted", facts: told });
  });

  test("says nothing of a task that has ended, which is told as that", () => {
    const [, answer] = alive({ task: { ...task(9e9, 1), ended: true } }, ONE_CALL, STATES);
    expect(answer).toMatchObject({ code: "task.ended" });
  });

  test("holds for calls of models and of tools", () => {
    const old = task(9_000, 1_000);
    const answers = [
      admit(facts({ task: old }), STATES),
      admitTool(toolFacts({ task: old }), STATES),
    ];
    for (const { verdict } of answers) {
      expect(verdict).toMatchObject({ code: "task.exhausted", rule: "task" });
    }
  });
});
