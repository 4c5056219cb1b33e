/** Tool calls while PostgreSQL is away: inside the grace, beyond it, and when an agent runs away. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Cluster, describePostgres, freeze } from "../support/postgres.ts";
import { booksOf, ENCRYPTION_KEY, SHORT_TIMES, until, verifyJournal } from "./gateway-scene.ts";

const COST_NANO = 10_000_000n;
const RATE = 3;

let desk: McpFixture;
let databases = 0;
const gateways: TestGateway[] = [];

beforeAll(async () => {
  const tools = ["echo", "free", "rare"].map((name) => ({ name, inputSchema: ANY }));
  desk = await mcpFixture({ tools });
});

afterAll(() => desk.close());

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
});

const ANY = { type: "object" };

function folder(more: Readonly<Record<string, unknown>>) {
  const read = { effect: "read" };
  const rate_limit = { requests: RATE, per_seconds: 3_600 };
  const manifest = (agent: string) => ({
    version: 1,
    agent,
    allowed_tools: [
      { tool_name: "echo", cost: { usd: 0.01 } },
      { tool_name: "free" },
      { tool_name: "rare", rate_limit },
    ],
  });
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: ENCRYPTION_KEY,
      tool_servers: {
        desk: {
          ...{ kind: "mcp", url: desk.url },
          tools: { echo: read, free: { ...read }, rare: { ...read } },
        },
      },
      budgets: [
        { name: "all", agent: "worker", limit_usd: 5, window: "lifetime" },
        { name: "others", agent: "writer", limit_usd: 5, window: "lifetime" },
      ],
      parking: { hold_for: "0s" },
      ...more,
    },
    "agents/worker.yaml": manifest("worker"),
    "agents/writer.yaml": manifest("writer"),
  };
}

async function freshDatabase(cluster: Cluster): Promise<string> {
  databases += 1;
  const name = `tool_loss_${databases}`;
  await cluster.query(`CREATE DATABASE ${name}`);
  return cluster.url.replace("///postgres?", `///${name}?`);
}

async function start(store: string, more: Readonly<Record<string, unknown>> = {}) {
  const gateway = await startGateway({ config: folder(more), store });
  gateways.push(gateway);
  return gateway;
}

async function keyOf(gateway: TestGateway, agent: string): Promise<string> {
  const made = await gateway.api("POST", "/api/v1/keys", { agent });
  return ((await made.json()) as { key: string }).key;
}

interface Told {
  readonly status: number;
  readonly code: string | null;
  /** Of a refusal. */
  readonly facts: Readonly<Record<string, unknown>>;
}

function caller(gateway: TestGateway, key: string) {
  let no = 0;
  const well = new Map<string, number>();
  const call = async (tool: string, given?: object): Promise<Told> => {
    no += 1;
    const path = `/guard/v1/tools/${tool}/call`;
    const headers = { authorization: `Bearer ${key}` };
    const answer = await gateway.call(path, { arguments: given ?? { no } }, headers);
    const { status } = answer;
    const { code = null, error } = JSON.parse(await answer.text());
    if (status === 200) well.set(tool, (well.get(tool) ?? 0) + 1);
    return { status, code, facts: error?.details?.facts ?? {} };
  };
  /** How often a tool has answered. */
  return Object.assign(call, { well: (tool: string) => well.get(tool) ?? 0 });
}

async function mcp(gateway: TestGateway, key: string, method: string, params: object) {
  const body = { jsonrpc: "2.0", id: 1, method, params };
  const headers = {
    authorization: `Bearer ${key}`,
    accept: "application/json, text/event-stream",
  };
  return (await (await gateway.call("/mcp", body, headers)).json()) as { result: unknown };
}

async function clutchOf(gateway: TestGateway, agent: string): Promise<string | undefined> {
  const rows = (await (await gateway.api("GET", "/api/v1/agents")).json()) as {
    agent: string;
    clutch: string;
  }[];
  return rows.find((row) => row.agent === agent)?.clutch;
}

