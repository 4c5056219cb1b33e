/** Real processes whose wall clock is stepped while calls are in flight. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { type Folder, forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { part } from "../support/parts.ts";
import { type Cluster, startCluster } from "../support/postgres.ts";
import { type SteppedClock, steppedClock } from "../support/stepped-clock.ts";
import {
  billedNano,
  bodyOf,
  booksOf,
  chat,
  chatBody,
  rails,
  startLoad,
  until,
  upstreamFor,
  verifyJournal,
} from "./gateway-scene.ts";

const HOUR_MS = 3_600_000;
const CALLERS = 6;
const LONG_MS = 60_000;

const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];
const clocks: SteppedClock[] = [];
const clusters: Cluster[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
  for (const cluster of clusters.splice(0)) await cluster.remove();
  for (const clock of clocks.splice(0)) clock.remove();
});

async function upstreamWith(latencyMs: number): Promise<SimulatedUpstream> {
  const upstream = await upstreamFor(latencyMs);
  upstreams.push(upstream);
  return upstream;
}

function newClock(): SteppedClock {
  const clock = steppedClock();
  clocks.push(clock);
  return clock;
}

async function newCluster(clock?: SteppedClock): Promise<Cluster> {
  const cluster = await startCluster(clock?.environment);
  clusters.push(cluster);
  return cluster;
}

async function start(options: Parameters<typeof startGateway>[0]): Promise<TestGateway> {
  const gateway = await startGateway(options);
  gateways.push(gateway);
  return gateway;
}

/** One budget for ever, and one for each calendar month. */
function monthly(
  upstream: SimulatedUpstream,
  foreverUsd: number,
  monthUsd: number,
  manifest = {},
): Folder {
  const budgets = [
    { name: "all", agent: "worker", limit_usd: foreverUsd, window: "lifetime" },
    { name: "monthly", agent: "worker", limit_usd: monthUsd, window: "month" },
  ];
  return rails(upstream, { limitUsd: foreverUsd, more: { budgets }, manifest });
}

interface Watch {
  /** The codes in the order they came, each once for as long as it went on; null: answered. */
  readonly spells: (string | null)[];
  stop(): Promise<void>;
}

