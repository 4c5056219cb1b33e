/** A rate limit is exact over all gateways: two of them, one PostgreSQL, one tool server. */
import { expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { noteWrites } from "../support/writes.ts";

const KEY = "7a".repeat(32);
const WINDOW_S = 3;
const REQUESTS = 20;
const WINDOW_MS = WINDOW_S * 1_000;

function folder(url: string) {
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: KEY,
      tool_servers: { desk: { kind: "mcp", url, tools: { echo: { effect: "read" } } } },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        {
          tool_name: "echo",
          rate_limit: { requests: REQUESTS, per_seconds: WINDOW_S },
        },
      ],
    },
  };
}

/** Asks over and over until the time is up; counts what came back, by status. */
async function race(gateway: TestGateway, key: string, untilMs: number) {
  const tally: Record<number, number> = {};
  const one = async () => {
    while (performance.now() < untilMs) {
      const answer = await gateway.call(
        "/guard/v1/tools/echo/call",
        { arguments: {} },
        { authorization: `Bearer ${key}` },
      );
      await answer.arrayBuffer();
      tally[answer.status] = (tally[answer.status] ?? 0) + 1;
      if (answer.status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return tally;
}

/** The most writes in any window. */
function most(instants: readonly number[]): number {
  let [from, seen] = [0, 0];
  for (const [to, at] of instants.entries()) {
    while (at - (instants[from] ?? 0) >= WINDOW_MS) from += 1;
    seen = Math.max(seen, to - from + 1);
  }
  return seen;
}

describePostgres("a surge that is split over two gateways", (cluster) => {
  test("trips both, though neither sees enough of it, and a rate limit refuses most", async () => {
    const server: McpFixture = await mcpFixture();
    const plain = folder(server.url);
    const surge = { name: "tool-surge", above: { value: 60 }, for: "1s", at_least: 10 };
    const config = {
      ...plain,
      "slipclutch.yaml": {
        ...plain["slipclutch.yaml"],
        breakers: [surge, { name: "stuck", enabled: false }],
      },
    };
    const writes = await noteWrites();
    const options = { config, store: cluster().url, environment: writes.environment };
    const gateways = [await startGateway(options), await startGateway(options)];
    const key = gateways[0]?.agentKey ?? "";
    const ask = (gateway: TestGateway, n: number) =>
      gateway.call(
        "/guard/v1/tools/echo/call",
        { arguments: { n } },
        { authorization: `Bearer ${key}` },
      );
    // 45 calls at each: above the line of 60 only together.
    await Promise.all(
      gateways.flatMap((gateway) => Array.from({ length: 45 }, (_, n) => ask(gateway, n))),
    );
    const paused = async (gateway: TestGateway) => {
      const until = performance.now() + 30_000;
      for (;;) {
        const answer = await (
          await gateway.api("GET", "/api/v1/journal?kind=clutch.disengaged")
        ).text();
        if (answer.includes("tool-surge")) return performance.now();
        if (performance.now() > until) return null;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    for (const gateway of gateways) {
      expect(await paused(gateway)).not.toBeNull();
      const rows = await (await gateway.api("GET", "/api/v1/agents")).json();
      expect(rows).toMatchObject([{ clutch: "disengaged" }]);
    }
    // On a busy machine the calls take longer to come than one window.
    const instants = await writes.instants();
    expect(instants).toHaveLength(server.ran());
    expect(most(instants)).toBeLessThanOrEqual(REQUESTS);
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all(gateways.map(forget));
    await server.close();
    await writes.close();
  }, 60_000);
});

describePostgres("a rate limit over two gateways", (cluster) => {
  test("lets no more through in any window, and wastes little", async () => {
    const server: McpFixture = await mcpFixture();
    const config = folder(server.url);
    const writes = await noteWrites();
    const options = { config, store: cluster().url, environment: writes.environment };
    const [one, two] = [await startGateway(options), await startGateway(options)];
    const key = one.agentKey;
    const untilMs = performance.now() + 4 * WINDOW_MS;
    const tallies = await Promise.all([race(one, key, untilMs), race(two, key, untilMs)]);
    const instants = await writes.instants();
    expect(instants).toHaveLength(server.ran());
    expect(most(instants)).toBeLessThanOrEqual(REQUESTS);
    // Both had a share of it, and most windows were used up.
    for (const tally of tallies) expect(tally[200] ?? 0).toBeGreaterThan(REQUESTS / 4);
    expect(server.ran()).toBeGreaterThan(2.5 * REQUESTS);
    expect(Object.keys({ ...tallies[0], ...tallies[1] }).sort()).toEqual(["200", "429"]);
    await Promise.all([one, two].map((gateway) => gateway.stop()));
    await Promise.all([one, two].map(forget));
    await server.close();
    await writes.close();
  }, 60_000);
});
