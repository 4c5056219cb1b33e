/** The schema of prices.yaml: overrides and additions to the built-in price book. */
import { z } from "zod";
import {
  count,
  id,
  strict,
  TOKENS_MAX,
  usdPerMillion,
  usdPerUse,
  VERSION_FIELDS,
} from "./fields.ts";

/** Tiers of one model; the longest list in the public table has four. */
const TIERS_MAX = 16;
/** A factor above this is a slip of the comma. */
const FACTOR_MAX = 100;

const RATE_FIELDS = {
  cached_input: usdPerMillion.describe("Input read from the cache. Default: `input`.").optional(),
  cache_write_5m: usdPerMillion
    .describe("Input written to the cache for 5 minutes. Default: 1.25 × `input`.")
    .optional(),
  cache_write_1h: usdPerMillion
    .describe("Input written to the cache for an hour. Default: 2 × `input`.")
    .optional(),
  reasoning: usdPerMillion.describe("Reasoning tokens. Default: `output`.").optional(),
  input_audio: usdPerMillion.describe("Input of audio. Without it audio is refused.").optional(),
  output_audio: usdPerMillion.describe("Output of audio. Without it audio is refused.").optional(),
};

const input = usdPerMillion.describe("Input, in USD for a million tokens.");
const output = usdPerMillion.describe("Output, in USD for a million tokens.");

const tier = strict({
  from_input_tokens: count(1, TOKENS_MAX).describe("First count of input tokens billed so."),
  input,
  output,
  ...RATE_FIELDS,
});

const factor = z
  .number({ error: "a factor from 0 to 100, like 1.75" })
  .min(0, { error: "a factor from 0 to 100, like 1.75" })
  .max(FACTOR_MAX, { error: "a factor from 0 to 100, like 1.75" });

/** The price of one model. */
export const priceSchema = strict({
  input: input.optional(),
  output: output.optional(),
  ...RATE_FIELDS,
  context_window: count(1, TOKENS_MAX).describe("Tokens that one call can take in.").optional(),
  max_output: count(1, TOKENS_MAX).describe("Tokens that one answer can have.").optional(),
  per_request: usdPerUse.describe("Fee for each call, in USD.").optional(),
  server_tools: z
    .record(id, usdPerUse)
    .describe("Fee for one use of a tool that runs at the provider, in USD, by its type.")
    .optional(),
  service_tiers: z
    .record(id, factor)
    .describe("Factor on all rates by the service tier that the request asks for.")
    .optional(),
  tiers: z
    .array(tier)
    .max(TIERS_MAX)
    .describe("Rates for long input; the whole call is billed at one tier.")
    .optional(),
  effective: z.iso
    .date({ error: 'a date like "2027-01-31"' })
    .describe("Until this day the dearer of this and the built-in price holds.")
    .optional(),
});

/** All of prices.yaml: provider's `prices_of` → model → price. */
export const pricesSchema = z
  .looseObject(VERSION_FIELDS)
  .catchall(
    z
      .record(id, priceSchema)
      .describe("Prices by exact model id; the key is a provider's `prices_of`."),
  );

export type RawPrice = z.output<typeof priceSchema>;
export type RawPrices = z.output<typeof pricesSchema>;
