/** What was said, read out of every wire format for people: the same whole and streamed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ANTHROPIC_MESSAGES_SAID } from "../../../src/wire/anthropic-messages-said.ts";
import { OPENAI_CHAT_SAID } from "../../../src/wire/openai-chat-said.ts";
import type { Conversation, Message } from "../../../src/wire/said.ts";
import { encode } from "../../../src/wire/utf8.ts";
import {
  chatAnswer,
  chatFrames,
  messageFrames,
  messageText,
  type Says,
} from "../../support/scripted-model.ts";

const FORMATS: Readonly<Record<string, Conversation>> = {
  "OpenAI chat": OPENAI_CHAT_SAID,
  "Anthropic messages": ANTHROPIC_MESSAGES_SAID,
};
const BASE64 = Buffer.alloc(12_000, 7).toString("base64");

function streamed(conversation: Conversation, frames: readonly string[]): readonly Message[] {
  return conversation.stream(encode(frames.join("")));
}

const CALL = { name: "weather", arguments: '{"city": "Oslo"}', id: "call_7" };
const ANSWERS: Readonly<Record<string, Says>> = {
  "of text": { text: "Hello,\nyou there." },
  "of a call": { calls: [CALL] },
  "of text and two calls": { text: "Let me see.", calls: [CALL, { ...CALL, id: "call_8" }] },
  "of a call in the fields of before": { calls: [CALL], legacy: true },
};

/** What is read of it; models that write calls as they did before give them no id. */
function expectedOf({ calls = [], legacy = false, text }: Says): readonly Message[] {
  const asked = calls.map(({ arguments: given, id = null, name }) => {
    return { kind: "call", id: legacy ? null : id, name, arguments: given } as const;
  });
  const said = text === undefined ? [] : [{ kind: "text", text } as const];
  return [{ role: "assistant", parts: [...said, ...asked] }];
}

test.each(Object.entries(ANSWERS))("an answer of OpenAI chat %s, whole and streamed", (_, says) => {
  const expected = expectedOf(says);
  expect(OPENAI_CHAT_SAID.answer(JSON.stringify(chatAnswer(says)))).toEqual(expected);
  expect(streamed(OPENAI_CHAT_SAID, chatFrames(says))).toEqual(expected);
});

const OF_TODAY = Object.entries(ANSWERS).filter(([, { legacy }]) => legacy !== true);

test.each(OF_TODAY)("an answer of Anthropic messages %s, whole and streamed", (_, says) => {
  const expected = expectedOf(says);
  expect(streamed(ANTHROPIC_MESSAGES_SAID, messageFrames(says))).toEqual(expected);
  const compact = (call: typeof CALL) => ({ ...call, arguments: '{"city":"Oslo"}' });
  const written = {
    ...says,
    calls: (says.calls ?? []).map((call) => compact({ ...CALL, ...call })),
  };
  expect(ANTHROPIC_MESSAGES_SAID.answer(messageText(says))).toEqual(expectedOf(written));
});

