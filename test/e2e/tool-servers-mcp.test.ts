/** What goes through a real gateway to its MCP servers beside the call, and what a slow one holds up. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { LIST_WAIT_MS_MAX } from "../../src/gateway/tools/list-in-time.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

let well: McpFixture;
let hanging: McpFixture;
let gateway: TestGateway;

beforeAll(async () => {
  well = await mcpFixture({ stateless: true, sessions: false });
  hanging = await mcpFixture({ discover: "never", initialize: "never" });
  const server = ({ url }: McpFixture) => ({
    kind: "mcp",
    url,
    tools: { echo: { effect: "read" } },
  });
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: { well: server(well), hanging: server(hanging) },
        budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [
          { tool_name: "echo", server: "well" },
          { tool_name: "echo", server: "hanging" },
        ],
      },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  await well.close();
  await hanging.close();
});

async function ask(method: string, params: object) {
  const body = { jsonrpc: "2.0", id: 1, method, params };
  const accept = "application/json, text/event-stream";
  const answer = await gateway.call("/mcp", body, { accept });
  expect(answer.status).toBe(200);
  return JSON.parse(await answer.text());
}

test("the trace of a call travels with it, and nothing else of what its agent sends beside it", async () => {
  const trace = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
    tracestate: "rojo=00f067aa0ba902b7",
    baggage: "userId=alice",
  };
  const params = { name: "well__echo", arguments: { n: 1 } };
  await ask("tools/call", { ...params, _meta: { ...trace, "example.com/secret": "s" } });
  await ask("tools/call", { ...params, _meta: { traceparent: "not one" } });
  const metas = well.arrivals().flatMap(({ message }) => {
    const isCall = message.kind === "request" && message.method === "tools/call";
    return isCall ? [message.params._meta] : [];
  });
  const own = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "slipclutch", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  expect(metas).toEqual([{ ...own, ...trace }, own]);
});

test("a server that does not answer holds up the list of the others for its time only", async () => {
  const begun = performance.now();
  const { result } = await ask("tools/list", {});
  const ms = performance.now() - begun;
  const names = result.tools.map(({ name }: { name: string }) => name);
  expect(names).toEqual(["well__echo", "slipclutch_budget"]);
  expect(ms).toBeGreaterThan(LIST_WAIT_MS_MAX - 100);
  // Of the handshake it would have been half as much again.
  expect(ms).toBeLessThan(LIST_WAIT_MS_MAX + 4_000);
  expect(gateway.log()).toContain("a tool server did not list its tools");
});
