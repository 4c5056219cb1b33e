/** A decision of one gateway and its outcome at another: two of them on one PostgreSQL. */
import { afterEach, expect, test } from "vitest";
import { booksOf, until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Cluster, describePostgres } from "../support/postgres.ts";
import type { Json } from "./wiring-world.ts";

const USD = 1_000_000_000n;
/** A heartbeat, and what a busy machine adds to it. */
const SOON_MS = 2_500;
/** About as short as a loaded machine keeps. */
const SHORT_TIMES = { grace: "2s", expiry: "3100ms" };

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Scene {
  /** The one that decides, and the other. */
  readonly maker: TestGateway;
  readonly other: TestGateway;
  readonly key: string;
}

function folder(store: Json) {
  const perMinute = { usd: 0.5, per: "minute", max: 4, quantity: { pointer: "/result/minutes" } };
  const grant = { tool_name: "transcribe", server: "own", cost: perMinute };
  const slow = { tool_name: "slow", server: "own", cost: perMinute, timeout: "100ms" };
  const agent = (name: string) => ({ version: 1, agent: name, allowed_tools: [grant, slow] });
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: "7a".repeat(32),
      store,
      tool_servers: {
        own: {
          kind: "agent",
          asks: true,
          tools: { transcribe: { effect: "read" }, slow: { effect: "read" } },
        },
      },
      budgets: [{ name: "all", limit_usd: 10, window: "lifetime" }],
      breakers: [{ name: "stuck", enabled: false }],
    },
    "agents/worker.yaml": agent("worker"),
    "agents/stranger.yaml": agent("stranger"),
  };
}

async function scene(cluster: Cluster, store: Json = {}): Promise<Scene> {
  await cluster.query("DROP SCHEMA IF EXISTS slipclutch_v1 CASCADE");
  const open = async () => {
    const gateway = await startGateway({ config: folder(store), store: cluster.url });
    ends.push(async () => {
      gateway.process.kill("SIGCONT");
      await gateway.stop("SIGKILL");
      await forget(gateway);
    });
    return gateway;
  };
  const [maker, other] = [await open(), await open()];
  return { maker, other, key: await keyFor(maker, "worker") };
}

async function keyFor(gateway: TestGateway, agent: string): Promise<string> {
  const made = await gateway.api("POST", "/api/v1/keys", { agent });
  const { key } = (await made.json()) as { key: string };
  return key;
}

async function decide({ key, maker }: Scene, more: Json = {}): Promise<string> {
  const body = { tool: "transcribe", arguments: {}, ...more };
  const asked = await maker.call("/guard/v1/decisions", body, { authorization: `Bearer ${key}` });
  const said = (await asked.json()) as Json;
  expect(said).toMatchObject({ verdict: "allow" });
  return said.decision;
}

interface Told {
  readonly status: number;
  readonly text: string;
}

async function report(
  gateway: TestGateway,
  key: string,
  ...[decision, body]: [string, Json]
): Promise<Told> {
  const path = `/guard/v1/decisions/${decision}/outcome`;
  const answer = await gateway.call(path, body, { authorization: `Bearer ${key}` });
  return { status: answer.status, text: await answer.text() };
}

/** Waits until so much is spent, and nothing is held for calls any more. */
async function spent(gateway: TestGateway, nano: bigint): Promise<void> {
  await until(
    () => booksOf(gateway),
    (books) => books.spent === nano && books.reserved === 0n,
  );
}

async function counted(gateway: TestGateway, reported: string, became: string): Promise<number> {
  const text = await (await gateway.api("GET", "/metrics")).text();
  const series = `slipclutch_outcomes_total{reported="${reported}",became="${became}"} `;
  const line = text.split("\n").find((one) => one.startsWith(series));
  return Number(line?.slice(series.length) ?? 0);
}

const THREE = { ok: true, result: { minutes: 3 } };

