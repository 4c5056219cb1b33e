import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Cluster, describePostgres, freeze } from "../support/postgres.ts";
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

async function freshDatabase(cluster: Cluster): Promise<string> {
  databases += 1;
  const name = `loss_${databases}`;
  await cluster.query(`CREATE DATABASE ${name}`);
  return cluster.url.replace("///postgres?", `///${name}?`);
}

async function startOn(store: string, config: ReturnType<typeof rails>): Promise<TestGateway> {
  const gateway = await startGateway({ config, store });
  gateways.push(gateway);
  return gateway;
}

async function readiness(gateway: TestGateway): Promise<number> {
  return (await fetch(`${gateway.controlUrl}/readyz`)).status;
}

/** Changes the store behind the gateway's back, as a restored backup would. */
async function tamper(store: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: store });
  await client.connect();
  await client.query(`SET search_path TO slipclutch_v1`);
  await client.query(sql);
  await client.end();
}

describePostgres("a gateway whose PostgreSQL goes away", (cluster) => {
  const outages = {
    "is killed and started again": async () => {
      await cluster().kill();
      return () => cluster().start();
    },
    "is frozen and goes on": async () => await freeze(cluster()),
  } satisfies Record<string, () => Promise<() => unknown>>;

  for (const [how, begin] of Object.entries(outages)) {
    test(`it ${how}: inside the grace the lease is spent, then 503, then all is well again`, async () => {
      const upstream = await upstreamWith(0);
      const config = rails(upstream, { limitUsd: 1, more: { store: SHORT_TIMES } });
      const gateway = await startOn(await freshDatabase(cluster()), config);
      const key = gateway.agentKey;
      for (let calls = 0; calls < 3; calls += 1) {
        expect((await chat(gateway, key)).status).toBe(200);
      }
      expect(await readiness(gateway)).toBe(200);

      const bringBack = await begin();
      try {
        expect((await chat(gateway, key)).status).toBe(200);
        const refused = await until(
          () => chat(gateway, key),
          ({ status }) => status !== 200,
        );
        expect(refused).toMatchObject({ status: 503, code: "store.unreachable" });
        await until(
          () => readiness(gateway),
          (status) => status === 503,
        );
        const received = upstream.received();
        expect((await chat(gateway, key)).code).toBe("store.unreachable");
        expect(upstream.received()).toBe(received);
        // It is alive all the same: only not ready.
        expect((await fetch(`${gateway.controlUrl}/healthz`)).status).toBe(200);
      } finally {
        await bringBack();
      }
      await until(
        () => chat(gateway, key),
        ({ status }) => status === 200,
      );
      await until(
        () => readiness(gateway),
        (status) => status === 200,
      );
      const books = await booksOf(gateway);
      expect(books).toMatchObject({ reserved: 0n, forfeited: 0n, spent: billedNano(upstream) });
      expect(await verifyJournal(gateway)).toMatchObject({ ok: true, gaps: 0 });
      expect(await gateway.stop("SIGTERM"), gateway.log()).toBe(0);
    }, 40_000);
  }

  test("it goes away again and again under load: every call is charged what it cost", async () => {
    const upstream = await upstreamWith(5);
    const config = rails(upstream, { limitUsd: 5, more: { store: SHORT_TIMES } });
    const gateway = await startOn(await freshDatabase(cluster()), config);
    const load = startLoad(() => gateway, gateway.agentKey, 4);
    for (let outage = 0; outage < 3; outage += 1) {
      const before = count(load.tally, "200");
      await until(
        () => count(load.tally, "200"),
        (done) => done > before + 20,
      );
      await cluster().kill();
      await cluster().start();
    }
    const { answers, broken } = await load.stop();
    expect(broken).toBe(0);
    expect([...answers.keys()].filter((name) => name !== "503 store.unreachable")).toEqual(["200"]);
    const books = await until(
      () => booksOf(gateway),
      ({ reserved }) => reserved === 0n,
    );
    expect(books).toMatchObject({ forfeited: 0n, spent: billedNano(upstream) });
    expect(await verifyJournal(gateway)).toMatchObject({ ok: true });
  }, 40_000);

  const losses = {
    "another generation": "UPDATE store SET generation = 'restored'",
    "an older flush": "UPDATE holder_done SET done_no = done_no - 1",
    "no trace of this gateway":
      "DELETE FROM holder_done; DELETE FROM slice; DELETE FROM want; DELETE FROM holder",
  };
  for (const [what, sql] of Object.entries(losses)) {
    test(`it comes back from a backup with ${what}: everything is refused until a restart`, async () => {
      const upstream = await upstreamWith(0);
      const config = rails(upstream, { limitUsd: 1, more: { store: SHORT_TIMES } });
      const store = await freshDatabase(cluster());
      const gateway = await startOn(store, config);
      const key = gateway.agentKey;
      expect((await chat(gateway, key)).status).toBe(200);
      // Its account is known to be in the store once the books say what was spent.
      await until(
        () => booksOf(gateway),
        ({ spent }) => spent > 0n,
      );
      await tamper(store, sql);
      const seen: (string | null)[] = [];
      await until(
        async () => {
          const { code } = await chat(gateway, key);
          seen.push(code);
          return code;
        },
        (code) => code === "gateway.unsure",
      );
      // Nothing is let through in between: a lease may be told that it is fenced before that.
      expect(seen.slice(seen.findIndex((code) => code !== null))).not.toContain(null);
      expect(await readiness(gateway)).toBe(503);
      await until(gateway.log, (log) => log.includes("lost commits"));
      await gateway.stop("SIGKILL");
      const again = await startOn(store, config);
      expect((await chat(again, key)).status).toBe(200);
    }, 40_000);
  }
});

