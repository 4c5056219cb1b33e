/**
 * Whatever a provider bills within what the request permits, at whatever prices, it is never more
 * than what was reserved: straight at the guards, with every bound of a call drawn at random.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { budget } from "../../../src/guards/budget/admit.ts";
import { chargeOf, type Terms } from "../../../src/guards/budget/settle.ts";
import type { Unit } from "../../../src/guards/budget/unit.ts";
import type { ModelAsk } from "../../../src/guards/call.ts";
import { cap } from "../../../src/guards/cap/cap.ts";
import type { Bounds, Facts } from "../../../src/guards/facts.ts";
import { billOf, tokensOf } from "../../../src/guards/price/bill.ts";
import type { ModelPrice, Usage } from "../../../src/guards/price/price.ts";
import { mostInputTokens, worstCase } from "../../../src/guards/price/worst-case.ts";
import {
  ask,
  bounds,
  facts,
  limits,
  manifest,
  measure,
  price,
  purse,
  rules,
  seen,
  slice,
  target,
  usage,
} from "./scenes.ts";

const rate = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 100_000_000 }));
const rates = fc.record({
  input: rate,
  output: rate,
  cachedInput: rate,
  cacheWrite5m: rate,
  cacheWrite1h: rate,
  reasoning: rate,
  inputAudio: rate,
  outputAudio: rate,
});
const factor = fc.integer({ min: 0, max: 500 }).map((hundredths) => hundredths / 100);

const prices: fc.Arbitrary<ModelPrice> = fc
  .record({
    contextWindow: fc.integer({ min: 1, max: 4_000 }),
    maxOutput: fc.integer({ min: 1, max: 500 }),
    first: rates,
    rest: fc.array(fc.tuple(fc.integer({ min: 1, max: 12_000 }), rates), { maxLength: 3 }),
    perRequest: fc.nat({ max: 5_000 }),
    fees: fc.tuple(rate, rate),
    factors: fc.record({ priority: factor, flex: factor, auto: factor }),
  })
  .map(({ factors, fees, first, rest, ...one }) => {
    const later = rest.toSorted(([a], [b]) => a - b);
    return price({
      ...one,
      tiers: [
        { fromInputTokens: 0, ...first },
        ...later.map(([fromInputTokens, found]) => ({ fromInputTokens, ...found })),
      ],
      serverTools: { web_search: fees[0], code: fees[1] },
      serviceTiers: factors,
    });
  });

const asks: fc.Arbitrary<ModelAsk> = fc
  .record({
    outputCap: fc.option(fc.integer({ min: 1, max: 600 })),
    choices: fc.integer({ min: 1, max: 4 }),
    audioOutput: fc.boolean(),
    serviceTier: fc.constantFrom(null, "auto", "default", "standard_only", "priority", "flex"),
    uses: fc.array(fc.tuple(fc.constantFrom("web_search", "code"), fc.nat({ max: 4 })), {
      maxLength: 2,
    }),
    textBytes: fc.nat({ max: 5_000 }),
    audioBytes: fc.constantFrom(0, 9),
    cacheWrite: fc.constantFrom("none", "5m", "1h"),
  })
  .map(({ audioBytes, cacheWrite, textBytes, uses, ...one }) =>
    ask({
      ...one,
      input: measure({ audioBytes, cacheWrite, textBytes }),
      serverTools: uses.map(([type, maxUses]) => ({ type, maxUses })),
    }),
  );

const scenes = fc
  .record({
    price: prices,
    ask: asks,
    tellAgent: fc.boolean(),
    overbillsOutput: fc.boolean(),
    overbillsInput: fc.boolean(),
    maxOutputTokens: fc.option(fc.integer({ min: 1, max: 600 })),
    share: fc.nat({ max: 1_000 }),
  })
  .map(({ ask, maxOutputTokens, price, share, tellAgent, ...overbills }) => ({
    share,
    told: facts({
      ask,
      manifest: manifest({ tellAgent, limits: limits({ maxOutputTokens, minUsefulOutput: 1 }) }),
      target: target({ price, rules: rules(), ...overbills }),
    }),
    price,
  }));

/** Parts of each whole that a provider bills: mostly all of it, and all of it at one rate. */
const part = fc.oneof(fc.constant(1), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const greeds = fc.record({
  input: part,
  legs: fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 }), part),
  output: part,
  audio: fc.constantFrom(0, 0.5, 1),
  reasoning: fc.constantFrom(0, 0.5, 1),
  uses: part,
  answers: fc.nat({ max: 2 }),
});
type Greed = typeof greeds extends fc.Arbitrary<infer One> ? One : never;

const LEGS = ["input", "cachedInput", "cacheWrite5m", "cacheWrite1h", "inputAudio"] as const;

/** The legs of input that a request permits to be billed at all. */
function legsOf({ input }: ModelAsk): readonly (typeof LEGS)[number][] {
  return LEGS.filter((leg) => {
    if (leg === "cacheWrite5m") return input.cacheWrite !== "none";
    if (leg === "cacheWrite1h") return input.cacheWrite === "1h";
    return leg !== "inputAudio" || input.audioBytes > 0;
  });
}

/** Tiers that a provider may say it served, where it says so. */
function answersOf({ serviceTier }: ModelAsk): readonly (string | null)[] {
  return serviceTier === "auto" ? [null, "auto", "default"] : [null, serviceTier, "standard"];
}

