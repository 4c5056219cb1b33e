/** Budgets that count calls and tokens, before real providers and tools. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { writeFolder } from "../support/gateway.ts";
import {
  DEAD_MODEL,
  HELD_MODEL,
  MODEL,
  openWorld,
  question,
  until,
  type World,
} from "./clients-world.ts";

/** Asked for by the test of tokens alone, so that the upstream's bill of it is its own. */
const COUNTED_MODEL = "simulated-large";
const TOKENS_MAX = 6_000;
const CALLERS = 8;

const lifetime = (name: string, limit: object) => {
  return { name, agent: name.split("-")[0], window: "lifetime", ...limit };
};

const BUDGETS = [
  lifetime("three-calls", { limit_calls: 3 }),
  lifetime("crowd-calls", { limit_calls: 10 }),
  lifetime("reader-tokens", { limit_tokens: TOKENS_MAX }),
  lifetime("narrow-tokens", { limit_tokens: 3_000 }),
  lifetime("unlucky-calls", { limit_calls: 5 }),
  lifetime("unlucky-tokens", { limit_tokens: 100_000 }),
  lifetime("desk-calls", { limit_calls: 3 }),
  lifetime("desk-money", { limit_usd: 0 }),
  lifetime("desk-tokens", { limit_tokens: 0 }),
  lifetime("payer-calls", { limit_calls: 5 }),
  lifetime("switch", { limit_calls: 3 }),
];

let world: World;
let desk: McpFixture;

beforeAll(async () => {
  desk = await mcpFixture();
  const echo = { tool_name: "echo" };
  const gone = { tool_name: "gone", server: "nowhere" };
  world = await openWorld({
    agents: {
      ...{ three: {}, crowd: {}, reader: {}, unlucky: {}, switch: {} },
      narrow: { tell_agent: true },
      desk: { allowed_tools: [echo, { tool_name: "fail", cost: { usd: 0.25 } }, gone] },
      payer: { allowed_tools: [{ ...echo, cost: { usd: 0.25 } }] },
    },
    budgets: BUDGETS,
    more: {
      tool_servers: {
        desk: {
          kind: "mcp",
          url: desk.url,
          tools: { echo: { effect: "read" }, fail: { effect: "read" } },
        },
        nowhere: {
          kind: "mcp",
          url: "http://127.0.0.1:1/mcp",
          tools: { gone: { effect: "read" } },
        },
      },
    },
  });
});

afterAll(async () => {
  await world.close();
  await desk.close();
});

function headersOf(agent: string) {
  return { authorization: `Bearer ${world.key(agent)}` };
}

/** One call of a model; its body is read. */
async function ask(agent: string, changes: Record<string, unknown> = {}) {
  const body = { ...question("openai"), ...changes };
  const answer = await world.gateway.call("/v1/chat/completions", body, headersOf(agent));
  return { status: answer.status, headers: answer.headers, json: await jsonOf(answer) };
}

async function useTool(agent: string, name: string) {
  const path = `/guard/v1/tools/${name}/call`;
  const answer = await world.gateway.call(path, { arguments: {} }, headersOf(agent));
  return { status: answer.status, headers: answer.headers, json: await jsonOf(answer) };
}

// Bodies of several shapes are looked into here; a wrong one fails what is expected of it.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any;

async function jsonOf(answer: Response): Promise<Json> {
  return await answer.json();
}

/** Rows of what an agent may ask for itself. */
async function ownBudgets(agent: string): Promise<Json[]> {
  const url = `${world.gateway.agentUrl}/guard/v1/budgets`;
  return (await jsonOf(await fetch(url, { headers: headersOf(agent) }))).budgets;
}

async function budgetOf(agent: string, name: string): Promise<Json> {
  return (await ownBudgets(agent)).find((row) => row.name === name);
}

