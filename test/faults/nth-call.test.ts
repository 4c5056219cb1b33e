/**
 * One gateway's scripted life, again for every call that it makes to its store: from that one on,
 * some fail at once, before they were done or after. Then the store works again, and the books are
 * to be right to the nano-USD. The guards, the cashier and the flusher are asked directly, several
 * calls at a time.
 */
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { heldOf } from "../../src/adapters/store/memory/data.ts";
import { drain } from "../../src/compose/stop.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { taskKey } from "../../src/gateway/tasks.ts";
import { chargeOf, type Outcome, type Terms } from "../../src/guards/budget/settle.ts";
import type { ModelAsk } from "../../src/guards/call.ts";
import { ENGAGED } from "../../src/guards/clutch/clutch.ts";
import { admit } from "../../src/guards/decide.ts";
import type { Bounds } from "../../src/guards/facts.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import { StoreUnreachable } from "../../src/ports/store.ts";
import { configurationOf, MODEL } from "../simulation/folder.ts";
import { readText } from "../unit/wire/reading.ts";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach, Life, type Parts } from "./life.ts";

/** Longer lives are an error of this test. */
const CALLS_MAX = 300;
const LIMITS = { all: 9_000_000, daily: 8_000_000, task: 4_000_000 };
const RAISED = { ...LIMITS, all: 12_000_000, daily: 7_000_000 };

const USAGE = { input: 9, output: 4 };
const ask: ModelAsk = readText(
  "openai-chat",
  JSON.stringify({
    model: MODEL,
    messages: [{ role: "user", content: "Hello" }],
    max_completion_tokens: 20,
  }),
).ask;

class ModelLife extends Life {
  readonly refusals: string[] = [];
  /** What each call that was let through was charged. */
  readonly charges = new Map<string, number>();
  #folder: Configuration = configurationOf(LIMITS);
  #asked = 0;

  protected folder(): Configuration {
    return this.#folder;
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, []);
  }

  /** As `handle` does it, without a provider: admitted, kept open for a moment, settled. */
  async call({ gateway }: Parts, ending: "usage" | "fault" | "dropped") {
    this.#asked += 1;
    const id = `c${this.#asked}`;
    const task = `t${this.#asked % 2}`;
    const { cashier, holding, rules, tasks } = gateway;
    const { tenure } = holding;
    const manifest = rules.manifest("a");
    const price = rules.configuration.prices.find("local", MODEL);
    const [provider] = rules.configuration.providers;
    if (manifest === null || price === null || provider === undefined) throw new Error("no folder");
    const standing = holding.refusal(tenure);
    if (standing !== null) return this.refusals.push(standing.code);
    try {
      const lineage = await tasks.lineage(manifest, { id: task, how: "named" });
      if (isDenial(lineage)) return this.refusals.push(lineage.code);
      const belongs = { org: null, team: null, agent: "a", key: "key_a", model: MODEL, tool: null };
      const scopes = lineage.map((one) => taskKey(one.agent, one.id));
      const specs = rules.accountsOf(belongs, scopes, holding.storeNow());
      const accounts = await cashier.accountsFor(tenure, specs);
      const flagged = { overbillsOutput: false, overbillsInput: false };
      const target = { rules: provider.rules, model: MODEL, price, ...flagged };
      const facts = {
        ask,
        manifest,
        task: { id: task, ended: false, ageMs: 0, durationMaxMs: null },
        clutch: ENGAGED,
        letGo: false,
        toldBytes: 0,
        policy: [],
        approved: { kind: "none" } as const,
        target,
      };
      const { verdict } = await cashier.admit(tenure, (states) => admit(facts, states), accounts);
      if (verdict.kind !== "allow") {
        return this.refusals.push(verdict.kind === "deny" ? verdict.code : verdict.kind);
      }
      tenure.callsInFlight += 1;
      await new Promise<void>((resolve) => this.clock.after(40, resolve));
      tenure.callsInFlight -= 1;
      const [outcome, terms] = [outcomeOf(ending), termsOf(verdict.bounds, price)];
      const { charged, estimated } = chargeOf(outcome, terms);
      cashier.settle(tenure, id, accounts, {
        reserved: terms.reserved,
        charged: outcome.kind === "dropped" ? null : charged,
        estimated,
      });
      this.charges.set(id, charged.usd);
    } catch (error) {
      if (!(error instanceof StoreUnreachable)) throw error;
      this.refusals.push("store.unreachable");
    }
  }

  editLimits(): void {
    this.#folder = configurationOf(RAISED);
  }
}

