/**
 * Answers whose calls of tools are taken as they go out, again for every call that the store fails.
 * Whatever fails, each answer is decided, none of its calls is left open, and the books are right:
 * no more than what got through is charged, and nothing gets through that is not.
 */
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { heldOf } from "../../src/adapters/store/memory/data.ts";
import { drain } from "../../src/compose/stop.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { judge } from "../../src/gateway/answered/judge.ts";
import { type Screened, screen } from "../../src/gateway/answered/screen.ts";
import type { Admitted, Incoming } from "../../src/gateway/call.ts";
import type { Client } from "../../src/gateway/client.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { valid } from "../unit/config/folder.ts";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach, Life, type Parts } from "./life.ts";

/** Longer lives are an error of this test. */
const STORE_CALLS_MAX = 300;
const COST_NANO = 1_000_000n;
/** One fewer than there are calls that want one. */
const PERMITS = 4;
const ANSWERS = 3;
const TOOLS = ["pay", "look", "sign", "pay"];

function folder(): Configuration {
  const own = (tool_name: string, more: object = {}) => ({ tool_name, read_only: false, ...more });
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      tool_servers: { own: { kind: "agent" } },
      budgets: [
        { name: "all", limit_usd: 1, window: "lifetime" },
        { name: "each-task", each: "task", limit_usd: 0.5, window: "task" },
      ],
    }),
    "agents/a.json": JSON.stringify({
      version: 1,
      agent: "a",
      allowed_tools: [
        own("pay", {
          cost: { usd: 0.001 },
          rate_limit: { requests: PERMITS, per_seconds: 3_600 },
        }),
        own("look"),
        own("sign", { requires_approval: true }),
      ],
    }),
  });
}

const WAITING: Client = {
  ...{ isAbsent: false, takes102: false, patienceMs: Number.POSITIVE_INFINITY },
  isGone: () => false,
  onGone: () => {},
  reassure: () => {},
  onCut: () => {},
};

class AnsweredLife extends Life {
  /** The tools that got through, by the number of the answer. */
  readonly allowed = new Map<number, readonly string[]>();
  readonly #folder = folder();

  protected folder(): Configuration {
    return this.#folder;
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, []);
  }

  async answer(parts: Parts, no: number): Promise<void> {
    const incoming = this.incoming(parts, no);
    const calls = callsOf(no);
    const refused = await judge(calls, { incoming, client: WAITING, turn: null }, parts.gateway);
    this.allowed.set(
      no,
      TOOLS.filter((_, place) => !refused.has(place)),
    );
  }

  incoming({ gateway }: Parts, no: number): Incoming {
    const { rules } = gateway;
    const manifest = rules.manifest("a") ?? expect.unreachable("the agent is there");
    return {
      headers: {},
      key: {
        ...{ id: "key_a", hash: "", holder: { kind: "agent", agent: "a" } },
        ...{ createdAt: 0, expiresAt: null, revokedAt: null },
      },
      ...{ manifest, rules, tenure: gateway.holding.tenure, decision: `d-${no}`, call: `d-${no}` },
      taskName: { id: `t${no % 2}`, how: "named" },
      receivedAt: this.clock.monotonic(),
      // `as`: nobody asks for a response here.
    } as unknown as Incoming;
  }
}

function callsOf(no: number) {
  return TOOLS.map((name, place) => {
    return { name, id: `${no}-${place}`, arguments: { no, place }, argumentsBytes: 20 };
  });
}

/** Two answers at once, then one, then a stop. */
async function live(outage: Outage): Promise<AnsweredLife> {
  const life = new AnsweredLife(outage);
  const parts = await life.start();
  const { gateway, upkeep } = parts;
  await life.done(Promise.all([life.answer(parts, 1), life.answer(parts, 2)]));
  await life.done(upkeep.tick());
  await life.pass(2_500);
  await life.done(upkeep.tick());
  await life.done(life.answer(parts, 3));
  expect(gateway.holding.tenure.callsInFlight).toBe(0);
  expect(gateway.inFlight.size).toBe(0);
  await life.done(drain(gateway, createServer(), upkeep));
  expect(life.unexpected).toEqual([]);
  expect(life.allowed.size).toBe(ANSWERS);
  return life;
}

function allowed({ allowed: all }: AnsweredLife, tool: string): number {
  return [...all.values()].flat().filter((name) => name === tool).length;
}

function expectBooks(life: AnsweredLife, { count }: Outage): void {
  const { data } = life;
  const paid = COST_NANO * BigInt(allowed(life, "pay"));
  const holders = [...data.holders.values()].filter(({ state }) => state === "live");
  for (const budget of ["all", "each-task"]) {
    const accounts = [...data.accounts.values()].filter(({ spec }) => spec.budget === budget);
    const spent = accounts.reduce((sum, account) => sum + account.spent, 0n);
    const leased = accounts.reduce((sum, account) => sum + account.leased, 0n);
    const held = accounts.reduce((sum, { id }) => {
      const slices = holders.flatMap(({ slices: all }) => all.get(id) ?? []);
      return slices.reduce((part, slice) => part + heldOf(slice), sum);
    }, 0n);
    expect(leased).toBe(held);
    // What the store was never told stays held, and is charged when its holder is fenced.
    if (leased === 0n) expect(spent).toBe(paid);
    else expect(spent).toBeLessThanOrEqual(paid);
    expect(spent + leased).toBeGreaterThanOrEqual(paid);
    if (count === 1) expect(leased).toBe(0n);
  }
  expect(allowed(life, "pay")).toBeLessThanOrEqual(PERMITS);
  // Nobody has approved.
  expect(allowed(life, "sign")).toBe(0);
}

test("An answer whose calls are taken gets through what there is for it", async () => {
  const none = { from: 0, count: 0, when: "before" } as const;
  const life = await live(none);
  expect([allowed(life, "pay"), allowed(life, "look")]).toEqual([PERMITS, ANSWERS]);
  expectBooks(life, none);
});

describe("some calls to the store fail, whichever they are, while answers are decided", () => {
  test.each(OUTAGES)("%i at a time, %s they were done: the books are right", async (...outage) => {
    const lived = async (failing: Outage) => {
      const life = await live(failing);
      expectBooks(life, failing);
      return life.failing.calls;
    };
    expect(await failEach(lived, outage, STORE_CALLS_MAX)).toBeGreaterThan(25);
  });
});

test("A guardrail that throws lets no call of an answer through, and ends nothing else", async () => {
  const life = new AnsweredLife({ from: 0, count: 0, when: "before" });
  const parts = await life.start();
  const incoming = life.incoming(parts, 1);
  const { tools } = incoming.manifest;
  const allowed = tools.allowed.map((tool) => {
    const check = () => {
      throw new Error("a bug");
    };
    // The first calls are taken already when this one is looked at.
    return tool.tool === "sign" ? { ...tool, check } : tool;
  });
  const manifest = { ...incoming.manifest, tools: { ...tools, allowed } };
  const call = { incoming: { ...incoming, manifest }, client: WAITING, turn: null, round: null };
  const calls = callsOf(1);
  const refused = new Promise<number>((resolve) => {
    const then = (screened: Screened) => resolve(screened.refused.size);
    // `as`: what is asked of an admitted call here.
    screen({ calls, answer: null, then }, { call } as unknown as Admitted, parts.gateway);
  });
  await life.done(refused);
  expect(await refused).toBe(calls.length);
  await life.pass(100);
  expect(parts.gateway.holding.tenure.callsInFlight).toBe(0);
  expect(life.unexpected).toEqual([new Error("a bug")]);
});
