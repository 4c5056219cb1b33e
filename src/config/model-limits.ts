/**
 * How much models take in and give out, where the public price table does not say, and where it
 * says less than the provider does (gpt-4.1 takes 1,047,576 tokens, not a round million).
 *
 * Too high a maximum only reserves more for calls without a cap; too low a one would let a call
 * cost more than was reserved. So what is not known exactly is given the largest of its family.
 */

/** The largest context window that any provider has offered. */
export const CONTEXT_WINDOW_UNKNOWN = 10_000_000;

export interface ModelLimits {
  readonly contextWindow: number | null;
  readonly maxOutput: number;
}

type Family = readonly [begins: string, contextWindow: number | null, maxOutput: number];

/** By the beginning of the id; the first that fits holds, so longer beginnings come first. */
const FAMILIES: Readonly<Record<string, readonly Family[]>> = {
  openai: [
    ["gpt-3.5-turbo", 16_385, 4_096],
    ["gpt-35-turbo", 16_385, 4_096],
    ["gpt-4.1", 1_047_576, 32_768],
    ["gpt-4.5", 128_000, 16_384],
    ["gpt-4o:extended", 128_000, 64_000],
    // The snapshot of May 2024 gives out 4,096; the bound of its successors is kept for all.
    ["gpt-4o", 128_000, 16_384],
    ["chatgpt-4o", 128_000, 16_384],
    ["gpt-4-32k", 32_768, 32_768],
    ["gpt-4-turbo", 128_000, 4_096],
    ["gpt-4-0125", 128_000, 4_096],
    ["gpt-4-1106", 128_000, 4_096],
    ["gpt-4-vision", 128_000, 4_096],
    ["gpt-4", 8_192, 8_192],
    ["gpt-5-pro", 400_000, 272_000],
    ["gpt-5.5", 1_050_000, 272_000],
    ["gpt-5-5", 1_050_000, 272_000],
    ["gpt-5", null, 128_000],
    ["gpt-6", 1_050_000, 272_000],
    ["gpt-chat-latest", 1_050_000, 128_000],
    ["gpt-audio", 128_000, 16_384],
    ["gpt-oss", 131_072, 131_072],
    ["codex-mini", 200_000, 100_000],
    ["o1-preview", 128_000, 32_768],
    ["o1-mini", 128_000, 65_536],
    ["o1", 200_000, 100_000],
    ["o3", 200_000, 100_000],
    ["o4", 200_000, 100_000],
    ["computer-use", 8_192, 8_192],
  ],
  anthropic: [
    ["claude-2", 200_000, 4_096],
    ["claude-v1", 100_000, 100_000],
    ["claude-3-5", 200_000, 8_192],
    // 64,000, and 128,000 with a beta header.
    ["claude-3-7", 200_000, 128_000],
    ["claude-3", 200_000, 4_096],
    ["claude-opus-4-0", 200_000, 32_000],
    ["claude-opus-4-1", 200_000, 32_000],
    ["claude-opus-4-2025", 200_000, 32_000],
    ["claude-opus-4-5", 200_000, 64_000],
    ["claude-haiku-4-5", 200_000, 64_000],
    // A beta header opened a million tokens of context to these two.
    ["claude-sonnet-4-0", 1_000_000, 64_000],
    ["claude-sonnet-4-2025", 1_000_000, 64_000],
    ["claude-sonnet-4-5", 1_000_000, 64_000],
    ["claude-", 1_000_000, 128_000],
  ],
};

/** Limits of a model; a context window of null means that the price table is to be trusted. */
export function limitsOf(pricesOf: string, model: string): ModelLimits | null {
  const families = Object.hasOwn(FAMILIES, pricesOf) ? FAMILIES[pricesOf] : undefined;
  const family = families?.find(([begins]) => model.startsWith(begins));
  return family ? { contextWindow: family[1], maxOutput: family[2] } : null;
}
