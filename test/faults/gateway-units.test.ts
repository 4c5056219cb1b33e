/** Gateways that share budgets of calls and tokens, and one of them dying. */
import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import {
  bodyOf,
  count,
  type Load,
  rails,
  SHORT_TIMES,
  startLoad,
  until,
  upstreamFor,
} from "./gateway-scene.ts";

const CALLERS = 12;
const CALLS_MAX = 40;
const TOKENS_MAX = 5_000;
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

interface Row {
  readonly limit: number;
  readonly spent: number;
  readonly leased: number;
  readonly forfeited: number;
}

/** The books of the budget `counted`, in its unit. */
async function countedBy(gateway: TestGateway, unit: "calls" | "tokens"): Promise<Row> {
  const response = await gateway.api("GET", "/api/v1/budgets");
  const rows = await bodyOf<Record<string, string>[]>(response);
  const row = rows.find(({ name }) => name === "counted");
  if (row === undefined) throw new Error("the budget has no account");
  const of = (name: string): number => Number(row[`${name}_${unit}`]);
  return {
    ...{ limit: of("limit"), spent: of("spent") },
    ...{ leased: of("leased"), forfeited: of("forfeited") },
  };
}

function tokensOf(upstream: SimulatedUpstream): number {
  let tokens = 0;
  for (const { input, output } of upstream.billed().values()) tokens += input + output;
  return tokens;
}

/** Until nobody is let through any more. */
async function spent(load: Load): Promise<void> {
  const refused = () => count(load.tally, "402 budget.exhausted");
  await until(refused, (times) => times >= 2 * CALLERS, 20_000);
}

describePostgres("two gateways that count together", (cluster) => {
  async function two(limit: object) {
    const upstream = await upstreamFor(5);
    upstreams.push(upstream);
    databases += 1;
    const name = `units_${databases}`;
    await cluster().query(`CREATE DATABASE ${name}`);
    const store = cluster().url.replace("///postgres?", `///${name}?`);
    const lifetime = { agent: "worker", window: "lifetime" };
    const budgets = [
      { name: "all", limit_usd: 1_000, ...lifetime },
      { name: "counted", ...limit, ...lifetime },
    ];
    const config = rails(upstream, { limitUsd: 0, more: { store: SHORT_TIMES, budgets } });
    const first = await startGateway({ config, store });
    gateways.push(first);
    const second = await startGateway({ config, store });
    gateways.push(second);
    return { upstream, first, second };
  }

  function loadOn(alive: () => readonly TestGateway[], key: string): Load {
    let turn = 0;
    const next = () => {
      turn += 1;
      return alive()[turn % alive().length] ?? null;
    };
    return startLoad(next, key, CALLERS);
  }

  test("let exactly as many calls through as their budget has", async () => {
    const { first, second, upstream } = await two({ limit_calls: CALLS_MAX });
    const load = loadOn(() => [first, second], first.agentKey);
    await spent(load);
    const { answers } = await load.stop();
    expect(answers.get("200")).toBe(CALLS_MAX);
    expect(upstream.received()).toBe(CALLS_MAX);
    const books = { limit: CALLS_MAX, spent: CALLS_MAX, leased: 0, forfeited: 0 };
    await until(
      () => countedBy(second, "calls"),
      ({ leased }) => leased === 0,
    );
    expect(await countedBy(second, "calls")).toEqual(books);
  });

  test("never let more tokens be billed than their budget has, and charge each", async () => {
    const { first, second, upstream } = await two({ limit_tokens: TOKENS_MAX });
    const load = loadOn(() => [first, second], first.agentKey);
    await spent(load);
    await load.stop();
    const tokens = tokensOf(upstream);
    expect(tokens).toBeLessThanOrEqual(TOKENS_MAX);
    expect(tokens).toBeGreaterThan(TOKENS_MAX / 2);
    await first.stop();
    const { forfeited, spent: charged } = await until(
      () => countedBy(second, "tokens"),
      ({ spent: seen }) => seen >= tokens,
    );
    expect({ charged, forfeited }).toEqual({ charged: tokens, forfeited: 0 });
  });

  test.each([
    ["calls", { limit_calls: 400 }],
    ["tokens", { limit_tokens: 40_000 }],
  ] as const)("charge the %s of one that is killed, and pass no limit", async (unit, limit) => {
    const { first, second, upstream } = await two(limit);
    let alive = [first, second];
    const load = loadOn(() => alive, first.agentKey);
    await until(
      () => count(load.tally, "200"),
      (done) => done >= 30,
    );
    await first.stop("SIGKILL");
    alive = [second];
    await spent(load);
    await load.stop();
    const used = unit === "calls" ? upstream.received() : tokensOf(upstream);
    const books = await countedBy(second, unit);
    expect(used).toBeLessThanOrEqual(books.spent + books.forfeited);
    expect(books.spent + books.forfeited + books.leased).toBeLessThanOrEqual(books.limit);
    expect(books.forfeited).toBeGreaterThan(0);
  });
});
