import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { SENTENCE } from "../../src/adapters/provider/simulated/plan.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";

let upstream: SimulatedUpstream;

beforeEach(async () => {
  upstream = await simulatedUpstream({ clock: systemClock });
});

afterEach(() => upstream.close());

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

const MODEL = "simulated-small";
const PARAMETERS = { type: "object", properties: { city: { type: "string" } } } as const;
const WEATHER = { name: "weather", arguments: { city: "Brno" } };

describe("the official OpenAI client", () => {
  const client = () => new OpenAI({ baseURL: `${upstream.url}/v1`, apiKey: "none", maxRetries: 0 });
  const ask = (tokens?: number) => ({
    model: MODEL,
    messages: [{ role: "user" as const, content: "hello" }],
    ...(tokens === undefined ? {} : { max_completion_tokens: tokens }),
  });
  const tools = [
    { type: "function" as const, function: { name: "weather", parameters: { ...PARAMETERS } } },
  ];

  test("reads a whole answer, which says that it is simulated, and its usage", async () => {
    const { data, response } = await client().chat.completions.create(ask()).withResponse();
    expect(data.choices[0]?.message.content).toContain(SENTENCE);
    expect(data.choices[0]?.finish_reason).toBe("stop");
    expect(data.model).toBe(MODEL);
    expect(response.headers.get("x-slipclutch-simulated")).toBe("true");
    expect(upstream.billed().get(MODEL)).toEqual({
      requests: 1,
      input: data.usage?.prompt_tokens,
      output: data.usage?.completion_tokens,
    });
  });

  test("reads a stream with usage as it reads the whole answer", async () => {
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const stream = client().chat.completions.stream({ ...ask(), ...options });
    const streamed = await stream.finalChatCompletion();
    const whole = await client().chat.completions.create(ask());
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(streamed.usage?.completion_tokens).toBe(whole.usage?.completion_tokens);
  });

  test("sees usage in a stream only when it asked", async () => {
    const stream = await client().chat.completions.create({ ...ask(), stream: true });
    for await (const chunk of stream) {
      expect(chunk.choices.length).toBe(1);
      expect(chunk.usage).toBe(undefined);
    }
  });

  test("is told that the cap was hit, and billed no more than the cap", async () => {
    for (const tokens of [1, 2, 7]) {
      const { choices, usage } = await client().chat.completions.create(ask(tokens));
      expect(choices[0]?.finish_reason).toBe("length");
      expect(usage?.completion_tokens).toBe(tokens);
    }
  });

  test("gets as many choices as it asked for, each billed", async () => {
    const { choices, usage } = await client().chat.completions.create({ ...ask(5), n: 3 });
    expect(choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(usage?.completion_tokens).toBe(15);
  });

  test("runs a scripted tool and ends its loop with the next answer", async () => {
    upstream.setScript({ toolCalls: [WEATHER] });
    for (const stream of [false, true]) {
      const seen: unknown[] = [];
      const answer = (given: unknown) => {
        seen.push(given);
        return "9";
      };
      const run = { parse: JSON.parse, function: answer };
      const tool = { type: "function" as const, function: { ...tools[0]?.function, ...run } };
      const body = {
        ...ask(),
        tools: [{ ...tool, function: { ...tool.function, ...PARAMETERS } }],
      };
      // The helper's overloads cannot be chosen by a value that is only known when this runs.
      const runner = client().chat.completions.runTools({ ...body, stream } as never);
      expect(await runner.finalContent()).toContain(SENTENCE);
      expect(seen).toEqual([WEATHER.arguments]);
    }
    expect(upstream.received()).toBe(4);
  });

  test("is never sent a call of a tool that it did not offer", async () => {
    upstream.setScript({ toolCalls: [WEATHER] });
    const { choices } = await client().chat.completions.create(ask());
    expect(choices[0]?.message.tool_calls).toBe(undefined);
    expect(choices[0]?.finish_reason).toBe("stop");
  });

  test("raises what it should for scripted errors and bad requests", async () => {
    upstream.setScript({ fault: "error-500", faultEvery: 2 });
    await client().chat.completions.create(ask());
    await expect(client().chat.completions.create(ask())).rejects.toThrow(
      OpenAI.InternalServerError,
    );
    upstream.setScript({ fault: "error-429", faultEvery: 1 });
    await expect(client().chat.completions.create(ask())).rejects.toThrow(OpenAI.RateLimitError);
    upstream.setScript({ faultEvery: 0 });
    await expect(client().chat.completions.create(ask(-1))).rejects.toThrow(OpenAI.BadRequestError);
    expect(upstream.billed().get(MODEL)?.requests).toBe(1);
  });
});

describe("the official Anthropic client", () => {
  const client = () => new Anthropic({ baseURL: upstream.url, apiKey: "none", maxRetries: 0 });
  const ask = (tokens = 1_000) => ({
    model: MODEL,
    max_tokens: tokens,
    messages: [{ role: "user" as const, content: "hello" }],
  });
  const tools = [{ name: "weather", input_schema: { ...PARAMETERS } }];

  test("reads a whole answer, which says that it is simulated, and its usage", async () => {
    const { data, response } = await client().messages.create(ask()).withResponse();
    expect(data.content[0]).toMatchObject({ type: "text" });
    expect(JSON.stringify(data.content)).toContain(SENTENCE);
    expect(data.stop_reason).toBe("end_turn");
    expect(response.headers.get("x-slipclutch-simulated")).toBe("true");
    expect(upstream.billed().get(MODEL)).toEqual({
      requests: 1,
      input: data.usage.input_tokens,
      output: data.usage.output_tokens,
    });
  });

  test("reads a stream as it reads the whole answer", async () => {
    const streamed = await client().messages.stream(ask()).finalMessage();
    const whole = await client().messages.create(ask());
    expect(streamed.content[0]).toMatchObject({
      text: textOf(whole),
    });
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
    expect(streamed.stop_reason).toBe("end_turn");
  });

  test("is told that the cap was hit, and billed no more than the cap", async () => {
    for (const tokens of [1, 2, 7]) {
      const { stop_reason, usage } = await client().messages.create(ask(tokens));
      expect(stop_reason).toBe("max_tokens");
      expect(usage.output_tokens).toBe(tokens);
    }
  });

  test("gets a scripted tool call, whole and streamed, and then the answer", async () => {
    upstream.setScript({ toolCalls: [WEATHER] });
    const whole = await client().messages.create({ ...ask(), tools });
    const streamed = await client()
      .messages.stream({ ...ask(), tools })
      .finalMessage();
    for (const message of [whole, streamed]) {
      expect(message.stop_reason).toBe("tool_use");
      expect(message.content[1]).toMatchObject({
        type: "tool_use",
        name: "weather",
        input: WEATHER.arguments,
      });
    }
    const id = whole.content[1]?.type === "tool_use" ? whole.content[1].id : "";
    const result = { type: "tool_result" as const, tool_use_id: id, content: "9" };
    const turns = [
      { role: "assistant" as const, content: whole.content },
      { role: "user" as const, content: [result] },
    ];
    const messages = [...ask().messages, ...turns];
    const last = await client().messages.create({ ...ask(), messages, tools });
    expect(last.stop_reason).toBe("end_turn");
  });

  test("raises what it should for scripted errors", async () => {
    upstream.setScript({ fault: "error-500", faultEvery: 1 });
    await expect(client().messages.create(ask())).rejects.toThrow(Anthropic.InternalServerError);
    upstream.setScript({ fault: "error-429", faultEvery: 1 });
    await expect(client().messages.create(ask())).rejects.toThrow(Anthropic.RateLimitError);
    expect(upstream.billed().size).toBe(0);
  });
});

describe("what the upstream bills", () => {
  const post = (body: Record<string, unknown>) =>
    fetch(`${upstream.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "hi" }], ...body }),
      // What comes is compared below, field by field.
    }).then((response) => response.json() as Promise<{ usage?: Record<string, number> }>);

  test("overbilling multiplies both counts, in the usage and in the bill", async () => {
    const { usage: fair } = await post({ max_tokens: 4 });
    upstream.control(() => ({ kind: "script", overbill: 5 }));
    const { usage: unfair } = await post({ max_tokens: 4 });
    expect(unfair?.completion_tokens).toBe(20);
    expect(unfair?.prompt_tokens).toBe((fair?.prompt_tokens ?? 0) * 5);
    expect(upstream.billed().get(MODEL)?.output).toBe(24);
  });

  test("an upstream told to ignore the cap bills what its script says", async () => {
    upstream.control(() => ({ kind: "script", ignoreCap: true, outputTokens: 400 }));
    const { usage } = await post({ max_tokens: 4 });
    expect(usage?.completion_tokens).toBe(400);
  });

  test("an answer without usage is billed all the same", async () => {
    upstream.control(() => ({ kind: "script", fault: "no-usage", faultEvery: 1 }));
    const { usage } = await post({ max_tokens: 4 });
    expect(usage).toBe(undefined);
    expect(upstream.billed().get(MODEL)).toMatchObject({ requests: 1, output: 4 });
  });

  test("a reset is billed, for a real provider may have done the work", async () => {
    upstream.control(() => ({ kind: "script", fault: "reset", faultEvery: 1 }));
    await expect(post({ max_tokens: 4 })).rejects.toThrow();
    expect(upstream.billed().get(MODEL)).toMatchObject({ requests: 1, output: 4 });
  });
});
