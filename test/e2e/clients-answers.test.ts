/** What the official clients get through the gateway is what they would get without it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SENTENCE } from "../../src/adapters/provider/simulated/plan.ts";
import { expectRefusal, raised } from "./client-errors.ts";
import { HOUSE_MODEL, MODEL, openWorld, PROVIDER_KEY, type World } from "./clients-world.ts";
import {
  type Answered,
  type Ask,
  CLIENTS,
  type Client,
  type Json,
  type Outcome,
  stopClients,
  WEATHER_PARAMETERS,
} from "./official-clients.ts";

/** A tool that the agent runs itself. */
const WEATHER = { allowed_tools: [{ tool_name: "weather" }] };

let world: World;

beforeAll(async () => {
  world = await openWorld({
    agents: {
      worker: WEATHER,
      capped: { limits: { max_output_tokens: 5000 } },
      strict: { ...WEATHER, strict: true },
      toolless: {},
    },
    more: { tool_servers: { own: { kind: "agent", tools: { weather: { effect: "read" } } } } },
  });
});

afterAll(async () => {
  stopClients();
  await world.close();
});

beforeEach(() => {
  world.upstream.control(null);
  world.upstream.setScript({ toolCalls: [], outputTokens: 30, fault: null, faultEvery: 0 });
});

/** The answer of a client that raised nothing. */
function answered(outcome: Outcome): Answered {
  if (outcome.kind === "raised") throw new Error(`raised ${JSON.stringify(outcome)}`);
  return outcome;
}

/** The body of the last request that reached the provider, and what came with it. */
function sent(): { body: Json; headers: Json; path: string } {
  const last = world.upstream.recorded().at(-1);
  if (last === undefined) throw new Error("nothing reached the provider");
  return { ...last, body: JSON.parse(Buffer.from(last.body).toString()) };
}

const textOf = (client: Client, answer: Json): string =>
  client.family === "openai"
    ? answer.choices[0].message.content
    : answer.content.map((block: Json) => block.text ?? "").join("");

const CALLS = [
  { name: "weather", arguments: { city: "Brno" } },
  { name: "weather", arguments: { city: 'Zlín "1/2"\n\u{1f327}', days: 3, deep: [{ a: null }] } },
];

function tools(client: Client): Record<string, unknown> {
  const { family } = client;
  const parameters = WEATHER_PARAMETERS;
  return family === "openai"
    ? { tools: [{ type: "function", function: { name: "weather", parameters } }] }
    : { tools: [{ name: "weather", input_schema: parameters }] };
}

