/** Calls that stand in the arguments of other calls, at a real gateway. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { forget, runCli, startGateway, type TestGateway } from "../support/gateway.ts";
import type { Json } from "./official-clients.ts";

let hub: McpFixture;
let gateway: TestGateway;

beforeAll(async () => {
  const callTool = { name: "call_tool", inputSchema: { type: "object" } };
  hub = await mcpFixture({ tools: [...MCP_SCRIPT.tools, callTool] });
  const unwraps = { tool: "/arguments/name", arguments: "/arguments/arguments" };
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: {
          hub: {
            kind: "mcp",
            url: hub.url,
            tools: { call_tool: { effect: "read", unwraps }, echo: { effect: "read" } },
          },
        },
        budgets: [
          { name: "all", agent: "worker", limit_calls: 100, window: "lifetime" },
          { name: "echoes", tool: "echo", limit_calls: 3, window: "lifetime" },
        ],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        uncapped: true,
        allowed_tools: [{ tool_name: "call_tool" }, { tool_name: "echo" }],
      },
    },
  });
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await hub.close();
});

async function call(tool: string, given: Json): Promise<{ status: number; json: Json }> {
  const answer = await gateway.call(`/guard/v1/tools/${tool}/call`, { arguments: given });
  return { status: answer.status, json: await answer.json() };
}

const inside = (name: string, given: Json = {}) => ({ name, arguments: given });

test("an inner call draws on the budgets of its tool as well, and on each budget once", async () => {
  expect((await call("echo", {})).status).toBe(200);
  for (const given of [inside("echo"), inside("call_tool", inside("echo"))]) {
    expect((await call("call_tool", given)).status).toBe(200);
  }
  const spent = await call("call_tool", inside("echo"));
  expect([spent.status, spent.json.code]).toEqual([402, "budget.exhausted"]);
  expect(spent.json.error.details.facts).toMatchObject({ budget: "echoes" });
  const budgets: Json = await (await gateway.api("GET", "/api/v1/budgets")).json();
  const used = Object.fromEntries(budgets.map((one: Json) => [one.name, one.spent_calls]));
  expect(used).toEqual({ all: "3", echoes: "3" });
  expect(hub.ran()).toBe(3);
});

test("what is refused inside is told with the call around it, and nothing is sent", async () => {
  const before = hub.ran();
  const { json, status } = await call("call_tool", inside("wipe"));
  expect([status, json.code]).toEqual([403, "manifest.unknown-tool"]);
  expect(json.error.details.facts).toEqual({ tool: "wipe", agent: "worker", inside: "call_tool" });
  expect(hub.ran()).toBe(before);
});

test("an explanation names the calls inside", async () => {
  const args = JSON.stringify(inside("call_tool", inside("echo")));
  const asked = ["manifest", "explain", "call_tool", "--agent", "worker", "--args", args];
  const { code, out } = await runCli([...asked, "--config", gateway.configFolder]);
  expect(code, out).toBe(0);
  expect(out).toMatch(/^inner +allow {2}\(calls hub__call_tool > hub__echo\)$/m);
});
