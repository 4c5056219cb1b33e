/** What is usual takes a while to learn: `above.times`, `.sigmas`, `.mads`, `.of` and `.over` of a surge. */
import { expect, test } from "vitest";
import { mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const STEADY_MS = 80_000;
const BURST = 240;

function folder(url: string, above: Readonly<Record<string, unknown>>) {
  const surge = { name: "tool-surge", above, for: "0s", at_least: 5 };
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: { kind: "mcp", url, tools: { echo: { effect: "read" } } } },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      breakers: [surge, { name: "stuck", enabled: false }],
      parking: { hold_for: "0s" },
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      // The line while too little is known of what is usual.
      allowed_tools: [{ tool_name: "echo", rate_limit: { requests: 10_000, per_seconds: 60 } }],
    },
  };
}

async function call(gateway: TestGateway, n: number): Promise<number> {
  const answer = await gateway.call("/guard/v1/tools/echo/call", { arguments: { n } });
  await answer.arrayBuffer();
  return answer.status;
}

/** Alerts alone: one gateway can have several, and which of them rang is in its metrics. */
const DEVIATIONS = {
  "few-sigmas": { sigmas: 4, of: "ewma", over: "2m" },
  "many-sigmas": { sigmas: 60, of: "ewma", over: "2m" },
  "few-mads": { mads: 4, of: "median", over: "2m" },
  "many-mads": { mads: 90, of: "median", over: "2m" },
};

test("a few deviations above what was usual ring; very many do not", async () => {
  const server = await mcpFixture();
  const config = folder(server.url, { value: 1_000_000 });
  const rings = Object.entries(DEVIATIONS).map(([name, above]) => {
    const what = { signal: "calls_per_tool", for: "0s", at_least: 5, action: "alert" };
    return { name, above, ...what };
  });
  config["slipclutch.yaml"].breakers.push(...(rings as never[]));
  const gateway = await startGateway({ config });
  const until = performance.now() + STEADY_MS;
  for (let n = 0; performance.now() < until; n += 1) {
    expect(await call(gateway, n)).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  await Promise.all(Array.from({ length: BURST }, (_, n) => call(gateway, -n)));
  const rang = async () => {
    const text = await (await gateway.api("GET", "/metrics")).text();
    return Object.keys(DEVIATIONS).filter((name) => text.includes(`rule="${name}"`));
  };
  await expect.poll(rang, { timeout: 10_000 }).toEqual(["few-sigmas", "few-mads"]);
  await gateway.stop();
  await server.close();
}, 150_000);

test("twice what was usual over two minutes trips; fifty times does not, nor over an hour that is not known yet", async () => {
  const server = await mcpFixture();
  const gateways = await Promise.all(
    [
      { times: 2, of: "rolling_average", over: "2m" },
      { times: 50, of: "rolling_average", over: "2m" },
      { times: 2, of: "rolling_average", over: "1h" },
    ].map((above) => startGateway({ config: folder(server.url, above) })),
  );
  const until = performance.now() + STEADY_MS;
  for (let n = 0; performance.now() < until; n += 1) {
    const statuses = await Promise.all(gateways.map((gateway) => call(gateway, n)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  await Promise.all(
    gateways.flatMap((gateway) => Array.from({ length: BURST }, (_, n) => call(gateway, -n))),
  );
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const after = await Promise.all(gateways.map((gateway) => call(gateway, 0.5)));
  expect(after).toEqual([429, 200, 200]);
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await server.close();
}, 150_000);
