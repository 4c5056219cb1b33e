/** The retry loop, stopped: the same call with the same result, over and over. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let server: McpFixture;
let gateway: TestGateway;

beforeAll(async () => {
  server = await mcpFixture();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: { simulated: { kind: "simulated" } },
        tool_servers: {
          desk: { kind: "mcp", url: server.url, tools: { echo: { effect: "read" } } },
        },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [{ tool_name: "echo" }],
      },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  await server.close();
});

test("a stuck agent is paused with its ninth equal answer, on every road", async () => {
  const path = "/guard/v1/tools/echo/call";
  for (let call = 0; call < 9; call += 1) {
    expect((await gateway.call(path, { arguments: { file: "a.wav" } })).status).toBe(200);
  }
  const abort = AbortSignal.timeout(1_000);
  const held = fetch(gateway.agentUrl + path, {
    method: "POST",
    signal: abort,
    headers: { authorization: `Bearer ${gateway.agentKey}` },
    body: "{}",
  });
  // It is held, not refused: the client sees no error yet.
  await expect(held).rejects.toThrow();
  expect(server.ran()).toBe(9);
});

test("a call that was admitted before the pause, and not written yet, is not written", async () => {
  const slow = await mcpFixture({ latencyMs: 1_500 });
  const queued = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: {
          desk: {
            kind: "mcp",
            url: slow.url,
            connections_max: 1,
            tools: { echo: { effect: "read" } },
          },
        },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [{ tool_name: "echo", cost: { usd: 0.1 } }],
      },
    },
  });
  const path = "/guard/v1/tools/echo/call";
  const first = queued.call(path, { arguments: { n: 1 } });
  while (slow.count("tools/call") === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  // The only connection is taken: this one has its money and waits for it.
  const second = queued.call(path, { arguments: { n: 2 } });
  const reserved = async () => {
    const answer = await queued.api("GET", "/api/v1/budgets");
    return ((await answer.json()) as { reserved_usd: string }[])[0]?.reserved_usd;
  };
  while ((await reserved()) !== "0.2") await new Promise((resolve) => setTimeout(resolve, 10));
  const pause = { all: true, reason: "stop" };
  expect((await queued.api("POST", "/api/v1/agents/pause", pause)).status).toBe(200);
  expect((await first).status).toBe(200);
  const refused = await second;
  expect(refused.status).toBe(429);
  expect(refused.headers.get("x-slipclutch-decision")).toContain("clutch.parked");
  expect(slow.ran()).toBe(1);
  expect(await reserved()).toBe("0");
  await queued.stop();
  await slow.close();
}, 30_000);
