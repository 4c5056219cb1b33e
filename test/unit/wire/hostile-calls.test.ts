/** Answers made so that a client reads a call of a tool, and whoever checks it another one. */
import { describe, expect, test } from "vitest";
import type { Format } from "../../../src/guards/call.ts";
import { isDenial } from "../../../src/guards/verdict.ts";
import type { Held } from "../../../src/wire/format.ts";
import { FORMATS } from "../../../src/wire/formats.ts";

// biome-ignore lint/suspicious/noExplicitAny: whatever a provider may send
type Json = any;

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const event = (value: Json) => `event: ${value.type}\n${data(value)}`;

/** What a client has been given before anything is decided, and what is to be decided. */
function streamed(format: Format, text: string) {
  const reader = FORMATS[format].stream({ stripUsage: false, holdOpening: false });
  const given = decode(reader.push(encode(text)).slice()) + decode(reader.rest().slice());
  const { held } = reader;
  return { given, held, calls: held === "calls" ? reader.heldCalls() : [] };
}

const chunk = (delta: Json, more: Json = {}) =>
  data({ choices: [{ index: 0, delta, finish_reason: null, ...more }] });
const call = (given: string | null, more: Json = {}) => ({
  index: 0,
  function: { ...(given === null ? {} : { arguments: given }), ...more },
});
const named = (given: string, more: Json = {}) => ({
  ...{ ...call(given, { name: "weather" }), id: "a" },
  ...more,
});
const calling = (...calls: Json[]) => chunk({ tool_calls: calls });

const WIPE = { index: 0, id: "w", function: { name: "wipe", arguments: "{}" } };
const escaped = (text: string, key: string) =>
  text.replace(`"${key}"`, `"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}"`);

describe("chat: a call in the disguise of something else", () => {
  const CASES: readonly (readonly [is: string, frames: string, held: Held])[] = [
    ["an escaped key", escaped(calling(WIPE), "tool_calls"), "calls"],
    [
      "an escaped legacy key",
      escaped(chunk({ function_call: WIPE.function }), "function_call"),
      "calls",
    ],
    ["beside a text", chunk({ content: "x", tool_calls: [WIPE] }), "calls"],
    [
      "with the end of the answer",
      chunk({ tool_calls: [WIPE] }, { finish_reason: "tool_calls" }),
      "calls",
    ],
    ["after the terminal frame", `data: [DONE]\n\n${calling(WIPE)}`, "calls"],
    ["in a last frame without its end", calling(WIPE).trimEnd(), "calls"],
    ["in two lines of data", calling(WIPE).replace(',"delta"', ',\ndata: "delta"'), "calls"],
    [
      "in a whole message",
      data({ choices: [{ index: 0, message: { tool_calls: [WIPE] } }] }),
      "garbled",
    ],
    [
      "in choices that are no list",
      data({ choices: { 0: { index: 0, delta: { tool_calls: [WIPE] } } } }),
      "garbled",
    ],
    ["in calls that are no list", chunk({ tool_calls: { 0: WIPE } }), "garbled"],
    [
      "behind an older value of its key",
      calling(WIPE).replace("}]}\n", '}],"choices":[]}\n'),
      "garbled",
    ],
    [
      "in lines that end as few do",
      `${calling(WIPE).trimEnd()}\r\r${chunk({ content: "x" })}`,
      "garbled",
    ],
    [
      "in such lines, with an escaped key",
      `${escaped(calling(WIPE), "tool_calls").trimEnd()}\r\r${chunk({ content: "x" })}`,
      "garbled",
    ],
    ["under the name of an event", `event: thread.run\n${calling(WIPE)}`, "garbled"],
    ["behind a byte order mark", `\uFEFF${calling(WIPE)}`, "garbled"],
    [
      "in the second of two entries of one choice",
      data({
        choices: [0, 0].map((index) => ({ index, delta: { tool_calls: [WIPE] } })),
      }),
      "garbled",
    ],
    [
      "deeper than anybody reads",
      calling({ ...WIPE, x: JSON.parse("[".repeat(500) + "]".repeat(500)) }),
      "garbled",
    ],
  ];

  test.each(CASES)("%s", (_is, frames, held) => {
    const seen = streamed("openai-chat", chunk({ content: "Hi." }) + frames);
    expect(seen.held).toBe(held);
    expect(seen.given).not.toContain("wipe");
    if (held === "calls") expect(seen.calls.map(({ name }) => name)).toEqual(["wipe"]);
  });
});