describe("three calls", () => {
  test("are let through, and the fourth is refused as the official client understands it", async () => {
    const client = new OpenAI({
      apiKey: world.key("three"),
      baseURL: world.base("openai"),
      maxRetries: 2,
    });
    const call = () =>
      client.chat.completions
        .create({ model: MODEL, messages: [{ role: "user", content: "hello" }] })
        .withResponse();
    const left: unknown[] = [];
    for (let no = 0; no < 3; no += 1) {
      const { response } = await call();
      left.push(response.headers.get("x-slipclutch-budget-remaining-calls"));
    }
    expect(left).toEqual(["2", "1", "0"]);
    const before = world.upstream.received();
    const error: unknown = await call().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status: 402, code: "budget.exhausted" });
    const facts = { budget: "three-calls", limit_calls: "3", spent_calls: "3" };
    const { json } = await ask("three");
    expect(json.error.details.facts).toEqual({
      ...facts,
      remaining_calls: "0",
      needed_calls: "1",
    });
    expect(world.upstream.received()).toBe(before);
  });

  test("are seen as calls wherever budgets are seen", async () => {
    const { gateway } = world;
    const row = { name: "three-calls", scope: "", unit: "calls", limit_calls: "3" };
    expect(await budgetOf("three", "three-calls")).toEqual({
      ...row,
      ...{ spent_calls: "3", reserved_calls: "0", committed_calls: "0", remaining_calls: "0" },
      window_ends_at: null,
    });
    const views = (await jsonOf(await gateway.api("GET", "/api/v1/budgets"))) as Json[];
    expect(views.find(({ name }) => name === "three-calls")).toMatchObject({
      ...row,
      ...{ spent_calls: "3", forfeited_calls: "0", remaining_calls: "0" },
    });
    const { out } = await gateway.cli("budgets");
    expect(out).toMatch(/three-calls +– +calls +3 +3 .* 0 +100%/);
    const metrics = await (await gateway.api("GET", "/metrics")).text();
    expect(metrics).toContain('slipclutch_budget_spent_calls{budget="three-calls",scope=""} 3\n');
    expect(metrics).not.toContain('slipclutch_budget_spent_usd{budget="three-calls"');
  });

  test("are in the explanation of each, and in the journal's legs", async () => {
    const [entry] = await world.journal("call.settled");
    const { out } = await world.gateway.cli("explain", entry?.decision ?? "");
    expect(out).toMatch(/three-calls: reserved 1 calls, charged 1 calls\n/);
    expect(out).toMatch(/reserve_nano_usd \d+, reserve_calls 1\)/);
    const event = entry?.event as Json; // legs are in every settlement
    const leg = event.legs.find(({ budget }: Json) => budget === "three-calls");
    expect(leg).toMatchObject({ unit: "calls", reserved_calls: "1", charged_calls: "1" });
    expect(event.legs.find(({ budget }: Json) => budget === "all")).toMatchObject({
      unit: "usd",
      charged_usd: event.charged_usd,
    });
  });
});

test("of fifty calls at once on a budget for ten exactly ten reach the provider", async () => {
  const asking = Array.from({ length: 50 }, () => ask("crowd", { model: HELD_MODEL }));
  const ended = asking.map((one) => one.then(({ json, status }) => [status, json.error?.code]));
  const refused: unknown[] = [];
  for (const one of ended) {
    void one.then((end) => {
      if (end[0] !== 200) refused.push(end);
    });
  }
  // Those ten may all end without ever having been billed, so the others are to come back.
  await until(() => refused.length === 40);
  expect(new Set(refused.map(String))).toEqual(new Set(["429,budget.contended"]));
  expect(world.held.waiting()).toBe(10);
  world.held.release();
  const all = await Promise.all(ended);
  expect(all.filter(([status]) => status === 200)).toHaveLength(10);
  world.held.hold();
  expect((await ask("crowd", { model: HELD_MODEL })).status).toBe(402);
  expect(await budgetOf("crowd", "crowd-calls")).toMatchObject({ spent_calls: "10" });
});

