/**
 * What the demo's model and tool cost, once: both bill by it, and the gateway's folder says the
 * same. A model as large ones are priced today; the transcription is at the price of the story.
 */
import type { NanoUsd } from "../guards/money.ts";

export const MODEL = {
  name: "support-large",
  inputUsdPerMillion: 2.5,
  outputUsdPerMillion: 10,
  contextWindow: 128_000,
  maxOutput: 16_384,
} as const;

/** $1 for a million tokens is so much for one. */
const NANO_PER_USD_PER_MILLION = 1_000;

/** What the provider bills for one answer. */
export function modelNanoUsd(tokens: { readonly input: number; readonly output: number }): NanoUsd {
  const { inputUsdPerMillion, outputUsdPerMillion } = MODEL;
  const price = tokens.input * inputUsdPerMillion + tokens.output * outputUsdPerMillion;
  return price * NANO_PER_USD_PER_MILLION;
}

export const TRANSCRIPTION = {
  usdPerMinute: 0.006,
  nanoUsdPerMinute: 6_000_000,
  /** Of each recording of the demo. */
  minutes: 5,
} as const;