describe("chat: what some clients put together otherwise is no clear call", () => {
  const first = calling(named('{"city":"Oslo"}'));
  test.each([
    ["two names", first + calling(call(null, { name: "wipe" }))],
    ["one name in two parts", first + calling(call(null, { name: "weather" }))],
    ["two ids in one place", first + calling({ ...call(" "), id: "b" })],
  ])("%s", (_is, frames) => {
    expect(streamed("openai-chat", frames).calls).toMatchObject([{ name: "" }]);
  });

  test("a name and an id that come once, or with every part, are one", () => {
    const again = { ...call('"Oslo"}', { name: "" }), id: "a" };
    const frames = calling(named('{"city":')) + calling(again);
    expect(streamed("openai-chat", frames).calls).toMatchObject([
      { name: "weather", id: "a", arguments: { city: "Oslo" } },
    ]);
  });

  test("more calls than a model makes are none that could be decided", () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ({ ...WIPE, index }));
    expect(streamed("openai-chat", calling(...many)).held).toBe("garbled");
    const text = JSON.stringify({ choices: [{ index: 0, message: { tool_calls: many } }] });
    expect(FORMATS["openai-chat"].answer(text, text.length).complete).toBe(false);
  });

  test("nothing that follows a garbled frame is given out, least of all the end", () => {
    const frames = `${calling({ index: "0" })}${chunk({}, { finish_reason: "stop" })}data: [DONE]\n\n`;
    expect(streamed("openai-chat", frames)).toMatchObject({ given: "", held: "garbled" });
  });

  test("what is held beside a refused call goes on as it came, however deep", () => {
    const reader = FORMATS["openai-chat"].stream({ stripUsage: false, holdOpening: true });
    const deep = chunk({ content: "x" }).replace(
      "{",
      `{"x":${"[".repeat(6000)}${"]".repeat(6000)},`,
    );
    reader.push(encode(calling(WIPE) + deep + chunk({}, { finish_reason: "tool_calls" })));
    const out = decode(reader.release(new Map([[0, "refused"]])));
    expect(out).toContain(deep);
    expect(out).toContain("refused");
    expect(out).not.toContain("wipe");
  });

  test("a flood of empty frames is not held for ever", () => {
    const reader = FORMATS["openai-chat"].stream({ stripUsage: false, holdOpening: false });
    reader.push(encode(calling(WIPE)));
    reader.push(encode(":\n\n".repeat(100_000)));
    expect(reader.held).toBe("too much");
  });
});

const block = (index: number, content_block: Json) =>
  event({ type: "content_block_start", index, content_block });
const input = (index: number, partial_json: string) =>
  event({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json } });
const stop = (index: number) => event({ type: "content_block_stop", index });
const use = (name: string, given: Json = {}) => ({ type: "tool_use", id: "a", name, input: given });
const TEXT = { type: "text", text: "" };
const said = block(0, TEXT) + stop(0);

