/** `max_calls`, `max_tool_calls` and `max_duration`: what one task may do, over all gateways. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";

const KEY = "7a".repeat(32);
const TOOL = "/guard/v1/tools/echo/call";
const CHAT = "/v1/chat/completions";

function folder(url: string, limits: object, budgets: readonly object[] = []) {
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: KEY,
      tool_servers: { desk: { kind: "mcp", url, tools: { echo: { effect: "read" } } } },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1000, window: "lifetime" }, ...budgets],
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [{ tool_name: "echo" }],
      limits,
    },
  };
}

interface Told {
  readonly status: number;
  readonly code: string | null;
  readonly facts: Readonly<Record<string, unknown>> | null;
  readonly left: string | null;
}

interface Asking {
  readonly task?: string;
  readonly key?: string;
}

async function ask(gateway: TestGateway, path: string, asking: Asking = {}): Promise<Told> {
  const { key = gateway.agentKey, task } = asking;
  const model = { model: "simulated-small", messages: [{ role: "user", content: "hello" }] };
  const answer = await gateway.call(path, path === CHAT ? model : { arguments: {} }, {
    authorization: `Bearer ${key}`,
    ...(task === undefined ? {} : { "x-slipclutch-task": task }),
  });
  const json = (await answer.json()) as {
    code?: string;
    error?: { details: { facts: Record<string, unknown> } };
  };
  return {
    status: answer.status,
    code: json.code ?? null,
    facts: json.error?.details.facts ?? null,
    left: answer.headers.get("x-slipclutch-budget-remaining-calls"),
  };
}

describe("at one gateway", () => {
  let server: McpFixture;
  let gateway: TestGateway;

  beforeAll(async () => {
    server = await mcpFixture();
    gateway = await startGateway({ config: folder(server.url, {}) });
  });

  afterAll(async () => {
    await gateway.stop();
    await forget(gateway);
    await server.close();
  });

  async function load(limits: object, budgets?: readonly object[], at = server.url) {
    await rm(join(gateway.configFolder, "agents"), { recursive: true });
    await writeFolder(folder(at, limits, budgets), gateway.configFolder);
    expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  }

  const codes = async (paths: readonly string[], asking: Asking) => {
    const seen: (string | number)[] = [];
    for (const path of paths) {
      const { code, status } = await ask(gateway, path, asking);
      seen.push(code ?? status);
    }
    return seen;
  };

  test("calls of models and tools count together, and each task has its own", async () => {
    await load({ max_calls: 3 });
    for (const task of ["one", "two"]) {
      const seen = await codes([TOOL, CHAT, TOOL, CHAT, TOOL], { task });
      expect(seen).toEqual([200, 200, 200, "task.exhausted", "task.exhausted"]);
    }
    const { facts, left, status } = await ask(gateway, TOOL, { task: "one" });
    expect([status, facts]).toEqual([403, { limit: "max_calls", task: "one", max: 3, used: 3 }]);
    expect(left).toBe("0");
  });

  test("a task without a name has the same limit", async () => {
    await load({ max_calls: 2 });
    expect(await codes([CHAT, TOOL, CHAT, TOOL], {})).toEqual([
      ...[200, 200, "task.exhausted", "task.exhausted"],
    ]);
  });

  test("an agent sees what it has left, and the operator what a task has used", async () => {
    await load({ max_calls: 5 });
    await codes([CHAT, TOOL], { task: "seen" });
    const { left } = await ask(gateway, TOOL, { task: "seen" });
    expect(left).toBe("2");
    const answer = await fetch(`${gateway.agentUrl}/guard/v1/budgets`, {
      headers: { authorization: `Bearer ${gateway.agentKey}`, "x-slipclutch-task": "seen" },
    });
    const { budgets } = (await answer.json()) as { budgets: object[] };
    const row = { name: "limits.max_calls of worker", limit_calls: "5", remaining_calls: "2" };
    expect(budgets).toContainEqual(expect.objectContaining(row));
    const shown = await gateway.cli("budgets");
    expect(shown.out).toContain("limits.max_calls of worker");
  });

  test("what a task opened under it does counts for the task too", async () => {
    await load({ max_calls: 3 });
    const open = async (name: string, parent?: string) => {
      const body = { name, ...(parent === undefined ? {} : { parent }) };
      const answer = await gateway.call("/guard/v1/tasks", body);
      return ((await answer.json()) as { key: string }).key;
    };
    const parent = await open("parent");
    const child = await open("child", "parent");
    expect(await codes([TOOL, TOOL], { key: child })).toEqual([200, 200]);
    expect(await codes([TOOL, TOOL], { key: parent })).toEqual([200, "task.exhausted"]);
    const { facts } = await ask(gateway, CHAT, { key: child });
    expect(facts).toMatchObject({ task: "parent", used: 3 });
  });

  test("max_tool_calls leaves models alone", async () => {
    await load({ max_tool_calls: 1 });
    expect(await codes([CHAT, TOOL, TOOL, CHAT], { task: "tools" })).toEqual([
      ...[200, 200, "task.exhausted", 200],
    ]);
    const { facts } = await ask(gateway, TOOL, { task: "tools" });
    expect(facts).toEqual({ limit: "max_tool_calls", task: "tools", max: 1, used: 1 });
  });

  test("what was refused, or never sent, was no call", async () => {
    await load({ max_calls: 2 });
    const task = { task: "refused" };
    const nobody = "/guard/v1/tools/nobody/call";
    expect(await codes([nobody, nobody, nobody, TOOL], task)).toEqual([
      ...Array(3).fill("manifest.unknown-tool"),
      200,
    ]);
    await load({ max_calls: 2 }, [], "http://127.0.0.1:1/mcp");
    expect(await codes([TOOL, TOOL], task)).toEqual(Array(2).fill("provider.unreachable"));
    await load({ max_calls: 2 });
    expect(await codes([TOOL, TOOL], task)).toEqual([200, "task.exhausted"]);
  });

  test("a raised limit lets a task go on, and a lowered one stops it", async () => {
    const task = { task: "edited" };
    await load({ max_calls: 1 });
    expect(await codes([TOOL, TOOL], task)).toEqual([200, "task.exhausted"]);
    await load({ max_calls: 3 });
    expect(await codes([TOOL], task)).toEqual([200]);
    await load({ max_calls: 2 });
    expect(await codes([TOOL], task)).toEqual(["task.exhausted"]);
    await load({});
    expect(await codes([TOOL], task)).toEqual([200]);
  });

  test("a spent budget that parks does not keep a task that has made its calls", async () => {
    const parks = { name: "p", agent: "worker", limit_calls: 1, window: "day" };
    await load({ max_calls: 1 }, [{ ...parks, on_exhausted: "park" }]);
    expect(await codes([TOOL, TOOL], { task: "spent" })).toEqual([200, "task.exhausted"]);
    await load({});
  });

  test("over MCP it is a result that the model reads", async () => {
    await load({ max_calls: 1 });
    const client = new Client({ name: "test", version: "1" });
    const headers = { authorization: `Bearer ${gateway.agentKey}` };
    const url = new URL(`${gateway.agentUrl}/t/mcp-task/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    await client.callTool({ name: "echo", arguments: {} });
    const refused = await client.callTool({ name: "echo", arguments: {} });
    expect(refused).toMatchObject({
      isError: true,
      _meta: { "slipclutch/code": "task.exhausted" },
    });
    // What is left to spend can be asked all the same.
    const told = await client.callTool({ name: "slipclutch_budget", arguments: {} });
    expect(told.isError).toBe(false);
    await client.close();
  });

  test("a task begins no call once it is too old, nor does one under it, and others do", async () => {
    await load({ max_duration: "2s" });
    const open = await gateway.call("/guard/v1/tasks", { name: "old" });
    expect(open.status).toBe(201);
    expect(await codes([TOOL, CHAT], { task: "old" })).toEqual([200, 200]);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await gateway.call("/guard/v1/tasks", { name: "young", parent: "old" });
    await until(async () => (await ask(gateway, CHAT, { task: "old" })).status === 403);
    const { code, facts } = await ask(gateway, TOOL, { task: "old" });
    expect(code).toBe("task.exhausted");
    expect(facts).toMatchObject({ limit: "max_duration", task: "old", max_seconds: 2 });
    expect(await codes([TOOL], { task: "young" })).toEqual(["task.exhausted"]);
    expect(await codes([TOOL], { task: "fresh" })).toEqual([200]);
  });
});

describePostgres("over two gateways", (cluster) => {
  test("a task makes exactly so many calls, however many race", async () => {
    const server = await mcpFixture();
    const config = folder(server.url, { max_calls: 100, max_tool_calls: 25 });
    const store = cluster().url;
    const gateways = [await startGateway({ config, store }), await startGateway({ config, store })];
    const key = gateways[0]?.agentKey ?? "";
    const tally: Record<string, number> = {};
    const one = async (gateway: TestGateway) => {
      for (;;) {
        const { code } = await ask(gateway, TOOL, { key, task: "race" });
        tally[code ?? "200"] = (tally[code ?? "200"] ?? 0) + 1;
        if (code === "task.exhausted") return;
      }
    };
    await Promise.all(gateways.flatMap((gateway) => Array.from({ length: 6 }, () => one(gateway))));
    expect(tally[200]).toBe(25);
    expect(server.ran()).toBe(25);
    const others = Object.keys(tally).filter((code) => code !== "budget.contended");
    expect(others.toSorted()).toEqual(["200", "task.exhausted"]);
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all(gateways.map(forget));
    await server.close();
  }, 60_000);
});
