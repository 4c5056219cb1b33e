/** The dearer of two prices of one model, leg by leg. */
import type { Tier } from "../guards/price/price.ts";

/** Of two lists of tiers, the dearer rate of each leg at each count of input. */
export function dearerTiers(a: readonly Tier[], b: readonly Tier[]): Tier[] {
  const starts = new Set([...a, ...b].map((tier) => tier.fromInputTokens));
  return [...starts]
    .sort((x, y) => x - y)
    .map((from) => dearerTier(tierAt(a, from), tierAt(b, from), from));
}

function tierAt(tiers: readonly Tier[], from: number): Tier {
  const tier = tiers.filter((candidate) => candidate.fromInputTokens <= from).at(-1);
  if (tier === undefined) throw new Error("a list of tiers begins at 0");
  return tier;
}

function dearerTier(a: Tier, b: Tier, from: number): Tier {
  // A rate that one of the two does not know is not known.
  const both = (x: number | null, y: number | null) =>
    x === null || y === null ? null : Math.max(x, y);
  return {
    fromInputTokens: from,
    input: Math.max(a.input, b.input),
    output: Math.max(a.output, b.output),
    cachedInput: Math.max(a.cachedInput, b.cachedInput),
    cacheWrite5m: Math.max(a.cacheWrite5m, b.cacheWrite5m),
    cacheWrite1h: Math.max(a.cacheWrite1h, b.cacheWrite1h),
    reasoning: Math.max(a.reasoning, b.reasoning),
    inputAudio: both(a.inputAudio, b.inputAudio),
    outputAudio: both(a.outputAudio, b.outputAudio),
  };
}
