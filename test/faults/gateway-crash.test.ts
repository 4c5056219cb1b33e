import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import {
  billedNano,
  bodyOf,
  booksOf,
  chat,
  chatBody,
  count,
  numbersFrom,
  parseNano,
  rails,
  startLoad,
  until,
  upstreamFor,
  verifyJournal,
} from "./gateway-scene.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const KILLS = 4;
const CALLERS = 8;

const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

/** What a boot acknowledged, to be found again by every boot after it. */
interface Acknowledged {
  readonly agentKeys: string[];
  readonly revokedKeys: string[];
  readonly tasks: { readonly id: string; readonly key: string }[];
  readonly endedTasks: string[];
}

/** Makes a key, revokes another, opens a task and ends another, each answered before it counts. */
async function acknowledge(
  gateway: TestGateway,
  key: string,
  round: number,
  so: Acknowledged,
): Promise<void> {
  const make = async () => {
    const response = await gateway.api("POST", "/api/v1/keys", { agent: "worker" });
    return await bodyOf<{ id: string; key: string }>(response);
  };
  so.agentKeys.push((await make()).key);
  const doomed = await make();
  expect((await gateway.api("DELETE", `/api/v1/keys/${doomed.id}`)).status).toBe(200);
  so.revokedKeys.push(doomed.key);

  const as = { authorization: `Bearer ${key}` };
  const open = async (name: string) => {
    const response = await gateway.call("/guard/v1/tasks", { name }, as);
    expect(response.status).toBe(201);
    return await bodyOf<{ task: string; key: string }>(response);
  };
  const opened = await open(`kept-${round}`);
  so.tasks.push({ id: opened.task, key: opened.key });
  await open(`ended-${round}`);
  const ended = await gateway.call(`/guard/v1/tasks/ended-${round}/end`, { outcome: "ok" }, as);
  expect(ended.status).toBe(200);
  so.endedTasks.push(`ended-${round}`);
}

async function findAgain(gateway: TestGateway, key: string, so: Acknowledged): Promise<void> {
  for (const made of so.agentKeys) expect((await chat(gateway, made)).status).toBe(200);
  for (const revoked of so.revokedKeys) {
    expect((await chat(gateway, revoked)).code).toBe("key.invalid");
  }
  const tasks = await bodyOf<{ task: string }[]>(
    await gateway.api("GET", "/api/v1/tasks?alive=true&limit=1000"),
  );
  for (const { id, key: ofTask } of so.tasks) {
    expect(tasks.map(({ task }) => task)).toContain(id);
    expect((await chat(gateway, ofTask)).status).toBe(200);
  }
  for (const ended of so.endedTasks) {
    const response = await gateway.call("/v1/chat/completions", chatBody(), {
      authorization: `Bearer ${key}`,
      "x-slipclutch-task": ended,
    });
    expect(response.headers.get("x-slipclutch-decision")).toContain("code=task.ended");
    expect(tasks.map(({ task }) => task)).not.toContain(ended);
  }
}

test(`killed at random moments under load, no cap is passed and nothing acknowledged is lost (SEED=${SEED})`, async () => {
  const random = numbersFrom(SEED);
  const upstream = await upstreamFor(5);
  upstreams.push(upstream);
  const data = await mkdtemp(join(tmpdir(), "slipclutch-crash-"));
  const config = rails(upstream, { limitUsd: 0.25 });
  const so: Acknowledged = { agentKeys: [], revokedKeys: [], tasks: [], endedTasks: [] };
  let key = "";
  let current: TestGateway | null = null;

  const boot = async (): Promise<TestGateway> => {
    const gateway = await startGateway({ config, data });
    gateways.push(gateway);
    key ||= gateway.agentKey;
    current = gateway;
    return gateway;
  };
  let gateway = await boot();
  const load = startLoad(() => current, key, CALLERS);
  for (let round = 0; round < KILLS; round += 1) {
    await acknowledge(gateway, key, round, so);
    const enough = upstream.received() + 5 + Math.floor(random() * 80);
    await until(
      () => upstream.received(),
      (seen) => seen >= enough,
    );
    current = null;
    await gateway.stop("SIGKILL");
    gateway = await boot();
    const books = await booksOf(gateway);
    expect(books.spent + books.forfeited).toBeGreaterThan(0n);
  }
  current = null;
  await until(
    () => booksOf(gateway),
    ({ reserved }) => reserved === 0n,
  );
  await load.stop();
  await findAgain(gateway, key, so);

  // What a crash cost is charged: so much is known, and never more than the limit.
  const books = await booksOf(gateway);
  expect(books.forfeited).toBeGreaterThan(0n);
  expect(books.spent + books.forfeited).toBeGreaterThanOrEqual(billedNano(upstream));
  const gaps = await bodyOf<{ entries: { event: { forfeits: { amount_usd: string }[] } }[] }>(
    await gateway.api("GET", "/api/v1/journal?kind=journal.gap"),
  );
  const told = gaps.entries.flatMap(({ event }) => event.forfeits);
  const sum = told.reduce((nano, { amount_usd }) => nano + parseNano(amount_usd), 0n);
  expect(sum).toBe(books.forfeited);
  const verified = await verifyJournal(gateway);
  expect(verified).toMatchObject({ ok: true, gaps: KILLS });

  // To the end of the budget: what is left can still be spent, and then nothing more is.
  const last = startLoad(() => gateway, key, CALLERS);
  await until(
    () => count(last.tally, "402 budget.exhausted"),
    (refused) => refused >= CALLERS,
    15_000,
  );
  await last.stop();
  const end = await booksOf(gateway);
  expect(end.reserved).toBe(0n);
  expect(end.spent + end.forfeited).toBeLessThanOrEqual(end.limit);
  expect(billedNano(upstream)).toBeLessThanOrEqual(end.spent + end.forfeited);
  expect(await gateway.stop()).toBe(0);
  await rm(data, { recursive: true, force: true });
}, 60_000);
