/** Tool calls in models' answers: what an agent gets in place of those that are refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { booksOf, until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import {
  type Call,
  chatFrames,
  messageFrames,
  type Play,
  type Says,
  type ScriptedModel,
  scriptedModel,
} from "../support/scripted-model.ts";
import { CLIENTS, type Client, type Json, stopClients, TOOL_RESULT } from "./official-clients.ts";

let model: ScriptedModel;
let gateway: TestGateway;

const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };

function folder(url: string, more: Json = {}, budgets: readonly Json[] = []) {
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        openai: { kind: "openai", api_key: "k", base_url: url, models: ["m"] },
        anthropic: { kind: "anthropic", api_key: "k", base_url: url, models: ["m"] },
      },
      tool_servers: {
        own: { kind: "agent", tools: { weather: { effect: "read" }, wipe: { effect: "write" } } },
      },
      breakers: [{ name: "tool-surge", enabled: false }],
      budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }, ...budgets],
    },
    "prices.yaml": { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        { tool_name: "weather", arguments: { properties: { city: { enum: ["Oslo"] } } } },
      ],
      ...more,
    },
  };
}

async function open(more: Json = {}, budgets: readonly Json[] = []): Promise<TestGateway> {
  return startGateway({ config: folder(model.url, more, budgets) });
}

beforeAll(async () => {
  model = await scriptedModel();
  gateway = await open();
}, 60_000);

afterAll(async () => {
  stopClients();
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
});

const OSLO: Call = { name: "weather", arguments: '{"city":"Oslo"}', id: "call_oslo" };
const PARIS: Call = { name: "weather", arguments: '{"city":"Paris"}', id: "call_paris" };
const WIPE: Call = { name: "wipe", arguments: "{}", id: "call_wipe" };
const ENOUGH: Says = { text: "Then I shall not." };

const SCHEMA = { type: "object", properties: { city: { type: "string" } } };
const OFFERS = {
  openai: [{ type: "function", function: { name: "weather", parameters: SCHEMA } }],
  anthropic: [{ name: "weather", input_schema: SCHEMA }],
};
const MESSAGES = [{ role: "user", content: "How is the weather?" }];
const bodyOf = ({ family }: Pick<Client, "family">) => ({
  model: "m",
  max_tokens: 900,
  messages: MESSAGES,
  tools: OFFERS[family],
});

type Mode = "whole" | "helper";

async function asks(client: Client, mode: Mode, on = gateway): Promise<Json> {
  const baseUrl = client.family === "openai" ? `${on.agentUrl}/v1` : on.agentUrl;
  const ask = { baseUrl, key: on.agentKey, mode, body: bodyOf(client), retries: 0 };
  const outcome = await client.ask(ask);
  if (outcome.kind === "raised") throw new Error(`raised ${JSON.stringify(outcome)}`);
  return outcome.answer;
}

/** Text, calls and the reason of the end, however the client tells them. */
function told(client: Client, answer: Json) {
  if (client.family === "openai") {
    const [{ finish_reason: reason, message }] = answer.choices;
    const calls = (message.tool_calls ?? []).map((call: Json) => [
      call.id,
      call.function.name,
      JSON.parse(call.function.arguments),
    ]);
    return { text: message.content ?? "", calls, reason };
  }
  const text = answer.content.flatMap((block: Json) => block.text ?? []).join("\n");
  const calls = answer.content.flatMap(({ id, input, name, type }: Json) =>
    type === "tool_use" ? [[id, name, input]] : [],
  );
  return { text, calls, reason: answer.stop_reason };
}

const ended = (client: Client) => (client.family === "openai" ? "stop" : "end_turn");
const calling = (client: Client) => (client.family === "openai" ? "tool_calls" : "tool_use");
const LINE = "The call to weather was refused: The arguments do not fit";

