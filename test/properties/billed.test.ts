/**
 * Providers that bill everything a request permits: the whole input bound, the full cap for each
 * choice, the dearest tier, every use of every tool. None of them gets past what was reserved.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costAt } from "../../src/guards/budget/admit.ts";
import { chargeOf, type Terms } from "../../src/guards/budget/settle.ts";
import { hopeOf, type Purse, roomOf, type Seen } from "../../src/guards/budget/slice.ts";
import type { Unit } from "../../src/guards/budget/unit.ts";
import type { Format, ModelAsk } from "../../src/guards/call.ts";
import { HOSTED_TOOLS } from "../../src/guards/call.ts";
import { admit } from "../../src/guards/decide.ts";
import type { Bounds, Facts, Target } from "../../src/guards/facts.ts";
import { NO_LIBRARY } from "../../src/guards/library/grants.ts";
import { type CallLimits, type Manifest, NO_TOOLS } from "../../src/guards/manifest/manifest.ts";
import { billOf, tokensOf } from "../../src/guards/price/bill.ts";
import type { ModelPrice, Usage } from "../../src/guards/price/price.ts";
import { mostInputTokens } from "../../src/guards/price/worst-case.ts";
import type { ProviderRules } from "../../src/guards/provider-rules.ts";
import { readText } from "../unit/wire/reading.ts";

const RUNS = 3_000;
const MODEL = "m";
const RICH = Number.MAX_SAFE_INTEGER;

const rate = fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 75_000_000 }));
const factor = fc.integer({ min: 1, max: 400 }).map((hundredths) => hundredths / 100);
const rates = fc.record({
  input: rate,
  output: rate,
  cachedInput: rate,
  cacheWrite5m: rate,
  cacheWrite1h: rate,
  reasoning: rate,
  inputAudio: fc.option(rate),
  outputAudio: fc.option(rate),
});

const price: fc.Arbitrary<ModelPrice> = fc
  .record({
    contextWindow: fc.integer({ min: 1, max: 200_000 }),
    maxOutput: fc.integer({ min: 1, max: 32_000 }),
    tiers: fc.array(fc.tuple(fc.integer({ min: 1, max: 250_000 }), rates), { maxLength: 2 }),
    first: rates,
    perRequest: fc.nat({ max: 5_000_000 }),
    fees: fc.tuple(fc.nat({ max: 20_000_000_000 }), fc.nat({ max: 999 })),
    factors: fc.tuple(factor, factor),
  })
  .map(({ contextWindow, factors, fees, first, maxOutput, perRequest, tiers }) => ({
    model: MODEL,
    contextWindow,
    maxOutput,
    tiers: [
      { fromInputTokens: 0, ...first },
      ...tiers
        .toSorted(([one], [other]) => one - other)
        .map(([fromInputTokens, found]) => ({ fromInputTokens, ...found })),
    ],
    perRequest,
    serverTools: { web_search: fees[0], web_fetch: fees[1] },
    serviceTiers: { priority: factors[0], flex: factors[1] },
    source: "generated",
  }));

const rules: fc.Arbitrary<ProviderRules> = fc
  .record({
    inputBound: fc.constantFrom("bytes+overhead" as const, "context_window" as const),
    base: fc.nat({ max: 500 }),
    perMessage: fc.nat({ max: 20 }),
    perTool: fc.nat({ max: 200 }),
    perImage: fc.nat({ max: 3_000 }),
  })
  .map(({ base, inputBound, perImage, perMessage, perTool }) => ({
    name: "generated",
    formats: ["openai-chat", "anthropic-messages"],
    inputBound,
    overhead: { base, perMessage, perTool, tools: base, perImage },
    capField: "max_completion_tokens",
    streamOptions: true,
    errorsAreFree: true,
    onAbort: "drain",
    framesAreTokens: true,
    showsAllOutput: true,
    outputCapMin: 1,
    allowFields: [],
  }));

const cap = fc.integer({ min: 1, max: 40_000 });
const text = fc.string({ maxLength: 60, unit: "binary" });

const chat = fc
  .record({
    cap: fc.option(cap, { nil: undefined }),
    n: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    tier: fc.constantFrom(undefined, "auto", "default", "priority", "flex"),
    audio: fc.boolean(),
    texts: fc.array(text, { minLength: 1, maxLength: 4 }),
  })
  .map(({ audio, cap: max, n, texts, tier }) => ({
    model: MODEL,
    messages: texts.map((content) => ({ role: "user", content })),
    ...(max === undefined ? {} : { max_completion_tokens: max }),
    ...(n === undefined ? {} : { n }),
    ...(tier === undefined ? {} : { service_tier: tier }),
    ...(audio ? { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } } : {}),
  }));

const messages = fc
  .record({
    cap,
    tier: fc.constantFrom(undefined, "auto", "standard_only"),
    texts: fc.array(text, { minLength: 1, maxLength: 4 }),
    cache: fc.constantFrom(undefined, "5m", "1h"),
    searches: fc.nat({ max: 3 }),
    fetches: fc.nat({ max: 2 }),
  })
  .map(({ cache, cap: max, fetches, searches, texts, tier }) => {
    const search = { type: "web_search_20250305", name: "web_search", max_uses: searches };
    const fetch = { type: "web_fetch_20250910", name: "web_fetch", max_uses: fetches };
    const tools = [...(searches > 0 ? [search] : []), ...(fetches > 0 ? [fetch] : [])];
    const mark = cache === undefined ? {} : { cache_control: { type: "ephemeral", ttl: cache } };
    return {
      model: MODEL,
      max_tokens: max,
      messages: texts.map((words) => {
        return { role: "user", content: [{ type: "text", text: words, ...mark }] };
      }),
      ...(tools.length > 0 ? { tools } : {}),
      ...(tier === undefined ? {} : { service_tier: tier }),
    };
  });

const limits: fc.Arbitrary<CallLimits> = fc.record({
  maxOutputTokens: fc.option(cap),
  maxInputTokens: fc.constant(null),
  maxN: fc.constant(null),
  timeoutMs: fc.constant(60_000),
  minUsefulOutput: fc.constantFrom(1, 16, 256),
});

const call = fc.record({
  ask: fc.oneof(
    chat.map((body) => askOf("openai-chat", body)),
    messages.map((body) => askOf("anthropic-messages", body)),
  ),
  price,
  rules,
  limits,
  tellAgent: fc.boolean(),

  overbillsOutput: fc.boolean(),
  overbillsInput: fc.boolean(),
});
type Generated = typeof call extends fc.Arbitrary<infer Value> ? Value : never;

function askOf(format: Format, body: unknown): ModelAsk {
  return readText(format, JSON.stringify(body)).ask;
}

function factsOf(generated: Generated): Facts {
  const { ask, overbillsInput, overbillsOutput, price: found, rules: known } = generated;
  const target: Target = {
    rules: known,
    model: MODEL,
    price: found,
    overbillsInput,
    overbillsOutput,
  };
  const manifest: Manifest = {
    agent: "a",
    labels: { team: null, org: null, owner: null },
    models: null,
    limits: generated.limits,
    observe: null,
    observing: false,
    strict: false,
    uncapped: false,
    digest: "d",
    refusalRounds: 1,
    tellAgent: generated.tellAgent,
    transcripts: true,
    onChange: "apply",
    tasks: {
      ...{ newPerHour: 1, aliveMax: 1, depthMax: 1, childrenMax: 1, idleMs: 1 },
      ...{ callsMax: null, toolCallsMax: null, durationMaxMs: null },
    },
    tools: { ...NO_TOOLS, hosted: new Set(HOSTED_TOOLS) },
    library: NO_LIBRARY,
    policies: [],
  };
  return {
    ask,
    manifest,
    task: { id: "t", ended: false, ageMs: 0, durationMaxMs: null },
    clutch: { state: "engaged" },
    letGo: false,
    toldBytes: 0,
    policy: [],
    approved: { kind: "none" },
    target,
  };
}

function purseOf(free: number, seen: Seen | null, unit: Unit = "usd"): Purse {
  const slice = { free, reserved: 0, unflushed: 0, granted: BigInt(free), returned: 0n };
  return { budget: "b", scope: "", unit, slice, seen };
}

/** What is admitted with all the money there is; null: refused, because something has no bound. */
function boundsOf(facts: Facts, purse = purseOf(RICH, null)): Bounds | null {
  const { verdict } = admit(facts, { purses: [purse] });
  return verdict.kind === "allow" ? verdict.bounds : null;
}

