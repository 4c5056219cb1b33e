import { describe, expect, test } from "vitest";
import { membersOf } from "../../../src/wire/json.ts";
import { readText, refusalOf } from "./reading.ts";

const MESSAGES = [{ role: "user", content: "hi" }];
const PLAIN = { model: "claude-sonnet-4-5", messages: MESSAGES, max_tokens: 100 };

function ask(more: object, options = {}) {
  return readText("anthropic-messages", JSON.stringify({ ...PLAIN, ...more }), options).ask;
}

test("the smallest request is read whole", () => {
  const text = JSON.stringify(PLAIN);
  expect(readText("anthropic-messages", text)).toEqual({
    text,
    root: PLAIN,
    members: membersOf(text, 0),
    ask: {
      format: "anthropic-messages",
      model: "claude-sonnet-4-5",
      stream: false,
      outputCap: 100,
      choices: 1,
      input: {
        textBytes: text.length,
        messages: 1,
        tools: 0,
        images: 0,
        fileBytes: 0,
        audioBytes: 0,
        unmeasured: null,
        cacheWrite: "none",
      },
      serverTools: [],
      offeredTools: [],
      audioOutput: false,
      thinkingBudget: null,
      mayThink: true,
      serviceTier: null,
      unknownFields: [],
      unbounded: [],
    },
  });
});

test("a request without a cap is read, so that one can be put in", () => {
  expect(ask({ max_tokens: undefined }).outputCap).toBeNull();
  expect(ask({ max_tokens: null }).outputCap).toBeNull();
});

describe("a wrong field is named with what it was and what it should be", () => {
  const count = "a whole number of at least 1";
  const list = "an array of at most 100000 items";
  const table: readonly (readonly [object, string, string, string])[] = [
    [{ model: 1 }, "model", "the number 1", "a model id of at most 256 characters"],
    [{ messages: [] }, "messages", "an empty array", "an array with at least one item"],
    [{ messages: ["x"] }, "messages[0]", "a string", "an object"],
    [{ messages: [{ content: {} }] }, "messages[0].content", "an object", "a string or an array"],
    [{ system: 7 }, "system", "the number 7", "a string or an array"],
    [{ system: ["x"] }, "system[]", "a string", "an object"],
    [{ stream: "yes" }, "stream", "a string", "true or false"],
    [{ max_tokens: 0 }, "max_tokens", "the number 0", count],
    [{ max_tokens: -1 }, "max_tokens", "the number -1", count],
    [{ max_tokens: "9" }, "max_tokens", "a string", count],
    [{ max_tokens: 9.5 }, "max_tokens", "the number 9.5", count],
    [{ thinking: "on" }, "thinking", "a string", "an object"],
    [{ thinking: { budget_tokens: "9" } }, "thinking.budget_tokens", "a string", count],
    [{ thinking: { budget_tokens: -9 } }, "thinking.budget_tokens", "the number -9", count],
    [{ tools: "x" }, "tools", "a string", list],
    [{ tools: [null] }, "tools[0]", "null", "an object"],
    [{ tools: [{}, { type: 5 }] }, "tools[1].type", "the number 5", "a string"],
    [
      { tools: [{ type: "web_search_20250305", max_uses: 0 }] },
      "tools[0].max_uses",
      "the number 0",
      count,
    ],
    [{ service_tier: [] }, "service_tier", "an empty array", "a string"],
  ];
  test.each(table)("%j", (more, at, got, expected) => {
    expect(refusalOf("anthropic-messages", { ...PLAIN, ...more })).toEqual({ at, got, expected });
  });
});

