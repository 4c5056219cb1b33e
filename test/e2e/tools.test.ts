/** Tools through a real gateway: the official MCP client and the dispatcher, one verdict. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let server: McpFixture;
let gateway: TestGateway;

beforeAll(async () => {
  server = await mcpFixture();
  gateway = await startGateway({ config: folder(server.url) });
});

afterAll(async () => {
  await gateway.stop();
  await server.close();
});

function folder(url: string) {
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: {
        desk: { kind: "mcp", url, tools: { echo: { effect: "read" }, fail: { effect: "read" } } },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        {
          tool_name: "echo",
          arguments: { type: "object", properties: { n: { type: "integer", maximum: 9 } } },
          cost: { usd: 0.25 },
        },
      ],
      blacklisted_tools: ["delete_ticket"],
    },
  };
}

async function connect(path = "/mcp"): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${gateway.agentKey}` };
  const url = new URL(gateway.agentUrl + path);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

describe("the official MCP client", () => {
  test("lists what is granted, and only that", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["echo", "slipclutch_budget"]);
    await client.close();
  });

  test("calls it, and reads why another call is refused", async () => {
    const client = await connect("/mcp/desk");
    const answer = await client.callTool({ name: "echo", arguments: { n: 3 } });
    expect(answer.isError).toBeFalsy();
    expect(JSON.stringify(answer.content)).toContain("3");
    const refused = await client.callTool({ name: "echo", arguments: { n: 10 } });
    expect(refused).toMatchObject({
      isError: true,
      _meta: { "slipclutch/code": "manifest.arguments" },
    });
    const unknown = await client.callTool({ name: "fail", arguments: {} });
    expect(unknown).toMatchObject({ _meta: { "slipclutch/code": "manifest.unknown-tool" } });
    const black = await client.callTool({ name: "Delete-Ticket", arguments: {} });
    expect(black).toMatchObject({ _meta: { "slipclutch/code": "manifest.blacklisted" } });
    expect(server.ran()).toBe(1);
    await client.close();
  });
});

describe("the gateway's own tool", () => {
  const BUDGET = "slipclutch_budget";

  test("is not among the tools of one server", async () => {
    const client = await connect("/mcp/desk");
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["echo"]);
    const refused = await client.callTool({ name: BUDGET, arguments: {} });
    expect(refused).toMatchObject({ _meta: { "slipclutch/code": "manifest.unknown-tool" } });
    await client.close();
  });

  test("tells what the guard API tells, as text and structured, and is not counted", async () => {
    const client = await connect();
    const seen = async () => {
      const headers = { authorization: `Bearer ${gateway.agentKey}` };
      return (await fetch(`${gateway.agentUrl}/guard/v1/budgets`, { headers })).json();
    };
    const before = await seen();
    const ran = server.ran();
    // More often than the breakers would bear, and by the name that a model is shown.
    for (const name of [...Array(9).fill(BUDGET), `mcp__slipclutch__${BUDGET}`]) {
      const told = await client.callTool({ name, arguments: {} });
      expect(told).toEqual({
        content: [{ type: "text", text: JSON.stringify(before) }],
        structuredContent: before,
        isError: false,
      });
    }
    expect(before).toMatchObject({ agent: "worker", budgets: [{ name: "all", limit_usd: "1" }] });
    expect(await seen()).toEqual(before);
    expect(server.ran()).toBe(ran);
    const agents = (await (await gateway.api("GET", "/api/v1/agents")).json()) as object[];
    expect(agents).toMatchObject([{ clutch: "engaged" }]);
    const metrics = await (await gateway.api("GET", "/metrics")).text();
    expect(metrics).not.toContain(`tool="${BUDGET}"`);
    await client.close();
  });

  test("takes no arguments", async () => {
    const client = await connect();
    const refused = await client.callTool({ name: BUDGET, arguments: { agent: "another" } });
    expect(refused).toMatchObject({
      isError: true,
      _meta: { "slipclutch/code": "manifest.arguments" },
    });
    await client.close();
  });
});

describe("the dispatcher", () => {
  test("runs a tool and draws its cost from the agent's budget", async () => {
    const answer = await gateway.call("/guard/v1/tools/echo/call", { arguments: { n: 1 } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-slipclutch-budget-remaining-usd")).toBe("0.5");
    expect(await answer.json()).toMatchObject({ result: { isError: false } });
  });

  test("refuses what the budget does not cover", async () => {
    const path = "/guard/v1/tools/desk__echo/call";
    for (const left of ["0.25", "0"]) {
      const answer = await gateway.call(path, { arguments: {} });
      expect(answer.headers.get("x-slipclutch-budget-remaining-usd")).toBe(left);
    }
    const refused = await gateway.call(path, { arguments: {} });
    expect(refused.status).toBe(402);
    expect(await refused.json()).toMatchObject({ code: "budget.exhausted" });
  });
});

describe("a rate limit", () => {
  test("lets so many calls through in its window, and says when to come again", async () => {
    const limited = await startGateway({ config: limitedFolder(server.url, 3) });
    const before = server.ran();
    const path = "/guard/v1/tools/echo/call";
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => limited.call(path, { arguments: { n } })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
    expect(server.ran() - before).toBe(3);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("x-slipclutch-decision")).toContain("rate-limit.exceeded");
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(50);
    await limited.stop();
  });
});

function limitedFolder(url: string, requests: number) {
  const plain = folder(url);
  const rate_limit = { requests, per_seconds: 60 };
  return {
    ...plain,
    "agents/worker.yaml": {
      ...plain["agents/worker.yaml"],
      allowed_tools: [{ tool_name: "echo", rate_limit }],
    },
  };
}
