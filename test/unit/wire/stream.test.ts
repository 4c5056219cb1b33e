import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Format } from "../../../src/guards/call.ts";
import { FRAME_BYTES_MAX, StreamTooLong } from "../../../src/wire/event-stream.ts";
import type { AnswerSummary } from "../../../src/wire/format.ts";
import { FORMATS } from "../../../src/wire/formats.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const data = (value: object | string) =>
  `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
const event = (value: { type: string }) => `event: ${value.type}\n${data(value)}`;

/** Sends chunks through a reader; what came out, and what it learned. */
function relay(format: Format, chunks: readonly Uint8Array[], stripUsage = false) {
  const reader = FORMATS[format].stream({ stripUsage, holdOpening: false });
  const out = chunks.map((chunk) => reader.push(chunk).slice());
  out.push(reader.rest().slice(), reader.release(new Map()).slice());
  return { out: decode(Buffer.concat(out)), summary: reader.summary() };
}

function whole(format: Format, text: string, stripUsage = false) {
  return relay(format, [encode(text)], stripUsage);
}

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  data({
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
    usage: null,
    ...more,
  });
const usageFrame = (usage: unknown) => data({ choices: [], service_tier: "default", usage });
const USAGE = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 };

const CHAT =
  chunk({ role: "assistant", content: "" }) +
  chunk({ content: 'say "usage": {"error"} 日本 🦊' }) +
  ": keep-alive\n\n" +
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"length":"usage","error":[1]}' } }] }) +
  chunk({}, "stop");
const CHAT_END = data("[DONE]");
const CHAT_FULL = CHAT + usageFrame(USAGE) + CHAT_END;

const MESSAGE =
  event({
    type: "message_start",
    message: {
      type: "message",
      usage: {
        input_tokens: 25,
        output_tokens: 1,
        cache_read_input_tokens: 4,
        cache_creation_input_tokens: 9,
        cache_creation: { ephemeral_5m_input_tokens: 9, ephemeral_1h_input_tokens: 0 },
        service_tier: "standard",
      },
    },
  } as { type: string }) +
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } } as {
    type: string;
  }) +
  event({ type: "ping" }) +
  event({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text: 'the "message_stop" of "usage" 日本 🦊' },
  } as { type: string }) +
  event({
    type: "content_block_delta",
    index: 1,
    delta: { type: "input_json_delta", partial_json: '{"type":"error"' },
  } as { type: string }) +
  event({ type: "content_block_stop", index: 0 } as { type: string });
const messageDelta = (usage: unknown, stop_reason: string | null = "end_turn") =>
  event({ type: "message_delta", delta: { stop_reason }, usage } as { type: string });
const STOP = event({ type: "message_stop" });
const MESSAGE_FULL = MESSAGE + messageDelta({ output_tokens: 15 }) + STOP;

const SUMMARIES: Record<Format, Omit<AnswerSummary, "bytes">> = {
  "openai-chat": {
    usage: {
      input: 12,
      cachedInput: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      inputAudio: 0,
      output: 7,
      reasoning: 0,
      outputAudio: 0,
      serverTools: {},
      serviceTier: "default",
    },
    capped: false,
    error: null,
    complete: true,
    textFrames: 2,
    toolCalls: [],
  },
  "anthropic-messages": {
    usage: {
      input: 25,
      cachedInput: 4,
      cacheWrite5m: 9,
      cacheWrite1h: 0,
      inputAudio: 0,
      output: 15,
      reasoning: 0,
      outputAudio: 0,
      serverTools: {},
      serviceTier: "standard",
    },
    capped: false,
    error: null,
    complete: true,
    textFrames: 2,
    toolCalls: [],
  },
};
const FULL: Record<Format, string> = {
  "openai-chat": CHAT_FULL,
  "anthropic-messages": MESSAGE_FULL,
};
const FORMAT_NAMES = ["openai-chat", "anthropic-messages"] as const;

describe.each(FORMAT_NAMES)("%s", (format) => {
  const lines = { "\n": FULL[format], "\r\n": FULL[format].replaceAll("\n", "\r\n") };

  test.each(["\n", "\r\n"] as const)("is metered the same with lines that end in %j", (ending) => {
    const text = lines[ending];
    const bytes = encode(text).length;
    expect(whole(format, text)).toEqual({ out: text, summary: { ...SUMMARIES[format], bytes } });
  });

  test.each(["\n", "\r\n"] as const)("cut in two at every byte nothing changes (%j)", (ending) => {
    const bytes = encode(lines[ending]);
    for (const stripUsage of [false, true]) {
      const expected = relay(format, [bytes], stripUsage);
      for (let at = 0; at <= bytes.length; at += 1) {
        const parts = [bytes.subarray(0, at), bytes.subarray(at)];
        expect(relay(format, parts, stripUsage)).toEqual(expected);
      }
    }
  });

  test("cut into any pieces, with a network that reuses its buffer, nothing changes", () => {
    const bytes = encode(FULL[format]);
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(cuts, fc.boolean(), (sizes, stripUsage) => {
        const reader = FORMATS[format].stream({ stripUsage, holdOpening: false });
        const buffer = new Uint8Array(bytes.length);
        const out: Uint8Array[] = [];
        for (let [at, turn] = [0, 0]; at < bytes.length; turn += 1) {
          const part = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
          buffer.set(part);
          out.push(reader.push(buffer.subarray(0, part.length)).slice());
          at += part.length;
        }
        out.push(reader.rest().slice(), reader.release(new Map()).slice());
        const expected = relay(format, [bytes], stripUsage);
        expect({ out: decode(Buffer.concat(out)), summary: reader.summary() }).toEqual(expected);
      }),
    );
  });

  test("cut off at any byte, usage is known only when the end of it came", () => {
    const bytes = encode(FULL[format]);
    const text = FULL[format];
    const counted = text.indexOf(format === "openai-chat" ? '"total_tokens"' : '"message_delta"');
    for (let at = 0; at < bytes.length; at += 1) {
      const { summary } = relay(format, [bytes.subarray(0, at)]);
      if (decode(bytes.subarray(0, at)).length < counted) expect(summary.usage).toBeNull();
      expect(summary.bytes).toBe(at);
      if (summary.usage) expect(summary.usage).toEqual(SUMMARIES[format].usage);
    }
  });

  test("whole frames go on at once, as the same array; half a frame may become a call", () => {
    const reader = FORMATS[format].stream({ stripUsage: false, holdOpening: false });
    const text = FULL[format];
    const first = encode(text.slice(0, text.indexOf("\n\n") + 2));
    expect(reader.push(first)).toBe(first);
    expect(reader.push(encode(text.slice(first.length, first.length + 30)))).toHaveLength(0);
  });

  test("the terminal frame counts without its blank line", () => {
    const { out, summary } = whole(format, FULL[format].trimEnd());
    expect(out).toBe(FULL[format].trimEnd());
    expect(summary.complete).toBe(true);
  });

  test("an error frame is told with its words, and ends nothing by itself", () => {
    const error = { type: "overloaded_error", message: "Overloaded" };
    const frame = `event: error\n${data({ type: "error", error })}`;
    const text = FULL[format].slice(0, FULL[format].indexOf("\n\n") + 2) + frame;
    expect(whole(format, text).summary).toMatchObject({ error, complete: false, usage: null });
  });

  test("a frame without an end is not collected for ever", () => {
    const reader = FORMATS[format].stream({ stripUsage: true, holdOpening: false });
    const piece = new Uint8Array(1024 * 1024).fill(0x78);
    const send = () => {
      for (let sent = 0; sent <= FRAME_BYTES_MAX; sent += piece.length) reader.push(piece);
    };
    expect(send).toThrow(StreamTooLong);
  });

  test("garbage of any kind is passed on and never throws", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 80 })),
        fc.boolean(),
        (chunks, stripUsage) => {
          const reader = FORMATS[format].stream({ stripUsage, holdOpening: false });
          const out = chunks.map((bytes) => reader.push(bytes).slice());
          out.push(reader.rest().slice());
          expect(Buffer.concat(out)).toEqual(Buffer.concat(chunks));
          expect(reader.summary()).toMatchObject({ usage: null, complete: false });
        },
      ),
    );
  });
});

describe("openai chat", () => {
  const chat = (text: string, stripUsage = false) => whole("openai-chat", text, stripUsage);

  test("the usage frame is taken out for a client that did not ask, and nothing else", () => {
    const { out, summary } = chat(CHAT_FULL, true);
    expect(out).toBe(CHAT + CHAT_END);
    expect(summary).toMatchObject({ usage: SUMMARIES["openai-chat"].usage, complete: true });
  });

  test("it is taken out even as the last frame, with or without its blank line", () => {
    const frame = usageFrame(USAGE);
    for (const text of [frame, frame.trimEnd()]) {
      const { out, summary } = chat(CHAT + text, true);
      expect([out, summary.usage?.output]).toEqual([CHAT, 7]);
    }
  });

  test("usage beside a choice stays, and so does a first frame without choices", () => {
    const filter = data({ choices: [], prompt_filter_results: [], usage: null });
    const beside = chunk({}, "stop", { usage: USAGE });
    const text = filter + CHAT + beside + CHAT_END;
    expect(chat(text, true)).toMatchObject({ out: text, summary: { complete: true } });
    expect(chat(text, true).summary.usage?.output).toBe(7);
  });

  test("a whole frame is sent on at once, as the same array, before the next one comes", () => {
    const reader = FORMATS["openai-chat"].stream({ stripUsage: true, holdOpening: false });
    const frame = encode(chunk({ content: "x" }));
    expect(reader.push(frame)).toBe(frame);
    expect(reader.push(frame.subarray(0, 9))).toHaveLength(0);
    expect(reader.push(frame.subarray(9))).toEqual(frame);
  });

  test("a count that runs along is no usage before the end", () => {
    const along = chunk({ content: "x" }, null, { usage: { ...USAGE, completion_tokens: 1 } });
    expect(chat(along).summary.usage).toBeNull();
    expect(chat(along + CHAT_END).summary.usage?.output).toBe(1);
    expect(chat(along + CHAT_FULL).summary.usage?.output).toBe(7);
  });

  test.each([null, "many", { prompt_tokens: -1, completion_tokens: 2 }, []])(
    "usage %j is none, and the stream is complete all the same",
    (usage) => {
      const { summary } = chat(CHAT + usageFrame(usage) + CHAT_END);
      expect(summary).toMatchObject({ usage: null, complete: true });
    },
  );

  test("usage that a frame of text contradicts is none", () => {
    const text = chunk({ content: "x" }).repeat(300);
    const usage = (completion_tokens: number) =>
      usageFrame({ prompt_tokens: 1, completion_tokens });
    expect(chat(text + usage(1) + CHAT_END).summary.usage).toBeNull();
    expect(chat(text + usage(2) + CHAT_END).summary.usage?.output).toBe(2);
    expect(chat(chunk({ content: "x" }) + usage(0) + CHAT_END).summary.usage).toBeNull();
    expect(chat(chunk({ role: "assistant", content: "" }) + usage(0)).summary.usage?.output).toBe(
      0,
    );
  });

  test("a choice that hit the cap is seen, a word that says so is not", () => {
    expect(chat(chunk({ content: "length" }) + CHAT_END).summary.capped).toBe(false);
    expect(chat(chunk({}, "length") + CHAT_END).summary.capped).toBe(true);
    const spaced = 'data: {"choices": [{"finish_reason" : "length"}]}\n\n';
    expect(chat(spaced).summary.capped).toBe(true);
  });

  test.each([
    ['data: {"error":{"message":"no","type":"server_error","code":null}}\n\n', "server_error"],
    ['event: error\ndata: {"error": {"message":"no","code":"c"}}\n\n', "c"],
    ['event: error\ndata: {"type":"error","code":"c","message":"no"}\n\n', "c"],
    ['data: {"choices":[],\ndata: "error":{"message":"no"}}\n\n', "error"],
  ])("the error frame %j is found", (frame, type) => {
    expect(chat(CHAT + frame).summary.error).toEqual({ type, message: "no" });
  });

  test("a frame that says that there was no error has none", () => {
    expect(chat(chunk({ content: "x" }, null, { error: null })).summary.error).toBeNull();
  });

  test.each(["content", "reasoning_content", "reasoning", "refusal"])(
    "%s that is not empty makes a frame of text",
    (name) => {
      const text = chunk({ [name]: "" }) + chunk({ [name]: "x" }) + chunk({ [name]: null });
      expect(chat(text).summary.textFrames).toBe(1);
    },
  );

  test("the terminal frame has no other spelling in a text", () => {
    expect(chat(chunk({ content: "data: [DONE]\n\n" })).summary.complete).toBe(false);
    expect(chat("data:[DONE]\n\n").summary.complete).toBe(true);
  });
});

describe("anthropic messages", () => {
  const messages = (text: string) => whole("anthropic-messages", text).summary;

  test("a later report supersedes the first on every leg that it names, and on no other", () => {
    const usage = {
      input_tokens: 700,
      cache_read_input_tokens: null,
      cache_creation_input_tokens: 9,
      output_tokens: 40,
      output_tokens_details: { thinking_tokens: 30 },
      server_tool_use: { web_search_requests: 3 },
    };
    expect(messages(MESSAGE + messageDelta(usage) + STOP).usage).toEqual({
      ...SUMMARIES["anthropic-messages"].usage,
      input: 700,
      output: 40,
      reasoning: 30,
      serverTools: { web_search: 3 },
    });
  });

  test("reports are cumulative: the last counts, they are not added", () => {
    const text = MESSAGE + messageDelta({ output_tokens: 5 }, null);
    expect(messages(text).usage).toBeNull();
    expect(messages(text + messageDelta({ output_tokens: 9 }) + STOP).usage?.output).toBe(9);
  });

  test("the first report alone is no usage, not even with a stop", () => {
    expect(messages(MESSAGE).usage).toBeNull();
    expect(messages(MESSAGE + STOP)).toMatchObject({ usage: null, complete: true });
    expect(messages(MESSAGE + messageDelta(null) + STOP).usage).toBeNull();
  });

  test.each(["x", { output_tokens: "5" }, { output_tokens: -5 }, { input_tokens: 1.5 }, 7])(
    "a later report of %j makes it none",
    (usage) => {
      expect(messages(MESSAGE + messageDelta(usage) + STOP).usage).toBeNull();
    },
  );

  test("a stop at the cap is seen", () => {
    expect(messages(MESSAGE + messageDelta({ output_tokens: 5 }, "max_tokens")).capped).toBe(true);
    expect(messages(MESSAGE_FULL).capped).toBe(false);
  });

  test("nothing is ever taken out", () => {
    expect(whole("anthropic-messages", MESSAGE_FULL, true).out).toBe(MESSAGE_FULL);
  });
});