describe.each(CLIENTS)("$name", (client) => {
  describe.each(["whole", "helper"] as const)("%s", (mode) => {
    test("calls that are granted come through as the model wrote them", async () => {
      model.plays({ text: "Let me see.", calls: [OSLO, { ...OSLO, id: "call_2" }] });
      const { calls, reason, text } = told(client, await asks(client, mode));
      expect(text).toBe("Let me see.");
      expect(calls).toEqual([
        ["call_oslo", "weather", { city: "Oslo" }],
        ["call_2", "weather", { city: "Oslo" }],
      ]);
      expect(reason).toBe(calling(client));
    });

    test("one that is refused is taken out, a line says so, the others stay", async () => {
      model.plays({ text: "Let me see.", calls: [PARIS, OSLO, WIPE] });
      const { calls, reason, text } = told(client, await asks(client, mode));
      expect(calls).toEqual([["call_oslo", "weather", { city: "Oslo" }]]);
      expect(reason).toBe(calling(client));
      expect(text).toContain("Let me see.");
      expect(text).toContain(LINE);
      expect(text).toContain("The call to wipe was refused: The tool is not granted");
      expect(model.requests).toHaveLength(1);
    });

    test("where all are refused and nothing was said, the model is told and asked again", async () => {
      model.plays({ calls: [PARIS, WIPE] }, ENOUGH);
      const { calls, reason, text } = told(client, await asks(client, mode));
      expect({ calls, reason, text }).toEqual({
        calls: [],
        reason: ended(client),
        text: ENOUGH.text,
      });
      const [, again] = model.requests;
      expect(again.messages.slice(0, 1)).toEqual(MESSAGES);
      const [turn, ...results] = again.messages.slice(1);
      expect(turn.role).toBe("assistant");
      if (client.family === "openai") {
        expect(turn.tool_calls.map(({ id }: Json) => id)).toEqual(["call_paris", "call_wipe"]);
        expect(results.map(({ role, tool_call_id: id }: Json) => [role, id])).toEqual([
          ["tool", "call_paris"],
          ["tool", "call_wipe"],
        ]);
        expect(results[0].content).toContain(LINE);
      } else {
        expect(turn.content.map(({ id }: Json) => id)).toEqual(["call_paris", "call_wipe"]);
        expect(results).toHaveLength(1);
        expect(results[0].content).toMatchObject([
          { type: "tool_result", tool_use_id: "call_paris", is_error: true },
          { type: "tool_result", tool_use_id: "call_wipe", is_error: true },
        ]);
        expect(results[0].content[0].content).toContain(LINE);
      }
    });

    test("the answer to that may call what is granted", async () => {
      model.plays({ calls: [PARIS] }, { calls: [OSLO] });
      const { calls, reason } = told(client, await asks(client, mode));
      expect(calls).toEqual([["call_oslo", "weather", { city: "Oslo" }]]);
      expect(reason).toBe(calling(client));
    });

    test("a model that insists has its answer ended with a line", async () => {
      model.plays({ calls: [PARIS] });
      const { calls, reason, text } = told(client, await asks(client, mode));
      expect(calls).toEqual([]);
      expect(reason).toBe(ended(client));
      expect(text).toContain(LINE);
      expect(model.requests).toHaveLength(2);
    });

    test("if asking again fails, the answer before stands, without its calls", async () => {
      const fails: Play = (_, response) => {
        response.writeHead(500, { "content-type": "application/json" });
        response.end('{"error":{"type":"api_error","message":"no"}}');
      };
      const breaks: Play = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.flushHeaders();
        response.destroy();
      };
      for (const play of [fails, breaks]) {
        model.plays({ calls: [PARIS] }, play);
        const { calls, reason, text } = told(client, await asks(client, mode));
        expect({ calls, reason }).toEqual({ calls: [], reason: ended(client) });
        expect(text).toContain(LINE);
      }
    });
  });

  test("in a stream that has said something, the line follows what was said", async () => {
    model.plays({ text: "Let me see.", calls: [PARIS] });
    const { calls, reason, text } = told(client, await asks(client, "helper"));
    expect({ calls, reason }).toEqual({ calls: [], reason: ended(client) });
    expect(text).toMatch(/^Let me see\.\n+The call to weather was refused/);
    expect(model.requests).toHaveLength(1);
  });

  test("its loop over tools never runs what is refused, and ends without an error", async () => {
    const baseUrl = client.family === "openai" ? `${gateway.agentUrl}/v1` : gateway.agentUrl;
    model.plays({ calls: [PARIS, OSLO] }, { calls: [PARIS] }, ENOUGH);
    const ask = { baseUrl, key: gateway.agentKey, mode: "loop", retries: 0 } as const;
    const outcome = await client.ask({ ...ask, body: bodyOf(client) });
    if (outcome.kind === "raised") throw new Error(`raised ${JSON.stringify(outcome)}`);
    expect(outcome.ran).toEqual([{ city: "Oslo" }]);
    expect(told(client, outcome.answer).text).toBe(ENOUGH.text);
    // What the loop has run, and what it was told of the rest, came back to the model.
    expect(JSON.stringify(model.requests.at(-1))).toContain(TOOL_RESULT);
  });
});

