/**
 * Money is integers only. A price is pico-USD for one unit (a token, a request, a second); a sum is
 * nano-USD. 2^53 nano-USD is $9.0M, so what one call or one slice can hold is a `number`, and a
 * total over many calls is a `bigint`.
 */

/** Nano-USD (1e-9 USD) of one call or one slice: a safe integer. */
export type NanoUsd = number;

/** Pico-USD (1e-12 USD) for one unit: a safe integer. $1 for a million tokens is 1,000,000. */
export type PicoUsd = number;

/** Milliseconds: an instant of the wall clock since 1970, or a length. */
export type Millis = number;

const NANO_PER_USD_DIGITS = 9;
const ZERO = "0".charCodeAt(0);

/** A sum of quantities times prices, none below 0, in pico-USD; Infinity if it is not exact. */
export function exactPico(sum: number): PicoUsd {
  return Number.isSafeInteger(sum) ? sum : Number.POSITIVE_INFINITY;
}

/** "12.5" → 12_500_000_000n nano-USD; null if it is not a plain decimal with at most 9 places. */
export function parseUsd(text: string): bigint | null {
  const match = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  if (!match) return null;
  const [, whole = "0", part = ""] = match;
  return BigInt(whole + part.padEnd(NANO_PER_USD_DIGITS, "0"));
}

/** 12_500_000_000n → "12.5": the shortest exact decimal, negative amounts included. */
export function formatUsd(nano: bigint | number): string {
  const text = nano.toString();
  const sign = text.startsWith("-") ? "-" : "";
  const digits = text.slice(sign.length).padStart(NANO_PER_USD_DIGITS + 1, "0");
  const point = digits.length - NANO_PER_USD_DIGITS;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end -= 1;
  const whole = sign + digits.slice(0, point);
  return end === point ? whole : `${whole}.${digits.slice(point, end)}`;
}
