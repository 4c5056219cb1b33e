/** A pause is everybody's: two gateways on one PostgreSQL, also while it does not answer. */
import { expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres, freeze } from "../support/postgres.ts";
import { until } from "./clients-world.ts";

const KEY = "7a".repeat(32);
const EVERYWHERE_MS = 1_000;
const PATH = "/guard/v1/tools/echo/call";

function folder(url: string) {
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: KEY,
      tool_servers: { desk: { kind: "mcp", url, tools: { echo: { effect: "read" } } } },
      breakers: [{ name: "stuck", enabled: false }],
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
    },
    "agents/worker.yaml": { version: 1, agent: "worker", allowed_tools: [{ tool_name: "echo" }] },
  };
}

interface AgentRow {
  readonly clutch: string;
  readonly held: number;
}

async function agentAt(gateway: TestGateway): Promise<AgentRow> {
  const rows = (await (await gateway.api("GET", "/api/v1/agents")).json()) as AgentRow[];
  const [row] = rows;
  if (!row) throw new Error("there is one agent");
  return row;
}

/** Agents that ask without a pause until the test ends. */
function load(gateway: TestGateway, key: string, agents: number) {
  const seen = { answered: 0, lastAt: 0, over: false, wrong: [] as number[] };
  const one = async (no: number) => {
    for (let call = 0; !seen.over; call += 1) {
      const body = { arguments: { n: `${no}-${call}` } };
      const answer = await gateway.call(PATH, body, { authorization: `Bearer ${key}` });
      await answer.arrayBuffer();
      if (answer.status !== 200) seen.wrong.push(answer.status);
      seen.answered += 1;
      seen.lastAt = performance.now();
    }
  };
  const all = Promise.all(Array.from({ length: agents }, (_, no) => one(no)));
  return { seen, all };
}

describePostgres("the clutch over two gateways", (cluster) => {
  test("a pause at one stops the other within a second, and a resume starts both", async () => {
    const server: McpFixture = await mcpFixture();
    const config = folder(server.url);
    const store = cluster().url;
    const one = await startGateway({ config, store });
    const two = await startGateway({ config, store });
    const loads = [one, two].map((gateway) => load(gateway, one.agentKey, 4));
    await until(() => loads.every(({ seen }) => seen.answered > 50));

    const body = { agents: ["worker"], reason: "test" };
    expect((await one.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
    const pausedAt = performance.now();
    await until(async () => (await agentAt(two)).held === 4 && (await agentAt(one)).held === 4);
    for (const { seen } of loads) expect(seen.lastAt - pausedAt).toBeLessThan(EVERYWHERE_MS);
    const ran = server.ran();
    const before = loads.map(({ seen }) => seen.answered);

    expect((await one.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
    expect(server.ran()).toBe(ran);
    const reviews = await (await two.api("GET", "/api/v1/reviews?state=open")).json();
    const [review] = reviews as { id: string; version: number }[];
    expect(reviews).toHaveLength(1);
    const resumedAt = performance.now();
    const decision = { version: review?.version, decision: "resume", reason: "fine" };
    const decided = await two.api("POST", `/api/v1/reviews/${review?.id}/decision`, decision);
    expect(decided.status).toBe(200);
    await until(() => loads.every(({ seen }, no) => seen.answered > (before[no] ?? 0)));
    expect(performance.now() - resumedAt).toBeLessThan(2 * EVERYWHERE_MS);
    for (const { seen } of loads) seen.over = true;
    await Promise.all(loads.map(({ all }) => all));
    // A call that the pause met on its way to the write was told to come back, at most one each.
    const wrong = loads.flatMap(({ seen }) => seen.wrong);
    expect(wrong.every((status) => status === 429)).toBe(true);
    expect(wrong.length).toBeLessThanOrEqual(8);
    await Promise.all([one.stop(), two.stop()]);
    await server.close();
  }, 60_000);

  test("trips at both at once are one stop with one review, and one resume starts both", async () => {
    const server: McpFixture = await mcpFixture();
    const plain = folder(server.url);
    const breakers = [{ name: "stuck", above: { value: 3 } }];
    const config = { ...plain, "slipclutch.yaml": { ...plain["slipclutch.yaml"], breakers } };
    const store = cluster().url;
    const one = await startGateway({ config, store });
    const two = await startGateway({ config, store });
    const key = (await (await one.api("POST", "/api/v1/keys", { agent: "worker" })).json()) as {
      key: string;
    };
    const asWorker = { authorization: `Bearer ${key.key}` };
    const body = { agents: ["worker"], reason: "both at once" };
    const repeat = (gateway: TestGateway) => gateway.call(PATH, { arguments: {} }, asWorker);
    for (const gateway of [one, two, one, two, one, two]) {
      expect((await repeat(gateway)).status).toBe(200);
    }
    // The fourth at each trips, and two people pause: whoever is later meets a trip under way.
    const equal = [one, two].map(repeat);
    const pauses = [one, two].map((gateway) => gateway.api("POST", "/api/v1/agents/pause", body));
    for (const answer of await Promise.all(pauses)) expect(answer.status).toBe(200);
    for (const gateway of [one, two]) {
      await until(async () => (await agentAt(gateway)).clutch === "disengaged");
    }
    const open = await (await two.api("GET", "/api/v1/reviews?state=open")).json();
    expect(open).toMatchObject([{ agent: "worker" }]);
    await two.cli("agents", "resume", "worker", "--reason", "fine");
    for (const gateway of [one, two]) {
      await until(async () => (await agentAt(gateway)).clutch === "engaged");
    }
    // Held meanwhile, and let go by the one resume; or told to come again, if it was being written.
    const statuses = (await Promise.all(equal)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(server.ran()).toBe(6 + statuses.filter((status) => status === 200).length);
    for (const gateway of [one, two]) {
      expect((await gateway.call(PATH, { arguments: { n: 1 } }, asWorker)).status).toBe(200);
    }
    await Promise.all([one.stop(), two.stop()]);
    await server.close();
  }, 60_000);

  test("while the store is away a pause holds here, says so, and is written once it is back", async () => {
    const server: McpFixture = await mcpFixture();
    const config = folder(server.url);
    const store = cluster().url;
    const one = await startGateway({ config, store });
    const two = await startGateway({ config, store });
    const key = (
      (await (await one.api("POST", "/api/v1/keys", { agent: "worker" })).json()) as {
        key: string;
      }
    ).key;
    const asWorker = { authorization: `Bearer ${key}` };
    const thaw = await freeze(cluster());
    try {
      const body = { agents: ["worker"], reason: "while it is away" };
      const paused = await one.api("POST", "/api/v1/agents/pause", body);
      expect(paused.status).toBe(503);
      expect(await paused.json()).toMatchObject({ error: { code: "pause.unstored" } });
      expect(await agentAt(one)).toMatchObject({ clutch: "disengaged" });
      expect(await agentAt(two)).toMatchObject({ clutch: "engaged" });
    } finally {
      thaw();
    }
    await until(async () => (await agentAt(two)).clutch === "disengaged", 20_000);
    const held = two.call(PATH, { arguments: {} }, asWorker);
    await until(async () => (await agentAt(two)).held === 1);
    expect(server.ran()).toBe(0);
    await two.cli("agents", "resume", "worker", "--reason", "fine");
    expect((await held).status).toBe(200);
    await Promise.all([one.stop(), two.stop()]);
    await server.close();
  }, 60_000);
});
