/**
 * Decimals as whole numbers of a smaller unit, exactly: no amount ever passes through arithmetic
 * on floats.
 */

/**
 * A double of at most this many significant digits prints as the decimal that was written. With
 * more, the file's digits are already lost and the amount has to be written in quotes.
 */
const EXACT_DIGITS = 15;

/**
 * "1.25" with 6 places → 1_250_000n; null for anything but a plain decimal, zero or more, that
 * fits.
 */
export function scaled(amount: number | string, places: number): bigint | null {
  const text = typeof amount === "string" ? amount : plain(amount);
  const match = text === null ? null : /^(\d{1,15})(?:\.(\d{1,18}))?$/.exec(text);
  if (!match) return null;
  const [, whole = "0", part = ""] = match;
  const kept = part.replace(/0+$/, "");
  return kept.length > places ? null : BigInt(whole + kept.padEnd(places, "0"));
}

/** 1e-7 → "0.0000001"; null where the digits of the source cannot be told from the number. */
function plain(value: number): string | null {
  if (!Number.isFinite(value) || value < 0) return null;
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", part = ""] = mantissa.split(".");
  const digits = whole + part;
  if (digits.replace(/^0+|0+$/g, "").length > EXACT_DIGITS) return null;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return digits.padEnd(point, "0");
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}
