/** What is written down of tool calls, and one budget of tools on two gateways. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { booksOf, ENCRYPTION_KEY, until, verifyJournal } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import type { Json } from "./wiring-world.ts";

let server: McpFixture;
const gateways: TestGateway[] = [];

beforeAll(async () => {
  server = await mcpFixture();
});

afterAll(() => server.close());

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
});

async function start(more: Json = {}): Promise<TestGateway> {
  const config = {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: {
        desk: {
          kind: "mcp",
          url: server.url,
          tools: { echo: { effect: "read" }, fail: { effect: "read" } },
        },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 5, window: "lifetime" }],
      ...more,
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        { tool_name: "echo", cost: { usd: 0.25 } },
        { tool_name: "fail", read_only: true },
      ],
    },
  };
  const gateway = await startGateway({ config });
  gateways.push(gateway);
  return gateway;
}

function echo(gateway: TestGateway, given: Json = {}, key?: string): Promise<Response> {
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  return gateway.call("/guard/v1/tools/echo/call", { arguments: given }, headers);
}

const decisionOf = ({ headers }: Response) =>
  (headers.get("x-slipclutch-decision") ?? "").split(";")[0] ?? "";

describe("what is told of a tool call", () => {
  test("by explain: the tool, its arguments' digest, each guard, the cost", async () => {
    const gateway = await start();
    const answer = await echo(gateway, { b: 1, a: [2] });
    expect(answer.status).toBe(200);
    const decision = decisionOf(answer);
    const json = await until(
      async () => JSON.parse((await gateway.cli("explain", decision, "--json")).out || "null"),
      (seen) => seen?.state === "settled",
    );
    expect(json.asked).toMatchObject({ server: "desk", tool: "echo", by: "dispatcher" });
    expect(json.asked.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(json.answers.map(({ guard }: Json) => guard)).toEqual([
      "task",
      "manifest",
      "effect",
      "arguments",
      "resource",
      "inner",
      "policy",
      "clutch",
      "pin",
      "approval",
      "rate-limit",
      "concurrency",
      "budget",
    ]);
    expect(json.outcome).toMatchObject({ reserved_usd: "0.25", charged_usd: "0.25" });
    const { out } = await gateway.cli("explain", decision);
    for (const text of ["server desk, tool echo", json.asked.digest, "charged $0.25"]) {
      expect(out).toContain(text);
    }
    // Arguments are the agent's own; a digest is enough to tell which were the same.
    const [same, other] = await Promise.all([
      echo(gateway, { a: [2], b: 1 }),
      echo(gateway, { a: [2], b: 2 }),
    ]);
    const digest = async (told: Response) =>
      (
        await until(
          async () =>
            JSON.parse((await gateway.cli("explain", decisionOf(told), "--json")).out || "null"),
          (seen) => seen !== null,
        )
      ).asked.digest;
    expect(await digest(same)).toBe(json.asked.digest);
    expect(await digest(other)).not.toBe(json.asked.digest);
  });

  test("by the journal: one line with the tool, the digest and what it cost", async () => {
    const gateway = await start();
    const told = await echo(gateway);
    const refused = await gateway.call("/guard/v1/tools/rm%20-rf/call", {});
    expect(refused.status).toBe(403);
    const out = await until(
      async () => (await gateway.cli("journal", "--all")).out,
      (text) => text.includes(decisionOf(told)) && text.includes(decisionOf(refused)),
    );
    const line = (decision: string) => out.split("\n").find((one) => one.includes(decision));
    expect(line(decisionOf(told))).toMatch(
      /call\.settled {2}worker .* desk__echo [0-9a-f]{12} {2}\$0\.25/,
    );
    expect(line(decisionOf(refused))).toMatch(
      /call\.refused manifest\.unknown-tool {2}worker .* rm -rf [0-9a-f]{12} {2}d-/,
    );
    expect(await verifyJournal(gateway)).toMatchObject({ ok: true });
  });

  test("by the metrics: names of the manifest, and none that a caller made up", async () => {
    const gateway = await start();
    await echo(gateway);
    await gateway.call("/guard/v1/tools/fail/call", {});
    for (let no = 0; no < 5; no += 1) await gateway.call(`/guard/v1/tools/invented${no}/call`, {});
    const ended = { "x-slipclutch-task": "over" };
    await gateway.call("/guard/v1/tasks", { name: "over" });
    await gateway.call("/guard/v1/tasks/over/end", { outcome: "ok" });
    await gateway.call("/guard/v1/tools/invented-too/call", {}, ended);
    const text = await (await gateway.api("GET", "/metrics")).text();
    const lines = text.split("\n").filter((line) => line.startsWith("slipclutch_tool_"));
    const label = (of: string) => `agent="worker",server="desk",tool="${of}"`;
    expect(lines).toEqual(
      expect.arrayContaining([
        `slipclutch_tool_calls_total{${label("echo")},outcome="ok"} 1`,
        `slipclutch_tool_calls_total{${label("fail")},outcome="error"} 1`,
        'slipclutch_tool_calls_total{agent="worker",server="other",tool="other",outcome="refused"} 6',
        `slipclutch_tool_spend_usd_total{${label("echo")}} 0.25`,
        'slipclutch_tool_seconds_count{server="desk"} 2',
      ]),
    );
    expect(text).not.toContain("invented");
  });
});

describePostgres("two gateways on one store", (cluster) => {
  test("share the budget that tools draw on: it is spent to the last call, and never passed", async () => {
    const shared = { store: cluster().url, encryption_key: ENCRYPTION_KEY };
    const one = await start(shared);
    const other = await start(shared);
    const key = one.agentKey ?? other.agentKey;
    const ran = server.ran();
    const outcomes: string[] = [];
    const caller = async (no: number): Promise<void> => {
      for (let call = 0; call < 5; call += 1) {
        const answer = await echo(no % 2 === 0 ? one : other, { no, call }, key);
        const { code } = (await answer.json()) as { code?: string };
        outcomes.push(code ?? String(answer.status));
      }
    };
    await Promise.all(Array.from({ length: 12 }, (_, no) => caller(no)));
    // What one gateway still held when the other ran out is there for those who come back.
    for (let tries = 0; tries < 50 && server.ran() - ran < 20; tries += 1) {
      outcomes.push(String((await echo(tries % 2 === 0 ? one : other, {}, key)).status));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(server.ran() - ran).toBe(20);
    expect(outcomes.filter((outcome) => outcome === "200")).toHaveLength(20);
    expect((await echo(one, {}, key)).status).toBe(402);
    expect((await echo(other, {}, key)).status).toBe(402);
    const books = await until(
      () => booksOf(one),
      ({ spent }) => spent === 5_000_000_000n,
    );
    expect(books).toMatchObject({ reserved: 0n, forfeited: 0n });
  });
});
