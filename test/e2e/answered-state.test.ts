/**
 * Tools that an agent runs itself and never asks about: rates, costs, approvals and counts of calls
 * are taken once, where the model's answer asks for them.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Call, type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are data here
type Json = any;

let model: ScriptedModel;
let gateway: TestGateway;
const keys: Record<string, string> = {};

const PRICE = { input: 0, output: 0, context_window: 100_000, max_output: 1_000 };
const HOUR = { requests: 2, per_seconds: 3600 };
const own = (tool_name: string, more: object = {}) => ({
  ...{ tool_name, server: "own", read_only: false },
  ...more,
});

const AGENTS: Readonly<Record<string, object>> = {
  rated: { allowed_tools: [own("search", { rate_limit: HOUR }), own("look")] },
  costly: { allowed_tools: [own("buy", { cost: { usd: 1 } })] },
  careful: { allowed_tools: [own("delete", { requires_approval: true })] },
  few: { allowed_tools: [own("look")], limits: { max_tool_calls: 2 } },
  paused: { allowed_tools: [own("look")] },
  surging: { allowed_tools: [own("look")] },
  asking: {
    allowed_tools: [{ tool_name: "ask", server: "asked", read_only: false, rate_limit: HOUR }],
  },
};

beforeAll(async () => {
  model = await scriptedModel();
  const manifests = Object.entries(AGENTS).map(([agent, manifest]) => {
    return [`agents/${agent}.yaml`, { version: 1, agent, refusal_rounds: 0, ...manifest }] as const;
  });
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
          anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
        },
        tool_servers: { own: { kind: "agent" }, asked: { kind: "agent", asks: true } },
        breakers: [
          { name: "stuck", enabled: false },
          { name: "tool-surge", enabled: false },
        ],
        budgets: [{ name: "all", each: "agent", limit_usd: 2.5, window: "lifetime" }],
      },
      "prices.yaml": { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } },
      ...Object.fromEntries(manifests),
    },
  });
  for (const agent of Object.keys(AGENTS)) {
    const made = await gateway.api("POST", "/api/v1/keys", { agent });
    keys[agent] = ((await made.json()) as Json).key;
  }
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
});

const call = (name: string, given: object = {}): Call => {
  return { name, arguments: JSON.stringify(given) };
};

interface Got {
  /** Names of the calls that are left. */
  readonly calls: readonly string[];
  readonly text: string;
  readonly reason: string;
}

const BODY = { model: "m", max_tokens: 900, messages: [{ role: "user", content: "x" }] };

async function ask(agent: string, calls: readonly Call[], stream = false): Promise<Got> {
  model.plays({ calls });
  const as = { authorization: `Bearer ${keys[agent]}`, "x-slipclutch-task": `t-${agent}` };
  const answer = await gateway.call("/v1/chat/completions", { ...BODY, stream }, as);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  if (!stream) {
    const [{ finish_reason: reason, message }] = JSON.parse(text).choices;
    const names = (message.tool_calls ?? []).map((one: Json) => one.function.name);
    return { calls: names, text: message.content ?? "", reason };
  }
  const frames = text.split("\n").filter((line) => line.startsWith("data: {"));
  const choices = frames.flatMap((line) => JSON.parse(line.slice(6)).choices);
  const deltas = choices.map(({ delta }: Json) => delta);
  return {
    calls: deltas.flatMap(({ tool_calls: some = [] }: Json) =>
      some.flatMap((one: Json) => one.function.name ?? []),
    ),
    text: deltas.map(({ content }: Json) => content ?? "").join(""),
    reason: choices.flatMap((one: Json) => one.finish_reason ?? []).join(),
  };
}

async function settled(agent: string): Promise<Json[]> {
  const at = `/api/v1/journal?agent=${agent}&kind=call.settled&limit=1000`;
  const { entries } = (await (await gateway.api("GET", at)).json()) as Json;
  return entries.map(({ event }: Json) => event).filter(({ asked }: Json) => "tool" in asked);
}

describe.each([false, true])("a tool that its agent never asks about (stream: %s)", (stream) => {
  test("is called as often as its rate limit says, over all answers", async () => {
    const agent = "rated";
    const before = stream ? 0 : 2;
    const calls = await Promise.all(
      [1, 2, 3].map((no) => ask(agent, [call("search", { no, stream })], stream)),
    );
    expect(calls.flatMap((got) => got.calls)).toHaveLength(before);
    const refused = calls.filter((got) => got.calls.length === 0);
    for (const { reason, text } of refused) {
      expect(text).toContain("more often than its rate limit allows");
      expect(reason).toBe("stop");
    }
  });

  test("that is refused leaves the other calls of its answer", async () => {
    const got = await ask("rated", [call("search", { x: 1 }), call("look")], stream);
    expect(got).toMatchObject({ calls: ["look"], reason: "tool_calls" });
  });
});

