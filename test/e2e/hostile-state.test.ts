/** Against what is taken where a model's answer asks for tools that its agent runs itself. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import {
  type Call,
  chatAnswer,
  chatFrames,
  type ScriptedModel,
  scriptedModel,
} from "../support/scripted-model.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are data here
type Json = any;

let model: ScriptedModel;
let gateway: TestGateway;
const keys: Record<string, string> = {};

const PRICE = { input: 0, output: 0, context_window: 100_000, max_output: 1_000 };
const own = (tool_name: string, more: object = {}) => ({
  ...{ tool_name, server: "own", read_only: false },
  ...more,
});

const AGENTS: Readonly<Record<string, object>> = {
  many: { allowed_tools: [own("search", { rate_limit: { requests: 100, per_seconds: 3600 } })] },
  costly: { allowed_tools: [own("buy", { cost: { usd: 0.01 } })] },
  few: { allowed_tools: [own("look")], limits: { max_tool_calls: 7 } },
  twins: { allowed_tools: [own("delete", { requires_approval: true })] },
  held: { allowed_tools: [own("look")] },
  gone: { allowed_tools: [own("look"), own("buy", { cost: { usd: 0.01 } })] },
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
        },
        tool_servers: { own: { kind: "agent" } },
        breakers: [
          { name: "stuck", enabled: false },
          { name: "tool-surge", enabled: false },
        ],
        budgets: [{ name: "all", each: "agent", limit_usd: 2.5, window: "lifetime" }],
      },
      "prices.yaml": { version: 1, openai: { m: PRICE } },
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

const call = (name: string, given: object = {}): Call => ({
  name,
  arguments: JSON.stringify(given),
});
const BODY = { model: "m", max_tokens: 900, messages: [{ role: "user", content: "x" }] };
const as = (agent: string) => ({
  authorization: `Bearer ${keys[agent]}`,
  "x-slipclutch-task": `t-${agent}`,
});

async function ask(agent: string, calls: readonly Call[], stream = false) {
  model.plays({ calls });
  const answer = await gateway.call("/v1/chat/completions", { ...BODY, stream }, as(agent));
  return namesIn(await answer.text());
}

function namesIn(text: string): { calls: readonly string[]; text: string } {
  if (text.startsWith("{")) {
    const { message } = JSON.parse(text).choices?.[0] ?? { message: { content: text } };
    return {
      calls: (message.tool_calls ?? []).map((one: Json) => one.function.name),
      text: message.content ?? "",
    };
  }
  const frames = text.split("\n").filter((line) => line.startsWith("data: {"));
  const deltas = frames
    .flatMap((line) => JSON.parse(line.slice(6)).choices)
    .map(({ delta }: Json) => delta);
  return {
    calls: deltas.flatMap(({ tool_calls: some = [] }: Json) =>
      some.flatMap((one: Json) => one.function.name ?? []),
    ),
    text: deltas.map(({ content }: Json) => content ?? "").join(""),
  };
}

async function settled(agent: string): Promise<Json[]> {
  const found: Json[] = [];
  let after = 0;
  for (;;) {
    const at = `/api/v1/journal?agent=${agent}&kind=call.settled&limit=1000&after=${after}`;
    const { entries } = (await (await gateway.api("GET", at)).json()) as Json;
    if (entries.length === 0) break;
    found.push(...entries);
    after = entries.at(-1).position;
    if (entries.length < 1000) break;
  }
  return found.map(({ event }: Json) => event).filter(({ asked }: Json) => "tool" in asked);
}

async function review(agent: string): Promise<Json> {
  const rows = await gateway.api("GET", `/api/v1/reviews?agent=${agent}&limit=1`);
  const [newest] = (await rows.json()) as Json[];
  if (newest === undefined) return { calls: [] };
  return (await gateway.api("GET", `/api/v1/reviews/${newest.id}`)).json();
}

async function decide(agent: string, decision: string): Promise<void> {
  await expect.poll(async () => (await review(agent)).calls[0]?.state).toBe("parked");
  const { id, version } = await review(agent);
  const said = { version, decision, reason: "fine" };
  const answer = await gateway.api("POST", `/api/v1/reviews/${id}/decision`, said);
  expect(answer.status, await answer.text()).toBe(200);
}

describe("many calls in one answer", () => {
  const calls = (count: number, name: string) => {
    return Array.from({ length: count }, (_, no) => call(name, { no }));
  };

  test("are taken exactly as often as a rate limit says, though all at once", async () => {
    expect((await ask("many", calls(500, "search"))).calls).toHaveLength(100);
    expect(await settled("many")).toHaveLength(100);
  });

  test("are charged exactly as far as the budget goes, in a stream", async () => {
    expect((await ask("costly", calls(500, "buy"), true)).calls).toHaveLength(250);
  });

  test("are exactly as many as the task may make", async () => {
    expect((await ask("few", calls(50, "look"), true)).calls).toHaveLength(7);
  });

  test("that are equal and wait for a person pass once for each approval", async () => {
    const pair = [call("delete", { id: 7 }), call("delete", { id: 7 })];
    expect((await ask("twins", pair)).calls).toEqual([]);
    await decide("twins", "approve");
    await expect.poll(async () => (await ask("twins", pair)).calls).toEqual(["delete"]);
    expect((await ask("twins", pair)).calls).toEqual([]);
    expect(await settled("twins")).toHaveLength(1);
  });

  test("may all wait for a person, and leave nothing behind at the connection", async () => {
    const { calls: left, text } = await ask("twins", calls(40, "delete"));
    expect([left, text.split("\n").length]).toEqual([[], 40]);
    expect(gateway.log()).not.toContain("MaxListeners");
  });

  test("are refused in the order in which they stand", async () => {
    const { text } = await ask(
      "few",
      ["look", "no", "look", "nope"].map((name) => call(name)),
    );
    const names = text.split("\n").map((line) => line.split(" ")[3]);
    expect(names).toEqual(["look", "no", "look", "nope"]);
  });
});

/** Answers with one call, once it may. */
function playsWhen(may: Promise<void>, stream: boolean, calls: readonly Call[]): void {
  model.plays(async (_body, response) => {
    await may;
    const type = stream ? "text/event-stream" : "application/json";
    response.writeHead(200, { "content-type": type });
    const parts = stream ? chatFrames({ calls }) : [JSON.stringify(chatAnswer({ calls }))];
    for (const part of parts) response.write(part);
    response.end();
  });
}

