/**
 * One model's price as one short text, so that a thousand of them load in a millisecond and a new
 * table can be read as a difference of lines:
 *
 *     context max_output per_request | tier | tier … ; tools ; service tiers
 *
 * where a tier is `from in out cached 5m 1h reasoning audio_in audio_out`.
 *
 * All rates are pico-USD. A rate that is left out (`-`) is not known.
 */
import type { ModelPrice, Tier } from "../guards/price/price.ts";

export type PriceRow = Omit<ModelPrice, "model" | "source">;

/** A price → its row. */
export function writeRow(price: PriceRow): string {
  const head = [price.contextWindow, price.maxOutput, price.perRequest].join(" ");
  const tiers = price.tiers.map((tier) =>
    [
      tier.fromInputTokens,
      tier.input,
      tier.output,
      tier.cachedInput,
      tier.cacheWrite5m,
      tier.cacheWrite1h,
      tier.reasoning,
      tier.inputAudio ?? "-",
      tier.outputAudio ?? "-",
    ].join(" "),
  );
  return [[head, ...tiers].join("|"), pairs(price.serverTools), pairs(price.serviceTiers)]
    .join(";")
    .replace(/;+$/, "");
}

/** A row → the price; throws on a row that `writeRow` cannot have written. */
export function readRow(model: string, row: string, source: string): ModelPrice {
  const [rates = "", tools = "", factors = ""] = row.split(";");
  const [head = "", ...tiers] = rates.split("|");
  const [contextWindow, maxOutput, perRequest] = head.split(" ").map(numberOf);
  if (contextWindow === undefined || maxOutput === undefined || perRequest === undefined) {
    throw new Error(`price row of ${model} is cut: ${row}`);
  }
  return {
    model,
    contextWindow,
    maxOutput,
    perRequest,
    tiers: tiers.map((text) => tierOf(model, text)),
    serverTools: record(tools),
    serviceTiers: record(factors),
    source,
  };
}

function tierOf(model: string, text: string): Tier {
  const fields = text.split(" ");
  const audio = fields.slice(7).map((field) => (field === "-" ? null : numberOf(field)));
  const [from, input, output, cached, write5m, write1h, reasoning] = fields
    .slice(0, 7)
    .map(numberOf);
  const [inputAudio, outputAudio] = audio;
  if (
    from === undefined ||
    input === undefined ||
    output === undefined ||
    cached === undefined ||
    write5m === undefined ||
    write1h === undefined ||
    reasoning === undefined ||
    inputAudio === undefined ||
    outputAudio === undefined
  ) {
    throw new Error(`price tier of ${model} is cut: ${text}`);
  }
  return {
    fromInputTokens: from,
    input,
    output,
    cachedInput: cached,
    cacheWrite5m: write5m,
    cacheWrite1h: write1h,
    reasoning,
    inputAudio,
    outputAudio,
  };
}

function pairs(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function record(text: string): Record<string, number> {
  if (text === "") return {};
  return Object.fromEntries(
    text.split(" ").map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [name, numberOf(value)];
    }),
  );
}

function numberOf(text: string): number {
  const value = Number(text);
  if (text === "" || !(value >= 0)) throw new Error(`"${text}" in a price row is no amount`);
  return value;
}
