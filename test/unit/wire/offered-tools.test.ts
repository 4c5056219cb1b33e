import Anthropic from "@anthropic-ai/sdk";
import fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import type { Format } from "../../../src/guards/call.ts";
import { isDenial } from "../../../src/guards/verdict.ts";
import type { Edits } from "../../../src/wire/format.ts";
import { FORMATS } from "../../../src/wire/formats.ts";
import { itemsOf, membersOf } from "../../../src/wire/json.ts";
import { optionsFor, RULES, readText } from "./reading.ts";

const MESSAGES = [{ role: "user", content: "hi" }];
const PLAIN = { model: "m", messages: MESSAGES };
const FORMAT_NAMES = ["openai-chat", "anthropic-messages"] as const;

function offered(format: Format, more: object): readonly string[] {
  return readText(format, JSON.stringify({ ...PLAIN, ...more })).ask.offeredTools;
}

/** The text without the offered tools at these places. */
function without(format: Format, text: string, places: readonly number[], edits: Edits = {}) {
  const read = readText(format, text);
  return FORMATS[format].rewrite(read, { ...edits, removeTools: new Set(places) }, RULES);
}

/** The body without every tool of these names. */
function stripped(format: Format, body: unknown, ...names: string[]): unknown {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const { offeredTools } = readText(format, text).ask;
  const places = offeredTools.flatMap((name, at) => (names.includes(name) ? [at] : []));
  return JSON.parse(without(format, text, places));
}

const fn = (name: string) => ({ type: "function", function: { name, parameters: {} } });
const custom = (name: string) => ({ type: "custom", custom: { name } });
const legacy = (name: string) => ({ name, parameters: {} });
const own = (name: string) => ({ name, input_schema: { type: "object" } });

describe("openai chat: what is offered is read by name", () => {
  const long = "n".repeat(257);
  const table: readonly (readonly [object, readonly string[]])[] = [
    [{}, []],
    [{ tools: null, functions: null }, []],
    [{ tools: [], functions: [] }, []],
    [{ tools: [fn("a"), custom("b"), fn("a")] }, ["a", "b", "a"]],
    [{ functions: [legacy("f")], tools: [fn("a")] }, ["a", "f"]],
    // A type that is left out is a function; some servers take the name bare.
    [
      { tools: [{ function: { name: "a" } }, { type: null, name: "b" }, { type: "function" }] },
      ["a", "b", ""],
    ],
    // Two names: nobody knows which one the provider goes by.
    [{ tools: [{ ...fn("safe"), custom: { name: "evil" } }] }, [""]],
    [{ tools: [{ ...fn("safe"), name: "evil" }] }, [""]],
    [{ tools: [{ ...fn("same"), name: "same" }] }, ["same"]],
    [{ tools: [fn(long), fn(long.slice(1))] }, ["", long.slice(1)]],
    [{ tools: [{ type: "function", function: { name: 5 } }, { function: "a" }] }, ["", ""]],
    // What runs elsewhere is decided elsewhere; in `functions` a type means nothing.
    [{ tools: [{ type: "web_search_preview" }, fn("a")] }, ["a"]],
    [{ functions: [{ ...legacy("f"), type: "web_search_preview" }] }, ["f"]],
  ];
  test.each(table)("%j", (more, names) => {
    expect(offered("openai-chat", more)).toEqual(names);
  });
});

describe("anthropic messages: what is offered is read by name", () => {
  const table: readonly (readonly [object, readonly string[]])[] = [
    [{}, []],
    [{ tools: null }, []],
    [
      { tools: [own("a"), { ...own("b"), type: "custom" }, { ...own("a"), type: null }] },
      ["a", "b", "a"],
    ],
    [
      {
        tools: [
          { type: "bash_20250124", name: "bash" },
          { type: "text_editor_20250728", name: "str_replace_based_edit_tool" },
          { type: "computer_20251124", name: "computer" },
          { type: "memory_20250818", name: "memory" },
        ],
      },
      ["bash", "str_replace_based_edit_tool", "computer", "memory"],
    ],
    // A toolset has no name: it is offered, and granted, as a whole.
    [
      { tools: [{ type: "browser_toolset_20260801" }, { type: "computer_toolset_20260801" }] },
      ["browser_toolset", "computer_toolset"],
    ],
    [{ tools: [{ type: "browser_toolset_20260801", name: "innocent" }] }, [""]],
    [{ tools: [{ type: "custom" }, { name: 5 }] }, ["", ""]],
    [
      {
        tools: [
          { type: "web_search_20250305", name: "web_search", max_uses: 1 },
          { type: "mcp_toolset", mcp_server_name: "s" },
          own("a"),
        ],
      },
      ["a"],
    ],
  ];
  test.each(table)("%j", (more, names) => {
    expect(offered("anthropic-messages", more)).toEqual(names);
  });
});

