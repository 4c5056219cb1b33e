/**
 * OPA calculates with fractions in Go's `big.Float` of 64 bits and prints the shortest decimal
 * that reads back as the same 64 bits. Its digits can be seen (`1 / 3`), so they are reproduced:
 * reading, the four operations rounded to even, and the shortest text (Go's math/big, ftoa.go and
 * floatconv.go, are the source of these rules).
 */
import { Decimal, type Numeric, numberOf, wholeNumberOf } from "./number.ts";

/** (-1)^negative × mantissa × 2^exponent; the mantissa of zero is 0, else of up to 64 bits. */
export interface BinaryFloat {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const PRECISION = 64;

/** A decimal exponent past this would cost seconds: refused rather than calculated. */
const EXPONENT_MAX = 20_000;

/** A number too large or too small to calculate with. */
export class NumberTooLarge extends Error {}

/** Literals of a policy are calculated with again and again. */
const read = new WeakMap<Decimal, BinaryFloat>();

export function floatOf(value: Numeric): BinaryFloat {
  if (typeof value === "number") {
    return { negative: value < 0, mantissa: BigInt(Math.abs(value)), exponent: 0 };
  }
  const known = read.get(value);
  if (known !== undefined) return known;
  const float = floatOfDecimal(value);
  read.set(value, float);
  return float;
}

function floatOfDecimal({ digits, magnitude, text }: Decimal): BinaryFloat {
  const negative = text.startsWith("-");
  if (digits === "") return { negative, mantissa: 0n, exponent: 0 };
  const power = magnitude - digits.length;
  if (Math.abs(power) > EXPONENT_MAX || digits.length > EXPONENT_MAX) {
    throw new NumberTooLarge(`number is too large to calculate with: ${text.slice(0, 40)}`);
  }
  const whole: BinaryFloat = { negative, mantissa: BigInt(digits), exponent: power };
  if (power === 0) return rounded(whole, PRECISION);
  const five = powerOfFive(Math.abs(power));
  return power > 0 ? product(whole, five) : quotient(whole, five);
}

/** 5^n to 128 bits, by the very steps of Go, whose roundings show for large exponents. */
function powerOfFive(n: number): BinaryFloat {
  const table = Math.min(n, 27);
  let result: BinaryFloat = { negative: false, mantissa: 5n ** BigInt(table), exponent: 0 };
  let factor: BinaryFloat = { negative: false, mantissa: 5n, exponent: 0 };
  for (let rest = n - table; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiplied(result, factor, 2 * PRECISION);
    factor = multiplied(factor, factor, 3 * PRECISION);
  }
  return result;
}

export function sum(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
  if (a.mantissa === 0n && b.mantissa === 0n) {
    return { ...a, negative: a.negative && b.negative };
  }
  const exponent = Math.min(a.exponent, b.exponent);
  const total = aligned(a, exponent) + aligned(b, exponent);
  const negative = total < 0n;
  return rounded({ negative, mantissa: negative ? -total : total, exponent }, PRECISION);
}

function aligned(value: BinaryFloat, exponent: number): bigint {
  const mantissa = value.mantissa << BigInt(value.mantissa === 0n ? 0 : value.exponent - exponent);
  return value.negative ? -mantissa : mantissa;
}

export function difference(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
  return sum(a, { ...b, negative: !b.negative });
}

/** `precision` is less than usual where OPA begins with a number of its own (`product`). */
export function product(a: BinaryFloat, b: BinaryFloat, precision = PRECISION): BinaryFloat {
  return multiplied(a, b, precision);
}

function multiplied(a: BinaryFloat, b: BinaryFloat, precision: number): BinaryFloat {
  const negative = a.negative !== b.negative;
  const exponent = a.exponent + b.exponent;
  return rounded({ negative, mantissa: a.mantissa * b.mantissa, exponent }, precision);
}

/** `b` must not be zero. Two bits more than needed and a sticky one decide the rounding. */
export function quotient(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
  const negative = a.negative !== b.negative;
  if (a.mantissa === 0n) return { negative, mantissa: 0n, exponent: 0 };
  const shift = Math.max(0, PRECISION + 2 + bitsOf(b.mantissa) - bitsOf(a.mantissa));
  const dividend = a.mantissa << BigInt(shift);
  const sticky = dividend % b.mantissa === 0n ? 0n : 1n;
  const mantissa = ((dividend / b.mantissa) << 1n) | sticky;
  return rounded({ negative, mantissa, exponent: a.exponent - b.exponent - shift - 1 }, PRECISION);
}

function bitsOf(mantissa: bigint): number {
  const hex = mantissa.toString(16);
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex.slice(0, 1), 16)) - 28);
}