/** One call of a task after the other, for ever: how a client sees the gateway. */
function watch(gateway: TestGateway, key: string, task: string): Watch {
  const headers = { authorization: `Bearer ${key}`, "x-slipclutch-task": task };
  const spells: (string | null)[] = [];
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      const answer = await gateway.call("/v1/chat/completions", chatBody(), headers);
      await answer.text();
      const decision = answer.headers.get("x-slipclutch-decision") ?? "";
      const code = /code=(\S+)/.exec(decision)?.[1] ?? null;
      if (spells.length === 0 || spells.at(-1) !== code) spells.push(code);
      await sleep(5);
    }
  };
  const done = loop();
  return {
    spells,
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

/** A step, and a while after it: a heartbeat is a second away at most. */
async function step(clock: SteppedClock, aheadMs: number, aWhileMs = 2_500): Promise<void> {
  clock.set(aheadMs);
  await sleep(aWhileMs);
}

interface Window {
  readonly budget: string;
  readonly starts: number;
  readonly spent: bigint;
}

/** All accounts of an embedded store, windows that are over too; only once its process has ended. */
function windowsIn({ dataFolder }: TestGateway): readonly Window[] {
  const database = new DatabaseSync(join(dataFolder, "store.db"), { readOnly: true });
  const rows = database
    .prepare("SELECT budget, starts, CAST(spent AS TEXT) AS spent FROM account ORDER BY starts")
    .all();
  database.close();
  return rows.map((row) => windowOf(row));
}

async function windowsOf(cluster: Cluster): Promise<readonly Window[]> {
  const sql =
    "SELECT budget, starts, spent::text AS spent FROM slipclutch_v1.account ORDER BY starts";
  return (await cluster.query<Record<string, unknown>>(sql)).map(windowOf);
}

function windowOf({ budget, spent, starts }: Record<string, unknown>): Window {
  return { budget: String(budget), starts: Number(starts), spent: BigInt(String(spent)) };
}

function spentIn(windows: readonly Window[], budget: string): bigint {
  const of = windows.filter((window) => window.budget === budget);
  return of.reduce((sum, { spent }) => sum + spent, 0n);
}

function monthsOf(windows: readonly Window[]): readonly string[] {
  const months = windows.filter(({ budget }) => budget === "monthly");
  return months.map(({ starts }) => new Date(starts).toISOString().slice(0, 7));
}

function monthNow(): string {
  return new Date().toISOString().slice(0, 7);
}

async function fencings(gateway: TestGateway): Promise<number> {
  const answer = await gateway.api("GET", "/api/v1/journal?kind=gateway.fenced");
  return (await bodyOf<{ entries: unknown[] }>(answer)).entries.length;
}

describe.skipIf(!part("faketime").available)(
  "a gateway on its embedded store, which has no other clock than its own",
  () => {
    test(
      "stepped an hour forward and back under load: refused for one moment at most, nothing lost",
      async () => {
        const upstream = await upstreamWith(10);
        const clock = newClock();
        const { environment } = clock;
        const gateway = await start({ config: rails(upstream, { limitUsd: 100 }), environment });
        const key = gateway.agentKey;
        const load = startLoad(() => gateway, key, CALLERS);
        const seen = watch(gateway, key, "kept");
        await sleep(500);
        await step(clock, HOUR_MS);
        await step(clock, 0);
        await step(clock, -HOUR_MS);
        await step(clock, 0);
        await seen.stop();
        const { answers, broken } = await load.stop();

        expect(broken).toBe(0);
        const known = ["200", "503 store.unreachable"];
        expect([...answers.keys()].filter((answer) => !known.includes(answer))).toEqual([]);
        // Two steps were forward; neither of the others could make the last heartbeat look old.
        expect(seen.spells.filter((code) => code !== null).length).toBeLessThanOrEqual(2);
        expect(seen.spells.at(-1)).toBeNull();
        const books = await until(
          () => booksOf(gateway),
          ({ reserved }) => reserved === 0n,
        );
        expect(books).toMatchObject({ forfeited: 0n, spent: billedNano(upstream) });
        expect(await fencings(gateway)).toBe(0);
        expect(await verifyJournal(gateway)).toMatchObject({ ok: true, gaps: 0 });
        expect(await gateway.stop(), gateway.log()).toBe(0);
      },
      LONG_MS,
    );

    test(
      "stepped over a month's end and back: each month has its limit once, and for ever is for ever",
      async () => {
        const upstream = await upstreamWith(0);
        const clock = newClock();
        clock.setTo("2027-01-31T23:30:00Z");
        const { environment } = clock;
        const gateway = await start({ config: monthly(upstream, 0.05, 0.03), environment });
        const key = gateway.agentKey;
        // Admitted in January, answered in February.
        upstream.control(({ number }) =>
          number === 1 ? { kind: "script", latencyMs: 4_000 } : null,
        );
        const overMidnight = chat(gateway, key);
        await until(
          () => upstream.received(),
          (received) => received === 1,
        );
        const load = startLoad(() => gateway, key, CALLERS);
        const spent = async (limit: bigint) =>
          await until(
            () => billedNano(upstream),
            (billed) => billed > limit - 1_000_000n,
          );
        await spent(30_000_000n);
        expect(billedNano(upstream)).toBeLessThanOrEqual(30_000_000n);

        clock.setTo("2027-02-01T00:10:00Z");
        await spent(50_000_000n);
        // What it did not cost is there again for others.
        expect((await overMidnight).status).toBe(200);
        await sleep(500);
        const inBoth = upstream.received();
        // Back in January, and forward again: no money comes of it.
        clock.setTo("2027-01-31T23:50:00Z");
        await sleep(2_500);
        clock.setTo("2027-02-01T00:20:00Z");
        await sleep(2_500);
        await load.stop();
        expect(upstream.received()).toBe(inBoth);
        expect(await verifyJournal(gateway)).toMatchObject({ ok: true });
        expect(await gateway.stop(), gateway.log()).toBe(0);

        const windows = windowsIn(gateway);
        expect(monthsOf(windows)).toEqual(["2027-01", "2027-02"]);
        for (const { budget, spent: sum } of windows) {
          expect(sum).toBeLessThanOrEqual(budget === "monthly" ? 30_000_000n : 50_000_000n);
        }
        const billed = billedNano(upstream);
        expect([spentIn(windows, "monthly"), spentIn(windows, "all")]).toEqual([billed, billed]);
        expect(billed).toBeLessThanOrEqual(50_000_000n);
      },
      LONG_MS,
    );

    test(
      "started again with a clock that had been ahead: told to come back until it is there, and no month twice",
      async () => {
        const upstream = await upstreamWith(0);
        const clock = newClock();
        clock.setTo("2027-02-01T00:10:00Z");
        const { environment } = clock;
        const config = monthly(upstream, 1, 1);
        const ahead = await start({ config, environment });
        const key = ahead.agentKey;
        expect((await chat(ahead, key)).status).toBe(200);
        expect(await ahead.stop()).toBe(0);

        clock.setTo("2027-01-31T23:30:00Z");
        const gateway = await start({ config, environment, data: ahead.dataFolder });
        expect(await chat(gateway, key)).toMatchObject({ status: 429, code: "budget.contended" });
        clock.setTo("2027-02-01T00:20:00Z");
        await until(
          () => chat(gateway, key),
          ({ status }) => status === 200,
        );
        expect(await gateway.stop(), gateway.log()).toBe(0);
        const windows = windowsIn(gateway);
        expect(spentIn(windows, "monthly")).toBe(billedNano(upstream));
      },
      LONG_MS,
    );
  },
);

const both = part("faketime").available && part("postgres").available;

describe.skipIf(!both)("gateways on one PostgreSQL", () => {
  test(
    "one whose clock is stepped, over a month's end too, follows the store's, is not fenced, and ends no task of others",
    async () => {
      const upstream = await upstreamWith(10);
      const clock = newClock();
      const cluster = await newCluster();
      const store = cluster.url;
      // Idle tasks are looked for this often, too.
      const config = monthly(upstream, 100, 100, { limits: { task_idle: "5s" } });
      const months = [monthNow()];
      const first = await start({ config, store, environment: clock.environment });
      const second = await start({ config, store });
      const key = first.agentKey;
      const loads = [first, second].map((gateway) => startLoad(() => gateway, key, CALLERS));
      const stepped = watch(first, key, "of-the-first");
      const steady = watch(second, key, "of-the-second");
      await sleep(500);
      await step(clock, HOUR_MS, 8_000);
      for (const ahead of [0, -HOUR_MS, 40 * 24 * HOUR_MS, 0]) await step(clock, ahead);
      await Promise.all([stepped.stop(), steady.stop()]);
      for (const load of loads) {
        const { answers, broken } = await load.stop();
        expect(broken).toBe(0);
        const known = ["200", "503 store.unreachable", "429 budget.contended"];
        expect([...answers.keys()].filter((answer) => !known.includes(answer))).toEqual([]);
      }
      // Three steps were forward.
      const refused = stepped.spells.filter((code) => code !== null);
      expect(new Set(refused).size).toBeLessThanOrEqual(1);
      expect(refused.length).toBeLessThanOrEqual(3);
      expect(steady.spells).toEqual([null]);
      expect(await fencings(first)).toBe(0);

      const books = await until(
        () => booksOf(first),
        ({ reserved, spent }) => reserved === 0n && spent === billedNano(upstream),
      );
      expect(books.forfeited).toBe(0n);
      const windows = await windowsOf(cluster);
      months.push(monthNow());
      expect(monthsOf(windows)).toEqual([...new Set(months)]);
      expect(await first.stop(), first.log()).toBe(0);
      expect(await second.stop(), second.log()).toBe(0);
    },
    LONG_MS,
  );

  test(
    "the store's own clock is stepped over a month's end: windows follow it, and no limit is passed",
    async () => {
      const upstream = await upstreamWith(0);
      const clock = newClock();
      clock.setTo("2027-01-31T23:30:00Z");
      const cluster = await newCluster(clock);
      const config = monthly(upstream, 0.05, 0.03);
      const first = await start({ config, store: cluster.url });
      const second = await start({ config, store: cluster.url });
      const key = first.agentKey;
      upstream.control(({ number }) =>
        number === 1 ? { kind: "script", latencyMs: 4_000 } : null,
      );
      const overMidnight = chat(first, key);
      await until(
        () => upstream.received(),
        (received) => received === 1,
      );
      const loads = [first, second].map((gateway) => startLoad(() => gateway, key, CALLERS));
      const nearly = async (limit: bigint) =>
        await until(
          () => billedNano(upstream),
          (billed) => billed > limit - 1_500_000n,
        );
      await nearly(30_000_000n);
      clock.setTo("2027-02-01T00:10:00Z");
      await nearly(50_000_000n);
      clock.setTo("2027-01-31T23:50:00Z");
      await sleep(2_500);
      clock.setTo("2027-02-01T00:20:00Z");
      await sleep(2_500);
      expect((await overMidnight).status).toBe(200);
      for (const load of loads) await load.stop();
      for (const gateway of [first, second]) expect(await gateway.stop(), gateway.log()).toBe(0);

      const windows = await windowsOf(cluster);
      expect(monthsOf(windows)).toEqual(["2027-01", "2027-02"]);
      for (const { budget, spent } of windows) {
        expect(spent).toBeLessThanOrEqual(budget === "monthly" ? 30_000_000n : 50_000_000n);
      }
      const billed = billedNano(upstream);
      expect([spentIn(windows, "monthly"), spentIn(windows, "all")]).toEqual([billed, billed]);
      expect(billed).toBeLessThanOrEqual(50_000_000n);
    },
    LONG_MS,
  );
});
