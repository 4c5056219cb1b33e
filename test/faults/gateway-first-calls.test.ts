import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import {
  billedNano,
  bodyOf,
  chatBody,
  parseNano,
  rails,
  until,
  upstreamFor,
} from "./gateway-scene.ts";

const CALLS = 40;

const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

async function scene(limitUsd: number) {
  const upstream = await upstreamFor(5);
  upstreams.push(upstream);
  const budgets = [
    { name: "all", agent: "worker", limit_usd: 10, window: "lifetime" },
    { name: "each-task", each: "task", limit_usd: limitUsd, window: "task" },
  ];
  const config = rails(upstream, { limitUsd: 10, more: { budgets } });
  const start = async (store?: string) => {
    const gateway = await startGateway({ config, ...(store && { store }) });
    gateways.push(gateway);
    return gateway;
  };
  return { upstream, start };
}

/** The first calls that name this task, all at once; those told to come back do. */
async function firstCalls(at: readonly TestGateway[], key: string): Promise<number[]> {
  const headers = { authorization: `Bearer ${key}`, "x-slipclutch-task": "brand-new" };
  const one = async (index: number): Promise<number> => {
    const gateway = at[index % at.length];
    if (gateway === undefined) throw new Error("no gateway");
    for (;;) {
      const answer = await gateway.call("/v1/chat/completions", chatBody(), headers);
      await answer.text();
      if (answer.status !== 429) return answer.status;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return await Promise.all(Array.from({ length: CALLS }, (_, index) => one(index)));
}

interface Row {
  readonly name: string;
  readonly limit_usd: string;
  readonly spent_usd: string;
  readonly reserved_usd: string;
}

async function taskBooks(gateway: TestGateway): Promise<readonly Row[]> {
  const all = await bodyOf<Row[]>(await gateway.api("GET", "/api/v1/budgets"));
  return all.filter(({ name }) => name === "each-task");
}

/** One task, one account of it, and in that account what the provider billed. */
async function expectOneAccount(gateway: TestGateway, upstream: SimulatedUpstream): Promise<void> {
  const billed = billedNano(upstream);
  const rows = await until(
    () => taskBooks(gateway),
    (books) => books.every(({ spent_usd: spent }) => parseNano(spent) === billed),
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.reserved_usd).toBe("0");
  const opened = await gateway.api("GET", "/api/v1/journal?kind=task.opened");
  const { entries } = await bodyOf<{ entries: { task: string }[] }>(opened);
  expect(entries.filter(({ task }) => task === "brand-new")).toHaveLength(1);
}

test("forty first calls of a task at once are one task with one account, and none is refused", async () => {
  const { start, upstream } = await scene(1);
  const gateway = await start();
  const statuses = await firstCalls([gateway], gateway.agentKey);
  expect(statuses).toEqual(statuses.map(() => 200));
  await expectOneAccount(gateway, upstream);
});

describePostgres("first calls of a task on two gateways at once", (cluster) => {
  test("spend what its budget has and no more, and leave less than one call of it", async () => {
    const { start, upstream } = await scene(0.004);
    const first = await start(cluster().url);
    const second = await start(cluster().url);
    const statuses = await firstCalls([first, second], first.agentKey);
    expect(new Set(statuses)).toEqual(new Set([200, 402]));
    await expectOneAccount(first, upstream);
    const spent = billedNano(upstream);
    expect(spent).toBeLessThanOrEqual(4_000_000n);
    // What one call was reserved: its prompt at most, and its twenty tokens of output.
    expect(4_000_000n - spent).toBeLessThan(1_000_000n);
  }, 30_000);
});
