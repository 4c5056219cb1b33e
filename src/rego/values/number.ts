/**
 * Numbers as OPA has them: exact decimals that keep the digits of their source.
 *
 * A whole number that a double holds exactly is a plain `number`; anything else (fractions, big
 * integers, `1e3`, `1.0`, `-0`) is a `Decimal`. Two numbers are equal when their values are,
 * whatever their digits: `1`, `1.0` and `1e0` are one number, as an element and as a key too.
 */

/** A number that is not written as a safe integer. */
export class Decimal {
  /** The digits as they were written, valid JSON. */
  readonly text: string;
  readonly negative: boolean;
  /** Significant digits without zeros at either end; empty for zero. */
  readonly digits: string;
  /** The value is 0.DIGITS × 10^magnitude; 0 for zero. */
  readonly magnitude: number;

  constructor(text: string) {
    const [, sign, whole = "", fraction = "", exponent = "0"] = PARTS.exec(text) ?? [];
    if (whole === "") throw new RangeError(`not a number: ${text}`);
    const all = whole + fraction;
    const significant = all.replace(/^0+/, "");
    this.text = text;
    this.digits = withoutZerosAtEnd(significant);
    this.negative = sign === "-" && this.digits !== "";
    this.magnitude =
      this.digits === ""
        ? 0
        : whole.length - (all.length - significant.length) + Number.parseInt(exponent, 10);
  }
}

/** No pattern: one would look at each zero of a long number again and again. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

/** A `number` here is always a safe integer and never -0. */
export type Numeric = number | Decimal;

const PARTS = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
const SAFE_INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;

/** Whether `text` is a number as JSON writes it. */
export function isNumberText(text: string): boolean {
  return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text);
}

/** `text` must be a number as JSON writes it. */
export function numberOf(text: string): Numeric {
  if (SAFE_INTEGER.test(text)) return Number(text);
  const safe = Number(text);
  if (Number.isSafeInteger(safe) && String(safe) === text) return safe;
  return new Decimal(text);
}

export function wholeNumberOf(whole: bigint): Numeric {
  const near = Number(whole);
  return Number.isSafeInteger(near) ? near : new Decimal(String(whole));
}

export function numberText(value: Numeric): string {
  return typeof value === "number" ? String(value) : value.text;
}

/** One text for each value, however it was written; a safe integer has that integer's. */
export function canonicalNumber(value: Numeric): number | string {
  if (typeof value === "number") return value;
  if (value.digits === "") return 0;
  const zeros = value.magnitude - value.digits.length;
  if (zeros >= 0 && value.magnitude <= 16) {
    const whole = Number(value.digits) * 10 ** zeros;
    if (Number.isSafeInteger(whole)) return value.negative ? -whole : whole;
  }
  return `${value.negative ? "-" : ""}${value.digits}e${value.magnitude}`;
}

/** Below zero when `a` is the smaller one, exactly, however large they are. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = decimalOf(a);
  const right = decimalOf(b);
  const sign = signOf(left);
  if (sign !== signOf(right)) return sign - signOf(right);
  return sign * compareSizes(left, right);
}

function signOf(value: Decimal): number {
  if (value.digits === "") return 0;
  return value.negative ? -1 : 1;
}

function compareSizes(a: Decimal, b: Decimal): number {
  if (a.magnitude !== b.magnitude) return a.magnitude - b.magnitude;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

export function decimalOf(value: Numeric): Decimal {
  return typeof value === "number" ? new Decimal(String(value)) : value;
}

/** Past this many digits a number is compared and printed, and no longer calculated with. */
const DIGITS_MAX = 20_000;

/** The value as a whole number, or undefined when it has a fraction or is absurdly large. */
export function wholeOf(value: Numeric): bigint | undefined {
  if (typeof value === "number") return BigInt(value);
  if (value.digits === "") return 0n;
  const zeros = value.magnitude - value.digits.length;
  if (zeros < 0 || value.magnitude > DIGITS_MAX) return undefined;
  const whole = BigInt(value.digits) * 10n ** BigInt(zeros);
  return value.negative ? -whole : whole;
}
