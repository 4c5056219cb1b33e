/** What one agent does at two gateways of one PostgreSQL is seen as what it is: one agent's doing. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";

const KEY = "7b".repeat(32);
const PATH = "/guard/v1/tools/echo/call";
/** Others hear of what was seen here once a second. */
const HEARD_MS = 2_200;

function folder(urls: { readonly desk: string; readonly model: string }) {
  const alert = { action: "alert" };
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: KEY,
      providers: {
        gpt: { kind: "openai", api_key: "k", base_url: `${urls.model}/v1`, prices_of: "simulated" },
      },
      tool_servers: { desk: { kind: "mcp", url: urls.desk, tools: { echo: { effect: "read" } } } },
      breakers: [
        { name: "stuck", above: { value: 8 }, ...alert },
        { name: "flood", signal: "calls_per_tool", above: { value: 30 }, for: "0s", ...alert },
        { name: "spike", signal: "tokens_per_task", above: { value: 100 }, at_least: 1, ...alert },
        { name: "new", signal: "new_tools", above: { value: 0 }, ...alert },
      ],
      budgets: [{ name: "all", agent: "worker", limit_usd: 5, window: "lifetime" }],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [{ tool_name: "echo" }, { tool_name: "fail", read_only: false }],
    },
  };
}

interface Entry {
  readonly event: { readonly rule: string; readonly numbers: Readonly<Record<string, number>> };
}

async function alarms(gateway: TestGateway, rule: string): Promise<readonly Entry[]> {
  const answer = await gateway.api("GET", "/api/v1/journal?kind=breaker.alarmed");
  const { entries } = (await answer.json()) as { entries: readonly Entry[] };
  return entries.filter(({ event }) => event.rule === rule);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describePostgres("signals over two gateways", (cluster) => {
  test("the same call in turns, one task's tokens, a flood that is split, and tools that are new", async () => {
    const [desk, model] = [await mcpFixture(), await simulatedUpstream({ clock: systemClock })];
    model.setScript({ outputTokens: 60, chunks: 4, latencyMs: 0, chunkMs: 0 });
    const config = folder({ desk: desk.url, model: model.url });
    const store = cluster().url;
    const one = await startGateway({ config, store });
    const two = await startGateway({ config, store });
    const both = [one, two];
    const headers = { authorization: `Bearer ${one.agentKey}`, "x-slipclutch-task": "t" };
    const ask = async (gateway: TestGateway | undefined, path: string, body: object) => {
      const answer = await gateway?.call(path, body, headers);
      await answer?.arrayBuffer();
      expect(answer?.status).toBe(200);
    };

    // Five at each: neither sees more than five.
    for (const gateway of both) {
      for (let call = 0; call < 5; call += 1) await ask(gateway, PATH, { arguments: { same: 1 } });
      await pause(HEARD_MS);
    }
    await until(async () => (await alarms(one, "stuck")).length === 1);
    const [stuck] = await alarms(two, "stuck");
    expect(stuck?.event.numbers.identical_calls).toBe(9);

    const chat = { model: "simulated-small", messages: [{ role: "user", content: "hello" }] };
    await ask(one, "/v1/chat/completions", chat);
    await pause(HEARD_MS);
    expect(await alarms(one, "spike")).toEqual([]);
    await ask(two, "/v1/chat/completions", chat);
    await until(async () => (await alarms(one, "spike")).length === 1);

    expect(await alarms(one, "flood")).toEqual([]);
    for (let n = 0; n < 24; n += 1) {
      await Promise.all(both.map((gateway, no) => ask(gateway, PATH, { arguments: { n, no } })));
    }
    await until(async () => (await alarms(one, "flood")).length > 0);

    // The first tool of all is new to nobody; the second is, and at one gateway alone.
    expect(await alarms(one, "new")).toEqual([]);
    for (const gateway of both) await ask(gateway, "/guard/v1/tools/fail/call", { arguments: {} });
    await until(async () => (await alarms(one, "new")).length > 0);
    await pause(HEARD_MS);
    expect(await alarms(one, "new")).toHaveLength(1);

    await Promise.all(both.map((gateway) => gateway.stop()));
    await Promise.all([desk.close(), model.close()]);
  }, 60_000);
});