describe("tools", () => {
  const tools = (...list: object[]) => ask({ tools: list });
  test("those of the client cost nothing but their text", () => {
    const types = ["bash_20250124", "text_editor_20250728", "computer_20251124", "memory_20250818"];
    const own = [{ name: "f", input_schema: {} }, { type: "custom" }, { type: null }];
    const sets = [{ type: "computer_toolset_20260801" }, { type: "browser_toolset_20260801" }];
    const read = tools(...own, ...sets, ...types.map((type) => ({ type })));
    expect(read).toMatchObject({ serverTools: [], unbounded: [], input: { tools: 9 } });
  });
  test("those of the provider are told by type and bound", () => {
    const read = tools(
      { type: "web_search_20250305", name: "web_search", max_uses: 5 },
      { type: "web_fetch_20250910" },
      { type: "code_execution_20250825" },
      { type: "tool_search_tool_bm25_20251119" },
    );
    expect(read.serverTools).toEqual([
      { type: "web_search", maxUses: 5 },
      { type: "web_fetch", maxUses: null },
      { type: "code_execution", maxUses: null },
      { type: "tool_search_tool_bm25", maxUses: null },
    ]);
    expect(read.unbounded).toEqual([]);
  });
  test("those of other models, of other servers and of unknown types have no bound", () => {
    const types = ["advisor_20260301", "mcp_toolset", "web_search", "web_search_2025", "teleport"];
    const read = tools(...types.map((type) => ({ type, max_uses: 1 })));
    expect(read.serverTools).toEqual([{ type: "web_search", maxUses: 1 }]);
    expect(read.unbounded).toEqual([
      "tool advisor_20260301",
      "tool mcp_toolset",
      "tool web_search_2025",
      "tool teleport",
    ]);
  });
  test("a search that may run code on its results has no bound until only the model may call it", () => {
    const search = { type: "web_search_20260209", max_uses: 2 };
    const why = 'tool web_search_20260209 without allowed_callers ["direct"]';
    expect(tools(search).unbounded).toEqual([why]);
    expect(tools({ ...search, allowed_callers: [] }).unbounded).toEqual([why]);
    expect(tools({ ...search, allowed_callers: ["direct", "x"] }).unbounded).toEqual([why]);
    expect(tools({ ...search, allowed_callers: ["direct"] }).unbounded).toEqual([]);
  });
});

describe("fields", () => {
  test("all known ones are known: 19, and 9 of betas", () => {
    const names =
      "max_tokens messages model cache_control container diagnostics inference_geo metadata " +
      "output_config service_tier speed stop_sequences stream system thinking tool_choice tools " +
      "user_profile_id workspace_id betas billing_policy compaction context_management " +
      "fallback_credit_token fallbacks mcp_servers output_format thread";
    expect(names.split(" ")).toHaveLength(28);
    const nulls = Object.fromEntries(names.split(" ").map((name) => [name, null]));
    expect(ask({ ...nulls, ...PLAIN })).toMatchObject({ unknownFields: [], unbounded: [] });
  });
  test("sampling fields, which frameworks send though the clients' types lost them, are known", () => {
    expect(ask({ temperature: 0.5, top_p: 0.9, top_k: 40 }).unknownFields).toEqual([]);
  });
  test.each([
    ["billing_policy", {}],
    ["compaction", {}],
    ["container", "container_1"],
    ["fallback_credit_token", "t"],
    ["fallbacks", [{ model: "m" }]],
    ["inference_geo", "us"],
    ["mcp_servers", [{ url: "https://x" }]],
    ["speed", "fast"],
    ["thread", { id: "t" }],
    ["user_profile_id", "p"],
    ["workspace_id", "w"],
    ["context_management", { edits: [{ type: "compact_20260112" }] }],
    ["context_management", { edits: [{ type: "clear_thinking_20251015" }, {}] }],
    ["context_management", { edits: "x" }],
    ["context_management", "x"],
  ])("%s = %j has no bound, unless the operator vouches for it", (name, value) => {
    expect(ask({ [name]: value }).unbounded).toEqual([`body ${name}`]);
    expect(ask({ [name]: value }, { allowFields: [name] }).unbounded).toEqual([]);
  });
  test("the same fields with values that cost nothing pass", () => {
    const edits = [{ type: "clear_thinking_20251015", keep: "all" }, { type: "clear_tool_uses_1" }];
    const fields = { speed: "standard", inference_geo: "global", mcp_servers: [] };
    const more = { output_format: {}, diagnostics: {}, output_config: { effort: "high" } };
    const read = ask({ ...fields, ...more, context_management: { edits }, betas: ["x"] });
    expect(read).toMatchObject({ unknownFields: [], unbounded: [] });
    expect(ask({ context_management: {} }).unbounded).toEqual([]);
  });
  test("unknown ones and headers that name the payer are told, headers of betas pass", () => {
    const headers = {
      "anthropic-beta": "context-1m-2025-08-07",
      "anthropic-user-profile-id": "p",
      "anthropic-workspace-id": "w",
    };
    const { unknownFields } = ask({ n: 2, max_completion_tokens: 5 }, { headers });
    expect(unknownFields).toEqual([
      "body n",
      "body max_completion_tokens",
      "header anthropic-user-profile-id",
      "header anthropic-workspace-id",
    ]);
  });
  test("thinking, tier and stream", () => {
    const thinking = { type: "enabled", budget_tokens: 2048 };
    const read = ask({ thinking, service_tier: "auto", stream: true });
    expect(read).toMatchObject({ thinkingBudget: 2048, serviceTier: "auto", stream: true });
    expect(ask({ thinking: { type: "adaptive" } }).thinkingBudget).toBeNull();
  });

  test.each([
    [{ type: "disabled" }, false],
    [{ type: "enabled", budget_tokens: 2048 }, true],
    [{ type: "adaptive" }, true],
    [{}, true],
    [null, true],
    [undefined, true],
  ])("with thinking %j the model may think out of sight: %s", (thinking, may) => {
    expect(ask({ thinking }).mayThink).toBe(may);
  });
});