describe("tokens", () => {
  test("that are billed never pass the limit, and all are charged", async () => {
    const caller = async (no: number): Promise<void> => {
      for (let round = 0; ; round += 1) {
        const content = "word ".repeat(1 + ((no * 7 + round * 13) % 40));
        const answer = await ask("reader", {
          ...{ model: COUNTED_MODEL, n: 1 + ((no + round) % 2) },
          messages: [{ role: "user", content }],
        });
        if (answer.status === 402) {
          expect(answer.json.error.details.facts).toMatchObject({
            budget: "reader-tokens",
            limit_tokens: String(TOKENS_MAX),
          });
          return;
        }
        if (answer.status !== 429) expect(answer.status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, no) => caller(no)));
    const billed = world.upstream.billed().get(COUNTED_MODEL) ?? { input: 0, output: 0 };
    const tokens = billed.input + billed.output;
    expect(tokens).toBeLessThanOrEqual(TOKENS_MAX);
    // Else hardly anything was let through: a call of this test is reserved less than that.
    expect(tokens).toBeGreaterThan(TOKENS_MAX - 1_500);
    expect(await budgetOf("reader", "reader-tokens")).toMatchObject({
      unit: "tokens",
      limit_tokens: String(TOKENS_MAX),
      spent_tokens: String(tokens),
      reserved_tokens: "0",
    });
  });

  test("that are left narrow the output cap, and the agent is told of both units", async () => {
    const { headers, status } = await ask("narrow", { max_completion_tokens: 5_000 });
    expect(status).toBe(200);
    expect(headers.get("x-slipclutch-narrowed")).toMatch(/^max_output_tokens=\d+$/);
    expect(headers.get("x-slipclutch-budget-remaining-tokens")).toMatch(/^\d+$/);
    const sent = JSON.parse(Buffer.from(world.upstream.recorded().at(-1)?.body ?? "").toString());
    expect(sent.messages[0].content).toMatch(
      /^Budget: [\d.]+ USD of 1000 USD left for this work \(all\)\. Budget: \d+ tokens of 3000 tokens left for this work \(narrow-tokens\)\.$/,
    );
  });

  test("and money of an error that is free are not charged, and it was a call all the same", async () => {
    const body = JSON.stringify({ error: { message: "broken", type: "server_error" } });
    const headers = { "content-type": "application/json" };
    world.upstream.control(() => {
      return { kind: "raw", status: 500, headers, parts: [body], ends: "clean" };
    });
    expect((await ask("unlucky")).status).toBe(500);
    world.upstream.control(null);
    expect(await budgetOf("unlucky", "unlucky-calls")).toMatchObject({ spent_calls: "1" });
    expect(await budgetOf("unlucky", "unlucky-tokens")).toMatchObject({ spent_tokens: "0" });
  });

  test("and calls that never left are given back", async () => {
    expect((await ask("unlucky", { model: DEAD_MODEL })).status).toBe(502);
    expect(await budgetOf("unlucky", "unlucky-calls")).toMatchObject({ spent_calls: "1" });
    expect(await budgetOf("unlucky", "unlucky-tokens")).toMatchObject({
      ...{ spent_tokens: "0", reserved_tokens: "0" },
    });
  });

  test("of an answer that breaks off are charged as they were reserved", async () => {
    world.upstream.control(() => ({ kind: "script", fault: "garbage", faultEvery: 1 }));
    expect((await ask("unlucky")).status).toBe(502);
    world.upstream.control(null);
    const [entry] = (await world.journal("call.settled")).slice(-1);
    const event = entry?.event as Json; // legs are in every settlement
    const leg = event.legs.find(({ unit }: Json) => unit === "tokens");
    expect(Number(leg.reserved_tokens)).toBeGreaterThan(100);
    expect(leg.charged_tokens).toBe(leg.reserved_tokens);
  });
});

