import { rm } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { forget, runCli, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { type Cluster, describePostgres } from "../support/postgres.ts";
import {
  billedNano,
  booksOf,
  chat,
  count,
  rails,
  SHORT_TIMES,
  startLoad,
  until,
  upstreamFor,
  verifyJournal,
} from "./gateway-scene.ts";

const CALLERS = 4;
const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];
let databases = 0;

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

async function upstreamWith(latencyMs: number): Promise<SimulatedUpstream> {
  const upstream = await upstreamFor(latencyMs);
  upstreams.push(upstream);
  return upstream;
}

/** A database that no other test has; what it answers starts gateways on it. */
async function freshStore(cluster: Cluster) {
  databases += 1;
  const name = `neighbours_${databases}`;
  await cluster.query(`CREATE DATABASE ${name}`);
  const store = cluster.url.replace("///postgres?", `///${name}?`);
  return async (config: ReturnType<typeof rails>): Promise<TestGateway> => {
    const gateway = await startGateway({ config, store });
    gateways.push(gateway);
    return gateway;
  };
}

const short = { more: { store: SHORT_TIMES } };

describePostgres("two gateways on one PostgreSQL", (cluster) => {
  test("one is killed: the other fences it, charges what it held, and the cap holds", async () => {
    const upstream = await upstreamWith(5);
    const config = rails(upstream, { limitUsd: 0.12, ...short });
    const start = await freshStore(cluster());
    const first = await start(config);
    const second = await start(config);
    const key = first.agentKey;
    let alive: TestGateway[] = [first, second];
    let turn = 0;
    const load = startLoad(
      () => {
        turn += 1;
        return alive[turn % alive.length] ?? null;
      },
      key,
      CALLERS,
    );
    await until(
      () => count(load.tally, "200"),
      (done) => done > 60,
    );
    alive = [second];
    await first.stop("SIGKILL");
    const before = count(load.tally, "200");
    await until(
      () => count(load.tally, "200"),
      (done) => done > before + 5,
    );
    await until(
      () => booksOf(second),
      ({ forfeited }) => forfeited > 0n,
    );
    await until(second.log, (log) => log.includes("journal.gap"));
    await until(
      () => count(load.tally, "402 budget.exhausted"),
      (refused) => refused >= CALLERS,
      15_000,
    );
    const { answers } = await load.stop();
    // While the dead one's slice is not forfeited yet, others only hold the rest: that is a 429.
    const known = ["200", "402 budget.exhausted", "429 budget.contended"];
    expect([...answers.keys()].filter((name) => !known.includes(name))).toEqual([]);

    const books = await booksOf(second);
    expect(books.reserved).toBe(0n);
    expect(books.spent + books.forfeited).toBeGreaterThanOrEqual(billedNano(upstream));
    expect(books.spent + books.forfeited + books.leased).toBeLessThanOrEqual(books.limit);
    expect(await verifyJournal(second)).toMatchObject({ ok: true, gaps: 1 });
  }, 40_000);

  test("a process that is proven gone is fenced at the next start, without waiting for expiry", async () => {
    const upstream = await upstreamWith(0);
    const config = rails(upstream, { limitUsd: 1, more: { store: { grace: "1h" } } });
    const start = await freshStore(cluster());
    const first = await start(config);
    expect((await chat(first, first.agentKey)).status).toBe(200);
    await first.stop("SIGKILL");
    const second = await start(config);
    const books = await booksOf(second);
    expect(books.leased).toBe(0n);
    expect(books.forfeited).toBeGreaterThan(0n);
    expect(books.spent + books.forfeited).toBeGreaterThanOrEqual(billedNano(upstream));
  });

  test("a clean stop under load forfeits nothing, and every call is charged what it cost", async () => {
    const upstream = await upstreamWith(20);
    const config = rails(upstream, { limitUsd: 5, ...short });
    const start = await freshStore(cluster());
    const first = await start(config);
    const second = await start(config);
    const key = first.agentKey;
    const load = startLoad(() => first, key, CALLERS);
    const beside = startLoad(() => second, key, CALLERS);
    await until(
      () => count(load.tally, "200"),
      (done) => done > 40,
    );
    const stopped = await first.stop("SIGTERM");
    await load.stop();
    await beside.stop();
    expect(stopped, first.log()).toBe(0);
    const books = await until(
      () => booksOf(second),
      ({ reserved }) => reserved === 0n,
    );
    expect(books.forfeited).toBe(0n);
    expect(books.spent).toBe(billedNano(upstream));
    expect(await second.stop("SIGTERM")).toBe(0);
    const third = await start(config);
    expect(await booksOf(third)).toMatchObject({
      spent: billedNano(upstream),
      leased: 0n,
      forfeited: 0n,
    });
    expect(await verifyJournal(third)).toMatchObject({ ok: true, gaps: 0 });
  }, 40_000);

  test("stopped for longer than expiry and woken: it refuses, registers anew, and pays what it owes", async () => {
    const upstream = await upstreamWith(0);
    const config = rails(upstream, { limitUsd: 1, ...short });
    const start = await freshStore(cluster());
    const first = await start(config);
    const second = await start(config);
    const key = first.agentKey;
    expect((await chat(first, key)).status).toBe(200);

    // One call is out when the process is stopped, and its answer comes while it sleeps.
    const out = upstream.received() + 1;
    upstream.control(({ number }) =>
      number === out ? { kind: "script", latencyMs: 1_000 } : null,
    );
    const inFlight = chat(first, key);
    await until(
      () => upstream.received(),
      (seen) => seen >= out,
    );
    first.process.kill("SIGSTOP");
    const fenced = await until(
      () => booksOf(second),
      ({ forfeited }) => forfeited > 0n,
    );
    expect(fenced.spent + fenced.forfeited).toBeGreaterThanOrEqual(billedNano(upstream));
    expect((await chat(second, key)).status).toBe(200);

    // Asked while it sleeps, so that this is the first thing it sees on waking.
    const onWaking = chat(first, key);
    const received = upstream.received();
    first.process.kill("SIGCONT");
    const refused = await onWaking;
    expect(refused.status).toBe(503);
    expect(["gateway.fenced", "store.unreachable"]).toContain(refused.code);
    expect(upstream.received()).toBe(received);
    expect((await inFlight).status).toBe(200);
    await until(
      () => chat(first, key),
      ({ status }) => status === 200,
    );

    // The old holder's call is found in what was forfeited; what is left of that goes back.
    const books = await until(
      () => booksOf(second),
      ({ forfeited, spent }) => forfeited === 0n && spent === billedNano(upstream),
    );
    expect(books.reserved).toBe(0n);
    await until(first.log, (log) => log.includes("gateway.fenced"));
    expect(await verifyJournal(first)).toMatchObject({ ok: true, gaps: 1 });
    expect(await first.stop("SIGTERM"), first.log()).toBe(0);
    expect(await second.stop("SIGTERM"), second.log()).toBe(0);
  }, 40_000);

  test("stopped and woken under load, no more is billed than the limit", async () => {
    const upstream = await upstreamWith(10);
    const config = rails(upstream, { limitUsd: 0.15, ...short });
    const start = await freshStore(cluster());
    const first = await start(config);
    const second = await start(config);
    const key = first.agentKey;
    const one = startLoad(() => first, key, CALLERS);
    const other = startLoad(() => second, key, CALLERS);
    await until(
      () => count(one.tally, "200"),
      (done) => done > 10,
    );
    first.process.kill("SIGSTOP");
    await until(
      () => count(other.tally, "402 budget.exhausted") + count(other.tally, "429 budget.contended"),
      (refused) => refused > 0,
      15_000,
    );
    expect(billedNano(upstream)).toBeLessThanOrEqual(150_000_000n);
    await until(
      () => booksOf(second),
      ({ forfeited }) => forfeited > 0n,
    );
    first.process.kill("SIGCONT");
    const books = await until(
      () => booksOf(second),
      ({ forfeited, reserved }) => forfeited === 0n && reserved === 0n,
      15_000,
    );
    await until(
      () => count(one.tally, "402 budget.exhausted"),
      (refused) => refused > 0,
    );
    await one.stop();
    await other.stop();
    expect(billedNano(upstream)).toBeLessThanOrEqual(books.limit);
    const end = await until(
      () => booksOf(second),
      ({ spent }) => spent === billedNano(upstream),
    );
    expect(end.spent + end.leased).toBeLessThanOrEqual(end.limit);
    expect(await verifyJournal(second)).toMatchObject({ ok: true });
  }, 60_000);

  test("another configuration, or another encryption key, is refused with a sentence", async () => {
    const upstream = await upstreamWith(0);
    const config = rails(upstream, { limitUsd: 1 });
    const start = await freshStore(cluster());
    const first = await start(config);
    const store = cluster().url.replace("///postgres?", `///neighbours_${databases}?`);
    const trial = async (other: ReturnType<typeof rails>) => {
      const folder = await writeFolder(other);
      const flags = ["--agent-port", "0", "--control-port", "0", "--store", store];
      const data = `${folder}/data`;
      const ended = await runCli(["start", "--config", folder, "--data", data, ...flags]);
      await rm(folder, { recursive: true });
      return ended;
    };
    const richer = await trial(rails(upstream, { limitUsd: 2 }));
    expect(richer.code).not.toBe(0);
    expect(richer.err).toContain("run another configuration");
    expect(richer.err).not.toContain("    at ");

    const otherKey = await trial(
      rails(upstream, { limitUsd: 1, more: { encryption_key: "cd".repeat(32) } }),
    );
    expect(otherKey.code).not.toBe(0);
    expect(otherKey.err).toContain("another encryption key");
    expect(otherKey.err).not.toContain("cd".repeat(32));
    expect((await chat(first, first.agentKey)).status).toBe(200);
    expect(await booksOf(first)).toMatchObject({ limit: 1_000_000_000n });
  });
});