/** Shares of what the request permits, from 0 to 1; most of the time all of it. */
const share = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
);
const greed = fc.record({
  input: share,
  output: share,
  uses: share,
  reasoning: share,
  leg: fc.nat({ max: 9 }),
  answersTier: fc.nat({ max: 9 }),
  audio: share,
});
type Greed = typeof greed extends fc.Arbitrary<infer Value> ? Value : never;

/** The usage of a provider that takes its share of everything it may. */
function usageOf({ ask, price: found }: Generated, bounds: Bounds, wants: Greed): Usage {
  const serverTools: Record<string, number> = {};
  let uses = 0;
  for (const { maxUses, type } of ask.serverTools) {
    const taken = Math.floor((maxUses ?? 0) * wants.uses);
    serverTools[type] = (serverTools[type] ?? 0) + taken;
    uses += taken;
  }
  const inputMax = bounds.inputTokens + uses * found.contextWindow;
  const input = Math.floor(inputMax * wants.input);
  const legs: (keyof Usage)[] = ["input", "cachedInput"];
  if (ask.input.cacheWrite !== "none") legs.push("cacheWrite5m");
  if (ask.input.cacheWrite === "1h") legs.push("cacheWrite1h");
  if (ask.input.audioBytes > 0) legs.push("inputAudio");
  const leg = legs[wants.leg % legs.length] ?? "input";
  const other = Math.floor(input / 3);

  const outputMax = (bounds.outputCap ?? found.maxOutput) * ask.choices;
  const output = Math.floor(outputMax * wants.output);
  const spoken = ask.audioOutput ? Math.floor(output * wants.audio) : 0;
  const answered = [null, ask.serviceTier === "auto" ? "default" : ask.serviceTier, "default"];
  const nothing = { input: 0, cachedInput: 0, cacheWrite5m: 0, cacheWrite1h: 0, inputAudio: 0 };
  const legged = { ...nothing, [leg]: input - other };
  return {
    ...legged,
    input: legged.input + other,
    output: output - spoken,
    reasoning: Math.floor((output - spoken) * wants.reasoning),
    outputAudio: spoken,
    serverTools,
    serviceTier: answered[wants.answersTier % answered.length] ?? null,
  };
}