describe.each([false, true])("a client that leaves before its answer (stream: %s)", (stream) => {
  const body = { ...BODY, stream, messages: [{ role: "user", content: `stream ${stream}` }] };

  /** Leaves once the model has been asked; whoever calls it lets the model answer. */
  async function askAndLeave(agent: string, calls: readonly Call[], meanwhile = async () => {}) {
    let answerNow = () => {};
    const may = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    playsWhen(may, stream, calls);
    const leaving = new AbortController();
    const first = fetch(`${gateway.agentUrl}/v1/chat/completions`, {
      ...{ method: "POST", body: JSON.stringify(body), signal: leaving.signal },
      headers: { ...as(agent), "content-type": "application/json" },
    })
      .then((answer) => answer.text())
      .catch(() => "left");
    await meanwhile();
    await expect.poll(() => model.requests.length).toBe(1);
    leaving.abort();
    expect(await first).toBe("left");
    // The hang-up came before these, so the gateway has heard of it.
    for (const _ of [1, 2, 3]) await gateway.api("GET", "/api/v1/status");
    return answerNow;
  }

  test("takes nothing, for nobody is told of its calls", async () => {
    const before = (await settled("gone")).length;
    const answerNow = await askAndLeave("gone", [call("look"), call("buy")]);
    answerNow();
    await expect.poll(async () => (await settled("gone")).length).toBe(before + 2);
    const ends = (await settled("gone")).map(({ charged_usd, outcome }) => [outcome, charged_usd]);
    expect(ends.slice(before)).toEqual([
      ["dropped", "0"],
      ["dropped", "0"],
    ]);
    await expect
      .poll(async () => {
        return ((await (await gateway.api("GET", "/api/v1/status")).json()) as Json)
          .calls_in_flight;
      })
      .toBe(0);
  });

  test("finds its calls in the answer that was kept, where it had been parked", async () => {
    await gateway.api("POST", "/api/v1/agents/pause", { agents: ["held"], reason: "stop" });
    const before = (await settled("held")).length;
    const answerNow = await askAndLeave("held", [call("look")], () => decide("held", "resume"));
    // The gateway hears of the hang-up before it hears the answer.
    await expect.poll(async () => (await review("held")).calls[0].attached).toBe(false);
    answerNow();
    await expect.poll(async () => (await settled("held")).length).toBe(before + 1);
    const back = await gateway.call("/v1/chat/completions", body, as("held"));
    expect(namesIn(await back.text()).calls).toEqual(["look"]);
    expect([model.requests.length, (await settled("held")).length]).toEqual([1, before + 1]);
  });
});
