/**
 * The most that one call can cost: what is reserved before it is forwarded.
 *
 *     input bound × dearest input rate + n × output cap × dearest output rate
 *       + Σ server tools: max uses × (fee + a context window of input) + fees
 *
 * Whatever has no bound here is refused by name.
 */
import type { ModelAsk } from "../call.ts";
import type { Allow, Bounds, Facts, Guard, Target } from "../facts.ts";
import { type Denial, deny } from "../verdict.ts";
import type { ModelPrice, Tier } from "./price.ts";

/** Service tiers that cost what the list says. */
const LIST_PRICE_TIERS: readonly string[] = ["default", "standard", "standard_only", "auto"];

export const worstCase: Guard = (facts, bounds, states) => {
  const { ask, target } = facts;
  if (target === null) return [states, deny("model.unknown", { model: ask.model })];
  const { price } = target;
  if (price === null) {
    return [states, deny("model.unpriced", { model: target.model, provider: target.rules.name })];
  }
  const unbounded = firstUnbounded(facts, price);
  if (unbounded !== null) return [states, unbounded];
  return [states, priced(facts, target, price, bounds)];
};

function priced(facts: Facts, target: Target, price: ModelPrice, bounds: Bounds): Allow | Denial {
  const { ask } = facts;
  const factor = tierFactor(ask.serviceTier, price);
  const inputTokens = mostInputTokens(ask, bounds.inputTokens, price);
  const tiers = reachable(price.tiers, inputTokens);
  const inputRate = dearest(tiers, (tier) => inputRateOf(tier, ask));
  const outputRate = dearest(tiers, (tier) =>
    Math.max(tier.output, tier.reasoning, ask.audioOutput ? (tier.outputAudio ?? 0) : 0),
  );
  const cap = target.overbillsOutput ? price.maxOutput : (bounds.outputCap ?? price.maxOutput);
  const perTokenPico = target.overbillsOutput ? 0 : Math.ceil(ask.choices * outputRate * factor);
  const fixedOutputPico = target.overbillsOutput ? ask.choices * cap * outputRate * factor : 0;
  const fixedPico = Math.ceil(
    inputTokens * inputRate * factor + fixedOutputPico + price.perRequest + feesPico(ask, price),
  );
  const reservePico = fixedPico + (target.overbillsOutput ? 0 : cap * perTokenPico);
  const tokens = inputTokens + cap * ask.choices;
  if (!Number.isSafeInteger(reservePico) || !Number.isSafeInteger(tokens)) {
    return deny("model.unbounded", { model: target.model, what: "the sum is too large" });
  }
  const reserve = { usd: Math.ceil(reservePico / 1000), tokens, calls: 1 };
  const numbers = {
    input_tokens_max: inputTokens,
    output_tokens_max: cap * ask.choices,
    input_pico_usd: inputRate * factor,
    output_pico_usd: outputRate * factor,
    worst_case_nano_usd: reserve.usd,
    price: price.source,
  };
  const outputCap = bounds.outputCap ?? price.maxOutput;
  const tokensPerCap = target.overbillsOutput ? 0 : ask.choices;
  const fixedTokens = target.overbillsOutput ? tokens : inputTokens;
  const costs = { fixedPico, perTokenPico, fixedTokens, tokensPerCap, reserve };
  return { kind: "allow", bounds: { ...bounds, outputCap, ...costs }, numbers };
}

function firstUnbounded({ ask, target }: Facts, price: ModelPrice): Denial | null {
  const model = target?.model ?? ask.model;
  const refuse = (what: string, bound: string) => deny("model.unbounded", { model, what, bound });

  const [field] = ask.unbounded;
  if (field !== undefined) return refuse(field, `leave ${field} out`);
  if (ask.input.audioBytes > 0 && price.tiers.some((tier) => tier.inputAudio === null)) {
    return refuse("audio input", "give the model an input_audio price in prices.yaml");
  }
  if (ask.audioOutput && price.tiers.some((tier) => tier.outputAudio === null)) {
    return refuse("audio output", "give the model an output_audio price in prices.yaml");
  }
  for (const tool of ask.serverTools) {
    if (tool.maxUses === null) return refuse(tool.type, "set max_uses on the tool");
    if (price.serverTools[tool.type] === undefined) {
      return refuse(tool.type, "give the tool a fee under server_tools in prices.yaml");
    }
  }
  const tier = ask.serviceTier;
  if (tier !== null && !LIST_PRICE_TIERS.includes(tier) && price.serviceTiers[tier] === undefined) {
    return refuse(`service tier ${tier}`, "give it a factor under service_tiers in prices.yaml");
  }
  return null;
}

/** Tokens of input that can be billed at most: never more than the model can take in. */
export function inputBound(ask: ModelAsk, target: Target, price: ModelPrice): number {
  const { input } = ask;
  const { rules } = target;
  const measurable = input.unmeasured === null && input.fileBytes === 0 && input.audioBytes === 0;
  if (rules.inputBound === "context_window" || target.overbillsInput || !measurable) {
    return price.contextWindow;
  }
  const { overhead } = rules;
  const tokens =
    input.textBytes +
    overhead.base +
    overhead.perMessage * input.messages +
    overhead.perTool * input.tools +
    (input.tools > 0 ? overhead.tools : 0) +
    overhead.perImage * input.images;
  return Math.min(tokens, price.contextWindow);
}

/**
 * The most input that can be billed with the results of server tools, which come back as input: a
 * context window for each use.
 */
export function mostInputTokens(ask: ModelAsk, bound: number, price: ModelPrice): number {
  let tokens = bound;
  for (const { maxUses } of ask.serverTools) tokens += (maxUses ?? 0) * price.contextWindow;
  return tokens;
}

/**
 * The list prices hold for the standard tiers; any other has its factor, or the call was refused
 * before. A cheaper tier may be answered by the standard one, unasked, so it lowers no reservation;
 * and where none is named, or `auto`, an account's own setting can choose the dearest.
 */
function tierFactor(tier: string | null, price: ModelPrice): number {
  const { serviceTiers } = price;
  if (tier === null || tier === "auto") return Math.max(1, ...Object.values(serviceTiers));
  return LIST_PRICE_TIERS.includes(tier) ? 1 : Math.max(1, serviceTiers[tier] ?? 1);
}

function reachable(tiers: readonly Tier[], inputTokens: number): readonly Tier[] {
  return tiers.length === 1 ? tiers : tiers.filter((tier) => tier.fromInputTokens <= inputTokens);
}

function inputRateOf(tier: Tier, ask: ModelAsk): number {
  let rate = Math.max(tier.input, tier.cachedInput);
  if (ask.input.cacheWrite !== "none") rate = Math.max(rate, tier.cacheWrite5m);
  if (ask.input.cacheWrite === "1h") rate = Math.max(rate, tier.cacheWrite1h);
  if (ask.input.audioBytes > 0) rate = Math.max(rate, tier.inputAudio ?? 0);
  return rate;
}

function dearest(tiers: readonly Tier[], rateOf: (tier: Tier) => number): number {
  let rate = 0;
  for (const tier of tiers) rate = Math.max(rate, rateOf(tier));
  return rate;
}

/** Fees of server tools: no service tier makes them cheaper or dearer. */
function feesPico(ask: ModelAsk, price: ModelPrice): number {
  let pico = 0;
  for (const { maxUses, type } of ask.serverTools) {
    pico += (maxUses ?? 0) * (price.serverTools[type] ?? 0);
  }
  return pico;
}
