/** Models and providers that answer with calls of tools as nobody should. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { booksOf, until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import {
  chatFrames,
  messageFrames,
  messageText,
  type Play,
  type ScriptedModel,
  scriptedModel,
} from "../support/scripted-model.ts";

// biome-ignore lint/suspicious/noExplicitAny: whatever was sent
type Json = any;

let model: ScriptedModel;
let gateway: TestGateway;

const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 10_000 };

beforeAll(async () => {
  model = await scriptedModel();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
          anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
        },
        tool_servers: { own: { kind: "agent", tools: { weather: { effect: "read" } } } },
        breakers: [{ name: "tool-surge", enabled: false }],
        budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }],
      },
      "prices.yaml": { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [
          { tool_name: "weather", arguments: { properties: { city: { enum: ["Oslo"] } } } },
        ],
      },
    },
  });
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
});

const CHAT = "/v1/chat/completions";
const MESSAGES = "/v1/messages";
let asked = 0;
const ask = (path: string, stream: boolean, signal: AbortSignal | null = null) => {
  asked += 1;
  const messages = [{ role: "user", content: `Question ${asked}` }];
  const tools =
    path === CHAT
      ? [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }]
      : [{ name: "weather", input_schema: { type: "object" } }];
  return fetch(gateway.agentUrl + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.agentKey}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ model: "m", max_tokens: 9_000, messages, tools, stream }),
    signal,
  });
};

const sends =
  (type: string, ...parts: readonly string[]): Play =>
  (_, response) => {
    response.writeHead(200, { "content-type": type });
    for (const part of parts) response.write(part);
    response.end();
  };
const hangsUp: Play = (_, response) => {
  response.destroy();
};
const JSON_TYPE = "application/json";
const STREAM_TYPE = "text/event-stream";

const DEEP = `{"x":${"[".repeat(6_000)}${"]".repeat(6_000)}}`;
const ENOUGH = { text: "Then I shall not." };

/** Nothing is left of a call in memory, and the gateway goes on. */
async function allIsWell(): Promise<void> {
  const metrics = await (await gateway.api("GET", "/metrics")).text();
  expect(metrics).toMatch(/slipclutch_calls_in_flight(\{[^}]*\})? 0\n/);
  await until(
    () => booksOf(gateway),
    ({ reserved }) => reserved === 0n,
  );
  expect(gateway.process.exitCode).toBeNull();
}

test.each([
  ["messages, whole", MESSAGES, false],
  ["messages, streamed", MESSAGES, true],
  ["chat, whole", CHAT, false],
  ["chat, streamed", CHAT, true],
] as const)(
  "%s: arguments of any depth are refused, and stop nothing",
  async (_is, path, stream) => {
    model.plays({ calls: [{ name: "weather", arguments: DEEP }] }, ENOUGH);
    const answer = await ask(path, stream);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(stream ? "Then I" : ENOUGH.text);
    expect(model.requests).toHaveLength(2);
    await allIsWell();
  },
);

test("depth outside of the arguments is an answer that nobody can read", async () => {
  const text = messageText({ calls: [{ name: "wipe", arguments: "{}" }] });
  model.plays(sends(JSON_TYPE, text.replace("{", `{"more":${DEEP},`)));
  expect((await ask(MESSAGES, false)).status).toBe(502);
  await allIsWell();
});

test("a call in disguise and the end of the stream in one write: the client has neither", async () => {
  const [role = "", ...rest] = chatFrames({ calls: [{ name: "wipe", arguments: "{}" }] });
  const [start = "", ...more] = messageFrames({ calls: [{ name: "wipe", arguments: "{}" }] });
  const chat = role + rest.join("").replaceAll('"delta"', '"message"');
  const messages = start + more.join("").replaceAll("event: content_block_start\n", "");
  for (const [path, frames] of [
    [CHAT, chat],
    [MESSAGES, messages],
  ] as const) {
    model.plays(sends(STREAM_TYPE, frames));
    const text = await (await ask(path, true)).text();
    expect(text).toContain("event: error");
    expect(text).toContain("manifest.arguments");
    expect(text).not.toContain("wipe");
    expect(text).not.toContain("[DONE]");
    expect(text).not.toContain("message_stop");
  }
  await allIsWell();
});

