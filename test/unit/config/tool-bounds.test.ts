/** What bounds the calls of one tool, as a manifest says it. */
import { describe, expect, test } from "vitest";
import type { GrantedTool } from "../../../src/guards/tool/tool.ts";
import { issuesOf, valid } from "./folder.ts";

const MCP = { kind: "mcp", url: "http://127.0.0.1:7000/mcp" };
const AGENT = { kind: "agent" };

/** A folder of one agent with one tool, which that server has. */
function folder(bounds: object, server: object = MCP): Record<string, string> {
  const desk = { ...server, tools: { find: { effect: "read" } } };
  const manifest = { allowed_tools: [{ tool_name: "find", ...bounds }] };
  return {
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      budgets: [{ name: "b", each: "agent", limit_usd: 1, window: "day" }],
      tool_servers: { desk },
    }),
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", ...manifest }),
  };
}

function granted(bounds: object): GrantedTool {
  const [tool] = valid(folder(bounds)).agents.get("bot")?.tools.allowed ?? [];
  if (tool === undefined) throw new Error("the tool is missing");
  return tool;
}

test("A tool that says nothing has the bounds that all had", () => {
  expect(granted({})).toMatchObject({
    resultBytesMax: 8 * 1024 * 1024,
    concurrentMax: null,
    repeatsMax: null,
  });
});

/** Each with the least and the most that it may be, and what is beyond. */
const NUMBERS = [
  ["max_concurrent", "concurrentMax", [1, 10_000], [0, 10_001, 1.5, "1", null]],
  ["max_result_bytes", "resultBytesMax", [64, 8_388_608], [63, 8_388_609, 64.5, "64", null]],
] as const;

describe.each(NUMBERS)("%s", (field, name, within, beyond) => {
  test.each(within)("may be %s", (value) => {
    expect(granted({ [field]: value })[name]).toBe(value);
  });

  test.each(beyond)("may not be %j", (value) => {
    expect(issuesOf(folder({ [field]: value }))).toEqual([
      {
        file: "agents/bot.json",
        line: expect.any(Number),
        path: `allowed_tools[0].${field}`,
        got: expect.stringMatching(/\S/),
        expected: `a whole number from ${within[0]} to ${within[1]}`,
        hint: expect.stringContaining("a whole number from"),
      },
    ]);
  });
});

/** One valid value of each. */
const ALL = { max_result_bytes: 1_000, max_concurrent: 2, repeats: { max: 3 }, output: {} };

test.each(Object.entries(ALL))(
  "%s of a tool that the agent runs itself is refused",
  (field, to) => {
    expect(issuesOf(folder({ [field]: to }, AGENT))).toMatchObject([
      { path: `allowed_tools[0].${field}`, hint: expect.stringContaining("runs this tool itself") },
    ]);
  },
);

describe("repeats", () => {
  test.each([1, 1_000_000])("may be { max: %i }", (max) => {
    expect(granted({ repeats: { max } }).repeatsMax).toBe(max);
  });

  test.each([
    [{ max: 0 }, ".max"],
    [{ max: 1_000_001 }, ".max"],
    [{}, ".max"],
    [{ max: 1, above: 2 }, ".above"],
    [3, ""],
  ])("may not be %j", (repeats, at) => {
    expect(issuesOf(folder({ repeats }))).toMatchObject([
      { path: `allowed_tools[0].repeats${at}`, hint: expect.stringMatching(/\S/) },
    ]);
  });
});

describe("output", () => {
  test.each([
    ["is no map", [], ""],
    ["has a keyword that nothing checks", { minimun: 1 }, ".minimun"],
    ["has a type that is none", { properties: { a: { type: "objekt" } } }, ".properties.a.type"],
    ["refers to nothing", { $ref: "#/$defs/a" }, '["$ref"]'],
  ])("that %s is refused", (_, output, at) => {
    expect(issuesOf(folder({ output }))).toMatchObject([
      { path: `allowed_tools[0].output${at}`, hint: expect.stringMatching(/\S/) },
    ]);
  });

  test("may say more than the schema knows, unless it says otherwise", () => {
    const properties = { a: { type: "string" } };
    expect(granted({ output: { properties } }).output?.({ b: 1 })).toBeNull();
    const closed = { properties, additionalProperties: false };
    expect(granted({ output: closed }).output?.({ b: 1 })).toMatch(/^\/result must NOT .*"b"/);
  });

  test("and arguments of one schema are two checks", () => {
    const schema = { properties: { a: { type: "string" } } };
    const { check, output } = granted({ arguments: schema, output: schema });
    expect([check?.({ b: 1 }), output?.({ b: 1 })]).toEqual([expect.any(String), null]);
  });
});

test("An agent that asks for decisions is held to all that it can be held to", () => {
  const { max_result_bytes, ...held } = ALL;
  expect(valid(folder(held, { ...AGENT, asks: true })).agents.size).toBe(1);
  expect(issuesOf(folder({ max_result_bytes }, { ...AGENT, asks: true }))).toMatchObject([
    {
      path: "allowed_tools[0].max_result_bytes",
      hint: "The agent has the result before the gateway does: leave it out.",
    },
  ]);
});
