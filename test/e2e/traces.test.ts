/** Traces of a real gateway, as a collector sees them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { type Collector, collector } from "../support/collector.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

let upstream: SimulatedUpstream;
let desk: McpFixture;
let seen: Collector;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await simulatedUpstream({ clock: systemClock });
  desk = await mcpFixture();
  seen = await collector();
  gateway = await startGateway({
    config: folder(),
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: seen.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "20",
    },
  });
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([forget(gateway), upstream.close(), desk.close(), seen.close()]);
});

function folder() {
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: { openai: { kind: "openai", api_key: "sk-test", base_url: `${upstream.url}/v1` } },
      tool_servers: {
        desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [{ tool_name: "echo", cost: { usd: 0.25 } }],
    },
  };
}

const HELLO = {
  model: "gpt-4o-mini",
  max_tokens: 20,
  messages: [{ role: "user", content: "a secret question" }],
};

function by(name: string, value: unknown) {
  return ({ attributes }: { attributes: Readonly<Record<string, unknown>> }) =>
    attributes[name] === value;
}

function decisionOf({ headers }: Response): string {
  return headers.get("x-slipclutch-decision")?.split(";")[0] ?? "";
}

test("a model call is a chat span of the pinned conventions", async () => {
  const answer = await gateway.call("/v1/chat/completions", HELLO, { "x-slipclutch-task": "t-1" });
  expect(answer.status).toBe(200);
  await answer.text();
  const span = await seen.find(by("slipclutch.decision", decisionOf(answer)));
  expect(span).toMatchObject({ name: "chat gpt-4o-mini", kind: 3, flags: 0x101, status: {} });
  expect(span.attributes).toMatchObject({ "gen_ai.operation.name": "chat" });
});