describe("only the characters of what is removed go", () => {
  const m = '"messages":[{"role":"user","content":"a, ]}"}]';
  const a = '{"type" : "function","function":{"name":"a"} }';
  const b = '{ "function":{"name":"\\u0062","x":"},]"}}';
  const c = '{"type":"custom","custom":{"name":"c"}}';
  const table: readonly (readonly [string, readonly number[], string])[] = [
    [`{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`, [], "same"],
    [`{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`, [3, -1, 99], "same"],
    [
      `{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`,
      [0],
      `{"tools": [ ${b},\n${c} ],${m},"model":"m"}`,
    ],
    [
      `{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`,
      [1],
      `{"tools": [ ${a} , ${c} ],${m},"model":"m"}`,
    ],
    [
      `{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`,
      [2],
      `{"tools": [ ${a} , ${b} ],${m},"model":"m"}`,
    ],
    [
      `{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`,
      [1, 2],
      `{"tools": [ ${a} ],${m},"model":"m"}`,
    ],
    [
      `{"tools": [ ${a} , ${b},\n${c} ],${m},"model":"m"}`,
      [0, 2],
      `{"tools": [ ${b} ],${m},"model":"m"}`,
    ],
    // All of them: the list and what only means something beside it, wherever they stand.
    [`{"tools": [ ${a} , ${b} ], ${m},"model":"m"}`, [0, 1], `{${m},"model":"m"}`],
    [`{"model":"m",${m} ,"tools":[${a}] }`, [0], `{"model":"m",${m} }`],
    [
      `{"tool_choice":"auto", "tools":[${a}],"parallel_tool_calls" :false, "model":"m",${m}}`,
      [0],
      `{"model":"m",${m}}`,
    ],
    [
      `{"model":"m", "tool_choice":"required",${m}, "parallel_tool_calls":true,"tools":[${a}]}`,
      [0],
      `{"model":"m", ${m}}`,
    ],
    [`{"model":"m","t\\u006fols":[${a}],${m},"\\u0074ool_choice":null}`, [0], `{"model":"m",${m}}`],
    // A choice of what is gone is left to the model; any other choice stays as it came.
    [
      `{"model":"m",${m},"tools":[${a},${b}],"tool_choice": {"type":"function","function":{"name":"a"}} }`,
      [0],
      `{"model":"m",${m},"tools":[${b}],"tool_choice": "auto" }`,
    ],
    [
      `{"model":"m",${m},"tools":[${a},${b}],"tool_choice": {"type":"function", "function":{"name":"b"}} }`,
      [0],
      `{"model":"m",${m},"tools":[${b}],"tool_choice": {"type":"function", "function":{"name":"b"}} }`,
    ],
    [
      `{"tool_choice":{"type":"allowed_tools", "allowed_tools":{"mode":"auto","tools":[ ${a}, ${b} ]}},"model":"m",${m},"tools":[${a},${b}]}`,
      [0],
      `{"tool_choice":{"type":"allowed_tools", "allowed_tools":{"mode":"auto","tools":[ ${b} ]}},"model":"m",${m},"tools":[${b}]}`,
    ],
  ];
  test.each(table)("%s without %j", (text, places, expected) => {
    const result = without("openai-chat", text, places);
    expect(result).toBe(expected === "same" ? text : expected);
    if (expected === "same") expect(without("openai-chat", text, places)).toBe(text);
  });

  test("together with every other edit", () => {
    const text = `{"tools":[${a},${b}],"max_tokens":5,"model":"m","stream":true,"tool_choice":"auto","max_completion_tokens":9,${m}}`;
    const edits = { model: "x", outputCap: 4, includeUsage: true, systemLine: "s" };
    const { tools, tool_choice, max_tokens, ...rest } = JSON.parse(text);
    expect(JSON.parse(without("openai-chat", text, [0, 1], edits))).toEqual({
      ...rest,
      model: "x",
      max_completion_tokens: 4,
      stream_options: { include_usage: true },
      messages: [{ role: "system", content: "s" }, ...rest.messages],
    });
  });
});