function billed(told: Facts, price: ModelPrice, admitted: Bounds, greed: Greed): Usage {
  const { ask } = told;
  const [first, second, split] = greed.legs;
  const legs = legsOf(ask);
  const input = Math.floor(mostInputTokens(ask, admitted.inputTokens, price) * greed.input);
  const head = Math.floor(input * split);
  const used: Record<string, number> = {};
  for (const [leg, tokens] of [[first, head] as const, [second, input - head] as const]) {
    const name = legs[leg % legs.length] ?? "input";
    used[name] = (used[name] ?? 0) + tokens;
  }
  const keepsCap = told.target?.overbillsOutput !== true;
  const most = ask.choices * (keepsCap ? (admitted.outputCap ?? -1) : price.maxOutput);
  const all = Math.floor(most * greed.output);
  const outputAudio = ask.audioOutput ? Math.floor(all * greed.audio) : 0;
  const output = all - outputAudio;
  const serverTools: Record<string, number> = {};
  for (const { maxUses, type } of ask.serverTools) {
    serverTools[type] = (serverTools[type] ?? 0) + Math.floor((maxUses ?? 0) * greed.uses);
  }
  const reasoning = Math.floor(output * greed.reasoning);
  const serviceTier = answersOf(ask)[greed.answers] ?? null;
  return usage({ ...used, output, outputAudio, reasoning, serverTools, serviceTier });
}

/** As the cap and price guards leave the call; null where its sum is too large to be safe. */
function bound(told: Facts): Bounds | null {
  const none = { purses: [] };
  const [, capped] = cap(told, bounds({ outputCap: null, inputTokens: 0 }), none);
  if (capped.kind !== "allow") throw new Error(`the cap refused: ${JSON.stringify(capped)}`);
  const [, priced] = worstCase(told, capped.bounds, none);
  return priced.kind === "allow" ? priced.bounds : null;
}

/** The smaller call that the budget guard makes of it where only a share of a unit is left. */
function narrowed(told: Facts, whole: Bounds, share: number, unit: Unit): Bounds | null {
  const free = Math.floor((whole.reserve[unit] * share) / 1_000);
  const states = { purses: [purse({ unit, slice: slice({ free }), seen: seen({ limit: 0n }) })] };
  const [, answer] = budget(told, whole, states);
  return answer.kind === "allow" ? answer.bounds : null;
}

describe("billed within reserved", () => {
  test("for a call at its whole bounds", () => {
    let bills = 0;
    fc.assert(
      fc.property(scenes, greeds, ({ price, told }, greed) => {
        const whole = bound(told);
        if (whole === null) return;
        const used = billed(told, price, whole, greed);
        bills += 1;
        const { tokens, usd } = whole.reserve;
        expect(billOf(used, price, told.ask.serviceTier)).toBeLessThanOrEqual(usd);
        expect(tokensOf(used)).toBeLessThanOrEqual(tokens);
      }),
      { numRuns: 4_000 },
    );
    expect(bills).toBeGreaterThan(2_000);
  });

  test.each(["usd", "tokens"] as const)(
    "for a call that a budget of %s has narrowed, and its settlement breaks no bound",
    (unit) => {
      let bills = 0;
      fc.assert(
        fc.property(scenes, greeds, ({ price, share, told }, greed) => {
          const whole = bound(told);
          const less = whole && narrowed(told, whole, share, unit);
          if (less === null) return;
          const { choices, serviceTier } = told.ask;
          const terms: Terms = {
            price,
            reserved: less.reserve,
            inputTokens: mostInputTokens(told.ask, less.inputTokens, price),
            outputTokens: (less.outputCap ?? -1) * choices,
            perTokenPico: less.perTokenPico,
            fixedPico: less.fixedPico,
            tokensPerCap: less.tokensPerCap,
            fixedTokens: less.fixedTokens,
            choices,
            serviceTier,
            errorsAreFree: true,
            showsAllOutput: true,
          };
          const used = billed(told, price, less, greed);
          const end = { kind: "ok", status: 200, fault: null, outputTokensSeen: null } as const;
          const charge = chargeOf({ ...end, usage: used }, terms);
          bills += 1;
          expect(charge.charged.usd).toBeLessThanOrEqual(less.reserve.usd);
          expect(charge.charged.tokens).toBeLessThanOrEqual(less.reserve.tokens);
          expect(charge.overbilled).toBeNull();
          if (told.target?.overbillsOutput === false) expect(charge.brokeBound).toBeNull();
        }),
        { numRuns: 4_000 },
      );
      expect(bills).toBeGreaterThan(300);
    },
  );

  test("to the nano-USD and the token: a call that takes all costs what was reserved", () => {
    const flat = fc.record({ input: rate, output: rate });
    fc.assert(
      fc.property(
        flat,
        fc.nat({ max: 999 }),
        fc.integer({ min: 1, max: 400 }),
        (one, bytes, cap) => {
          const { input, output } = one;
          const tiers = [{ ...price().tiers[0], fromInputTokens: 0, input, output }].map(
            (rates) => ({
              ...rates,
              cachedInput: 0,
              cacheWrite5m: 0,
              cacheWrite1h: 0,
              reasoning: 0,
              inputAudio: null,
              outputAudio: null,
            }),
          );
          const priced = price({ tiers });
          const told = facts({
            ask: ask({ outputCap: cap, input: measure({ textBytes: bytes }) }),
            target: target({ price: priced }),
          });
          const all = usage({ input: bytes, output: cap });
          const reserve = bound(told)?.reserve;
          expect(billOf(all, priced, null)).toBe(reserve?.usd);
          expect(tokensOf(all)).toBe(reserve?.tokens);
        },
      ),
    );
  });
});
