/** What an answer cost, from the usage that the provider reports. */
import { exactPico, type NanoUsd } from "../money.ts";
import type { ModelPrice, Tier, Usage } from "./price.ts";

/** Nano-USD at the price book. Unknown fees and tiers count as the dearest that is known. */
export function billOf(usage: Usage, price: ModelPrice, tierAsked: string | null): NanoUsd {
  const tier = tierAt(price.tiers, inputTokensOf(usage));
  const plainOutput = Math.max(0, usage.output - usage.reasoning);
  const tokens = exactPico(
    usage.input * tier.input +
      usage.cachedInput * tier.cachedInput +
      usage.cacheWrite5m * tier.cacheWrite5m +
      usage.cacheWrite1h * tier.cacheWrite1h +
      usage.inputAudio * (tier.inputAudio ?? tier.input) +
      plainOutput * tier.output +
      usage.reasoning * tier.reasoning +
      usage.outputAudio * (tier.outputAudio ?? tier.output),
  );
  let fees = price.perRequest;
  for (const type in usage.serverTools) {
    fees += (usage.serverTools[type] ?? 0) * (price.serverTools[type] ?? dearestFee(price));
  }
  // A factor's product has dust far below a pico-USD, which must not round a whole sum up.
  const factor = factorOf(usage.serviceTier ?? tierAsked, price);
  return Math.ceil((Math.round(tokens * factor) + exactPico(fees)) / 1000);
}

/**
 * All input of an answer, cached or not: what decides the tier and what the input bound is held to.
 */
export function inputTokensOf(usage: Usage): number {
  const { input, cachedInput, cacheWrite5m, cacheWrite1h, inputAudio } = usage;
  return input + cachedInput + cacheWrite5m + cacheWrite1h + inputAudio;
}

/** All tokens of an answer: its input, cached or not, and its output with what was thought. */
export function tokensOf(usage: Usage): number {
  return Math.ceil(inputTokensOf(usage) + usage.output + usage.outputAudio);
}

/** The whole call is billed at the last tier that its input reaches. */
function tierAt(tiers: readonly Tier[], inputTokens: number): Tier {
  let found = tiers[0];
  for (const tier of tiers) if (tier.fromInputTokens <= inputTokens) found = tier;
  if (found === undefined) throw new Error("a price without tiers");
  return found;
}

/**
 * Where the provider chose the tier and does not say which, it costs what was reserved for `auto`.
 */
function factorOf(tier: string | null, price: ModelPrice): number {
  if (tier === null || tier === "auto") return Math.max(1, price.serviceTiers.auto ?? 1);
  if (tier === "default" || tier.startsWith("standard")) return 1;
  return price.serviceTiers[tier] ?? Math.max(1, ...Object.values(price.serviceTiers));
}

function dearestFee(price: ModelPrice): number {
  return Math.max(0, ...Object.values(price.serverTools));
}