describe("a tool that its agent never asks about", () => {
  test("is charged to the budgets of models, and refused when they are spent", async () => {
    expect((await ask("costly", [call("buy", { no: 1 }), call("buy", { no: 2 })])).calls).toEqual([
      "buy",
      "buy",
    ]);
    const third = await ask("costly", [call("buy", { no: 3 })]);
    expect(third.calls).toEqual([]);
    expect(third.text).toContain("The budget does not cover this call");
    const charges = (await settled("costly")).map((event) => event.charged_usd);
    expect(charges).toEqual(["1", "1"]);
  });

  test("counts as a call of its task", async () => {
    const seen = [];
    for (const no of [1, 2, 3]) seen.push(await ask("few", [call("look", { no })]));
    expect(seen.map(({ calls }) => calls.length)).toEqual([1, 1, 0]);
    expect(seen[2]?.text).toContain("as many calls");
  });

  test("waits for a person who approves this very call, once", async () => {
    const first = await ask("careful", [call("delete", { id: 7 })]);
    expect(first.calls).toEqual([]);
    expect(first.text).toContain("waits for a person's approval");
    // Told to come again: it is the same call, and the same review.
    expect((await ask("careful", [call("delete", { id: 7 })], true)).calls).toEqual([]);
    const rows = async () => {
      return (await (await gateway.api("GET", "/api/v1/reviews?agent=careful")).json()) as Json[];
    };
    const [review, ...others] = await rows();
    expect([review.kind, others]).toEqual(["approval", []]);
    const shown = (await (await gateway.api("GET", `/api/v1/reviews/${review.id}`)).json()) as Json;
    const decision = { version: shown.version, decision: "approve", reason: "fine" };
    const at = `/api/v1/reviews/${review.id}/decision`;
    expect((await gateway.api("POST", at, decision)).status).toBe(200);
    await expect
      .poll(async () => (await ask("careful", [call("delete", { id: 7 })])).calls, {
        timeout: 5000,
      })
      .toEqual(["delete"]);
    expect((await ask("careful", [call("delete", { id: 7 })])).calls).toEqual([]);
    expect((await ask("careful", [call("delete", { id: 8 })])).calls).toEqual([]);
    expect(await settled("careful")).toHaveLength(1);
  });

  test("is not let through while its agent is paused in the middle of the answer", async () => {
    let play: (() => void) | null = null;
    const paused = new Promise<void>((resolve) => {
      play = resolve;
    });
    model.plays(async (_body, response) => {
      await paused;
      const message = {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: call("look") }],
      };
      const choices = [{ index: 0, message, finish_reason: "tool_calls" }];
      response.writeHead(200, { "content-type": "application/json" });
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      response.end(JSON.stringify({ id: "x", object: "chat.completion", choices, usage }));
    });
    const before = model.requests.length;
    const as = { authorization: `Bearer ${keys.paused}` };
    const asking = gateway.call("/v1/chat/completions", BODY, as);
    await expect.poll(() => model.requests.length).toBe(before + 1);
    await gateway.api("POST", "/api/v1/agents/pause", { agents: ["paused"], reason: "stop" });
    (play as (() => void) | null)?.();
    const { choices } = (await (await asking).json()) as Json;
    expect(choices[0].message.tool_calls ?? []).toEqual([]);
    expect(choices[0].message.content).toContain("waits for a person");
    expect(choices[0].finish_reason).toBe("stop");
  });

  test("is journaled once, as a call of its own in the same task", async () => {
    await ask("surging", [call("look", { a: 1 })]);
    const [event, ...others] = await settled("surging");
    expect(others).toEqual([]);
    expect(event).toMatchObject({ asked: { server: "own", tool: "look", by: "answer" } });
  });
});

test("A tool whose agent asks is only looked at in the answer, and taken at the decision", async () => {
  for (const no of [1, 2, 3, 4]) {
    expect((await ask("asking", [call("ask", { no })])).calls).toEqual(["ask"]);
  }
  const decided = async (no: number) => {
    const as = { authorization: `Bearer ${keys.asking}` };
    const body = { tool: "ask", arguments: { no } };
    const answer = await gateway.call("/guard/v1/decisions", body, as);
    return ((await answer.json()) as Json).code ?? "allow";
  };
  expect([await decided(1), await decided(2), await decided(3)]).toEqual([
    "allow",
    "allow",
    "rate-limit.exceeded",
  ]);
});
