/** How many calls a task may make, and for how long, as manifests say it. */
import { describe, expect, test } from "vitest";
import { issuesOf, valid } from "./folder.ts";

/** A folder of two agents, with limits in slipclutch.yaml and of the first agent. */
function folder(common: object, own: object, budget: object = {}): Record<string, string> {
  const money = { name: "b", each: "agent", limit_usd: 1, window: "day", ...budget };
  return {
    "slipclutch.yaml": JSON.stringify({ version: 1, budgets: [money], limits: common }),
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", limits: own }),
    "agents/cat.json": JSON.stringify({ version: 1, agent: "cat" }),
  };
}

function limitsOf(common: object, own: object) {
  const { budgets } = valid(folder(common, own));
  return budgets.slice(1).map(({ limit, name }) => [name, limit]);
}

test("Without limits no account is kept for them", () => {
  expect(limitsOf({}, {})).toEqual([]);
  const { agents } = valid(folder({}, {}));
  expect(agents.get("bot")?.tasks).toMatchObject({
    ...{ callsMax: null, toolCallsMax: null, durationMaxMs: null },
  });
});

test("Each agent has accounts of its own, by its own limit or else by that of all", () => {
  expect(limitsOf({ max_calls: 9 }, { max_calls: 3, max_tool_calls: 2 })).toEqual([
    ["limits.max_calls of bot", 3n],
    ["limits.max_tool_calls of bot", 2n],
    ["limits.max_calls of cat", 9n],
  ]);
});

test.each(["limits.max_calls of bot", "limits.", "limits.mine"])(
  "No budget may be called %j",
  (name) => {
    expect(issuesOf(folder({}, {}, { name }))).toMatchObject([
      { path: "budgets[0].name", expected: "a name that does not begin with limits." },
    ]);
  },
);

test("A limit on a task's calls is no cap on what it costs", () => {
  const files = folder({ max_calls: 3 }, {}, { limit_usd: undefined, limit_tokens: 5 });
  const issues = issuesOf(files);
  expect(issues.map(({ file }) => file)).toEqual(["agents/bot.json", "agents/cat.json"]);
});

describe.each(["max_calls", "max_tool_calls"])("%s", (field) => {
  test.each([0, -1, 1.5, "3", null, 1_000_000_001])("may not be %j", (value) => {
    for (const files of [folder({ [field]: value }, {}), folder({}, { [field]: value })]) {
      expect(issuesOf(files)).toMatchObject([{ path: `limits.${field}` }]);
    }
  });
});

test.each([0, "999ms", "1 h", 3_600])("max_duration may not be %j", (value) => {
  expect(issuesOf(folder({}, { max_duration: value }))).toMatchObject([
    { path: "limits.max_duration", expected: expect.stringContaining("at least 1000 ms") },
  ]);
});