describePostgres("tools of a gateway whose PostgreSQL goes away", (cluster) => {
  const outages = {
    "is killed and started again": async () => {
      await cluster().kill();
      return () => cluster().start();
    },
    "is frozen and goes on": async () => await freeze(cluster()),
  } satisfies Record<string, () => Promise<() => unknown>>;

  test.each(Object.entries(outages))(
    "it %s: inside the grace calls go on, then nothing is sent, then all is well",
    async (_how, begin) => {
      const gateway = await start(await freshDatabase(cluster()), { store: SHORT_TIMES });
      const key = await keyOf(gateway, "worker");
      const call = caller(gateway, key);
      const ran = desk.ran();
      for (let calls = 0; calls < 3; calls += 1) expect((await call("echo")).status).toBe(200);
      expect((await call("rare")).status).toBe(200);

      const bringBack = await begin();
      try {
        expect((await call("echo")).status).toBe(200);
        const refused = await until(
          () => call("echo"),
          ({ status }) => status !== 200,
        );
        expect(refused).toMatchObject({ status: 503, code: "store.unreachable" });
        // What needs no lease goes on until the grace is over.
        const fenced = await until(
          () => call("free"),
          ({ status }) => status !== 200,
        );
        const facts = { grace_ms: 2_000 };
        expect(fenced).toMatchObject({ status: 503, code: "store.unreachable", facts });
        const sent = desk.ran();
        expect((await call("rare")).code).toBe("store.unreachable");
        expect(await mcp(gateway, key, "tools/call", { name: "echo" })).toMatchObject({
          result: { isError: true, _meta: { "slipclutch/code": "store.unreachable" } },
        });
        const own = await mcp(gateway, key, "tools/call", { name: "slipclutch_budget" });
        expect(own).toMatchObject({
          result: { isError: true, _meta: { "slipclutch/code": "store.unreachable" } },
        });
        // What the agent may ask of others does not depend on the books.
        expect(await mcp(gateway, key, "tools/list", {})).toMatchObject({
          result: {
            tools: ["echo", "free", "rare", "slipclutch_budget"].map((name) => ({ name })),
          },
        });
        expect(desk.ran()).toBe(sent);
      } finally {
        await bringBack();
      }
      await until(
        () => call("echo"),
        ({ status }) => status === 200,
      );
      // The rate limit knows what was used before, whoever holds its permits now.
      for (let calls = 0; calls < RATE; calls += 1) await call("rare");
      expect(call.well("rare")).toBeGreaterThanOrEqual(1);
      expect(call.well("rare")).toBeLessThanOrEqual(RATE);
      const books = await until(
        () => booksOf(gateway),
        ({ reserved }) => reserved === 0n,
      );
      expect(books).toMatchObject({ spent: BigInt(call.well("echo")) * COST_NANO, forfeited: 0n });
      const all = ["echo", "free", "rare"].reduce((sum, tool) => sum + call.well(tool), 0);
      expect(desk.ran() - ran).toBe(all);
      expect(await verifyJournal(gateway)).toMatchObject({ ok: true, gaps: 0 });
      expect(await gateway.stop("SIGTERM"), gateway.log()).toBe(0);
    },
    40_000,
  );

  test("an agent that trips meanwhile stops here at once, is written of later, and then stops elsewhere", async () => {
    const store = await freshDatabase(cluster());
    const one = await start(store);
    const two = await start(store);
    const [workers, writers] = [await keyOf(one, "worker"), await keyOf(one, "writer")];
    const call = caller(one, workers);
    const other = caller(one, writers);
    // Once each, so that their tasks are known here. What costs nothing needs no lease.
    expect((await call("free")).status).toBe(200);
    expect((await other("free")).status).toBe(200);
    const ran = desk.ran();

    const thaw = await freeze(cluster());
    try {
      for (let calls = 0; calls < 9; calls += 1) {
        expect(await call("free", { file: "a.wav" })).toMatchObject({ status: 200, code: null });
      }
      expect(await clutchOf(one, "worker")).toBe("disengaged");
      // At once, for each asks the store to park it first, and that takes its time now.
      const stopped = Promise.all(Array.from({ length: 5 }, () => call("free")));
      // It is the clutch that stops it: whoever was not stopped goes on, inside the grace.
      expect(await other("free")).toMatchObject({ status: 200, code: null });
      for (const { status } of await stopped) expect(status).not.toBe(200);
      expect(desk.ran() - ran).toBe(10);
      expect(await clutchOf(two, "worker")).toBe("engaged");
    } finally {
      thaw();
    }
    await until(
      () => clutchOf(two, "worker"),
      (clutch) => clutch === "disengaged",
      20_000,
    );
    const sent = desk.ran();
    expect(await caller(two, workers)("free")).toMatchObject({
      status: 429,
      code: "clutch.parked",
    });
    expect(await call("free")).toMatchObject({ status: 429, code: "clutch.parked" });
    expect(desk.ran()).toBe(sent);
    const reviews = await (await two.api("GET", "/api/v1/reviews?state=open")).json();
    expect(reviews).toMatchObject([{ agent: "worker", kind: "trip" }]);
    expect(await verifyJournal(one)).toMatchObject({ ok: true, gaps: 0 });
  }, 60_000);

  test("an agent that is stopped while its calls wait to be booked is charged for them, once", async () => {
    const gateway = await start(await freshDatabase(cluster()));
    const call = caller(gateway, await keyOf(gateway, "worker"));
    expect((await call("echo")).status).toBe(200);
    const ran = desk.ran();
    const thaw = await freeze(cluster());
    try {
      // They end, and the store does not hear of it.
      expect((await call("echo")).status).toBe(200);
      expect((await call("echo")).status).toBe(200);
      desk.set({ latencyMs: 1_000 });
      const slow = call("echo");
      await until(
        () => desk.ran() - ran,
        (calls) => calls === 3,
      );
      const paused = await gateway.api("POST", "/api/v1/agents/pause", {
        agents: ["worker"],
        reason: "stop",
      });
      expect(paused.status).toBe(503);
      expect((await slow).status).toBe(200);
    } finally {
      desk.set({ latencyMs: 0 });
      thaw();
    }
    const books = await until(
      () => booksOf(gateway),
      ({ reserved, spent }) => reserved === 0n && spent === 4n * COST_NANO,
    );
    expect(books).toMatchObject({ forfeited: 0n });
    expect(await call("echo")).toMatchObject({ status: 429, code: "clutch.parked" });
    expect(desk.ran() - ran).toBe(3);
    const reviews = await (await gateway.api("GET", "/api/v1/reviews?state=open")).json();
    expect(reviews).toMatchObject([{ agent: "worker", kind: "pause" }]);
    expect(await verifyJournal(gateway)).toMatchObject({ ok: true, gaps: 0 });
  }, 60_000);
});
