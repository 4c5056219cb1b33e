import { expect, test } from "vitest";
import { closestOf, type Watched } from "../../../src/guards/breaker/closest.ts";
import { DEFAULT_RULES } from "../../../src/guards/breaker/rules.ts";

const NOTHING: Watched = { breakers: DEFAULT_RULES, levels: [], repeats: [], tasks: [] };
const SURGE = { rule: "tool-surge", tool: "echo", value: 10, line: 50, phase: "calm" } as const;
const RUN = { rule: "stuck", task: "t1", server: "desk", tool: "echo", calls: 7, limit: 8 };

test("what has used up most of its line is closest, with what its breaker would do", () => {
  const task = { rule: "task-tokens", task: "t2", tokens: 10, line: 100, usual: null };
  expect(closestOf({ ...NOTHING, levels: [SURGE], repeats: [RUN], tasks: [task] })).toEqual({
    ...{ rule: "stuck", signal: "identical_calls", action: "trip", tool: "echo", task: "t1" },
    ...{ value: 7, line: 8, alarmed: false },
  });
});

test("what has alarmed is closer than anything that has not, though it stands lower", () => {
  const alarmed = { ...SURGE, value: 1, phase: "alarmed" } as const;
  const close = closestOf({ ...NOTHING, levels: [alarmed], repeats: [RUN] });
  expect(close).toMatchObject({ rule: "tool-surge", task: "", alarmed: true });
});

test("nothing is closest where nothing has a line, or its breaker is gone", () => {
  expect(closestOf(NOTHING)).toBeNull();
  expect(closestOf({ ...NOTHING, levels: [{ ...SURGE, line: null }] })).toBeNull();
  expect(closestOf({ ...NOTHING, breakers: [], levels: [SURGE] })).toBeNull();
});

test("a line at nothing is reached by the first", () => {
  const none = { ...SURGE, rule: "tool-errors", line: 0, value: 0 };
  const one = { ...SURGE, line: 0, value: 1 };
  expect(closestOf({ ...NOTHING, levels: [none, RUN_LEVEL] })?.value).toBe(40);
  expect(closestOf({ ...NOTHING, levels: [RUN_LEVEL, one] })?.value).toBe(1);
});

const RUN_LEVEL = { ...SURGE, value: 40 };