const [OPENAI] = CLIENTS.filter(({ family }) => family === "openai");
const [ANTHROPIC] = CLIENTS.filter(({ family }) => family === "anthropic");
if (OPENAI === undefined || ANTHROPIC === undefined) throw new Error("a client is missing");

describe("asking again", () => {
  test("costs what it costs: both calls are in the books, each with its own decision", async () => {
    model.plays({ calls: [PARIS] }, ENOUGH);
    const { spent: before } = await booksOf(gateway);
    await asks(OPENAI, "whole");
    // 10 tokens in and 20 out, twice, at a dollar a million.
    await until(
      () => booksOf(gateway),
      ({ spent }) => spent - before === 60_000n,
    );
  });

  test("does not happen without money left: the answer stands", async () => {
    const poor = await open({}, [
      { name: "calls", agent: "worker", limit_calls: 1, window: "lifetime" },
    ]);
    try {
      model.plays({ calls: [PARIS] }, ENOUGH);
      const { reason, text } = told(OPENAI, await asks(OPENAI, "helper", poor));
      expect(reason).toBe("stop");
      expect(text).toContain(LINE);
      expect(model.requests).toHaveLength(1);
    } finally {
      await poor.stop("SIGKILL");
      await forget(poor);
    }
  });

  test("happens as often as the manifest says", async () => {
    const patient = await open({ refusal_rounds: 3 });
    const curt = await open({ refusal_rounds: 0 });
    try {
      model.plays({ calls: [PARIS] });
      await asks(ANTHROPIC, "whole", patient);
      expect(model.requests).toHaveLength(4);
      model.plays({ calls: [PARIS] });
      await asks(ANTHROPIC, "helper", curt);
      expect(model.requests).toHaveLength(1);
    } finally {
      for (const one of [patient, curt]) {
        await one.stop("SIGKILL");
        await forget(one);
      }
    }
  });
});

describe("what cannot be decided before it has begun", () => {
  const events = (frames: readonly string[]): Play => {
    return (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const frame of frames) response.write(frame);
      response.end();
    };
  };
  const [role = "", ...chat] = chatFrames({ calls: [OSLO] });
  const chatLate = [
    ...chatFrames({ text: "Hi", calls: [OSLO] }),
    ...chatFrames({ calls: [WIPE] }).slice(1),
  ];
  const chatTwice = [
    role,
    ...chat.map((frame) => frame.replace('"index":0,"function"', '"index":"0","function"')),
  ];
  const block = messageFrames({ calls: [OSLO] });
  const messagesTwice = [...block.slice(0, -2), ...block.slice(2)];

  test.each([
    ["chat: a place that is no number", "openai", chatTwice],
    ["messages: two calls in one place", "anthropic", messagesTwice],
  ] as const)(
    "%s: an error frame, and no other answer for a minute",
    async (_is, family, frames) => {
      const path = family === "openai" ? "/v1/chat/completions" : "/v1/messages";
      const task = { "x-slipclutch-task": `t-${family}` };
      model.plays(events(frames), { text: "unchecked" });
      const ask = (stream: boolean) => gateway.call(path, { ...bodyOf({ family }), stream }, task);
      const text = await (await ask(true)).text();
      expect(text).toContain("event: error");
      expect(text).toContain("manifest.arguments");
      expect(text).not.toContain("Oslo");
      expect(text).not.toContain("[DONE]");
      expect(text).not.toContain("message_stop");
      const again = await ask(false);
      expect(again.status).toBe(403);
      expect(await again.json()).toMatchObject({ code: "manifest.arguments" });
      expect(model.requests).toHaveLength(1);
      const other = { ...bodyOf({ family }), messages: [{ role: "user", content: "another" }] };
      expect((await gateway.call(path, other, task)).status).toBe(200);
    },
  );

  test("a call after the end is held like the others", async () => {
    model.plays(events(chatLate));
    const body = { ...bodyOf({ family: "openai" }), stream: true };
    const text = await (await gateway.call("/v1/chat/completions", body)).text();
    expect(text).not.toContain('"name":"wipe"');
  });
});