describe.each(CLIENTS)("$name", (client) => {
  const ask = (changes: Partial<Ask> = {}, body: Record<string, unknown> = {}) =>
    client.ask(world.ask(client, changes, body));

  test("reads a whole answer with its usage, and every header of ours", async () => {
    const { answer, headers } = answered(await ask());
    expect(textOf(client, answer)).toContain(SENTENCE);
    expect(answer.model).toBe(MODEL);
    expect(answer.usage).toMatchObject(
      client.family === "openai" ? { completion_tokens: 30 } : { output_tokens: 30 },
    );
    expect(headers).toMatchObject({
      "x-slipclutch-decision": expect.stringMatching(/^d-/),
      "x-slipclutch-task": expect.stringMatching(/^unnamed:key_/),
      "x-slipclutch-budget-remaining-usd": expect.stringMatching(/^9\d\d\.\d+$/),
    });
    expect(headers["x-slipclutch-narrowed"]).toBe(undefined);
  });

  test("keeps its key to itself: the provider gets its own", async () => {
    await ask();
    const { headers } = sent();
    const seen = JSON.stringify(headers);
    expect(seen).toContain(PROVIDER_KEY);
    expect(seen).not.toContain(world.key("worker"));
  });

  test("reads the same in a stream, frame by frame and by its helper", async () => {
    const whole = answered(await ask()).answer;
    const helped = answered(await ask({ mode: "helper" })).answer;
    expect(textOf(client, helped)).toBe(textOf(client, whole));
    const { frames, headers } = answered(await ask({ mode: "frames" }));
    const pieces = frames.map((frame) =>
      client.family === "openai" ? frame.choices[0].delta.content : frame.delta?.text,
    );
    expect(pieces.filter((piece) => piece).join("")).toBe(textOf(client, whole));
    expect(headers["x-slipclutch-decision"]).toMatch(/^d-/);
  });

  test("is answered by the provider inside the gateway just so", async () => {
    const model = { model: HOUSE_MODEL };
    const before = world.upstream.received();
    const whole = answered(await ask({}, model)).answer;
    const helped = answered(await ask({ mode: "helper" }, model)).answer;
    expect(textOf(client, whole)).toContain(SENTENCE);
    expect(textOf(client, helped)).toBe(textOf(client, whole));
    const called = answered(await ask({}, { ...model, ...tools(client) })).answer;
    expect(callsOf(client, called)).toEqual([{ city: "Brno" }]);
    expect(world.upstream.received()).toBe(before);
  });

  test.each(["whole", "helper"] as const)("gets parallel tool calls intact: %s", async (mode) => {
    world.upstream.setScript({ toolCalls: CALLS });
    const { answer } = answered(await ask({ mode }, tools(client)));
    expect(callsOf(client, answer)).toEqual(CALLS.map((call) => call.arguments));
    expect(client.family === "openai" ? answer.choices[0].finish_reason : answer.stop_reason).toBe(
      client.family === "openai" ? "tool_calls" : "tool_use",
    );
    expect(sent().body.tools).toEqual(tools(client).tools);
  });

  test("runs its tool in its loop and ends with the answer that follows", async () => {
    world.upstream.setScript({ toolCalls: CALLS.slice(0, 1) });
    const before = world.upstream.received();
    const { answer, ran } = answered(await ask({ mode: "loop" }, tools(client)));
    expect(ran).toEqual([{ city: "Brno" }]);
    expect(textOf(client, answer)).toContain(SENTENCE);
    expect(world.upstream.received()).toBe(before + 2);
  });

  test("sends its own cap on, and none of its bytes is changed but what has to be", async () => {
    answered(await ask({ extra: { temperature: 0.5 } }));
    const { body } = sent();
    expect(body).toMatchObject({ ...world.ask(client).body, temperature: 0.5 });
  });

  test("is told when its answer hit the cap", async () => {
    const cap = client.family === "openai" ? "max_completion_tokens" : "max_tokens";
    const { answer } = answered(await ask({}, { [cap]: 7 }));
    expect(client.family === "openai" ? answer.choices[0].finish_reason : answer.stop_reason).toBe(
      client.family === "openai" ? "length" : "max_tokens",
    );
    expect(answer.usage).toMatchObject(
      client.family === "openai" ? { completion_tokens: 7 } : { output_tokens: 7 },
    );
  });

  test("is told in a header when its cap was narrowed", async () => {
    const cap = client.family === "openai" ? "max_completion_tokens" : "max_tokens";
    const { headers } = answered(await ask({ key: world.key("capped") }, { [cap]: 6000 }));
    expect(headers["x-slipclutch-narrowed"]).toBe("max_output_tokens=5000");
    expect(sent().body[cap]).toBe(5000);
  });

  test.each([
    ["header", (name: string) => ({ headers: { "x-slipclutch-task": name } })],
    ["path", (name: string) => ({ baseUrl: world.base(client.family, name) })],
  ])("names its task by %s", async (how, naming) => {
    const name = `${how}-${client.language}-${client.family}`;
    const { headers } = answered(await ask(naming(name)));
    expect(headers["x-slipclutch-task"]).toBe(name);
    const tasks = await (await world.gateway.api("GET", "/api/v1/tasks?agent=worker")).json();
    expect(tasks).toContainEqual(expect.objectContaining({ task: name }));
  });

  test("is understood with one /v1 too many and with one too few", async () => {
    const bare = world.base(client.family).replace(/\/v1$/, "");
    for (const baseUrl of [bare, `${bare}/v1`, `${bare}/v1/`, `${bare}/v1/v1`]) {
      if (client.family === "anthropic" && baseUrl.endsWith("/v1/v1")) continue;
      const { answer } = answered(await ask({ baseUrl }));
      expect(textOf(client, answer)).toContain(SENTENCE);
    }
  });

  test("is known by x-api-key as by Bearer", async () => {
    const key = world.key("worker");
    for (const headers of [
      { Authorization: null, "x-api-key": key },
      { Authorization: `Bearer ${key}`, "x-api-key": null },
      { Authorization: `bearer ${key}`, "x-api-key": key },
    ]) {
      const { answer } = answered(await ask({ headers }));
      expect(textOf(client, answer)).toContain(SENTENCE);
    }
  });
});

/** The weather, and a tool that nobody granted. */
function twoTools(client: Client): Json[] {
  const [weather] = tools(client).tools as Json[];
  const danger: Json = structuredClone(weather);
  (danger.function ?? danger).name = "delete_everything";
  return [danger, weather];
}

/** The choice of one tool by its name, as each format spells it. */
function choiceOf({ family }: Client, name: string): Json {
  return family === "openai" ? { type: "function", function: { name } } : { type: "tool", name };
}

