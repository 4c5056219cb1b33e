/** The official clients while the store is in trouble: what they raise, how often they ask, and how they come back. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client as Database } from "pg";
import { afterAll, afterEach, expect, test } from "vitest";
import type { DenialCode } from "../../src/guards/verdict.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { type Cluster, describePostgres, freeze } from "../support/postgres.ts";
import { expectRefusal, raised } from "./client-errors.ts";
import { openWorld, PROVIDER_KEY, until, type World } from "./clients-world.ts";
import { type Ask, CLIENTS, type Client, type Outcome, stopClients } from "./official-clients.ts";

/** Heartbeats every second, so this is about as short as a loaded machine keeps. */
const SHORT_TIMES = { grace: "2s", expiry: "3100ms" };
const MODES = ["whole", "frames", "helper"] as const;
/** With a second between any two, more than the trouble lasts. */
const PATIENT = 60;
const TEST_MS = 90_000;

const worlds: World[] = [];
const others: TestGateway[] = [];
let databases = 0;

afterEach(async () => {
  for (const gateway of others.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const world of worlds.splice(0)) {
    world.gateway.process.kill("SIGKILL");
    await world.close();
  }
});
afterAll(stopClients);

async function freshStore(cluster: Cluster): Promise<string> {
  databases += 1;
  const name = `clients_${databases}`;
  await cluster.query(`CREATE DATABASE ${name}`);
  return cluster.url.replace("///postgres?", `///${name}?`);
}

async function worldOn(store: string): Promise<World> {
  const more = { store: SHORT_TIMES, encryption_key: "ab".repeat(32) };
  const world = await openWorld({ agents: { worker: {} }, store, more });
  worlds.push(world);
  return world;
}

/** Another gateway on the world's store, with its configuration. */
async function another(world: World, store: string): Promise<TestGateway> {
  const environment = { PROVIDER_KEY };
  const gateway = await startGateway({ config: world.config, store, environment });
  others.push(gateway);
  return gateway;
}

/** One call of every client in every mode, at the same time. */
function everyWay(world: World, changes: Partial<Ask>): Promise<(readonly [Client, Outcome])[]> {
  const ways = CLIENTS.flatMap((client) => MODES.map((mode) => ({ client, mode })));
  return Promise.all(
    ways.map(async ({ client, mode }) => {
      return [client, await client.ask(world.ask(client, { mode, ...changes }))] as const;
    }),
  );
}

function expectAnswers(outcomes: readonly (readonly [Client, Outcome])[]): void {
  for (const [client, outcome] of outcomes) {
    expect(outcome, `${client.name}: ${JSON.stringify(outcome)}`).toMatchObject({ kind: "answer" });
  }
}

async function allAnswered(world: World): Promise<void> {
  expectAnswers(await everyWay(world, { retries: 0 }));
}

/** The code of a plain call's refusal, or null for an answer. */
async function codeNow({ gateway, key }: World): Promise<string | null> {
  const body = { model: "simulated-small", messages: [{ role: "user", content: "hello" }] };
  const authorization = `Bearer ${key("worker")}`;
  const answer = await gateway.call("/v1/chat/completions", body, { authorization });
  await answer.body?.cancel();
  return /code=(\S+)/.exec(answer.headers.get("x-slipclutch-decision") ?? "")?.[1] ?? null;
}

async function readiness({ gateway }: World): Promise<number> {
  return (await fetch(`${gateway.controlUrl}/readyz`)).status;
}