describe("cache writes", () => {
  const mark = { type: "ephemeral" };
  test.each([
    [{ cache_control: mark }, "5m"],
    [{ cache_control: { ...mark, ttl: "5m" } }, "5m"],
    [{ cache_control: { ...mark, ttl: "1h" } }, "1h"],
    [{ cache_control: { ...mark, ttl: "9d" } }, "1h"],
    [{ cache_control: null }, "none"],
    [{ system: [{ type: "text", text: "x", cache_control: mark }] }, "5m"],
    [{ tools: [{ name: "f", cache_control: { ...mark, ttl: "1h" } }] }, "1h"],
    [{ metadata: { note: "cache_control" } }, "none"],
  ])("%j asks for %s", (more, expected) => {
    expect(ask(more).input.cacheWrite).toBe(expected);
  });
  test("the longest of several, however deep and however it is spelled", () => {
    const inner = { type: "text", text: "x", cache_control: { ...mark, ttl: "1h" } };
    const content = [{ type: "tool_result", tool_use_id: "t", content: [inner] }];
    const body = { ...PLAIN, cache_control: mark, messages: [{ role: "user", content }] };
    expect(ask(body).input.cacheWrite).toBe("1h");
    const text = JSON.stringify(body).replaceAll("cache_control", "cache\\u005fcontrol");
    expect(readText("anthropic-messages", text).ask.input.cacheWrite).toBe("1h");
  });
});

describe("input that is not text", () => {
  const input = (...content: unknown[]) => ask({ messages: [{ role: "user", content }] }).input;
  const base64 = (bytes: number) => ({ type: "base64", data: "A".repeat((bytes / 3) * 4) });
  const image = { type: "image", source: base64(30) };
  const pdf = { type: "document", source: base64(300) };

  test("images and documents count, also inside results and documents", () => {
    const inside = { type: "document", source: { type: "content", content: [image] } };
    const result = { type: "tool_result", tool_use_id: "t", content: [image, pdf, inside] };
    const fetched = {
      type: "web_fetch_tool_result",
      content: { type: "web_fetch_result", content: pdf },
    };
    expect(input(image, pdf, result, fetched, { type: "text", text: "x" })).toMatchObject({
      images: 3,
      fileBytes: 900,
      unmeasured: null,
    });
  });
  test("an image by address is one image, a document in plain text is text", () => {
    const byUrl = { type: "image", source: { type: "url", url: "https://x/y.png" } };
    const plain = { type: "document", source: { type: "text", data: "words" } };
    expect(input(byUrl, plain)).toMatchObject({ images: 1, fileBytes: 0, unmeasured: null });
  });
  test.each([
    [{ type: "image", source: { type: "file", file_id: "f" } }, "file_id"],
    [{ type: "document", source: { type: "file", file_id: "f" } }, "file_id"],
    [{ type: "document", source: { type: "url", url: "https://x" } }, "document url"],
    [{ type: "document" }, "document source"],
    [{ type: "image", source: { type: "new" } }, "image source"],
    [{ type: "document", source: { type: "base64", data: "https://x" } }, "document data"],
    [{ type: "container_upload", file_id: "f" }, "block container_upload"],
    [{ type: "video" }, "block video"],
    [{}, "nothing"],
  ])("%j cannot be measured", (block, what) => {
    expect(input(block).unmeasured).toBe(what);
  });
  test("what is nested past the limit is not taken for nothing", () => {
    let block: unknown = { type: "text", text: "x" };
    for (let depth = 0; depth < 12; depth += 1) block = { type: "tool_result", content: [block] };
    expect(input(block).unmeasured).toBe("deeply nested content");
  });
});
