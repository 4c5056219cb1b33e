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