describePostgres("a lease whose commit a failover lost", (cluster) => {
  test("is noticed by the heartbeat, though nothing else is asked of the store", async () => {
    const upstream = await upstreamWith(8_000);
    const config = rails(upstream, { limitUsd: 1 });
    const store = await freshDatabase(cluster());
    const gateway = await startOn(store, config);
    const calling = chat(gateway, gateway.agentKey).catch(() => null);
    await until(
      () => booksOf(gateway).catch(() => ({ reserved: 0n })),
      ({ reserved }) => reserved > 0n,
    );
    // What is free goes back by then, and the call's first entry: the rest are heartbeats.
    await sleep(2_500);
    expect(await readiness(gateway)).toBe(200);
    const undone = "UPDATE account SET leased = 0; DELETE FROM slice";
    await tamper(store, `${undone}; UPDATE holder_done SET done_no = done_no - 1`);
    await until(
      () => readiness(gateway),
      (status) => status === 503,
      3_000,
    );
    expect(gateway.log()).toContain("lost commits");
    await gateway.stop("SIGKILL");
    await calling;
  }, 40_000);
});

test("an embedded store put back from an older copy is taken at its word, and its journal verifies", async () => {
  const upstream = await upstreamWith(0);
  const config = rails(upstream, { limitUsd: 1 });
  const data = await mkdtemp(join(tmpdir(), "slipclutch-backup-"));
  const backup = `${data}-copy`;
  const boot = async () => {
    const gateway = await startGateway({ config, data });
    gateways.push(gateway);
    return gateway;
  };
  const first = await boot();
  const key = first.agentKey;
  expect((await chat(first, key)).status).toBe(200);
  const then = await booksOf(first);
  await first.stop();
  await cp(data, backup, { recursive: true });

  const second = await boot();
  expect((await chat(second, key)).status).toBe(200);
  await second.stop();
  await rm(data, { recursive: true });
  await cp(backup, data, { recursive: true });

  // Nobody outside the folder remembers what came after the copy: the provider's bill does.
  const third = await boot();
  expect(await booksOf(third)).toMatchObject({ spent: then.spent, forfeited: 0n });
  expect(then.spent).toBeLessThan(billedNano(upstream));
  expect(await verifyJournal(third)).toMatchObject({ ok: true });
  await rm(backup, { recursive: true });
});