function termsOf({ ask, price: found }: Generated, bounds: Bounds): Terms {
  return {
    price: found,
    reserved: bounds.reserve,
    inputTokens: mostInputTokens(ask, bounds.inputTokens, found),
    outputTokens: (bounds.outputCap ?? found.maxOutput) * ask.choices,
    perTokenPico: bounds.perTokenPico,
    fixedPico: bounds.fixedPico,
    tokensPerCap: bounds.tokensPerCap,
    fixedTokens: bounds.fixedTokens,
    choices: ask.choices,
    serviceTier: ask.serviceTier,
    errorsAreFree: true,
    showsAllOutput: true,
  };
}

describe("whatever a request permits a provider to bill", () => {
  test("is reserved before the call is sent", () => {
    fc.assert(
      fc.property(call, greed, (generated, wants) => {
        const bounds = boundsOf(factsOf(generated));
        if (bounds === null) return;
        const usage = usageOf(generated, bounds, wants);
        const billed = billOf(usage, generated.price, generated.ask.serviceTier);
        expect(billed).toBeLessThanOrEqual(bounds.reserve.usd);
        expect(tokensOf(usage)).toBeLessThanOrEqual(bounds.reserve.tokens);
      }),
      { numRuns: RUNS },
    );
  });

  test("is charged as it was billed, and is no reason for an alarm", () => {
    fc.assert(
      fc.property(call, greed, (generated, wants) => {
        const bounds = boundsOf(factsOf(generated));
        if (bounds === null) return;
        const usage = usageOf(generated, bounds, wants);
        const outcome = { kind: "ok", status: 200, fault: null, outputTokensSeen: 0 } as const;
        const charge = chargeOf({ ...outcome, usage }, termsOf(generated, bounds));
        const usd = billOf(usage, generated.price, generated.ask.serviceTier);
        const charged = { usd, tokens: tokensOf(usage), calls: 1 };
        expect(charge).toEqual({ charged, estimated: false, overbilled: null, brokeBound: null });
      }),
      { numRuns: RUNS },
    );
  });

  test("is refused beforehand where it has no end", () => {
    let refused = 0;
    fc.assert(
      fc.property(call, (generated) => {
        if (boundsOf(factsOf(generated)) !== null) return;
        refused += 1;
        const { verdict } = admit(factsOf(generated), { purses: [purseOf(RICH, null)] });
        expect(verdict).toMatchObject({ kind: "deny", code: "model.unbounded" });
      }),
      { numRuns: 500 },
    );
    // Else the properties above would say nothing.
    expect(refused).toBeLessThan(250);
  });
});

