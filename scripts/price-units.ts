/** Amounts of the public table → whole pico-USD for one unit. */
import type { ConditionalPrice } from "@pydantic/genai-prices";

/** One period's prices of one model, by the table's keys. */
export type Rates = ConditionalPrice["prices"];

/** Decimal places from USD for a million units to pico-USD for one. */
export const PICO_PER_MILLION = 6;
/** Decimal places from USD for a thousand units to pico-USD for one. */
export const PICO_PER_THOUSAND = 9;

/** USD for a million or a thousand units → pico-USD for one, rounded up to a whole number. */
export function pico(usd: number, places: number): number {
  if (!(usd >= 0)) throw new Error(`${usd} is no price`);
  const scaled = Number((usd * 10 ** places).toPrecision(15));
  const whole = Math.ceil(scaled);
  if (!Number.isSafeInteger(whole)) throw new Error(`${usd} is too dear`);
  return whole;
}