test("an escaped name is decided like a plain one, in streams and whole answers", async () => {
  const calls = [{ name: "wipe", arguments: "{}" }];
  const disguised = chatFrames({ text: "Hi", calls })
    .join("")
    .replaceAll("tool_calls", "tool_\\u0063alls");
  model.plays(sends(STREAM_TYPE, disguised));
  const streamed = await (await ask(CHAT, true)).text();
  expect(streamed).toContain("The call to wipe was refused");
  expect(streamed).not.toContain('"name":"wipe"');
  const whole = messageText({ text: "Hi", calls }).replaceAll("tool_use", "tool\\u005fuse");
  model.plays(sends(JSON_TYPE, whole), ENOUGH);
  const answer = (await (await ask(MESSAGES, false)).json()) as Json;
  expect(answer.content).toEqual([{ type: "text", text: ENOUGH.text }]);
});

test("a stream where a whole answer was asked for is decided too, and the reverse is none", async () => {
  const calls = [{ name: "wipe", arguments: "{}" }];
  model.plays(sends(STREAM_TYPE, ...chatFrames({ text: "Hi", calls })));
  const text = await (await ask(CHAT, false)).text();
  expect(text).toContain("The call to wipe was refused");
  expect(text).not.toContain('"name":"wipe"');
  model.plays(sends(JSON_TYPE, messageText({ calls })));
  const none = await ask(MESSAGES, true);
  expect(none.status).toBe(502);
  expect(await none.text()).not.toContain("wipe");
});

test("whatever the second answer is, the first stands, and each round is settled once", async () => {
  const calls = [{ name: "wipe", arguments: "{}" }];
  const half = chatFrames({ text: "Half" }).slice(0, 1);
  const seconds: readonly (readonly [Play, boolean])[] = [
    [sends(JSON_TYPE, "{"), true],
    [sends(JSON_TYPE, "{"), false],
    [sends(STREAM_TYPE, ...half), true],
    [sends(STREAM_TYPE, ...half), false],
    [sends(JSON_TYPE, messageText({ calls })), false],
    [hangsUp, false],
    [hangsUp, true],
  ];
  for (const [second, stream] of seconds) {
    const before = await settledCalls();
    model.plays({ calls }, second);
    const answer = await ask(CHAT, stream);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("The call to wipe was refused");
    expect(model.requests).toHaveLength(2);
    await until(settledCalls, (settled) => settled === before + 2);
    await allIsWell();
  }
});

async function settledCalls(): Promise<number> {
  const metrics = await (await gateway.api("GET", "/metrics")).text();
  const counts = [
    ...metrics.matchAll(/^slipclutch_calls_total\{.*"(?:ok|fault|aborted)"\} (\d+)$/gm),
  ];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

test("a client may hang up in any state: each round is settled, and nothing is left of it", async () => {
  const calls = [{ name: "wipe", arguments: "{}" }];
  const begun = chatFrames({ text: "Hi", calls }).slice(0, -3);
  const waits: Play = () => new Promise(() => {});
  const holds: Play = (_, response) => {
    response.writeHead(200, { "content-type": STREAM_TYPE });
    response.write(begun.join(""));
  };
  const states: readonly (readonly [plays: readonly Play[], rounds: number, stream: boolean])[] = [
    [[holds], 1, true],
    [[{ calls }, waits], 2, true],
    [[{ calls }, waits], 2, false],
    [[{ calls }, holds], 2, true],
  ];
  for (const [plays, rounds, stream] of states) {
    const before = await settledCalls();
    model.plays(...plays);
    const abort = new AbortController();
    const gone = ask(CHAT, stream, abort.signal)
      .then((answer) => answer.text())
      .catch(() => "gone");
    await until(
      () => model.requests.length,
      (count) => count === rounds,
    );
    abort.abort();
    await gone;
    model.hangUp();
    await until(settledCalls, (settled) => settled === before + rounds);
    await until(inFlight, (count) => count === 0);
    await until(
      () => booksOf(gateway),
      ({ reserved }) => reserved === 0n,
    );
  }
  await allIsWell();
});

async function inFlight(): Promise<number> {
  const metrics = await (await gateway.api("GET", "/metrics")).text();
  return Number(/^slipclutch_calls_in_flight (\d+)$/m.exec(metrics)?.[1]);
}