describe("openai chat: every spelling of a choice", () => {
  const allowed = (...tools: object[]) => ({
    type: "allowed_tools",
    allowed_tools: { mode: "required", tools },
  });
  const flat = (...tools: object[]) => ({ type: "allowed_tools", mode: "auto", tools });
  const named = { type: "function", function: { name: "b" } };
  // Tools a, b and custom c are offered; b goes.
  const table: readonly (readonly [unknown, unknown])[] = [
    ["none", "none"],
    ["auto", "auto"],
    ["required", "required"],
    [null, null],
    [named, "auto"],
    [{ function: { name: "b" } }, "auto"],
    [{ type: "function", name: "b" }, "auto"],
    [{ type: "function", function: { name: "a" } }, "as it came"],
    [{ type: "function", function: { name: "a" }, custom: { name: "b" } }, "auto"],
    [custom("c"), "as it came"],
    [{ type: "function", function: { name: "never offered" } }, "as it came"],
    [allowed(named, custom("c")), allowed(custom("c"))],
    [allowed(fn("a"), named), allowed(fn("a"))],
    [allowed(named), "auto"],
    [allowed(named, named), "auto"],
    [allowed(), "as it came"],
    [allowed(fn("a")), "as it came"],
    [flat({ type: "function", name: "a" }, { type: "function", name: "b" }), flat(legacyName("a"))],
    [flat({ type: "function", name: "b" }), "auto"],
    [{ type: "allowed_tools" }, "as it came"],
    [{ type: "allowed_tools", allowed_tools: { tools: "x" } }, "as it came"],
  ];
  function legacyName(name: string) {
    return { type: "function", name };
  }
  test.each(table)("%j", (choice, expected) => {
    const tools = [fn("a"), fn("b"), custom("c")];
    const body = { ...PLAIN, tools, tool_choice: choice, parallel_tool_calls: false };
    const result = { ...body, tools: [tools[0], tools[2]] };
    const after = expected === "as it came" ? choice : expected;
    expect(stripped("openai-chat", body, "b")).toEqual({ ...result, tool_choice: after });
  });

  test("a tool that is called like a mode is not taken for it", () => {
    const body = { ...PLAIN, tools: [fn("required"), fn("a")], tool_choice: "required" };
    expect(stripped("openai-chat", body, "required")).toEqual({ ...body, tools: [fn("a")] });
  });
  test("a name that another tool still goes by stays chosen", () => {
    const body = { ...PLAIN, tools: [fn("b"), custom("b")], tool_choice: named };
    const text = JSON.stringify(body);
    const result = JSON.parse(without("openai-chat", text, [0]));
    expect(result).toEqual({ ...body, tools: [custom("b")] });
  });
  test("a tool with two names is chosen by neither of them once it is gone", () => {
    const body = { ...PLAIN, tools: [{ ...fn("a"), name: "b" }, fn("c")], tool_choice: named };
    expect(stripped("openai-chat", body, "")).toEqual({
      ...body,
      tools: [fn("c")],
      tool_choice: "auto",
    });
  });

  test.each([
    ["none", "none"],
    ["auto", "auto"],
    [{ name: "f" }, "auto"],
    [{ name: "g" }, { name: "g" }],
  ])("legacy function_call %j", (function_call, expected) => {
    const body = { ...PLAIN, functions: [legacy("f"), legacy("g")], function_call };
    expect(stripped("openai-chat", body, "f")).toEqual({
      ...body,
      functions: [legacy("g")],
      function_call: expected,
    });
    expect(stripped("openai-chat", body, "f", "g")).toEqual(PLAIN);
  });
  test("each of two lists goes with what belongs to it", () => {
    const choices = { tool_choice: "auto", parallel_tool_calls: true, function_call: "auto" };
    const body = { ...PLAIN, tools: [fn("a")], functions: [legacy("f")], ...choices };
    expect(stripped("openai-chat", body, "a")).toEqual({
      ...PLAIN,
      functions: [legacy("f")],
      function_call: "auto",
    });
    const { functions, function_call, ...rest } = body;
    expect(stripped("openai-chat", body, "f")).toEqual(rest);
    expect(stripped("openai-chat", body, "a", "f")).toEqual(PLAIN);
    const old = { ...PLAIN, functions: [legacy("f")], tools: null, ...choices };
    expect(stripped("openai-chat", old, "f")).toEqual({ ...PLAIN, tools: null });
  });
  test("a hosted tool keeps the list and the choice", () => {
    const hosted = { type: "web_search_preview" };
    const body = { ...PLAIN, tools: [fn("a"), hosted], tool_choice: "required" };
    expect(stripped("openai-chat", body, "a")).toEqual({ ...body, tools: [hosted] });
  });
});