describe("a tool", () => {
  test("that costs nothing is stopped by spent calls, not by spent money or tokens", async () => {
    const refused = await useTool("desk", "fail");
    expect([refused.status, refused.json.error.details.facts.budget]).toEqual([402, "desk-money"]);
    expect((await useTool("desk", "gone")).status).toBe(502);
    const [dropped] = (await world.journal("call.settled")).slice(-1);
    expect(dropped?.event).toMatchObject({
      outcome: "dropped",
      legs: [{ budget: "desk-calls", reserved_calls: "1", charged_calls: "0" }],
    });
    const left: unknown[] = [];
    for (let no = 0; no < 3; no += 1) {
      const { headers, status } = await useTool("desk", "echo");
      expect(status).toBe(200);
      expect(headers.get("x-slipclutch-budget-remaining-usd")).toBeNull();
      left.push(headers.get("x-slipclutch-budget-remaining-calls"));
    }
    expect(left).toEqual(["2", "1", "0"]);
    const before = desk.ran();
    const { json, status } = await useTool("desk", "echo");
    expect([status, json.error.code, json.error.details.facts]).toEqual([
      402,
      "budget.exhausted",
      {
        ...{ budget: "desk-calls", limit_calls: "3", spent_calls: "3", remaining_calls: "0" },
        needed_calls: "1",
      },
    ]);
    expect(desk.ran()).toBe(before);
  });

  test("that costs draws on money and calls, as a model's calls do", async () => {
    const { headers, status } = await useTool("payer", "echo");
    expect(status).toBe(200);
    expect(headers.get("x-slipclutch-budget-remaining-usd")).toBe("999.75");
    expect(headers.get("x-slipclutch-budget-remaining-calls")).toBe("4");
    expect((await ask("payer")).headers.get("x-slipclutch-budget-remaining-calls")).toBe("3");
  });
});

test("a budget that counts something else from now on begins anew, and finds back", async () => {
  const { config, gateway } = world;
  const main = config["slipclutch.yaml"] as { readonly budgets: readonly { name: string }[] };
  const others = main.budgets.filter(({ name }) => name !== "switch");
  const reload = async (limit: object) => {
    const budgets = [...others, lifetime("switch", limit)];
    await writeFolder({ "slipclutch.yaml": { ...main, budgets } }, gateway.configFolder);
    expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
    return budgetOf("switch", "switch");
  };
  for (let no = 0; no < 2; no += 1) expect((await ask("switch")).status).toBe(200);
  expect(await reload({ limit_tokens: 4_000 })).toMatchObject({
    ...{ unit: "tokens", limit_tokens: "4000", spent_tokens: "0" },
  });
  const { headers, status } = await ask("switch");
  expect(status).toBe(200);
  const left = Number(headers.get("x-slipclutch-budget-remaining-tokens"));
  expect(left).toBeLessThan(4_000);
  expect(headers.get("x-slipclutch-budget-remaining-calls")).toBeNull();
  expect(await reload({ limit_calls: 3 })).toMatchObject({ limit_calls: "3", spent_calls: "2" });
  expect((await ask("switch")).status).toBe(200);
  expect((await ask("switch")).status).toBe(402);
  expect(await reload({ limit_tokens: 5_000 })).toMatchObject({
    ...{ limit_tokens: "5000", spent_tokens: String(4_000 - left) },
  });
  const views = (await jsonOf(await gateway.api("GET", "/api/v1/budgets"))) as Json[];
  const units = views.filter(({ name }) => name === "switch").map(({ unit }) => unit);
  expect(units).toEqual(["tokens"]);
});

test("tokens billed above their bound are charged and are an alarm, though the money was within its own", async () => {
  const cached = { prompt_tokens_details: { cached_tokens: 1_000 } };
  const usage = { prompt_tokens: 1_000, completion_tokens: 1, total_tokens: 1_001, ...cached };
  const choice = { index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop" };
  const body = { id: "c", object: "chat.completion", created: 0, model: COUNTED_MODEL };
  const parts = [JSON.stringify({ ...body, choices: [choice], usage })];
  const headers = { "content-type": "application/json" };
  world.upstream.control(() => ({ kind: "raw", status: 200, headers, parts, ends: "clean" }));
  const before = Number((await budgetOf("unlucky", "unlucky-tokens")).spent_tokens);
  expect((await ask("unlucky", { model: COUNTED_MODEL })).status).toBe(200);
  world.upstream.control(null);
  expect(await budgetOf("unlucky", "unlucky-tokens")).toMatchObject({
    spent_tokens: String(before + 1_001),
  });
  const [entry] = await world.journal("budget.overbilled");
  expect(entry?.event).toMatchObject({ unit: "tokens", charged_tokens: "1001" });
  expect(world.gateway.log()).toContain("charged_tokens");
  const metrics = await (await world.gateway.api("GET", "/metrics")).text();
  expect(metrics).toContain(`slipclutch_overbilled_total{provider="gpt",model="${COUNTED_MODEL}"}`);
  expect(metrics).not.toMatch(/^slipclutch_overbilled_usd_total\{/m);
});