/** A call cannot be narrowed into a part of one. */
const UNITS = ["usd", "tokens"] as const;

describe("a call that does not fit", () => {
  const money = fc.tuple(call, fc.nat({ max: 1_000_000 }), fc.nat({ max: 1_000_000 }));

  test.each(UNITS)(
    "is narrowed into the %s that are left, or refused, and never above what it asked for",
    (unit) => {
      let narrowed = 0;
      fc.assert(
        fc.property(money, ([generated, freeShare, roomShare]) => {
          const facts = factsOf(generated);
          const whole = boundsOf(facts);
          if (whole === null) return;
          const free = Math.floor((whole.reserve[unit] * freeShare) / 1_000_000);
          const room = BigInt(Math.floor((whole.reserve[unit] * roomShare) / 2_000_000));
          const seen = { limit: room + 10n, spent: 10n, leased: 0n, forfeited: 0n, committed: 0n };
          const purse = purseOf(free, seen, unit);
          const { states, verdict } = admit(facts, { purses: [purse] });
          const reach = BigInt(free) + roomOf(seen);
          if (verdict.kind === "deny") {
            expect(states.purses).toEqual([purse]);
            const floor = Math.min(whole.outputFloor, whole.outputCap ?? Number.POSITIVE_INFINITY);
            const least = costAt(whole, floor)[unit];
            expect(BigInt(least)).toBeGreaterThan(reach < 0n ? 0n : reach);
            if (verdict.code === "budget.exhausted") {
              expect(BigInt(least)).toBeGreaterThan(hopeOf(seen));
            }
            return;
          }
          if (verdict.kind === "short") {
            expect(BigInt(verdict.need[unit])).toBeLessThanOrEqual(reach);
            expect(verdict.need[unit]).toBeGreaterThan(free);
            return;
          }
          if (verdict.kind !== "allow") throw new Error("a model call takes no permit");
          const { outputCap } = verdict.bounds;
          const reserve = verdict.bounds.reserve[unit];
          narrowed += reserve < whole.reserve[unit] ? 1 : 0;
          expect(reserve).toBeLessThanOrEqual(free);
          expect(outputCap ?? 0).toBeLessThanOrEqual(whole.outputCap ?? 0);
          expect(outputCap ?? 0).toBeGreaterThanOrEqual(
            Math.min(whole.outputFloor, whole.outputCap ?? 0),
          );
          expect(states.purses).toEqual([
            { ...purse, slice: { ...purse.slice, free: free - reserve, reserved: reserve } },
          ]);
        }),
        { numRuns: RUNS },
      );
      expect(narrowed).toBeGreaterThan(10);
    },
  );

  test.each(UNITS)("is billed within its smaller reservation of %s too", (unit) => {
    fc.assert(
      fc.property(call, fc.nat({ max: 1_000 }), greed, (generated, thousandths, wants) => {
        const facts = factsOf(generated);
        const whole = boundsOf(facts);
        if (whole === null) return;
        const free = Math.floor((whole.reserve[unit] * thousandths) / 1_000);
        const seen = { limit: 0n, spent: 0n, leased: 0n, forfeited: 0n, committed: 0n };
        const bounds = boundsOf(facts, purseOf(free, seen, unit));
        if (bounds === null) return;
        const usage = usageOf(generated, bounds, wants);
        const billed = billOf(usage, generated.price, generated.ask.serviceTier);
        expect(billed).toBeLessThanOrEqual(bounds.reserve.usd);
        expect(tokensOf(usage)).toBeLessThanOrEqual(bounds.reserve.tokens);
        expect(bounds.reserve[unit]).toBeLessThanOrEqual(free);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("the price of a call", () => {
  test("never falls as its output cap grows", () => {
    fc.assert(
      fc.property(
        call,
        fc.nat({ max: 40_000 }),
        fc.nat({ max: 40_000 }),
        (generated, one, more) => {
          const bounds = boundsOf(factsOf(generated));
          if (bounds === null) return;
          const at = (outputCap: number) => {
            const seen = { limit: 0n, spent: 0n, leased: 0n, forfeited: 0n, committed: 0n };
            const cost = Math.ceil((bounds.fixedPico + outputCap * bounds.perTokenPico) / 1000);
            return boundsOf(factsOf(generated), purseOf(cost, seen))?.outputCap ?? 0;
          };
          expect(at(one + more)).toBeGreaterThanOrEqual(at(one));
        },
      ),
      { numRuns: 500 },
    );
  });
});
