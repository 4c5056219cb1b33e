/** Money as people read it. Amounts come as exact decimals, and stay exact until they are shown. */

/** What was spent is never shown as less than it was, what is left never as more than there is. */
export type Direction = "up" | "down";

const NANO_PLACES = 9;
const NANO = 1_000_000_000n;
/** From here on cents say nothing. */
const NO_CENTS_FROM = 10_000n * NANO;
/** Digits that are kept of amounts under a hundredth of a cent. */
const DIGITS_MIN = 2;

/** "12.5" as nano-USD; null if it is no decimal with at most nine places. */
export function nanoOf(text: string): bigint | null {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "0", part = ""] = match;
  const nano = BigInt(whole + part.padEnd(NANO_PLACES, "0"));
  return sign === "-" ? -nano : nano;
}

/** `$0.0021`, `$0.348`, `$34.80`, `$1,240.00`, `$10,000`. */
export function usd(text: string, direction: Direction = "up"): string {
  const nano = nanoOf(text);
  if (nano === null) return `$${text}`;
  const size = nano < 0n ? -nano : nano;
  return written(nano, placesOf(size), direction);
}

/** A limit: whole dollars without cents, as a person would have written it. */
export function cap(text: string): string {
  const nano = nanoOf(text);
  if (nano === null) return `$${text}`;
  return nano % NANO === 0n ? written(nano, 0, "up") : usd(text);
}

function placesOf(size: bigint): number {
  if (size === 0n || size >= NANO) return size >= NO_CENTS_FROM ? 0 : 2;
  if (size >= NANO / 100n) return size % (NANO / 100n) === 0n ? 2 : 3;
  if (size >= NANO / 10_000n) return 4;
  return Math.min(NANO_PLACES, NANO_PLACES + DIGITS_MIN - size.toString().length);
}

function written(nano: bigint, places: number, direction: Direction): string {
  const unit = 10n ** BigInt(NANO_PLACES - places);
  const rounded = direction === "up" ? -floorOf(-nano, unit) : floorOf(nano, unit);
  const sign = rounded < 0n ? "-" : "";
  const digits = (rounded < 0n ? -rounded : rounded).toString().padStart(places + 1, "0");
  const whole = grouped(digits.slice(0, digits.length - places));
  const part = places === 0 ? "" : `.${digits.slice(-places)}`;
  return `${sign}$${whole}${part}`;
}

/** Toward what is less, whatever the sign. */
function floorOf(nano: bigint, unit: bigint): bigint {
  const whole = nano / unit;
  return nano < 0n && nano % unit !== 0n ? whole - 1n : whole;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** An amount of a budget, in its unit: `$34.80`, `1,240 tokens`, `12 calls`. */
export function amount(unit: string, text: string, direction: Direction = "up"): string {
  return unit === "usd" ? usd(text, direction) : `${grouped(text)} ${unit}`;
}

/** From here on cents of an estimate say nothing. */
const ABOUT_FROM = 20n * NANO;

/** An estimate: `forecast $7,158`, `$16.40`, `1,240 tokens`. */
export function about(unit: string, text: string): string {
  const nano = nanoOf(text);
  if (unit !== "usd" || nano === null || nano < ABOUT_FROM) return amount(unit, text);
  return written(nano, 0, "up");
}

/** The cap of a budget, in its unit. */
export function limit(unit: string, text: string): string {
  return unit === "usd" ? cap(text) : `${grouped(text)} ${unit}`;
}

/** How large one is of another, in hundredths of a percent: exact enough for any bar. */
export function share(part: string, whole: string): number {
  const [of, all] = [nanoOf(part), nanoOf(whole)];
  if (of === null || all === null || all <= 0n) return 0;
  return Number((of * 10_000n) / all) / 100;
}

/** The larger of two exact decimals. */
export function larger(one: string, other: string): string {
  return (nanoOf(other) ?? 0n) > (nanoOf(one) ?? 0n) ? other : one;
}

/** The sum of exact decimals, as one. */
export function sum(texts: readonly string[]): string {
  const nano = texts.reduce((total, text) => total + (nanoOf(text) ?? 0n), 0n);
  const digits = (nano < 0n ? -nano : nano).toString().padStart(NANO_PLACES + 1, "0");
  const part = digits.slice(-NANO_PLACES).replace(/0+$/, "");
  const whole = `${nano < 0n ? "-" : ""}${digits.slice(0, -NANO_PLACES)}`;
  return part === "" ? whole : `${whole}.${part}`;
}