/** How often this gateway has refused with a code: it says so while its store is away. */
async function refusals({ gateway }: World, code: DenialCode): Promise<number> {
  const answer = await gateway.api("GET", "/metrics");
  const text = await answer.text();
  // Also in the moments after the store went, in which the gateway still goes on without it.
  expect(answer.status, text).toBe(200);
  const lines = text.split("\n").filter((line) => line.startsWith("slipclutch_denials_total{"));
  const ofCode = lines.filter((line) => line.includes(`code="${code}"`));
  return ofCode.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/**
 * Every client in every mode is refused in full: sent once where it may not come back, twice where
 * it may once, and nothing reaches the provider.
 */
async function allRefused(world: World, code: DenialCode): Promise<void> {
  const reached = world.upstream.bytesReceived();
  for (const retries of [0, 1]) {
    const before = await refusals(world, code);
    const outcomes = await everyWay(world, { retries });
    for (const [client, outcome] of outcomes) expectRefusal(client, raised(outcome), code);
    expect((await refusals(world, code)) - before).toBe(outcomes.length * (1 + retries));
  }
  expect(world.upstream.bytesReceived()).toBe(reached);
}

/** Clients that come back as often as they are told to, all of them refused at least once. */
async function patient(world: World, code: DenialCode): Promise<() => Promise<void>> {
  const before = await refusals(world, code);
  const asked = everyWay(world, { retries: PATIENT });
  const each = CLIENTS.length * MODES.length;
  await until(async () => (await refusals(world, code)) - before >= each);
  return async () => expectAnswers(await asked);
}

/** What was refused meanwhile was written down, by client attempts, once the store took it. */
async function allJournaled(world: World, code: DenialCode): Promise<void> {
  const counted = await refusals(world, code);
  await until(async () => {
    const entries = await world.journal("call.refused");
    return entries.filter((entry) => entry.code === code).length === counted;
  });
  const entries = await world.journal("call.refused");
  const attempts = entries.map(({ event }) => event.asked?.attempt);
  expect(attempts).toEqual(expect.arrayContaining([0, 1]));
}

/** Nothing is left set aside, and nothing was charged because of the trouble alone. */
async function nothingIsHeld({ gateway }: World): Promise<void> {
  await until(async () => {
    const answer = await gateway.api("GET", "/api/v1/budgets");
    const rows = (await answer.json()) as Record<string, string>[];
    return rows.every((row) => Number(row.reserved_usd) === 0 && Number(row.forfeited_usd) === 0);
  });
}

describePostgres("official clients while the store is in trouble", (cluster) => {
  const outages = {
    "was killed": async () => {
      await cluster().kill();
      return () => cluster().start();
    },
    "stands still": () => freeze(cluster()),
  } satisfies Record<string, () => Promise<() => unknown>>;

  test.each(Object.entries(outages))(
    "PostgreSQL %s: 503 store.unreachable, and an answer to those who come back",
    async (_, begin) => {
      const world = await worldOn(await freshStore(cluster()));
      await allAnswered(world);

      // These are under way when the store goes, and longer than a gateway goes on without it.
      world.upstream.control(() => ({ kind: "script", chunkMs: 400, chunks: 12 }));
      const before = world.upstream.received();
      const underWay = everyWay(world, { retries: 0 });
      await until(() => world.upstream.received() === before + CLIENTS.length * MODES.length);
      world.upstream.control(null);

      const bringBack = await begin();
      let waiting: () => Promise<void>;
      try {
        // Before that calls whose money is here already are still let through.
        await until(async () => (await readiness(world)) === 503);
        await allRefused(world, "store.unreachable");
        expectAnswers(await underWay);
        waiting = await patient(world, "store.unreachable");
      } finally {
        await bringBack();
      }
      await waiting();
      // Who comes back is answered before every connection to the store is good again.
      await until(async () => (await readiness(world)) === 200);
      await allAnswered(world);
      await allJournaled(world, "store.unreachable");
      await nothingIsHeld(world);
    },
    TEST_MS,
  );

  test(
    "a key that the gateway has not seen yet is not called invalid while nobody can look it up",
    async () => {
      const world = await worldOn(await freshStore(cluster()));
      await cluster().kill();
      try {
        const before = await refusals(world, "store.unreachable");
        const unknown = await everyWay(world, { key: "sck_new-one", retries: 0 });
        for (const [client, outcome] of unknown) {
          expectRefusal(client, raised(outcome), "store.unreachable");
        }
        expect((await refusals(world, "store.unreachable")) - before).toBe(unknown.length);
      } finally {
        await cluster().start();
      }
      const known = await everyWay(world, { key: "sck_new-one", retries: PATIENT });
      for (const [client, outcome] of known) {
        expectRefusal(client, raised(outcome), "key.invalid");
      }
    },
    TEST_MS,
  );

  test(
    "fenced while it slept, and the store too busy to register it anew: 503 gateway.fenced",
    async () => {
      const store = await freshStore(cluster());
      const world = await worldOn(store);
      const second = await another(world, store);
      await allAnswered(world);

      world.gateway.process.kill("SIGSTOP");
      const holders = async () => {
        const [row] = await query<{ fenced: number }>(
          store,
          "SELECT count(*)::int AS fenced FROM slipclutch_v1.holder WHERE state = 'fenced'",
        );
        return row?.fenced;
      };
      await until(async () => (await holders()) === 1);
      // Somebody's transaction has the row that every registration takes.
      const busy = new Database({ connectionString: store });
      await busy.connect();
      await busy.query("BEGIN; SELECT 1 FROM slipclutch_v1.store FOR UPDATE");
      world.gateway.process.kill("SIGCONT");
      let waiting: () => Promise<void>;
      try {
        await until(async () => (await codeNow(world)) === "gateway.fenced");
        await allRefused(world, "gateway.fenced");
        waiting = await patient(world, "gateway.fenced");
        // The other one was never in trouble.
        const bystander = { ...world, gateway: second };
        expect(await codeNow(bystander)).toBeNull();
      } finally {
        await busy.query("ROLLBACK");
        await busy.end();
      }
      await waiting();
      // Who comes back is answered before every connection to the store is good again.
      await until(async () => (await readiness(world)) === 200);
      await allAnswered(world);
      await allJournaled(world, "gateway.fenced");
      await nothingIsHeld(world);
    },
    TEST_MS,
  );

  test(
    "another configuration is in force: 503 gateway.unsure, until this gateway has it too",
    async () => {
      const store = await freshStore(cluster());
      const world = await worldOn(store);
      const second = await another(world, store);
      await allAnswered(world);

      const changed = { "agents/newcomer.yaml": { version: 1, agent: "newcomer" } };
      await writeFolder(changed, second.configFolder);
      expect((await second.api("POST", "/api/v1/reload")).status).toBe(200);
      await until(async () => (await codeNow(world)) === "gateway.unsure");
      await allRefused(world, "gateway.unsure");
      const waiting = await patient(world, "gateway.unsure");
      await writeFolder(changed, world.gateway.configFolder);
      await waiting();
      await allAnswered(world);
      await nothingIsHeld(world);
    },
    TEST_MS,
  );

  test(
    "the store has lost commits: 503 gateway.unsure for as long as the process runs",
    async () => {
      const store = await freshStore(cluster());
      const world = await worldOn(store);
      await allAnswered(world);

      await query(store, "UPDATE slipclutch_v1.store SET generation = 'restored'");
      await until(async () => (await codeNow(world)) === "gateway.unsure");
      await allRefused(world, "gateway.unsure");
      // Coming back is no way around it.
      await sleep(3_000);
      await allRefused(world, "gateway.unsure");

      await world.gateway.stop("SIGTERM");
      const again = await another(world, store);
      const restarted = CLIENTS.map(async (client) => {
        const ask = world.ask(client, { retries: 0 });
        const baseUrl = ask.baseUrl.replace(world.gateway.agentUrl, again.agentUrl);
        return (await client.ask({ ...ask, baseUrl })).kind;
      });
      expect(await Promise.all(restarted)).toEqual(CLIENTS.map(() => "answer"));
    },
    TEST_MS,
  );
});

async function query<Row extends object>(store: string, sql: string): Promise<Row[]> {
  const client = new Database({ connectionString: store });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
