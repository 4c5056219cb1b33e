/** Every official client of MCP in every version that it can agree on: the same tools, the same verdicts. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import { MCP_CLIENTS, type McpAgent } from "./mcp-agents.ts";
import { parkingWorld } from "./parking-world.ts";

const CLIENT_MS = 60_000;

describe.each(MCP_CLIENTS)("$name", ({ connect, speaks }) => {
  let server: McpFixture;
  let gateway: TestGateway;
  let agent: McpAgent;

  beforeAll(async () => {
    server = await mcpFixture();
    gateway = await startGateway({ config: folder(server.url) });
    agent = await connect(`${gateway.agentUrl}/mcp`, gateway.agentKey);
  }, CLIENT_MS);

  afterAll(async () => {
    await agent.close();
    await gateway.stop();
    await forget(gateway);
    await server.close();
  });

  test("agrees on the newest version that both speak", () => {
    expect(agent.version).toBe(speaks);
  });

  test("is shown what is granted, and gets its results", async () => {
    expect(await agent.list()).toEqual(["echo", "fail", "slipclutch_budget"]);
    const answer = await agent.call("echo", { n: 3 });
    expect(answer).toMatchObject({ structuredContent: { given: { n: 3 } } });
    expect(answer.isError ?? false).toBe(false);
    expect(await agent.call("slipclutch_budget", {})).toMatchObject({
      structuredContent: { agent: "worker" },
    });
  });

  test("hands refusals on as results, with their code", async () => {
    const code = async (name: string, given: object) => {
      const { _meta: meta, isError, content } = await agent.call(name, given);
      expect([isError, typeof content[0].text]).toEqual([true, "string"]);
      return meta["slipclutch/code"];
    };
    expect(await code("echo", { n: 10 })).toBe("manifest.arguments");
    expect(await code("gone", {})).toBe("manifest.unknown-tool");
    expect(await code("Delete-Ticket", {})).toBe("manifest.blacklisted");
    expect(await agent.call("fail", {})).toMatchObject({ isError: true });
    expect(await code("fail", {})).toBe("rate-limit.exceeded");
    expect(await agent.call("echo", {})).not.toMatchObject({ isError: true });
    expect(await code("echo", {})).toBe("budget.exhausted");
  });
});

function folder(url: string) {
  const read = { effect: "read" };
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: { kind: "mcp", url, tools: { echo: read, fail: read, gone: read } } },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        {
          tool_name: "echo",
          arguments: { type: "object", properties: { n: { type: "integer", maximum: 9 } } },
          cost: { usd: 0.5 },
        },
        { tool_name: "fail", rate_limit: { requests: 1, per_seconds: 3600 } },
      ],
      blacklisted_tools: ["delete_ticket"],
    },
  };
}

/** Each round ends with one, though its client is told of none but the last. */
async function refusals(gateway: TestGateway): Promise<number> {
  const answer = await gateway.api("GET", "/api/v1/journal?kind=call.refused");
  return ((await answer.json()) as { entries: readonly object[] }).entries.length;
}

describe("while its agent is paused", () => {
  const HOLD = { hold_for: "700ms" };
  const stateless = MCP_CLIENTS.filter(({ speaks }) => speaks === "2026-07-28");
  const others = MCP_CLIENTS.filter(({ speaks }) => speaks !== "2026-07-28");

  test.each(stateless)(
    "$name comes again by itself, round after round, and sees no error but the result",
    async ({ connect }) => {
      const world = await parkingWorld(HOLD);
      const agent = await connect(`${world.gateway.agentUrl}/mcp`, world.gateway.agentKey);
      const { id } = await world.pause();
      const answer = agent.call("save", { n: 1 });
      // Three rounds and more: all of them are one call.
      await until(async () => (await refusals(world.gateway)) >= 3, 20_000);
      expect(await world.review(id)).toMatchObject({ parked: 1, calls: [{ state: "parked" }] });
      await world.resume();
      expect(await answer).toMatchObject({ structuredContent: { given: { n: 1 } } });
      expect(world.server.ran()).toBe(1);
      await until(async () => (await world.review(id)).calls[0]?.state === "done");
      expect((await world.review(id)).calls.length).toBe(1);
      await agent.close();
      await world.end();
    },
    CLIENT_MS,
  );

  test.each(stateless)(
    "$name is told after the tenth round, as a result that the model reads",
    async ({ connect }) => {
      const world = await parkingWorld({ hold_for: "200ms" });
      const agent = await connect(`${world.gateway.agentUrl}/mcp`, world.gateway.agentKey);
      const { id } = await world.pause();
      const told = await agent.call("save", { n: 2 });
      expect(told).toMatchObject({ isError: true, _meta: { "slipclutch/code": "clutch.parked" } });
      expect(told.content[0].text).toContain("Call again with the same arguments");
      await until(async () => (await refusals(world.gateway)) >= 11, 20_000);
      expect(await refusals(world.gateway)).toBe(11);
      expect(await world.review(id)).toMatchObject({ parked: 1 });
      await agent.close();
      await world.end();
    },
    CLIENT_MS,
  );

  test.each(others)(
    "$name is told at once that its call waits, and takes its place when it calls again",
    async ({ connect }) => {
      const world = await parkingWorld(HOLD);
      const agent = await connect(`${world.gateway.agentUrl}/mcp`, world.gateway.agentKey);
      const { id } = await world.pause();
      const told = await agent.call("save", { n: 3 });
      expect(told).toMatchObject({ isError: true, _meta: { "slipclutch/code": "clutch.parked" } });
      const answer = agent.call("save", { n: 3 });
      await world.parked(1);
      await world.resume();
      expect(await answer).toMatchObject({ structuredContent: { given: { n: 3 } } });
      expect(world.server.ran()).toBe(1);
      expect((await world.review(id)).calls.length).toBe(1);
      await agent.close();
      await world.end();
    },
    CLIENT_MS,
  );
});
