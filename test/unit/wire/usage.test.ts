import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Usage } from "../../../src/guards/price/price.ts";
import { FORMATS } from "../../../src/wire/formats.ts";

const NONE: Usage = {
  input: 0,
  cachedInput: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  inputAudio: 0,
  output: 0,
  reasoning: 0,
  outputAudio: 0,
  serverTools: {},
  serviceTier: null,
};

const choice = (content: string, finish_reason = "stop") => ({
  index: 0,
  message: { role: "assistant", content },
  finish_reason,
});

function chat(usage: unknown, more: object = {}) {
  const body = { object: "chat.completion", choices: [choice("hi")], usage, ...more };
  const text = JSON.stringify(body);
  return FORMATS["openai-chat"].answer(text, text.length);
}

function messages(usage: unknown, more: object = {}) {
  const content = [{ type: "text", text: "hi" }];
  const body = { type: "message", content, stop_reason: "end_turn", usage, ...more };
  const text = JSON.stringify(body);
  return FORMATS["anthropic-messages"].answer(text, text.length);
}

describe("openai chat: every token is in one leg", () => {
  const table: readonly (readonly [object, Partial<Usage>])[] = [
    [
      { prompt_tokens: 10, completion_tokens: 5 },
      { input: 10, output: 5 },
    ],
    [
      { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } },
      { input: 6, cachedInput: 4, output: 5 },
    ],
    [
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 30, audio_tokens: 20 },
        completion_tokens_details: {
          reasoning_tokens: 8,
          audio_tokens: 12,
          accepted_prediction_tokens: 3,
          rejected_prediction_tokens: 2,
        },
      },
      {
        input: 10,
        cachedInput: 40,
        cacheWrite5m: 30,
        inputAudio: 20,
        output: 38,
        reasoning: 8,
        outputAudio: 12,
      },
    ],
    // Cached audio stands in two details: it stays audio, and nothing is counted twice.
    [
      {
        prompt_tokens: 10,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 8, audio_tokens: 5 },
      },
      { cachedInput: 5, inputAudio: 5, output: 1 },
    ],
    // Reasoning beside the output, which the total gives away.
    [
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 115,
        completion_tokens_details: { reasoning_tokens: 100 },
      },
      { input: 10, output: 105, reasoning: 100 },
    ],
    [
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        completion_tokens_details: { reasoning_tokens: 100 },
      },
      { input: 10, output: 100, reasoning: 100 },
    ],
    [
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        prompt_tokens_details: null,
        completion_tokens_details: { reasoning_tokens: null },
      },
      { input: 10, output: 5 },
    ],
    [
      { prompt_tokens: 3, completion_tokens: 1, future_details: { x: "y" } },
      { input: 3, output: 1 },
    ],
  ];
  test.each(table)("%j", (usage, legs) => {
    expect(chat(usage).usage).toEqual({ ...NONE, ...legs });
  });

  test("the tier is the one that the answer names", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    expect(chat(usage, { service_tier: "flex" }).usage?.serviceTier).toBe("flex");
    expect(chat(usage, { service_tier: null }).usage?.serviceTier).toBeNull();
  });

  test("input and output add up to what was billed", () => {
    const count = fc.nat(60);
    fc.assert(
      fc.property(count, count, count, count, count, (p, cached, written, heard, said) => {
        const { usage } = chat({
          prompt_tokens: p + 40,
          completion_tokens: 30,
          prompt_tokens_details: {
            cached_tokens: cached,
            cache_write_tokens: written,
            audio_tokens: heard,
          },
          completion_tokens_details: { audio_tokens: said },
        });
        expect(usage === null).toBe(written + heard > p + 40 || said > 30);
        if (usage === null) return;
        const { input, cachedInput, cacheWrite5m, inputAudio, output, outputAudio } = usage;
        expect(input + cachedInput + cacheWrite5m + inputAudio).toBe(p + 40);
        expect(output + outputAudio).toBe(30);
        expect(Math.min(input, cachedInput, output)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("anthropic messages: every token is in one leg", () => {
  const table: readonly (readonly [object, Partial<Usage>])[] = [
    [
      { input_tokens: 10, output_tokens: 5 },
      { input: 10, output: 5 },
    ],
    [
      {
        input_tokens: 10,
        output_tokens: 50,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
        output_tokens_details: { thinking_tokens: 40 },
        server_tool_use: {
          web_search_requests: 2,
          web_fetch_requests: 0,
          code_execution_requests: 1,
        },
        service_tier: "priority",
      },
      {
        input: 10,
        cachedInput: 1000,
        cacheWrite5m: 100,
        cacheWrite1h: 200,
        output: 50,
        reasoning: 40,
        serverTools: { web_search: 2, code_execution: 1 },
        serviceTier: "priority",
      },
    ],
    // Without a split only the short lifetime exists; a split that leaves some out had the long one.
    [
      { input_tokens: 1, output_tokens: 5, cache_creation_input_tokens: 300 },
      { input: 1, output: 5, cacheWrite5m: 300 },
    ],
    [
      {
        input_tokens: 1,
        output_tokens: 5,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 50 },
      },
      { input: 1, output: 5, cacheWrite5m: 100, cacheWrite1h: 200 },
    ],
    [
      {
        input_tokens: 1,
        output_tokens: 5,
        cache_creation: null,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
        server_tool_use: null,
        iterations: null,
      },
      { input: 1, output: 5 },
    ],
  ];
  test.each(table)("%j", (usage, legs) => {
    expect(messages(usage).usage).toEqual({ ...NONE, ...legs });
  });

  test("rounds are summed, because what is beside them leaves compaction and advisers out", () => {
    const usage = {
      input_tokens: 100,
      output_tokens: 50,
      iterations: [
        { type: "compaction", input_tokens: 900, output_tokens: 30 },
        { type: "message", input_tokens: 60, output_tokens: 20, cache_read_input_tokens: 7 },
        { type: "advisor_message", input_tokens: 40, output_tokens: 30 },
      ],
    };
    const sum = { ...NONE, input: 1000, output: 80, cachedInput: 7 };
    expect(messages(usage).usage).toEqual(sum);
  });

  test("rounds that leave something out do not lower what is beside them", () => {
    const iterations = [{ type: "message", input_tokens: 1, output_tokens: 90 }];
    const usage = { input_tokens: 100, output_tokens: 50, iterations };
    expect(messages(usage).usage).toEqual({ ...NONE, input: 100, output: 90 });
  });
});

describe("usage that cannot be right is no usage", () => {
  const bad: readonly unknown[] = [undefined, null, "12", 12, [], {}];
  test.each(bad)("%j", (usage) => {
    expect(chat(usage).usage).toBeNull();
    expect(messages(usage).usage).toBeNull();
    expect(chat(usage).complete).toBe(true);
    expect(messages(usage).complete).toBe(true);
  });
  test.each([-1, 1.5, "5", null, 2 ** 53, true, [1]])("a count of %j", (count) => {
    expect(chat({ prompt_tokens: count, completion_tokens: 5 }).usage).toBeNull();
    expect(chat({ prompt_tokens: 5, completion_tokens: count }).usage).toBeNull();
    expect(messages({ input_tokens: count, output_tokens: 5 }).usage).toBeNull();
    expect(messages({ input_tokens: 5, output_tokens: count }).usage).toBeNull();
  });
  test.each([-1, 1.5, "5", 2 ** 53, true])("a detail of %j", (count) => {
    const plain = { prompt_tokens: 9, completion_tokens: 9 };
    for (const name of ["cached_tokens", "audio_tokens", "cache_write_tokens"]) {
      expect(chat({ ...plain, prompt_tokens_details: { [name]: count } }).usage).toBeNull();
    }
    expect(chat({ ...plain, completion_tokens_details: { audio_tokens: count } }).usage).toBeNull();
    const other = { input_tokens: 9, output_tokens: 9 };
    expect(messages({ ...other, cache_read_input_tokens: count }).usage).toBeNull();
    expect(
      messages({ ...other, server_tool_use: { web_search_requests: count } }).usage,
    ).toBeNull();
    expect(messages({ ...other, iterations: [{ input_tokens: count }] }).usage).toBeNull();
    expect(messages({ ...other, iterations: [count] }).usage).toBeNull();
  });
  test("details that are no objects", () => {
    const plain = { prompt_tokens: 9, completion_tokens: 9 };
    expect(chat({ ...plain, prompt_tokens_details: "x" }).usage).toBeNull();
    expect(messages({ input_tokens: 9, output_tokens: 9, iterations: {} }).usage).toBeNull();
  });
  test("less output than the text could be made of", () => {
    const long = "x".repeat(5000);
    const small = { prompt_tokens: 9, completion_tokens: 3 };
    expect(chat(small, { choices: [choice(long)] }).usage).toBeNull();
    expect(
      chat({ ...small, completion_tokens: 20 }, { choices: [choice(long)] }).usage,
    ).not.toBeNull();
    const content = [{ type: "text", text: long }];
    expect(messages({ input_tokens: 9, output_tokens: 3 }, { content }).usage).toBeNull();
    expect(messages({ input_tokens: 9, output_tokens: 20 }, { content }).usage).not.toBeNull();
  });
});

describe("whole answers", () => {
  test("that hit the cap say so", () => {
    const choices = [choice("a"), choice("b", "length")];
    expect(chat(null, { choices }).capped).toBe(true);
    expect(chat(null).capped).toBe(false);
    expect(messages(null, { stop_reason: "max_tokens" }).capped).toBe(true);
    expect(messages(null).capped).toBe(false);
  });
  test.each([
    [
      "openai-chat",
      '{"error":{"message":"no","type":"t","code":"c"}}',
      { type: "t", message: "no" },
    ],
    ["openai-chat", '{"error":{"message":"no","code":"c"}}', { type: "c", message: "no" }],
    ["openai-chat", '{"error":{"message":"no"}}', { type: "error", message: "no" }],
    [
      "anthropic-messages",
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      { type: "overloaded_error", message: "Overloaded" },
    ],
  ] as const)("%s: %s is an error of the provider", (format, text, error) => {
    expect(FORMATS[format].answer(text, text.length)).toEqual({
      usage: null,
      capped: false,
      error,
      complete: true,
      bytes: text.length,
      textFrames: 0,
      toolCalls: [],
    });
  });
  test.each([
    "",
    "<html>502 Bad Gateway</html>",
    "{",
    "[]",
    "null",
    '{"error":"text"}',
    '{"detail":"x"}',
    '{"choices":{}}',
    '{"type":"message"}',
    '{"type":"message","content":"x"}',
  ])("%j is neither an answer nor an error", (text) => {
    for (const format of ["openai-chat", "anthropic-messages"] as const) {
      const summary = FORMATS[format].answer(text, text.length);
      expect(summary).toMatchObject({ usage: null, error: null, complete: false });
    }
  });
  test("bytes are those of the wire", () => {
    expect(FORMATS["openai-chat"].answer('{"é":1}', 8).bytes).toBe(8);
  });
  test("nothing that a provider sends makes reading throw", () => {
    const keys = "usage choices content error type stop_reason iterations prompt_tokens message";
    const key = fc.constantFrom(...keys.split(" "));
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), fc.string(), (body, garbage) => {
        for (const text of [JSON.stringify(body), garbage]) {
          FORMATS["openai-chat"].answer(text, text.length);
          FORMATS["anthropic-messages"].answer(text, text.length);
        }
      }),
    );
  });
});