describe("messages: a call in the disguise of something else", () => {
  const start = block(1, use("wipe"));
  const CASES: readonly (readonly [is: string, frames: string, held: Held])[] = [
    ["an escaped type", start.replace('"tool_use"', '"tool\\u005fuse"'), "calls"],
    ["its arguments at once", block(1, use("wipe", { all: true })), "calls"],
    ["after the end", event({ type: "message_stop" }) + start, "calls"],
    ["in a last frame without its end", start.trimEnd(), "calls"],
    ["without a type", start.replace('"type":"content_block_start",', ""), "garbled"],
    [
      "under another name of an event",
      start.replace("event: content_block_start", "event: ping"),
      "garbled",
    ],
    ["without a name of its event", start.replace("event: content_block_start\n", ""), "garbled"],
    [
      "in the message at its beginning",
      event({
        type: "message_start",
        message: { type: "message", content: [use("wipe")] },
      }),
      "garbled",
    ],
    [
      "behind an older value of its key",
      start.replace('"type":"tool_use"', '"type":"text","type":"tool_use"'),
      "garbled",
    ],
    ["a place ahead", block(2, use("wipe")), "garbled"],
    ["in a place that is taken", block(0, use("wipe")), "garbled"],
    ["behind a byte order mark", `\uFEFF${start}`, "garbled"],
    [
      "deeper than anybody reads",
      block(1, use("wipe", JSON.parse(`{"x":${"[".repeat(500)}${"]".repeat(500)}}`))),
      "garbled",
    ],
  ];

  test.each(CASES)("%s", (_is, frames, held) => {
    const seen = streamed("anthropic-messages", said + frames);
    expect(seen.held).toBe(held);
    expect(seen.given).not.toContain("wipe");
    if (held === "calls") expect(seen.calls.map(({ name }) => name)).toEqual(["wipe"]);
  });

  test.each([
    ["for a block that nobody has begun", start + input(2, '{"city":"Paris"}')],
    ["for a block that has ended", start + stop(1) + input(1, '{"city":"Paris"}')],
    ["for a block of text", start + input(0, '{"city":"Paris"}')],
    [
      "with another event's name",
      start + input(1, "{}").replace("event: content_block_delta", "event: x"),
    ],
    ["without a type", start + input(1, "{}").replace('"type":"content_block_delta",', "")],
    ["for a call whose place another block took", start + stop(1) + block(1, TEXT)],
  ])("arguments %s", (_is, frames) => {
    expect(streamed("anthropic-messages", said + frames).held).toBe("garbled");
  });

  test("tools that run at the provider stay as they are, blocks in order are clear", () => {
    const server = { type: "server_tool_use", id: "s", name: "web_search", input: {} };
    const frames = [
      ...[said, block(1, server), input(1, '{"query":"x"}'), stop(1)],
      ...[block(2, use("weather")), input(2, '{"city":"Oslo"}'), stop(2)],
    ];
    const seen = streamed("anthropic-messages", frames.join(""));
    expect(seen.given).toContain("web_search");
    expect(seen.calls).toMatchObject([{ name: "weather", arguments: { city: "Oslo" } }]);
  });
});

describe("whole answers that two readers would read differently are none", () => {
  const message = { role: "assistant", content: null };
  const choice = (more: Json) => ({ choices: [{ index: 0, message: { ...message, ...more } }] });
  const chat = JSON.stringify(choice({ tool_calls: [WIPE] }));
  const messages = JSON.stringify({ type: "message", content: [use("wipe")] });
  const deep = `${"[".repeat(6000)}${"]".repeat(6000)}`;

  test.each([
    ["openai-chat", chat.replace("}]}", '}],"tool_calls":[]}')],
    [
      "openai-chat",
      chat.replace("tool_calls", "tool_c\\u0061lls").replace("}]}", '}],"tool_calls":[]}'),
    ],
    ["openai-chat", chat.replace('"id":"w"', `"id":"w","x":${deep}`)],
    ["openai-chat", chat.replace("{", `{"x":${deep},`)],
    ["anthropic-messages", messages.replace(/}$/, ',"content":[]}')],
    [
      "anthropic-messages",
      messages.replace('"type":"tool_use"', '"type":"tool_use","type":"text"'),
    ],
    ["anthropic-messages", messages.replace("{", `{"x":${deep},`)],
  ] as const)("%s: %#", (format, text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(FORMATS[format].answer(text, text.length).complete).toBe(false);
  });

  test("calls that are no list are one that nobody can read", () => {
    const text = JSON.stringify(choice({ tool_calls: { 0: WIPE } }));
    const { toolCalls } = FORMATS["openai-chat"].answer(text, text.length);
    expect(toolCalls).toMatchObject([{ name: "" }]);
    const left = FORMATS["openai-chat"].withoutCalls(text, new Map([[0, "refused"]]));
    expect(left).not.toContain("wipe");
  });

  test("arguments deeper than any tool has are a call that is refused, and asked about again", () => {
    const text = messages.replace('"input":{}', `"input":{"x":${deep}}`);
    const summary = FORMATS["anthropic-messages"].answer(text, text.length);
    expect(summary.complete).toBe(true);
    expect(summary.toolCalls).toMatchObject([{ name: "wipe", arguments: null }]);
    const request = '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}';
    const asked = { bytes: request.length, headers: {}, allowFields: [], depthMax: 64 };
    const read = FORMATS["anthropic-messages"].read(request, asked);
    if (isDenial(read)) throw new Error("the request was refused");
    const again = FORMATS["anthropic-messages"].askAgain(read, text, new Map([[0, "no"]]));
    expect(JSON.parse(again ?? "").messages[1].content).toMatchObject([
      { name: "wipe", input: {} },
    ]);
  });
});
