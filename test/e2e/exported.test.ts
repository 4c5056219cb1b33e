/**
 * What the dashboard and the alert rules ask for is what gateways really export, with the labels
 * that are asked for: one gateway, and traffic of every kind.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type FakeWebhook, fakeWebhook } from "../../src/testing/fake-webhook.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { type Collector, collector } from "../support/collector.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { Repository } from "../support/git.ts";
import { part } from "../support/parts.ts";
import { type Alert, type Evaluated, startPrometheus } from "../support/prometheus.ts";
import { dashboardExpressions, exported, rules, usesIn } from "../support/promql.ts";
import { type Cloud, COMMITMENT, cloud } from "./commitments-world.ts";

const MODEL = "simulated-small";
const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };
/** Only an operator, and the death of a gateway, make these: other tests do. */
const RARE = new Set(["slipclutch_forfeits_released_usd_total"]);
const OF_GIT = new Set(["slipclutch_remote_up", "slipclutch_remote_rejected"]);
const SECRET = "whsec-0123456789abcdef";
const GONE = "http://127.0.0.1:9/mcp";

let upstream: SimulatedUpstream;
let desk: McpFixture;
let clouds: Cloud;
let seen: Collector;
let pager: FakeWebhook;
let gateway: TestGateway;
const keys: Record<string, string> = {};

beforeAll(async () => {
  upstream = await simulatedUpstream({ clock: systemClock });
  desk = await mcpFixture({
    tools: [...MCP_SCRIPT.tools, { name: "more", inputSchema: { type: "object" } }],
  });
  clouds = await cloud();
  seen = await collector();
  pager = await fakeWebhook(SECRET, systemClock);
  gateway = await startGateway({
    config: folder(),
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: seen.url, OTEL_BSP_SCHEDULE_DELAY: "20" },
  });
  for (const agent of ["worker", "watched", "stuck"]) {
    const made = await gateway.api("POST", "/api/v1/keys", { agent });
    keys[agent] = ((await made.json()) as { key: string }).key;
  }
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([forget(gateway), upstream.close(), desk.close(), clouds.close()]);
  await Promise.all([seen.close(), pager.close()]);
});

function folder() {
  const lifetime = { window: "lifetime" };
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        gpt: {
          ...{ kind: "openai", api_key: "not-a-key", base_url: `${upstream.url}/v1` },
          ...{ prices_of: "openai", models: [MODEL, "billed"] },
        },
      },
      tool_servers: {
        desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } },
        cloud: { kind: "mcp", url: clouds.url },
        gone: { kind: "mcp", url: GONE, tools: { away: { effect: "read" } } },
        own: { kind: "agent", asks: true, tools: { note: { effect: "read" } } },
      },
      budgets: [
        { name: "all", each: "agent", limit_usd: 1_000, ...lifetime },
        { name: "tokens", agent: "worker", limit_tokens: 1_000_000, ...lifetime },
        { name: "calls", agent: "worker", limit_calls: 1_000, ...lifetime },
      ],
      parking: { hold_for: "0s" },
      notifiers: { pager: { kind: "webhook", url: pager.url, secret: SECRET } },
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      labels: { team: "care", owner: "ana" },
      models: [MODEL, "billed"],
      allowed_tools: [
        { tool_name: "echo", server: "desk", cost: { usd: 0.25 } },
        { tool_name: "away" },
        { tool_name: "note", server: "own" },
        {
          tool_name: "create_service",
          server: "cloud",
          read_only: false,
          commitment: COMMITMENT,
        },
        { tool_name: "delete_service", server: "cloud", read_only: false },
      ],
    },
    "agents/watched.yaml": {
      ...{ version: 1, agent: "watched", mode: "observe", observe_until: "2999-01-01" },
      allowed_tools: [{ tool_name: "echo", server: "desk" }],
    },
    "agents/stuck.yaml": {
      ...{ version: 1, agent: "stuck", allowed_tools: [{ tool_name: "echo", server: "desk" }] },
    },
    "prices.yaml": { version: 1, openai: { [MODEL]: PRICE, billed: PRICE } },
  };
}

type More = Readonly<Record<string, unknown>>;

async function as(agent: string, path: string, body: unknown, headers = {}): Promise<Response> {
  const authorization = `Bearer ${keys[agent]}`;
  const answer = await gateway.call(path, body, { authorization, ...headers });
  await answer.clone().text();
  return answer;
}

function chat(agent: string, more: More = {}, headers = {}): Promise<Response> {
  const messages = [{ role: "user", content: "Hello" }];
  const body = { model: MODEL, max_tokens: 40, messages, ...more };
  return as(agent, "/v1/chat/completions", body, headers);
}

function tool(agent: string, name: string, given: More = {}): Promise<Response> {
  return as(agent, `/guard/v1/tools/${name}/call`, { arguments: given });
}

