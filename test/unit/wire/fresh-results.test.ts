/** Results of tool calls that a request brings for the first time, and the calls beside them. */
import { describe, expect, test } from "vitest";
import type { Format } from "../../../src/guards/call.ts";
import { CALLS_MAX } from "../../../src/wire/answered-calls.ts";
import { FORMATS } from "../../../src/wire/formats.ts";
import { readText } from "./reading.ts";

function fresh(format: Format, messages: readonly object[]) {
  const { root } = readText(format, JSON.stringify({ model: "m", max_tokens: 9, messages }));
  const { calls, results } = FORMATS[format].freshResults(root);
  return {
    results: results.map(({ id, name }) => id ?? `by name: ${name}`),
    calls: calls.map(({ arguments: given, id, name }) => [id, name, given]),
  };
}

const USER = { role: "user", content: "go on" };
const NOTHING = { results: [], calls: [] };

const call = (id: string, name = "a", given = '{"x":1}') => ({
  id,
  type: "function",
  function: { name, arguments: given },
});
const turn = (...tool_calls: object[]) => ({ role: "assistant", content: null, tool_calls });
const result = (id: string) => ({ role: "tool", tool_call_id: id, content: "done" });
const read = (id: string, name = "a") => [id, name, { x: 1 }];

describe("chat completions", () => {
  const table: readonly (readonly [is: string, messages: readonly object[], fresh: object])[] = [
    ["nothing but words", [USER, { role: "assistant", content: "hi" }, USER], NOTHING],
    ["calls without results", [USER, turn(call("1")), USER], NOTHING],
    [
      "parallel calls, their results and words between them",
      [turn(call("1"), call("2", "b")), result("1"), USER, result("2"), USER],
      { results: ["1", "2"], calls: [read("1"), read("2", "b")] },
    ],
    [
      "results of an older turn, which are not fresh",
      [turn(call("1")), result("1"), turn(call("2")), result("2")],
      { results: ["2"], calls: [read("2")] },
    ],
    [
      "a result that an older turn had called for",
      [turn(call("1")), result("1"), { role: "assistant", content: "so" }, result("1")],
      { results: ["1"], calls: [] },
    ],
    ["results before any turn", [USER, result("1")], { results: ["1"], calls: [] }],
    [
      "a turn in several messages",
      [turn(call("1")), { role: "assistant", content: "and" }, turn(call("2")), result("2")],
      { results: ["2"], calls: [read("1"), read("2")] },
    ],
    [
      "the beginning of an answer at the end",
      [turn(call("1")), result("1"), { role: "assistant", content: "So it" }],
      { results: ["1"], calls: [read("1")] },
    ],
    [
      "content in parts, and a name beside the id",
      [turn(call("1")), { ...result("1"), name: "a", content: [{ type: "text", text: "x" }] }],
      { results: ["1"], calls: [read("1")] },
    ],
    [
      "a legacy call, whose result has a name alone",
      [
        { role: "assistant", content: null, function_call: { name: "f", arguments: "" } },
        { role: "function", name: "f", content: "done" },
      ],
      { results: ["by name: f"], calls: [[null, "f", {}]] },
    ],
    [
      "a custom tool's call",
      [turn({ id: "1", type: "custom", custom: { name: "c", input: "free" } }), result("1")],
      { results: ["1"], calls: [["1", "c", { input: "free" }]] },
    ],
    [
      "arguments that can be read in two ways",
      [turn(call("1", "a", '{"x":1,"x":2}')), result("1")],
      { results: ["1"], calls: [["1", "a", null]] },
    ],
    [
      "what no client writes",
      [turn({ id: 5 }, {}), { role: "tool", tool_call_id: 5, name: ["a"] }, { role: "tool" }],
      {
        results: ["by name: null", "by name: null"],
        calls: [
          [null, "", {}],
          [null, "", {}],
        ],
      },
    ],
  ];

  test.each(table)("%s", (_, messages, expected) => {
    expect(fresh("openai-chat", messages)).toEqual(expected);
  });
});

const use = (id: string, name = "a", input: unknown = { x: 1 }) => ({
  ...{ type: "tool_use", id, name, input },
});
const says = (...content: object[]) => ({ role: "assistant", content });
const back = (...ids: string[]) => ({
  role: "user",
  content: ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: "done" })),
});

describe("messages", () => {
  const hosted = { type: "server_tool_use", id: "s", name: "web_search", input: {} };
  const found = { type: "web_search_tool_result", tool_use_id: "s", content: [] };
  const table: readonly (readonly [is: string, messages: readonly object[], fresh: object])[] = [
    ["nothing but words", [USER, says({ type: "text", text: "hi" }), USER], NOTHING],
    ["calls without results", [USER, says(use("1")), USER], NOTHING],
    [
      "several results in one message",
      [USER, says({ type: "text", text: "hm" }, use("1"), use("2", "b")), back("1", "2")],
      { results: ["1", "2"], calls: [read("1"), read("2", "b")] },
    ],
    [
      "results over several messages",
      [says(use("1"), use("2", "b")), back("1"), USER, back("2")],
      { results: ["1", "2"], calls: [read("1"), read("2", "b")] },
    ],
    [
      "results of an older turn, which are not fresh",
      [says(use("1")), back("1"), says(use("2")), back("2")],
      { results: ["2"], calls: [read("2")] },
    ],
    ["results before any turn", [back("1")], { results: ["1"], calls: [] }],
    [
      "the beginning of an answer at the end",
      [says(use("1")), back("1"), { role: "assistant", content: "So it" }],
      { results: ["1"], calls: [read("1")] },
    ],
    ["what ran at the provider", [USER, says(hosted, found), USER], NOTHING],
    [
      "a result of what ran at the provider, which is no client's to give",
      [USER, says(hosted), back("s")],
      { results: ["s"], calls: [] },
    ],
    [
      "a member of a toolset, which is that toolset",
      [says({ ...use("1", "click"), toolset_name: "computer" }), back("1")],
      { results: ["1"], calls: [["1", "computer_toolset", { x: 1 }]] },
    ],
    [
      "arguments that are none, or past what a number says",
      [says(use("1", "a", [1]), use("2", "a", { x: 2 ** 60 })), back("1", "2")],
      {
        results: ["1", "2"],
        calls: [
          ["1", "a", null],
          ["2", "a", null],
        ],
      },
    ],
  ];

  test.each(table)("%s", (_, messages, expected) => {
    expect(fresh("anthropic-messages", messages)).toEqual(expected);
  });
});

test("more calls than an answer can have are not looked at", () => {
  const many = Array.from({ length: CALLS_MAX + 5 }, (_, at) => String(at));
  const chat = fresh("openai-chat", [turn(...many.map((id) => call(id))), ...many.map(result)]);
  const messages = fresh("anthropic-messages", [says(...many.map((id) => use(id))), back(...many)]);
  for (const { calls, results } of [chat, messages]) {
    expect([calls.length, results.length]).toEqual([CALLS_MAX, CALLS_MAX + 5]);
  }
});
