/**
 * Two gateways on one store: one decides, the other is told the outcome; again for every call to
 * the store that fails, at either of them. Whatever fails, who reports until it is taken is told so
 * in the end, and the call is charged for what it used, once.
 */
import { EventEmitter } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { drain } from "../../src/compose/stop.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { Incoming } from "../../src/gateway/call.ts";
import { askDecision } from "../../src/gateway/decisions/ask.ts";
import { reportOutcome } from "../../src/gateway/decisions/outcome.ts";
import { nextDecision } from "../../src/gateway/gateway.ts";
import { handle } from "../../src/gateway/handle.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import { StoreUnreachable } from "../../src/ports/store.ts";
import { valid } from "../unit/config/folder.ts";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach, Life, type Parts } from "./life.ts";

/** Longer lives are an error of this test. */
const STORE_CALLS_MAX = 300;
const USED_NANO = 2_000_000n;
const ATTEMPTS_MAX = 8;
const RETRY_MS = 1_000;

function folder(): Configuration {
  const quantity = { pointer: "/result/units" };
  const cost = { usd: 0.001, per: "unit", quantity, max: 5 };
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      tool_servers: { own: { kind: "agent", asks: true, tools: { work: { effect: "read" } } } },
      budgets: [{ name: "all", limit_usd: 1, window: "lifetime" }],
    }),
    "agents/a.json": JSON.stringify({
      version: 1,
      agent: "a",
      allowed_tools: [{ tool_name: "work", server: "own", cost, timeout: "1h" }],
    }),
  });
}

/** The parts of a response that these paths use, without a socket behind them. */
class Answer extends EventEmitter {
  destroyed = false;
  headersSent = false;
  status = 0;
  text = "";

  writeHead(status: number): this {
    this.status = status;
    this.headersSent = true;
    return this;
  }

  end(text: string): this {
    this.text = text;
    return this;
  }
}

function bodyOf(value: unknown) {
  const text = JSON.stringify(value);
  return { bytes: Buffer.from(text), text };
}

class OutcomeLife extends Life {
  readonly #folder = folder();

  protected folder(): Configuration {
    return this.#folder;
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, [], []);
  }

  /** The id of an allowed decision, whoever has to ask how often for it. */
  async decided(parts: Parts): Promise<string> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const answer = await this.#ask(parts, attempt);
      if (answer.status === 200 && JSON.parse(answer.text).verdict === "allow") {
        return JSON.parse(answer.text).decision;
      }
      await this.pass(RETRY_MS);
    }
    throw new Error("no decision is allowed any more");
  }

  async #ask({ gateway }: Parts, attempt: number): Promise<Answer> {
    const answer = new Answer();
    const ask = async () => {
      const body = bodyOf({ tool: "work", arguments: { attempt } });
      const call = await askDecision(body, this.#incoming(gateway, answer), gateway);
      if (call === null || isDenial(call)) throw new Error("it is asked for in order");
      // It ends with its outcome.
      void handle(call, gateway).catch((error: unknown) => this.unexpected.push(error));
    };
    await this.done(ask());
    await this.pass(100);
    return answer;
  }

  /** Statuses, until it is taken. */
  async reported(decision: string, { gateway }: Parts): Promise<readonly number[]> {
    const statuses: number[] = [];
    while (statuses.at(-1) !== 200 && statuses.length < ATTEMPTS_MAX) {
      const answer = new Answer();
      const body = bodyOf({ ok: true, result: { units: 2 } });
      const incoming = this.#incoming(gateway, answer);
      const done = await this.done(reportOutcome(decision, body, incoming, gateway));
      // What rejects because of the store is 503 at the listener.
      statuses.push(done ? answer.status : 503);
      if (answer.status !== 200) await this.pass(RETRY_MS);
    }
    return statuses;
  }

  #incoming(gateway: Parts["gateway"], answer: Answer): Incoming {
    const { rules } = gateway;
    const decision = nextDecision(gateway);
    const manifest = rules.manifest("a") ?? expect.unreachable("the agent is there");
    return {
      // See the class: nothing else of a response is used.
      response: answer as unknown as ServerResponse,
      headers: {},
      key: {
        ...{ id: "key_a", hash: "", holder: { kind: "agent", agent: "a" } },
        ...{ createdAt: 0, expiresAt: null, revokedAt: null },
      },
      ...{ manifest, rules, tenure: gateway.holding.tenure, decision, call: decision },
      taskName: { id: "t", how: "named" },
      receivedAt: this.clock.monotonic(),
    };
  }
}

