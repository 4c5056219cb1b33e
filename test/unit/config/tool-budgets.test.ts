/** Budgets of one tool. */
import { expect, test } from "vitest";
import { issuesOf, valid } from "./folder.ts";

const MONEY = { name: "b", each: "agent", limit_usd: 1, window: "day" };
const FIND = { tool_name: "find", server: "desk" };
const CLOSE = { tool_name: "close", server: "desk", read_only: false, cost: { usd: 1 } };

/** A folder of one agent with these tools, and one budget. */
function folder(budget: object, tools: object[] = [FIND, CLOSE], rest: object[] = [MONEY]) {
  const url = "http://127.0.0.1:7000/mcp";
  const reads = { find: { effect: "read" }, think: { effect: "read" } };
  return {
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      budgets: [{ name: "t", window: "day", ...budget }, ...rest],
      tool_servers: {
        desk: { kind: "mcp", url, tools: reads },
        shop: { kind: "mcp", url, tools: reads },
        own: { kind: "agent", tools: reads },
      },
    }),
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", allowed_tools: tools }),
  };
}

test.each(["find", "desk__find"])("A tool may be called %s, and has one account", (tool) => {
  const [budget] = valid(folder({ tool, limit_calls: 1 })).budgets;
  expect(budget).toMatchObject({ only: { tool: "desk__find" }, each: null });
});

test("One account for each tool", () => {
  expect(valid(folder({ each: "tool", limit_usd: 1 })).budgets[0]).toMatchObject({
    ...{ only: {}, each: "tool" },
  });
});

const SHOP = { tool_name: "find", server: "shop" };
const THINK = { tool_name: "think", server: "own" };

test.each<[string, object, object[], string, RegExp]>([
  ["that nobody has", { tool: "fnid", limit_calls: 1 }, [FIND], "tool", /desk__find/],
  ["where nobody has any", { tool: "find", limit_calls: 1 }, [], "tool", /No agent has any/],
  ["of two", { tool: "find", limit_calls: 1 }, [FIND, SHOP], "tool", /desk__find, shop__find/],
  ["that agents run", { tool: "think", limit_calls: 1 }, [FIND, THINK], "tool", /desk__find/],
  ["of a model too", { tool: "find", each: "model", limit_calls: 1 }, [FIND], "each", /two/],
  ["in tokens", { tool: "find", limit_tokens: 1 }, [FIND], "limit_tokens", /take no tokens/],
  ["in tokens, for each", { each: "tool", limit_tokens: 1 }, [FIND], "limit_tokens", /no tokens/],
  ["in money where it costs none", { tool: "find", limit_usd: 1 }, [FIND], "limit_usd", /cost/],
])("A budget of a tool %s holds nothing, and is refused", (_, budget, tools, key, hint) => {
  expect(issuesOf(folder(budget, tools))).toMatchObject([
    { path: `budgets[0].${key}`, hint: expect.stringMatching(hint) },
  ]);
});

test("A tool that an agent runs and asks for has budgets too", () => {
  const files = folder({ tool: "think", limit_calls: 1 }, [FIND, THINK]);
  const asking = files["slipclutch.yaml"].replace('"kind":"agent"', '"kind":"agent","asks":true');
  const { budgets } = valid({ ...files, "slipclutch.yaml": asking });
  expect(budgets[0]?.only).toEqual({ tool: "own__think" });
});

test.each([{ tool: "close" }, { each: "tool" }])("%j caps no agent", (scope) => {
  const issues = issuesOf(folder({ ...scope, limit_usd: 1 }, [CLOSE], []));
  expect(issues).toMatchObject([{ file: "agents/bot.json", got: "none" }]);
});
