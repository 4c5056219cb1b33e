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

interface Standing {
  readonly levels: readonly {
    readonly rule: string;
    readonly tool: string;
    readonly value: number;
  }[];
  readonly repeats: readonly { readonly calls: number }[];
  readonly tasks: readonly { readonly tokens: number }[];
}

/** How the agent stands, as this gateway sees it with what it has heard from the other. */
async function standing(gateway: TestGateway): Promise<Standing> {
  const answer = await gateway.api("GET", "/api/v1/agents/worker/signals");
  return (await answer.json()) as Standing;
}

/** In the last minute, of both. */
async function callsOf(gateway: TestGateway, name: string): Promise<number | undefined> {
  const { levels } = await standing(gateway);
  return levels.find(({ rule, tool }) => rule === "flood" && tool === name)?.value;
}

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
    for (let call = 0; call < 5; call += 1) await ask(one, PATH, { arguments: { same: 1 } });
    await until(async () => (await standing(two)).repeats[0]?.calls === 5);
    for (let call = 0; call < 5; call += 1) await ask(two, PATH, { arguments: { same: 1 } });
    await until(async () => (await alarms(one, "stuck")).length === 1);
    const [stuck] = await alarms(two, "stuck");
    expect(stuck?.event.numbers.identical_calls).toBe(9);

    const chat = { model: "simulated-small", messages: [{ role: "user", content: "hello" }] };
    await ask(one, "/v1/chat/completions", chat);
    await until(async () => ((await standing(two)).tasks[0]?.tokens ?? 0) > 0);
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
    const fail = "/guard/v1/tools/fail/call";
    await ask(two, fail, { arguments: {} });
    await until(async () => (await alarms(one, "new")).length > 0);
    await ask(one, fail, { arguments: {} });
    await until(async () => (await callsOf(one, "fail")) === 2);
    // What that look has asked besides is asked and written down by the end of a stop.
    await one.stop();
    expect(await alarms(two, "new")).toHaveLength(1);
    await two.stop();
    await Promise.all([desk.close(), model.close()]);
  }, 60_000);
});