const NO_OUTAGE: Outage = { from: 0, count: 0, when: "before" };

/** Decided at one, reported at the other, and both stop. */
async function live(outage: Outage): Promise<number> {
  const life = new OutcomeLife(outage);
  const [maker, other] = [await life.start(), await life.start()];
  const decision = await life.decided(maker);
  const statuses = await life.reported(decision, other);
  expect(statuses.at(-1)).toBe(200);
  for (const status of statuses.slice(0, -1)) expect(status).toBe(503);
  if (outage.count === 0) expect(statuses).toEqual([200]);
  const again = await life.reported(decision, other);
  expect(again.at(-1)).toBe(200);
  await life.done(maker.upkeep.tick());
  for (const { gateway, upkeep } of [maker, other]) {
    await life.done(drain(gateway, createServer(), upkeep));
  }
  expect(life.unexpected).toEqual([]);
  const [account] = [...life.data.accounts.values()];
  // What the store was never told stays held, and is charged when its holder is fenced.
  const { leased = 0n, spent = 0n } = account ?? {};
  expect(leased > 0n ? spent + leased >= USED_NANO : spent === USED_NANO).toBe(true);
  expect(spent).toBeLessThanOrEqual(USED_NANO);
  return life.failing.calls;
}

/** How long it takes until an outcome that is reported elsewhere is taken. */
async function tookMs(life: OutcomeLife): Promise<number> {
  const [maker, other] = [await life.start(), await life.start()];
  const decision = await life.decided(maker);
  const began = life.clock.monotonic();
  expect(await life.reported(decision, other)).toEqual([200]);
  return life.clock.monotonic() - began;
}

test("nothing fails: it is taken at once", async () => {
  expect(await live(NO_OUTAGE)).toBeGreaterThan(10);
  // Sooner than anybody looks without being told.
  expect(await tookMs(new OutcomeLife(NO_OUTAGE))).toBeLessThan(400);
});

test("where nothing is told of changes it is taken with the next heartbeat", async () => {
  const life = new OutcomeLife(NO_OUTAGE);
  life.failing.store.holders.watch = () => () => {};
  const took = await tookMs(life);
  expect(took).toBeGreaterThan(400);
  expect(took).toBeLessThan(2_000);
});

test("what cannot be read is answered and nothing else, and what is old is forgotten", async () => {
  const life = new OutcomeLife(NO_OUTAGE);
  const [maker, other] = [await life.start(), await life.start()];
  const decision = await life.decided(maker);
  const { id } = maker.gateway.holding.tenure;
  await other.gateway.store.outcomes.put(id, { id: "o-1", body: Uint8Array.of(1, 2, 3) });
  await life.pass(2_000);
  expect(await other.gateway.store.outcomes.answers(["o-1"])).toEqual([
    { id: "o-1", answer: "ended" },
  ]);
  expect(life.unexpected.splice(0)).toHaveLength(1);
  expect(await life.reported(decision, other)).toEqual([200]);
  const rows = async (minutes: number) => {
    life.clock.advance(minutes * 60_000);
    await life.pass(2_000);
    await life.done(other.upkeep.tick());
    return [...life.data.outcomes.keys()];
  };
  expect(await rows(9)).toEqual(["o-1"]);
  expect(await rows(2)).toEqual([]);
});

test("what cannot be put is an error of the store, and is taken later", async () => {
  const life = new OutcomeLife(NO_OUTAGE);
  const [maker, other] = [await life.start(), await life.start()];
  const decision = await life.decided(maker);
  const { outcomes } = other.gateway.store;
  const { put } = outcomes;
  outcomes.put = () => Promise.reject(new StoreUnreachable("it is away"));
  expect(new Set(await life.reported(decision, other))).toEqual(new Set([503]));
  outcomes.put = put;
  expect(await life.reported(decision, other)).toEqual([200]);
});

describe("some calls to the store fail, whichever they are, while an outcome is reported", () => {
  test.each(OUTAGES)("%i at a time, %s they were done: it counts once", async (...outage) => {
    expect(await failEach(live, outage, STORE_CALLS_MAX)).toBeGreaterThan(10);
  });
});