describe("anthropic messages: every spelling of a choice", () => {
  const auto = { type: "auto" };
  const table: readonly (readonly [unknown, unknown])[] = [
    [null, null],
    [auto, auto],
    [{ type: "any" }, { type: "any" }],
    [{ type: "none" }, { type: "none" }],
    [{ type: "tool", name: "b" }, auto],
    [{ type: "tool", name: "b", disable_parallel_tool_use: false }, auto],
    // The client that takes one call at a time still gets no two.
    [
      { type: "tool", name: "b", disable_parallel_tool_use: true },
      { type: "auto", disable_parallel_tool_use: true },
    ],
    [
      { type: "tool", name: "a" },
      { type: "tool", name: "a" },
    ],
    [
      { type: "tool", name: "web_search" },
      { type: "tool", name: "web_search" },
    ],
  ];
  const search = { type: "web_search_20250305", name: "web_search", max_uses: 1 };
  test.each(table)("%j", (tool_choice, expected) => {
    const body = { ...PLAIN, max_tokens: 9, tools: [own("a"), search, own("b")], tool_choice };
    expect(stripped("anthropic-messages", body, "b")).toEqual({
      ...body,
      tools: [own("a"), search],
      tool_choice: expected,
    });
  });
  test("server tools stay, and without one nothing is left of it", () => {
    const body = { ...PLAIN, tools: [own("a"), search], tool_choice: { type: "any" } };
    expect(stripped("anthropic-messages", body, "a")).toEqual({ ...body, tools: [search] });
    const alone = { ...PLAIN, tools: [own("a"), own("b")], tool_choice: { type: "any" } };
    expect(stripped("anthropic-messages", alone, "a", "b")).toEqual(PLAIN);
  });
  test("a toolset goes as a whole", () => {
    const body = { ...PLAIN, tools: [{ type: "browser_toolset_20260801", configs: {} }, own("a")] };
    expect(stripped("anthropic-messages", body, "browser_toolset")).toEqual({
      ...PLAIN,
      tools: [own("a")],
    });
  });
});

describe("tools that are defined inside the conversation", () => {
  const added = (tool: unknown) => [
    { role: "system", content: [{ type: "tool_addition", tool }] },
    ...MESSAGES,
  ];
  const ask = (messages: unknown, allowFields: readonly string[] = []) =>
    readText("anthropic-messages", JSON.stringify({ ...PLAIN, messages }), { allowFields }).ask;
  const definition = { type: "tool_definition", definition: own("hidden") };

  test("have no bound, unless the operator vouches for them", () => {
    expect(ask(added(definition)).unbounded).toEqual(["block tool_addition"]);
    expect(ask(added(undefined)).unbounded).toEqual(["block tool_addition"]);
    expect(ask(added(definition), ["tool_addition"]).unbounded).toEqual([]);
    const tool_changes = [{ type: "tool_addition", tool: definition }];
    const compacted = [{ role: "user", content: [{ type: "compaction", tool_changes }] }];
    expect(ask(compacted).unbounded).toEqual(["block tool_addition"]);
  });
  test("a reference to one that is listed has", () => {
    expect(ask(added({ type: "tool_reference", name: "a" })).unbounded).toEqual([]);
  });
});

