/**
 * What one model costs. All rates are pico-USD for one unit. A null rate means that the price book
 * does not know it: a call that could be billed at it cannot be bounded and is refused.
 */
import type { PicoUsd } from "../money.ts";

/** Rates in force from `fromInputTokens` input tokens on. The whole call is billed at one tier. */
export interface Tier {
  /** Smallest count of input tokens (cached ones included) billed at this tier; 0 for the first. */
  readonly fromInputTokens: number;
  readonly input: PicoUsd;
  readonly output: PicoUsd;
  /** Reading from the prompt cache. */
  readonly cachedInput: PicoUsd;
  readonly cacheWrite5m: PicoUsd;
  readonly cacheWrite1h: PicoUsd;
  /** Reasoning tokens, where they cost more than output; else equal to `output`. */
  readonly reasoning: PicoUsd;
  readonly inputAudio: PicoUsd | null;
  readonly outputAudio: PicoUsd | null;
}

export interface ModelPrice {
  /** The exact id this price is for, as the provider knows the model. */
  readonly model: string;
  /** Tokens that one call can take in at most. */
  readonly contextWindow: number;
  /** Tokens that one choice can give out at most, reasoning included. */
  readonly maxOutput: number;
  /** Ascending by `fromInputTokens`; never empty. */
  readonly tiers: readonly Tier[];
  /** Fee for each call, pico-USD. */
  readonly perRequest: PicoUsd;
  /** Fee for one use of a tool that runs at the provider, by its type, pico-USD. */
  readonly serverTools: Readonly<Record<string, PicoUsd>>;
  /** Factor on all rates by the service tier asked for (`standard` is 1); absent: not bounded. */
  readonly serviceTiers: Readonly<Record<string, number>>;
  /** Where the price comes from, for people: "genai-prices 0.1.8" or "prices.yaml". */
  readonly source: string;
}

/** What a provider says that it billed, every token counted in exactly one leg but `reasoning`. */
export interface Usage {
  /** Input at the full rate: neither read from nor written to the cache. */
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly inputAudio: number;
  /** All output, reasoning included, audio not. */
  readonly output: number;
  /** The part of `output` that was reasoning. */
  readonly reasoning: number;
  readonly outputAudio: number;
  /** Uses of tools that run at the provider, by type. */
  readonly serverTools: Readonly<Record<string, number>>;
  /** The service tier that the answer names, if any. */
  readonly serviceTier: string | null;
}