describe("OpenAI chat", () => {
  test("has every choice of an answer, whole and streamed", () => {
    const choice = (index: number) => ({ index, delta: { content: `choice ${index}` } });
    const frames = [0, 1, 0].map(
      (index) => `data: ${JSON.stringify({ choices: [choice(index)] })}\n\n`,
    );
    expect(streamed(OPENAI_CHAT_SAID, frames)).toEqual([
      { role: "assistant", parts: [{ kind: "text", text: "choice 0choice 0" }] },
      { role: "assistant", parts: [{ kind: "text", text: "choice 1" }] },
    ]);
  });

  test("tells what is no text by its kind and size", () => {
    const content = [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${BASE64}` } },
      { type: "image_url", image_url: { url: "https://pictures.example/a.png" } },
      { type: "input_audio", input_audio: { data: BASE64.slice(0, 800), format: "wav" } },
      { type: "file", file: { file_data: BASE64.repeat(200), filename: "a.pdf" } },
      { type: "refusal", refusal: "I will not." },
      { type: "new_thing", with: "more" },
      7,
    ];
    const [said] = OPENAI_CHAT_SAID.request({ messages: [{ role: "user", content }] });
    expect(said?.parts.map((part) => ("text" in part ? part.text : part.kind))).toEqual([
      ...[
        "look",
        "[image, 12 kB]",
        "[image, https://pictures.example/a.png]",
        "[audio, 600 bytes]",
      ],
      ...["[file, 2.4 MB]", "I will not.", "[new_thing]", "[something]"],
    ]);
  });

  test("has results, with the call that they are of", () => {
    const messages = [
      { role: "tool", tool_call_id: "call_7", content: "9 degrees" },
      { role: "tool", tool_call_id: "call_8", content: [{ type: "text", text: "cold" }] },
      { role: "function", name: "weather", content: "snow" },
    ];
    expect(OPENAI_CHAT_SAID.request({ messages }).flatMap(({ parts }) => parts)).toEqual([
      { kind: "result", id: "call_7", name: null, text: "9 degrees" },
      { kind: "result", id: "call_8", name: null, text: "cold" },
      { kind: "result", id: null, name: "weather", text: "snow" },
    ]);
  });

  test("has what a model thought apart from what it said", () => {
    const delta = { reasoning_content: "hm, ", content: "yes" };
    const frame = `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
    expect(streamed(OPENAI_CHAT_SAID, [frame])[0]?.parts).toEqual([
      { kind: "thinking", text: "hm, " },
      { kind: "text", text: "yes" },
    ]);
  });
});

describe("Anthropic messages", () => {
  test("has the system prompt first, as text or in blocks", () => {
    const messages = [{ role: "user", content: "hi" }];
    for (const system of ["Be terse.", [{ type: "text", text: "Be terse." }]]) {
      expect(ANTHROPIC_MESSAGES_SAID.request({ system, messages })).toEqual([
        { role: "system", parts: [{ kind: "text", text: "Be terse." }] },
        { role: "user", parts: [{ kind: "text", text: "hi" }] },
      ]);
    }
    expect(ANTHROPIC_MESSAGES_SAID.request({ messages })).toHaveLength(1);
  });

  test("has blocks of every kind", () => {
    const image = { type: "image", source: { type: "base64", data: BASE64 } };
    const content = [
      { type: "thinking", thinking: "hm", signature: "xyz" },
      { type: "redacted_thinking", data: "secret" },
      image,
      { type: "document", source: { type: "text", data: "a letter" } },
      { type: "document", source: { type: "url", url: "https://papers.example/a.pdf" } },
      { type: "tool_result", tool_use_id: "t1", content: [{ type: "text", text: "see" }, image] },
      { type: "tool_result", tool_use_id: "t2", content: "plain" },
      { type: "server_tool_use", id: "s1", name: "web_search", input: { query: "x" } },
      { type: "web_search_tool_result", content: [] },
    ];
    const [said] = ANTHROPIC_MESSAGES_SAID.request({ messages: [{ role: "user", content }] });
    expect(said?.parts).toEqual([
      { kind: "thinking", text: "hm" },
      ...["[redacted_thinking]", "[image, 12 kB]", "[document]", "a letter"].map(textPart),
      textPart("[document, https://papers.example/a.pdf]"),
      { kind: "result", id: "t1", name: null, text: "see\n[image, 12 kB]" },
      { kind: "result", id: "t2", name: null, text: "plain" },
      { kind: "call", id: "s1", name: "web_search", arguments: '{"query":"x"}' },
      textPart("[web_search_tool_result]"),
    ]);
  });
});

function textPart(text: string) {
  return { kind: "text", text };
}

describe.each(Object.entries(FORMATS))("%s", (_, conversation) => {
  const NAMES = ["role", "content", "type", "text", "messages", "system", "choices", "delta"];
  const MORE = ["message", "index", "tool_calls", "function", "source", "data", "content_block"];
  const key = fc.constantFrom(...NAMES, ...MORE, "input", "image_url", "tool_use", "tool_result");
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 6 },
      fc.oneof(key, fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("json"), { maxLength: 4 }),
      fc.dictionary(key, tie("json"), { maxKeys: 5 }),
    ),
  }));

  test("reads whatever it is given, and never throws", () => {
    fc.assert(
      fc.property(fc.dictionary(key, json), fc.array(json, { maxLength: 4 }), (root, events) => {
        conversation.request(root);
        conversation.answer(JSON.stringify(root));
        const frames = events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
        conversation.stream(encode(frames.join("")));
      }),
    );
  });

  test("reads a stream as far as it came, wherever it was cut", () => {
    const says = { text: "one two three", calls: [CALL] };
    const frames = conversation === OPENAI_CHAT_SAID ? chatFrames(says) : messageFrames(says);
    const bytes = encode(frames.join(""));
    for (let end = 0; end <= bytes.length; end += 7) {
      const [said] = conversation.stream(bytes.subarray(0, end));
      const text = said?.parts.find(({ kind }) => kind === "text");
      expect("one two three".startsWith(text && "text" in text ? text.text : "")).toBe(true);
    }
  });

  test("is not stopped by depth", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const text = `{"choices":[{"message":{"content":${deep}}}],"content":[{"type":"tool_use","input":${deep}}]}`;
    expect(() => conversation.answer(text)).not.toThrow();
    expect(conversation.answer("{")).toEqual([]);
    expect(conversation.answer("[]")).toEqual([]);
  });
});