async function traffic(): Promise<void> {
  // What goes well, in a task that ends; and an answer that hits its cap.
  const opened = await as("worker", "/guard/v1/tasks", { name: "ticket-1" });
  const { key } = (await opened.json()) as { key: string };
  const inTask = { authorization: `Bearer ${key}` };
  expect((await chat("worker", {}, inTask)).status).toBe(200);
  await chat("worker", { max_tokens: 5 });
  await as("worker", "/guard/v1/tasks/ticket-1/end", { outcome: "ok" });
  expect((await tool("worker", "desk__echo", { n: 1 })).status).toBe(200);
  expect((await tool("worker", "create_service")).status).toBe(200);
  const asked = await as("worker", "/guard/v1/decisions", { tool: "note", arguments: {} });
  const { decision } = (await asked.json()) as { decision: string };
  await as("worker", `/guard/v1/decisions/${decision}/outcome`, { ok: true });

  // What a provider and a tool server do wrong.
  upstream.control(() => ({ kind: "script", fault: "no-usage", faultEvery: 1 }));
  await chat("worker");
  upstream.control(() => ({ kind: "script", fault: "reset", faultEvery: 1 }));
  await chat("worker");
  upstream.control(() => ({ kind: "script", overbill: 10_000 }));
  await chat("worker", { model: "billed" });
  upstream.control(null);
  desk.set({ call: "reset" });
  await tool("worker", "desk__echo", { n: 2 });
  desk.set({ call: "well" });
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  await as("worker", "/mcp", list, { accept: "application/json, text/event-stream" });

  // What is refused, what would have been, and what was never allowed.
  await tool("worker", "nobody_granted_this");
  await chat("worker", { model: "unknown" });
  await tool("watched", "more");
  await chat("worker", {
    messages: [
      { role: "user", content: "Hello" },
      {
        ...{ role: "assistant", content: null },
        tool_calls: [{ id: "c", type: "function", function: { name: "bash", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "done" },
    ],
  });

  // A runaway, of which people are told: the breaker trips, and what comes then waits.
  // The server echoes _meta, which has another span each time: equal are only empty answers.
  desk.set({ call: "nothing" });
  for (let call = 0; call < 12; call += 1) await tool("stuck", "echo", { again: true });
  const parked = await tool("stuck", "echo", { again: false });
  expect(parked.status).toBe(429);
}

interface Sample {
  readonly metric: string;
  readonly labels: readonly string[];
}

async function samplesOf(from: TestGateway): Promise<readonly Sample[]> {
  const text = await (await from.api("GET", "/metrics")).text();
  return text.split("\n").flatMap((line) => {
    const [, metric = "", labels = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (metric === "") return [];
    return [{ metric, labels: [...labels.matchAll(/(\w+)="/g)].map(([, name = ""]) => name) }];
  });
}

function asked(): ReadonlySet<string> {
  const expressions = [...rules().map(({ expr }) => expr), ...dashboardExpressions()];
  const names = expressions.flatMap(usesIn).map(({ metric }) => metric);
  return new Set(names.filter((name) => !name.includes(":")));
}

async function until(holds: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Those of them that are not there, or have other labels than the reference says. */
function missing(names: Iterable<string>, samples: readonly Sample[]): readonly string[] {
  const declared = exported();
  return [...names].filter((name) => {
    const own = samples.filter(({ metric }) => metric === name);
    const labels = JSON.stringify(declared.get(name));
    return own.length === 0 || own.some((one) => JSON.stringify(one.labels) !== labels);
  });
}

test("everything that dashboard and alerts ask for is exported as they ask for it", async () => {
  await traffic();
  const names = [...asked()].filter((name) => !RARE.has(name) && !OF_GIT.has(name));
  let lacking = names as readonly string[];
  // Spans go out a moment later, and a trip is written behind the call that made it.
  for (let tries = 0; lacking.length > 0 && tries < 100; tries += 1) {
    lacking = missing(names, await samplesOf(gateway));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(lacking).toEqual([]);
});

test("what is rare is declared, and is there as soon as it happens", async () => {
  const text = await (await gateway.api("GET", "/metrics")).text();
  for (const name of RARE) expect(text).toContain(`# TYPE ${name} counter\n`);
  for (const name of [...RARE, ...OF_GIT]) expect(asked()).toContain(name);
});

test.skipIf(!part("promtool").available)(
  "Prometheus itself evaluates every rule on it, raises alerts, and answers what the dashboard asks",
  async () => {
    const prometheus = await startPrometheus(gateway);
    try {
      const raised = await until(async () => {
        const { alerts } = await prometheus.ask<{ alerts: Alert[] }>("/api/v1/alerts");
        const names = new Set(alerts.map(({ labels }) => labels.alertname));
        return names.has("SlipclutchAgentDisengaged") && names.has("SlipclutchModelFlagged");
      });
      expect(raised).toBe(true);
      const { groups } = await prometheus.ask<{ groups: { rules: Evaluated[] }[] }>(
        "/api/v1/rules",
      );
      const evaluated = groups.flatMap((group) => group.rules);
      expect(evaluated.length).toBe(rules().length);
      expect(evaluated.filter(({ health }) => health !== "ok")).toEqual([]);
      for (const expression of dashboardExpressions()) {
        const asked = expression
          .replaceAll("$__rate_interval", "5m")
          .replaceAll(/\$(job|instance|agent)\b/g, ".*");
        // Rejects where it is not answered.
        await prometheus.ask(`/api/v1/query?query=${encodeURIComponent(asked)}`);
      }
    } finally {
      await prometheus.stop();
    }
  },
);

test.skipIf(!part("git").available)(
  "what is said of a Git remote is exported with one",
  async () => {
    const repository = await Repository.make();
    await repository.commit({
      "slipclutch.yaml": {
        version: 1,
        budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": { version: 1, agent: "worker" },
    });
    await repository.push();
    const flags = ["--git", repository.bare, "--ref", "main", "--poll", "1s"];
    const following = await startGateway({ config: null, flags });
    expect(missing(OF_GIT, await samplesOf(following))).toEqual([]);
    await following.stop();
    await forget(following);
  },
);