function outcomeOf(ending: "usage" | "fault" | "dropped"): Outcome {
  const ended = { status: null, fault: null, outputTokensSeen: null };
  if (ending !== "usage") return { kind: ending, usage: null, ...ended };
  const nothing = { cachedInput: 0, cacheWrite5m: 0, cacheWrite1h: 0, inputAudio: 0 };
  const rest = { reasoning: 0, outputAudio: 0, serverTools: {}, serviceTier: null };
  return { kind: "ok", usage: { ...USAGE, ...nothing, ...rest }, ...ended };
}

function termsOf(bounds: Bounds, price: Terms["price"]): Terms {
  const { fixedPico, inputTokens, outputCap, perTokenPico, reserve } = bounds;
  const { fixedTokens, tokensPerCap } = bounds;
  return {
    price,
    reserved: reserve,
    inputTokens,
    outputTokens: outputCap,
    perTokenPico,
    fixedPico,
    tokensPerCap,
    fixedTokens,
    choices: 1,
    serviceTier: null,
    errorsAreFree: true,
    showsAllOutput: true,
  };
}

/** Answers how many calls to the store it took. */
async function live(outage: Outage): Promise<number> {
  const life = new ModelLife(outage);
  const all = await life.start();
  const calls = (...endings: readonly ("usage" | "fault" | "dropped")[]) =>
    life.done(Promise.all(endings.map((ending) => life.call(all, ending))));

  await calls("usage", "usage", "fault", "dropped", "usage");
  await life.done(all.upkeep.tick());
  // From here on accounts are idle.
  await life.pass(2_500);
  await life.done(all.upkeep.tick());
  life.editLimits();
  for (let attempt = 0; attempt <= outage.count; attempt += 1) {
    if (await life.done(all.reload.ask("operator"))) break;
  }
  await life.pass(2_500);
  expect(all.gateway.closedBecause).toBeNull();
  await calls("usage", "fault");
  await life.done(drain(all.gateway, createServer(), all.upkeep));

  expect(life.unexpected).toEqual([]);
  expect(life.refusals.filter((code) => !/^(store\.unreachable|gateway\.)/.test(code))).toEqual([]);
  expectTheBooks(life, outage);
  return life.failing.calls;
}

function expectTheBooks({ charges, data, refusals }: ModelLife, { count }: Outage): void {
  expect(charges.size + refusals.length).toBe(7);
  expect(charges.size).toBeGreaterThan(0);
  const charged = [...charges.values()].reduce((sum, one) => sum + BigInt(one), 0n);
  const live = [...data.holders.values()].filter(({ state }) => state === "live");
  const sums = new Map<string, { spent: bigint; leased: bigint }>();
  for (const { forfeited, id, leased, limit, spec, spent } of data.accounts.values()) {
    const { budget } = spec;
    const held = live.reduce((sum, { slices }) => {
      const slice = slices.get(id);
      return slice === undefined ? sum : sum + heldOf(slice);
    }, 0n);
    expect({ budget, leased, forfeited }).toEqual({ budget, leased: held, forfeited: 0n });
    // A store that failed once only was there for one of the attempts to close.
    if (count === 1) expect({ budget, leased }).toEqual({ budget, leased: 0n });
    expect(spent + leased).toBeLessThanOrEqual(limit);
    const edited = { all: RAISED.all, daily: RAISED.daily, "each-task": RAISED.task }[budget];
    expect({ budget, limit }).toEqual({ budget, limit: BigInt(edited ?? -1) });
    const sum = sums.get(budget) ?? { spent: 0n, leased: 0n };
    sums.set(budget, { spent: sum.spent + spent, leased: sum.leased + leased });
  }
  expect([...sums.keys()].toSorted()).toEqual(["all", "daily", "each-task"]);
  for (const { leased, spent } of sums.values()) {
    // What the store was never told stays held, and is charged when its holder is fenced.
    if (leased === 0n) expect(spent).toBe(charged);
    else expect(spent).toBeLessThanOrEqual(charged);
    expect(spent + leased).toBeGreaterThanOrEqual(charged);
  }
}

describe("some calls to the store fail, whichever they are", () => {
  test.each(OUTAGES)("%i at a time, %s they were done: the books are right", async (...outage) => {
    expect(await failEach(live, outage, CALLS_MAX)).toBeGreaterThan(25);
  });
});
