/** Numbers in schemas: exact to compare, with ten digits to show, as doubles to be equal. */
import { refused } from "../builtins/operands.ts";
import { jsonText } from "../values/json.ts";
import { Decimal, decimalOf, type Numeric, numberOf } from "../values/number.ts";
import { isList, objectOf, RegoObject, type Value } from "../values/value.ts";

/** Exponents past this are no amounts that anybody limits. */
const EXPONENT_MAX = 1_000;

/** From this power of ten on a number is shown with an exponent. */
const SHOWN_POWER_MAX = 6;

export function isMultiple(value: Numeric, of: Numeric): boolean {
  const [a, b] = [decimalOf(value), decimalOf(of)];
  const [low, other] = [lowestPower(a), lowestPower(b)];
  const power = Math.min(low, other);
  if (Math.max(low, other) - power > EXPONENT_MAX) throw refused("multipleOf: exponent too large");
  const scaled = (decimal: Decimal, lowest: number) =>
    BigInt(decimal.digits === "" ? "0" : decimal.digits) * 10n ** BigInt(lowest - power);
  return scaled(a, low) % scaled(b, other) === 0n;
}

/** Of ten, of the last digit that is not zero. */
function lowestPower({ digits, magnitude }: Decimal): number {
  return magnitude - digits.length;
}

/** As Go prints a number of 64 bits, which keeps the digits of any that people write. */
export function shownNumber(value: Numeric): string {
  const { digits, magnitude, negative } = decimalOf(value);
  const sign = negative ? "-" : "";
  const power = magnitude - 1;
  if (digits === "") return "0";
  if (power >= -4 && power < SHOWN_POWER_MAX) return sign + plainDigits(digits, magnitude);
  const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const size = String(Math.abs(power)).padStart(2, "0");
  return `${sign}${digits.charAt(0)}${rest}e${power < 0 ? "-" : "+"}${size}`;
}

function plainDigits(digits: string, magnitude: number): string {
  if (magnitude <= 0) return `0.${"0".repeat(-magnitude)}${digits}`;
  const whole = digits.slice(0, magnitude).padEnd(magnitude, "0");
  return digits.length > magnitude ? `${whole}.${digits.slice(magnitude)}` : whole;
}

/** Equal values have equal texts, for numbers as far as doubles tell them apart. */
export function comparableText(value: Value): string {
  return jsonText(inDoubles(value)).replace(/[<>&]/g, (sign) => {
    return `\\u00${sign.charCodeAt(0).toString(16)}`;
  });
}

function inDoubles(value: Value): Value {
  if (value instanceof Decimal) return doubleOf(value);
  if (value instanceof RegoObject) {
    return objectOf(value.entries().map(([key, each]) => [key, inDoubles(each)] as const));
  }
  return isList(value) ? value.map(inDoubles) : value;
}

function doubleOf({ text }: Decimal): Numeric {
  const double = Number(text);
  if (!Number.isFinite(double)) throw refused(`number is too large to compare: ${text}`);
  return numberOf(Object.is(double, -0) ? "-0" : String(double));
}
