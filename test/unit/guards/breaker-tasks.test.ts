/** What single tasks do: their tokens, and calls that come to nothing new; and tools never called. */
import { describe, expect, test } from "vitest";
import { NO_HISTORY } from "../../../src/guards/breaker/buckets.ts";
import * as firsts from "../../../src/guards/breaker/new-tools.ts";
import * as progress from "../../../src/guards/breaker/no-progress.ts";
import {
  type Alarm,
  DEFAULT_RULES,
  type NewToolsRule,
  type NoProgressRule,
  type TaskTokensRule,
} from "../../../src/guards/breaker/rules.ts";
import { TALLY_MAX } from "../../../src/guards/breaker/tally.ts";
import * as spike from "../../../src/guards/breaker/task-tokens.ts";

const START = 1_800_000_000_000;
const HOUR = 3_600_000;

describe("the tokens of a task", () => {
  const RULE = DEFAULT_RULES.find((rule) => rule.name === "token-spike") as TaskTokensRule;
  const TASK = { agent: "a", task: "t" };

  /** So many tasks that ended in the last hours, each with so many tokens. */
  function endedTasks(count: number, tokens: number, hours = 4): spike.EndedTasks {
    let tasks: spike.EndedTasks = NO_HISTORY;
    for (let no = 0; no < count; no += 1) {
      const at = START - hours * HOUR + (no * hours * HOUR) / count;
      tasks = spike.ended(tasks, RULE, { at, count: 1, tokens }, START);
    }
    return tasks;
  }

  test("alarm above five times what is usual, and say the numbers", () => {
    const line = spike.lineOf(endedTasks(100, 9_000), RULE, START);
    expect(line).toEqual({ at: 45_000, usual: 9_000 });
    expect(spike.alarmOf({ ...TASK, tokens: 45_000 }, RULE, line)).toBeNull();
    expect(spike.alarmOf({ ...TASK, tokens: 45_001 }, RULE, line)).toEqual({
      ...{ rule: "token-spike", signal: "tokens_per_task", action: "alert" },
      ...{ agent: "a", server: "", tool: "", task: "t", value: 45_001, limit: 45_000 },
      numbers: { tokens: 45_001, line: 45_000, usual: 9_000 },
      says: "One task took 45001 tokens, more than 45000; usual for a task is 9000.",
    });
  });

  test("are never above beneath the floor, however small tasks are", () => {
    const line = spike.lineOf(endedTasks(100, 10), RULE, START);
    expect(line).toEqual({ at: 20_000, usual: 10 });
    expect(spike.alarmOf({ ...TASK, tokens: 20_000 }, RULE, line)).toBeNull();
    expect(spike.alarmOf({ ...TASK, tokens: 20_001 }, RULE, line)).not.toBeNull();
  });

  test("are held to the floor while few tasks have ended, or to what those took", () => {
    expect(spike.lineOf(NO_HISTORY, RULE, START)).toEqual({ at: 20_000, usual: null });
    expect(spike.lineOf(endedTasks(3, 30_000), RULE, START)).toEqual({ at: 150_000, usual: null });
    expect(spike.lineOf(endedTasks(3, 10), RULE, START)).toEqual({ at: 20_000, usual: null });
  });

  test("are held to the last day alone", () => {
    expect(spike.lineOf(endedTasks(100, 90_000, 60), RULE, START + 30 * HOUR).usual).toBeNull();
  });

  test("are held to a number where the rule says one", () => {
    const fixed: TaskTokensRule = { ...RULE, above: { kind: "value", value: 500 }, atLeast: 1 };
    expect(spike.lineOf(endedTasks(100, 9_000), fixed, START)).toEqual({ at: 500, usual: null });
  });

  test("by deviations: a tenth of what is usual at the least", () => {
    const above = { kind: "median", mads: 10, overMs: 24 * HOUR } as const;
    const line = spike.lineOf(endedTasks(100, 90_000), { ...RULE, above }, START);
    expect(line.at).toBeCloseTo(90_000 + 10 * 0.6745 * 9_000, 3);
  });
});