/** To `precision` bits, half to even. */
function rounded(value: BinaryFloat, precision: number): BinaryFloat {
  const extra = bitsOf(value.mantissa) - precision;
  if (extra <= 0) return value;
  const unit = 1n << BigInt(extra);
  const rest = value.mantissa & (unit - 1n);
  const half = unit >> 1n;
  let mantissa = value.mantissa >> BigInt(extra);
  if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
  return { negative: value.negative, mantissa, exponent: value.exponent + extra };
}

export function isWhole({ mantissa, exponent }: BinaryFloat): boolean {
  return exponent >= 0 || mantissa % (1n << BigInt(-exponent)) === 0n;
}

/** Toward zero. */
export function truncated({ negative, mantissa, exponent }: BinaryFloat): bigint {
  const size = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa >> BigInt(-exponent);
  return negative ? -size : size;
}

export function floatOfWhole(whole: bigint): BinaryFloat {
  const negative = whole < 0n;
  return rounded({ negative, mantissa: negative ? -whole : whole, exponent: 0 }, PRECISION);
}

/** The number with the digits that OPA prints for a float of so many bits. */
export function numberOfFloat(value: BinaryFloat, precision = PRECISION): Numeric {
  if (value.mantissa === 0n) return value.negative ? new Decimal("-0") : 0;
  if (isWhole(value)) {
    const whole = truncated(value);
    // Up to there all whole numbers are apart: their own digits are the shortest.
    if (Number.isSafeInteger(Number(whole))) return Number(whole);
  }
  const shortest = shortestDigits(value, precision);
  const sign = value.negative ? "-" : "";
  if (isWhole(value)) {
    const whole = BigInt(shortest.digits + "0".repeat(shortest.point - shortest.digits.length));
    return wholeNumberOf(value.negative ? -whole : whole);
  }
  return numberOf(sign + fractionText(shortest.digits, shortest.point));
}

/** Go's `%g` with the fewest digits: exponents below -4 and from 6 on are written out. */
function fractionText(digits: string, point: number): string {
  const exponent = point - 1;
  if (exponent < -4 || exponent >= 6) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits.charAt(0)}${rest}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

interface Digits {
  readonly digits: string;
  /** Where the decimal point stands: the value is 0.DIGITS × 10^point. */
  readonly point: number;
}

/**
 * The fewest digits that lie between the two halves toward the neighbouring floats, and of those
 * the nearest to the value.
 */
function shortestDigits(value: BinaryFloat, precision: number): Digits {
  const spare = precision - bitsOf(value.mantissa);
  const mantissa = value.mantissa << BigInt(spare);
  const exponent = value.exponent - spare;
  const even = (mantissa & 1n) === 0n;
  const powerOfTwo = mantissa === 1n << BigInt(precision - 1);

  const exact = decimalDigits(mantissa * 4n, exponent - 2);
  const lower = decimalDigits(mantissa * 4n - (powerOfTwo ? 1n : 2n), exponent - 2);
  const upper = decimalDigits(mantissa * 4n + 2n, exponent - 2);
  for (let i = 0; i < exact.digits.length; i += 1) {
    const digit = digitAt(exact, i);
    const low = digitAt(lower, i);
    const high = digitAt(upper, i);
    const down = low !== digit || (even && i + 1 === lower.digits.length);
    const up = digit !== high && (even || digit + 1 < high || i + 1 < upper.digits.length);
    if (down && up) return roundedTo(exact, i + 1, roundsUp(exact.digits, i + 1));
    if (down) return roundedTo(exact, i + 1, false);
    if (up) return roundedTo(exact, i + 1, true);
  }
  return exact;
}

function digitAt({ digits }: Digits, i: number): number {
  return i < digits.length ? digits.charCodeAt(i) - 48 : 0;
}

function decimalDigits(mantissa: bigint, exponent: number): Digits {
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const text = scaled.toString();
  return { digits: text.replace(/0+$/, ""), point: text.length + Math.min(0, exponent) };
}

/** Half to even, as Go's decimal does. */
function roundsUp(digits: string, length: number): boolean {
  if (length >= digits.length) return false;
  const next = digits.charCodeAt(length) - 48;
  if (next === 5 && length + 1 === digits.length) {
    return length > 0 && (digits.charCodeAt(length - 1) - 48) % 2 === 1;
  }
  return next >= 5;
}

function roundedTo({ digits, point }: Digits, length: number, up: boolean): Digits {
  const kept = digits.slice(0, length);
  if (!up) return { digits: kept.replace(/0+$/, ""), point };
  const raised = (BigInt(kept) + 1n).toString();
  const carried = raised.length - kept.replace(/^0+/, "").length;
  return { digits: raised.replace(/0+$/, ""), point: point + Math.max(0, carried) };
}