describe("the bodies that official clients send", () => {
  const ANSWERS = {
    "openai-chat": { choices: [{ index: 0, message: { role: "assistant", content: "ok" } }] },
    "anthropic-messages": {
      type: "message",
      content: [],
      stop_reason: "end_turn",
      usage: { input_tokens: 1, output_tokens: 1 },
    },
  };

  /** The first body that a client sends, by the client itself. */
  async function sentBy(
    format: Format,
    call: (options: { apiKey: string; fetch: typeof fetch }) => PromiseLike<unknown>,
  ): Promise<string> {
    const sent: string[] = [];
    const answer = () => Response.json(ANSWERS[format]);
    const capture: typeof fetch = async (_, init) => {
      sent.push(String(init?.body));
      return answer();
    };
    await call({ apiKey: "k", fetch: capture });
    return sent[0] ?? "";
  }
  const user = { role: "user", content: "hi" } as const;
  const parameters = { type: "object", properties: { id: { type: "string" } } } as const;
  const definition = (name: string) => ({ name, description: "what it does", parameters });

  test("OpenAI create, with a forced choice", async () => {
    const text = await sentBy("openai-chat", (options) =>
      new OpenAI(options).chat.completions.create({
        model: "gpt-4o-mini",
        messages: [user],
        tools: [
          { type: "function", function: { ...definition("read_ticket"), strict: true } },
          { type: "custom", custom: { name: "run_sql", format: { type: "text" } } },
          { type: "function", function: definition("delete_ticket") },
        ],
        tool_choice: { type: "function", function: { name: "delete_ticket" } },
        parallel_tool_calls: false,
      }),
    );
    expect(readText("openai-chat", text).ask.offeredTools).toEqual([
      "read_ticket",
      "run_sql",
      "delete_ticket",
    ]);
    const body = JSON.parse(text);
    expect(stripped("openai-chat", text, "delete_ticket", "run_sql")).toEqual({
      ...body,
      tools: [body.tools[0]],
      tool_choice: "auto",
    });
    const { tools, tool_choice, parallel_tool_calls, ...bare } = body;
    const all = stripped("openai-chat", text, "read_ticket", "run_sql", "delete_ticket");
    expect(all).toEqual(bare);
  });

  test("OpenAI runTools", async () => {
    const run = (name: string) => ({
      type: "function" as const,
      function: { ...definition(name), function: () => "ok", parse: JSON.parse },
    });
    const text = await sentBy("openai-chat", (options) =>
      new OpenAI(options).chat.completions
        .runTools({ model: "m", messages: [user], tools: [run("a"), run("b")] })
        .finalContent(),
    );
    expect(readText("openai-chat", text).ask.offeredTools).toEqual(["a", "b"]);
    const body = JSON.parse(text);
    expect(stripped("openai-chat", text, "a")).toEqual({ ...body, tools: [body.tools[1]] });
  });

  test("Anthropic create, with tools of its own and of the provider", async () => {
    const text = await sentBy("anthropic-messages", (options) =>
      new Anthropic(options).messages.create({
        model: "claude-sonnet-5",
        max_tokens: 100,
        messages: [user],
        tools: [
          { name: "read_ticket", input_schema: parameters },
          { type: "web_search_20250305", name: "web_search", max_uses: 2 },
          { type: "bash_20250124", name: "bash" },
          { type: "computer_toolset_20260801" },
        ],
        tool_choice: { type: "tool", name: "bash" },
      }),
    );
    expect(readText("anthropic-messages", text).ask.offeredTools).toEqual([
      "read_ticket",
      "bash",
      "computer_toolset",
    ]);
    const body = JSON.parse(text);
    expect(stripped("anthropic-messages", text, "bash", "computer_toolset")).toEqual({
      ...body,
      tools: [body.tools[0], body.tools[1]],
      tool_choice: { type: "auto" },
    });
  });

  test("Anthropic toolRunner", async () => {
    const tool = (name: string) => ({
      type: "custom" as const,
      ...own(name),
      input_schema: parameters,
      run: () => "ok",
      parse: (input: unknown) => input,
    });
    const text = await sentBy("anthropic-messages", (options) =>
      new Anthropic(options).beta.messages
        .toolRunner({ model: "m", max_tokens: 9, messages: [user], tools: [tool("a"), tool("b")] })
        .runUntilDone(),
    );
    expect(readText("anthropic-messages", text).ask.offeredTools).toEqual(["a", "b"]);
    const body = JSON.parse(text);
    expect(stripped("anthropic-messages", text, "b")).toEqual({ ...body, tools: [body.tools[0]] });
  });

  // Frameworks, as they were seen on the wire: the AI SDK adds a choice to every list of tools, the
  // agents' one sends its settings beside them, Claude's agent sends everything at once.
  test.each<[string, Format, Record<string, unknown>]>([
    [
      "AI SDK",
      "openai-chat",
      { tools: [fn("a"), fn("b")], tool_choice: "auto", stream_options: { include_usage: true } },
    ],
    [
      "OpenAI Agents",
      "openai-chat",
      { tools: [fn("a"), fn("b")], stream: false, reasoning_effort: "low", verbosity: "low" },
    ],
    ["LangChain", "openai-chat", { tools: [fn("a"), fn("b")], stream: false }],
    [
      "AI SDK",
      "anthropic-messages",
      { tools: [own("a"), own("b")], max_tokens: 64_000, tool_choice: { type: "auto" } },
    ],
    [
      "Claude Agent SDK",
      "anthropic-messages",
      {
        system: [{ type: "text", text: "x", cache_control: { type: "ephemeral" } }],
        tools: [own("a"), { ...own("b"), cache_control: { type: "ephemeral" } }],
        metadata: { user_id: "u" },
        max_tokens: 32_000,
        thinking: { type: "enabled", budget_tokens: 31_999 },
        context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
        stream: true,
      },
    ],
  ])("%s, %s", (_, format, more) => {
    const body = { ...PLAIN, ...more };
    const tools = Array.isArray(more.tools) ? more.tools : [];
    expect(stripped(format, body, "b")).toEqual({ ...body, tools: [tools[0]] });
    const { tools: gone, tool_choice, ...bare } = body as Record<string, unknown>;
    expect(stripped(format, body, "a", "b")).toEqual(bare);
  });
});