describePostgres("outcomes over two gateways", (cluster) => {
  test("one that is reported elsewhere is settled by the gateway that decided, once", async () => {
    const all = await scene(cluster());
    const { key, maker, other } = all;
    const decision = await decide(all);
    const began = performance.now();
    expect(await report(other, key, decision, THREE)).toMatchObject({ status: 200 });
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    await spent(maker, (3n * USD) / 2n);
    expect(await counted(maker, "elsewhere", "settled")).toBe(1);
    // Again, as a client does that had no answer: the same is fine anywhere, another is too late.
    for (const gateway of [other, maker, other]) {
      expect((await report(gateway, key, decision, THREE)).status).toBe(200);
      const less = await report(gateway, key, decision, { ok: true, result: { minutes: 0 } });
      expect(less.status).toBe(404);
      expect(less.text).toContain("it has ended");
    }
    expect(await counted(maker, "elsewhere", "dropped")).toBe(2);
    expect(await counted(maker, "elsewhere", "repeated")).toBe(2);
    await spent(other, (3n * USD) / 2n);
    const kept = () => cluster().query("SELECT id FROM slipclutch_v1.outcome");
    await until(kept, (rows) => rows.length === 0);
  }, 60_000);

  test("many at once, at either gateway and at both, are each settled once", async () => {
    const all = await scene(cluster());
    const { key, maker, other } = all;
    const decisions = [];
    for (let n = 0; n < 5; n += 1) decisions.push(await decide(all, { arguments: { n } }));
    const one = { ok: true, result: { minutes: 1 } };
    const told = await Promise.all(
      decisions.flatMap((decision) =>
        [maker, other, other].map((gateway) => report(gateway, key, decision, one)),
      ),
    );
    expect(told.map(({ status }) => status)).toEqual(Array(15).fill(200));
    await spent(maker, (5n * USD) / 2n);
  }, 60_000);

  test("nobody but its agent, and no other task, ends it from elsewhere", async () => {
    const all = await scene(cluster());
    const { key, maker, other } = all;
    const decision = await decide(all);
    const opened = await other.call(
      "/guard/v1/tasks",
      { name: "another" },
      { authorization: `Bearer ${key}` },
    );
    const { key: scoped } = (await opened.json()) as { key: string };
    for (const foreign of [await keyFor(maker, "stranger"), scoped]) {
      const told = await report(other, foreign, decision, { ok: true, result: { minutes: 0 } });
      expect(told.status).toBe(404);
      expect(told.text).toContain("no such decision of this key is open");
    }
    expect((await report(other, key, decision, THREE)).status).toBe(200);
    await spent(maker, (3n * USD) / 2n);
  }, 60_000);

  test("what is too late, or was never decided, is told so elsewhere too", async () => {
    const all = await scene(cluster());
    const { key, maker, other } = all;
    const late = await decide(all, { tool: "slow" });
    await spent(maker, 2n * USD);
    const told = await report(other, key, late, THREE);
    expect(told.status).toBe(404);
    expect(told.text).toContain("it has ended");
    const never = `${late.slice(0, -1)}z`;
    expect((await report(other, key, never, THREE)).status).toBe(404);
    const nowhere = await report(other, key, `d-${"0".repeat(16)}-0000001`, THREE);
    expect(nowhere.status).toBe(404);
    expect(nowhere.text).toContain("the gateway that made it is gone");
    expect((await report(other, key, "d-1", THREE)).text).toContain("no such decision");
    await spent(maker, 2n * USD);
  }, 60_000);

  test("a gateway that does not answer is waited for, and what was reported counts once", async () => {
    const all = await scene(cluster());
    const { key, maker, other } = all;
    const decision = await decide(all);
    maker.process.kill("SIGSTOP");
    const told = await report(other, key, decision, THREE);
    expect(told.status).toBe(503);
    expect(told.text).toContain("report the same again");
    maker.process.kill("SIGCONT");
    expect((await report(other, key, decision, THREE)).status).toBe(200);
    await spent(maker, (3n * USD) / 2n);
    expect(await counted(maker, "elsewhere", "settled")).toBe(1);
  }, 60_000);

  test("of a gateway that died the outcome is refused, and its money stays charged", async () => {
    const all = await scene(cluster(), SHORT_TIMES);
    const { key, maker, other } = all;
    const decision = await decide(all);
    await until(
      () => booksOf(other),
      ({ leased }) => leased > 0n,
    );
    await maker.stop("SIGKILL");
    // Until the others know that it is gone it may still answer.
    const told = await until(
      () => report(other, key, decision, THREE),
      ({ status }) => status !== 503,
    );
    expect(told.status).toBe(404);
    expect(told.text).toContain("the gateway that made it is gone");
    const { forfeited, spent: sum } = await booksOf(other);
    expect(forfeited + sum).toBeGreaterThanOrEqual(2n * USD);
  }, 60_000);
});