describe("no progress", () => {
  const RULE: NoProgressRule = {
    ...{ name: "n", signal: "no_progress", above: 5, windowMs: 600_000, action: "trip" },
  };

  function alarmsOf(all: readonly (string | null)[], everyMs = 1_000) {
    const about = { agent: "a", task: "t", server: "s", tool: "search" };
    const at: number[] = [];
    const alarms: Alarm[] = [];
    let state: progress.Standstill | null = null;
    for (const [no, news] of all.entries()) {
      const [after, alarm] = progress.observe(state, RULE, { ...about, news }, no * everyMs);
      state = after;
      if (alarm === null) continue;
      at.push(no + 1);
      alarms.push(alarm);
    }
    return { at, alarms, state };
  }

  test("alarms on the sixth call in a row that came to nothing new", () => {
    const { alarms, at } = alarmsOf(["a", "b", ..."ababab"]);
    expect(at).toEqual([8]);
    expect(alarms[0]).toEqual({
      ...{ rule: "n", signal: "no_progress", action: "trip", agent: "a", task: "t" },
      ...{ server: "s", tool: "search", value: 6, limit: 5 },
      numbers: { calls: 6, limit: 5, window_minutes: 10 },
      says:
        "One task made 6 calls within 10 min, the last of the tool search, " +
        "and each came to what it had seen before.",
    });
  });

  test("begins anew with what is new, and after its alarm", () => {
    expect(alarmsOf(["a", ..."aaaaa", "b", ..."bbbbb", "c"]).at).toEqual([]);
    expect(alarmsOf(Array.from({ length: 13 }, () => "a")).at).toEqual([7, 13]);
  });

  test("counts refusals once there was a result, and none before", () => {
    expect(alarmsOf(Array.from({ length: 20 }, () => null)).at).toEqual([]);
    expect(alarmsOf(["a", null, null, null, null, null, null]).at).toEqual([7]);
  });

  test("does not count what is older than the window", () => {
    expect(
      alarmsOf(
        Array.from({ length: 50 }, () => "a"),
        130_000,
      ).at,
    ).toEqual([]);
  });

  test("remembers so many results and instants, and no more", () => {
    const many = Array.from({ length: 1_000 }, (_, no) => `r${no}`);
    expect(alarmsOf(many).state?.seen).toHaveLength(progress.SEEN_MAX);
    // One that was forgotten is new again.
    expect(alarmsOf([...many, ...many]).at).toEqual([]);
    const slow = alarmsOf(
      Array.from({ length: 1_000 }, () => "a"),
      9_999,
    );
    expect(slow.state?.calls.length).toBeLessThanOrEqual(TALLY_MAX);
  });
});

describe("tools that were never called before", () => {
  const RULE: NewToolsRule = {
    ...{ name: "new", signal: "new_tools", above: 1, windowMs: HOUR, atLeast: 2, action: "alert" },
  };
  const met = (known: number, tool = `t${known}`) => ({ agent: "a", server: "s", tool, known });

  function alarmsOf(all: readonly (readonly [known: number, at: number])[], rule = RULE) {
    let state: firsts.Firsts = [];
    return all.flatMap(([known, at]) => {
      const [after, alarm] = firsts.observe(state, rule, met(known), START + at);
      state = after;
      return alarm ?? [];
    });
  }

  test("alarm above so many within the window, and say how many were known", () => {
    const [alarm] = alarmsOf([
      [2, 0],
      [3, 1_000],
    ]);
    expect(alarm).toEqual({
      ...{ rule: "new", signal: "new_tools", action: "alert", agent: "a", task: null },
      ...{ server: "s", tool: "t3", value: 2, limit: 1 },
      numbers: { new_tools: 2, known_tools: 3, limit: 1, window_minutes: 60 },
      says: "The agent called 2 tools for the first time within 60 min, the last of them t3; it knew 3.",
    });
    const first = alarmsOf([[2, 0]], { ...RULE, above: 0 });
    expect(first[0]?.says).toMatch(/^The agent called a tool for the first time within 60 min/);
  });

  test("say nothing of an agent to which everything is new", () => {
    const all = [0, 1, 2].map((known) => [known, known] as const);
    expect(alarmsOf(all)).toEqual([]);
  });

  test("are not counted together beyond the window, nor after an alarm", () => {
    expect(
      alarmsOf([
        [2, 0],
        [3, HOUR],
      ]),
    ).toEqual([]);
    const all = [2, 3, 4, 5].map((known) => [known, known] as const);
    expect(alarmsOf(all).map(({ tool }) => tool)).toEqual(["t3", "t5"]);
  });
});