describe.each(CLIENTS)("tools that $name offers", (client) => {
  const ask = (changes: Partial<Ask> = {}, body: Record<string, unknown> = {}) =>
    client.ask(world.ask(client, changes, body));

  test.each(["whole", "frames"] as const)("are sent on where granted: %s", async (mode) => {
    world.upstream.setScript({ toolCalls: CALLS });
    const offered = twoTools(client);
    const { headers } = answered(await ask({ mode }, { tools: offered }));
    expect(sent().body.tools).toEqual(offered.slice(1));
    expect(headers["x-slipclutch-narrowed"]).toBe("tools_removed=1");
  });

  test("are all sent on where all are granted, and no header says otherwise", async () => {
    const { headers } = answered(await ask({}, tools(client)));
    expect(sent().body.tools).toEqual(tools(client).tools);
    expect(headers["x-slipclutch-narrowed"]).toBe(undefined);
  });

  test("are left out with the choice among them where none is granted", async () => {
    const choice = { tool_choice: choiceOf(client, "weather") };
    const offered = { ...tools(client), ...choice };
    const { headers } = answered(await ask({ key: world.key("toolless") }, offered));
    expect(sent().body).not.toHaveProperty("tools");
    expect(sent().body).not.toHaveProperty("tool_choice");
    expect(headers["x-slipclutch-narrowed"]).toBe("tools_removed=1");
  });

  test("are the model's to choose where the one that was chosen is taken out", async () => {
    const tool_choice = choiceOf(client, "delete_everything");
    answered(await ask({}, { tools: twoTools(client), tool_choice }));
    expect(sent().body.tool_choice).toEqual(client.family === "openai" ? "auto" : { type: "auto" });
  });

  test("may be chosen by name where they are granted", async () => {
    const tool_choice = choiceOf(client, "weather");
    answered(await ask({}, { tools: twoTools(client), tool_choice }));
    expect(sent().body.tool_choice).toEqual(tool_choice);
  });

  test("refuse a strict agent's request where one is not granted", async () => {
    const before = world.upstream.received();
    const strict = { key: world.key("strict") };
    for (const mode of ["whole", "frames", "helper"] as const) {
      const outcome = await ask({ ...strict, mode }, { tools: twoTools(client) });
      expectRefusal(client, raised(outcome), "manifest.unknown-tool");
    }
    expect(world.upstream.received()).toBe(before);
    answered(await ask(strict, tools(client)));
  });
});

function callsOf(client: Client, answer: Json): readonly unknown[] {
  if (client.family === "anthropic") {
    return answer.content.flatMap((block: Json) => (block.type === "tool_use" ? block.input : []));
  }
  return answer.choices[0].message.tool_calls.map((call: Json) =>
    JSON.parse(call.function.arguments),
  );
}

describe.each(CLIENTS.filter(({ family }) => family === "openai"))("$name", (client) => {
  const ask = (changes: Partial<Ask> = {}, body: Record<string, unknown> = {}) =>
    client.ask(world.ask(client, changes, body));

  test("sees the usage frame only if it asked for it", async () => {
    const unasked = answered(await ask({ mode: "frames" }));
    expect(unasked.frames.length).toBeGreaterThan(3);
    for (const frame of unasked.frames) {
      expect(frame.choices.length).toBe(1);
      expect(frame.usage ?? null).toBe(null);
    }
    expect(sent().body.stream_options).toEqual({ include_usage: true });

    const asked = { stream_options: { include_usage: true } };
    const { frames } = answered(await ask({ mode: "frames" }, asked));
    expect(frames.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 30 } });
    expect(frames.length).toBe(unasked.frames.length + 1);
  });

  test("may use either spelling of the cap; the provider gets the one that it honours", async () => {
    const question = world.ask(client).body;
    const { max_completion_tokens: _, ...body } = question;
    const spelled = { ...world.ask(client), body: { ...body, max_tokens: 9 } };
    const { answer } = answered(await client.ask(spelled));
    expect(answer.usage.completion_tokens).toBe(9);
    expect(sent().body.max_completion_tokens).toBe(9);
    expect(sent().body.max_tokens).toBe(undefined);
  });

  test("gets as many choices as it asked for", async () => {
    const { answer } = answered(await ask({}, { n: 3 }));
    expect(answer.choices.map((choice: Json) => choice.index)).toEqual([0, 1, 2]);
  });

  test("lists the models", async () => {
    const listed = await fetch(`${world.base("openai")}/models`, {
      headers: { authorization: `Bearer ${world.key("worker")}` },
    });
    const { data } = (await listed.json()) as Json;
    expect(data.map(({ id }: Json) => id)).toContain(HOUSE_MODEL);
  });
});

describe.each(CLIENTS.filter(({ family }) => family === "anthropic"))("$name", (client) => {
  test("keeps its thinking budget below a cap that is narrowed, and above the least", async () => {
    const thinking = { type: "enabled", budget_tokens: 6000 };
    const ask = world.ask(client, { key: world.key("capped") }, { max_tokens: 8000, thinking });
    answered(await client.ask(ask));
    expect(sent().body).toMatchObject({
      max_tokens: 5000,
      thinking: { type: "enabled", budget_tokens: 4999 },
    });
  });

  test("sends a thinking budget that fits as it is", async () => {
    const thinking = { type: "enabled", budget_tokens: 2000 };
    const ask = world.ask(client, { key: world.key("capped") }, { max_tokens: 4000, thinking });
    answered(await client.ask(ask));
    expect(sent().body).toMatchObject({ max_tokens: 4000, thinking });
  });

  test("has its version passed on", async () => {
    answered(await client.ask(world.ask(client)));
    expect(sent().headers["anthropic-version"]).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(sent().path).toBe("/v1/messages");
  });
});