describe.each(FORMAT_NAMES)("%s: any body and any subset", (format) => {
  const isChat = format === "openai-chat";
  const name = fc.constantFrom("a", "b", "c", "auto", "é🦊", "");
  const extra = fc.dictionary(fc.constantFrom("x", "description", "strict"), fc.jsonValue());
  const kinds = isChat
    ? [
        (n: string): object => fn(n),
        (n: string): object => custom(n),
        (n: string): object => ({ type: "web_search_preview", name: n }),
      ]
    : [
        (n: string): object => own(n),
        (n: string): object => ({ type: "bash_20250124", name: n }),
        (n: string): object => ({ type: "web_search_20250305", name: n }),
      ];
  const tool = fc
    .tuple(fc.constantFrom(...kinds), name, extra)
    .map(([kind, n, more]) => ({ ...more, ...kind(n) }));
  const entry = name.map((n): unknown => (isChat ? fn(n) : { type: "tool", name: n }));
  const allowed = fc.array(entry).map((tools) => ({
    type: "allowed_tools",
    allowed_tools: { mode: "auto", tools },
  }));
  const mode = fc.constantFrom<unknown>(null, "auto", "required", { type: "any" });
  const choice = isChat ? fc.oneof(mode, entry, allowed) : fc.oneof(mode, entry);
  const fields = {
    tools: fc.option(fc.array(tool, { maxLength: 6 })),
    tool_choice: choice,
    metadata: fc.jsonValue(),
    ...(isChat && {
      functions: fc.option(fc.array(name.map(legacy), { maxLength: 4 })),
      function_call: fc.oneof(fc.constantFrom<unknown>("auto", null), name.map(legacy)),
      parallel_tool_calls: fc.boolean(),
    }),
  };
  const body = fc.record(fields, { requiredKeys: [] });
  const layout = fc.tuple(fc.constantFrom(undefined, 1, "\t"), fc.nat(), fc.boolean());
  const places = fc.array(fc.integer({ min: -1, max: 11 }));

  /** The same body with its members turned around, spread over lines, its letters escaped. */
  function spell(
    more: object,
    [indent, turn, escapes]: [number | string | undefined, number, boolean],
  ) {
    const entries = Object.entries({ ...PLAIN, ...more });
    const at = turn % entries.length;
    const text = JSON.stringify(
      Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)]),
      null,
      indent,
    );
    return escapes ? text.replaceAll("o", "\\u006f") : text;
  }

  /** What of each list stays, told without the code under test. */
  function keptOf(root: Record<string, unknown>, removed: readonly number[]) {
    let place = 0;
    return ["tools", "functions"].map((list) => {
      const value = root[list];
      const items: readonly { type?: string }[] = Array.isArray(value) ? value : [];
      const stays = items.map((item) => {
        if (list === "tools" && item.type?.startsWith("web_search")) return true;
        place += 1;
        return !removed.includes(place - 1);
      });
      const kept = items.filter((_, at) => stays[at]);
      return { list, stays, kept, hasChanged: kept.length < items.length };
    });
  }

  test("parses to exactly the kept tools in order, everything else as it came", () => {
    fc.assert(
      fc.property(body, layout, places, (more, how, indexes) => {
        const text = spell(more, how);
        const before = JSON.parse(text);
        const result = without(format, text, indexes);
        const after = JSON.parse(result);
        const lists = keptOf(before, indexes);
        const hasChanged = lists.some((list) => list.hasChanged);
        if (!hasChanged) expect(result).toBe(text);

        const noneLeft = hasChanged && lists.every(({ kept }) => kept.length === 0);
        const expected = { ...before };
        for (const { list, kept, hasChanged: changed } of lists) {
          if (changed) expected[list] = kept;
          const emptied = changed && kept.length === 0;
          if (emptied) delete expected[list];
          const isMain = list === "tools";
          // What a choice becomes is the next property.
          const field = isMain ? "tool_choice" : "function_call";
          if (emptied || noneLeft) {
            delete expected[field];
            if (isMain && isChat) delete expected.parallel_tool_calls;
          } else if (field in expected) expected[field] = expect.toSatisfy(() => true);
        }
        expect(after).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test("a choice names no tool that is gone, and is otherwise the client's", () => {
    const names = (tools: unknown) => new Set(JSON.stringify(tools ?? []).match(/"name":"[^"]*"/g));
    fc.assert(
      fc.property(body, layout, places, (more, how, indexes) => {
        const text = spell(more, how);
        const before = JSON.parse(text);
        const after = JSON.parse(without(format, text, indexes));
        for (const [list, field] of [
          ["tools", "tool_choice"],
          ["functions", "function_call"],
        ] as const) {
          if (!(field in after)) continue;
          const kept = new Set((after[list] ?? []).map(nameIn));
          const gone = new Set(
            (before[list] ?? []).map(nameIn).filter((n: string) => !kept.has(n)),
          );
          const chosen = [...names(after[field])].map((pair) => JSON.parse(`{${pair}}`).name);
          expect(chosen.filter((n) => gone.has(n))).toEqual([]);
          const wanted = [...names(before[field])].map((pair) => JSON.parse(`{${pair}}`).name);
          if (!wanted.some((n) => gone.has(n))) expect(after[field]).toEqual(before[field]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("what stays is there character by character", () => {
    fc.assert(
      fc.property(body, layout, places, (more, how, indexes) => {
        const text = spell(more, how);
        const result = without(format, text, indexes);
        const members = (of: string) =>
          new Map(membersOf(of, 0).map((m) => [m.name, of.slice(m.keyFrom, m.valueTo)]));
        const [before, after] = [members(text), members(result)];
        for (const field of ["model", "messages", "metadata", "parallel_tool_calls"]) {
          if (after.has(field)) expect(after.get(field)).toBe(before.get(field));
        }
        for (const { list, stays } of keptOf(JSON.parse(text), indexes)) {
          const kept = itemTexts(text, list).filter((_, at) => stays[at]);
          expect(itemTexts(result, list)).toEqual(kept);
        }
      }),
    );
  });

  test("never throws, whatever stands where a tool or a choice belongs", () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          type: fc.oneof(fc.jsonValue(), fc.constantFrom("function", "custom", "allowed_tools")),
          name: fc.jsonValue(),
          function: fc.oneof(fc.jsonValue(), fc.record({ name: fc.jsonValue() })),
          custom: fc.jsonValue(),
          allowed_tools: fc.oneof(fc.jsonValue(), fc.record({ tools: fc.jsonValue() })),
          tools: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    const oddBody = fc.record(
      {
        tools: fc.oneof(odd, fc.array(odd)),
        functions: fc.oneof(odd, fc.array(odd)),
        tool_choice: odd,
        function_call: odd,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(oddBody, layout, places, (more, how, indexes) => {
        const text = spell(more, how);
        const read = FORMATS[format].read(text, optionsFor(text));
        if (isDenial(read)) return;
        const edits = { removeTools: new Set(indexes) };
        const after = JSON.parse(FORMATS[format].rewrite(read, edits, RULES));
        const again = JSON.stringify(after);
        const kept = read.ask.offeredTools.filter((_, at) => !edits.removeTools.has(at));
        expect(readText(format, again).ask.offeredTools).toEqual(kept);
      }),
      { numRuns: 1000 },
    );
  });

  function nameIn(item: { name?: string; function?: { name: string }; custom?: { name: string } }) {
    return item.function?.name ?? item.custom?.name ?? item.name ?? "";
  }

  function itemTexts(text: string, list: string): readonly string[] {
    const member = membersOf(text, 0).find((candidate) => candidate.name === list);
    if (!member || text[member.valueFrom] !== "[") return [];
    return itemsOf(text, member.valueFrom).map(({ from, to }) => text.slice(from, to));
  }
});

describe("calls in a whole answer", () => {
  const callsIn = (format: (typeof FORMAT_NAMES)[number], body: object) => {
    const text = JSON.stringify(body);
    return FORMATS[format].answer(text, text.length).toolCalls;
  };
  const chat = (...messages: object[]) =>
    callsIn("openai-chat", { choices: messages.map((message) => ({ message })) });
  const messages = (...content: unknown[]) =>
    callsIn("anthropic-messages", { type: "message", content });

  test("openai chat: functions, custom tools and the legacy call, of every choice", () => {
    const tool_calls = [
      { id: "1", type: "function", function: { name: "a", arguments: '{"é":1}' } },
      { id: "2", type: "custom", custom: { name: "b", input: "x" } },
    ];
    const function_call = { name: "f", arguments: "" };
    expect(chat({ content: null, tool_calls }, { function_call })).toEqual([
      { name: "a", id: "1", arguments: { é: 1 }, argumentsBytes: 8 },
      { name: "b", id: "2", arguments: { input: "x" }, argumentsBytes: 1 },
      { name: "f", id: null, arguments: {}, argumentsBytes: 0 },
    ]);
    expect(chat({ content: "hi", tool_calls: [], function_call: null })).toEqual([]);
    expect(chat({ content: "hi", tool_calls: null })).toEqual([]);
  });
  test("openai chat: a call that names no tool, or two, is a call of none", () => {
    const two = { id: 7, function: { name: "safe" }, custom: { name: "evil" } };
    for (const call of chat({ tool_calls: [two, "x", null, {}], function_call: "x" })) {
      expect(call).toMatchObject({ name: "", id: null });
    }
  });
  test.each([
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["a key twice", '{"a":1,"a":2}'],
    ["a number past 2^53", '{"id":9007199254740993}'],
    ["deep nesting", `{"a":${"[".repeat(70)}${"]".repeat(70)}}`],
  ])("arguments with %s are arguments that nobody can read", (_, text) => {
    const [call] = chat({ tool_calls: [{ id: "1", function: { name: "a", arguments: text } }] });
    expect(call).toMatchObject({ name: "a", arguments: null, argumentsBytes: text.length });
    const body = `{"type":"message","content":[{"type":"tool_use","id":"1","name":"a","input":${text}}]}`;
    if (text === "{") return;
    const { toolCalls } = FORMATS["anthropic-messages"].answer(body, body.length);
    expect(toolCalls).toMatchObject([{ name: "a", arguments: null }]);
  });
  test("openai chat: arguments of a function and of a custom tool in one call are nobody's", () => {
    const call = { id: "1", function: { name: "a", arguments: "{}" }, custom: { input: "x" } };
    expect(chat({ tool_calls: [call] })).toMatchObject([{ name: "a", arguments: null }]);
  });
  test("anthropic messages: two contents, or two inputs of one call, are no answer", () => {
    const block = (input: string) => `{"type":"tool_use","id":"1","name":"a","input":${input}}`;
    const twice = `{"type":"message","content":[${block('{"x":1}')}],"content":[${block('{"x":2}')}]}`;
    const two = `{"type":"message","content":[{"type":"tool_use","name":"a","input":{},"input":{"x":2}}]}`;
    for (const text of [twice, two]) {
      const answer = FORMATS["anthropic-messages"].answer(text, text.length);
      expect(answer).toMatchObject({ complete: false, toolCalls: [] });
    }
  });
  test("anthropic messages: what the client runs, not what has run", () => {
    const caller = { type: "direct" };
    const none = { arguments: {}, argumentsBytes: 2 };
    expect(
      messages(
        { type: "text", text: "x" },
        { type: "tool_use", id: "1", name: "a", input: {}, caller },
        { type: "server_tool_use", id: "2", name: "web_search", input: {} },
        { type: "mcp_tool_use", id: "3", name: "b", server_name: "s", input: {} },
        { type: "tool_use", id: "4", name: "wait", toolset_name: "browser", input: {} },
        { type: "tool_use", id: "5", name: "c", toolset_name: null, input: {} },
        { type: "tool_use", input: {} },
        "x",
      ),
    ).toEqual([
      { name: "a", id: "1", ...none },
      { name: "browser_toolset", id: "4", ...none },
      { name: "c", id: "5", ...none },
      { name: "", id: null, ...none },
    ]);
  });
  test.each(["", "{", "[]", '{"choices":[null,5,{"message":5}]}', '{"content":{}}'])(
    "%j has none",
    (text) => {
      for (const format of FORMAT_NAMES) {
        expect(FORMATS[format].answer(text, text.length).toolCalls).toEqual([]);
      }
    },
  );
});
