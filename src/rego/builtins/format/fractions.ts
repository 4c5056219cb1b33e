/** Doubles in a format. Undefined: the verb is none of theirs. */
import { refused } from "../operands.ts";
import type { Directive } from "./directive.ts";
import { padded } from "./padding.ts";

interface Digits {
  readonly isNegative: boolean;
  /** Without zeros at either end; empty for zero. */
  readonly digits: string;
  /** The value is 0.DIGITS × 10^point. */
  readonly point: number;
}

const PRECISION = 6;

export function formattedFraction(value: number, directive: Directive): string | undefined {
  const { verb, sharp } = directive;
  if (!"vgGeEfFxXb".includes(verb)) return undefined;
  if ("xXb".includes(verb) || (sharp && verb !== "v")) {
    throw refused(`sprintf: %${sharp ? "#" : ""}${verb} of a fraction is not supported here`);
  }
  // `%+v` is about structures, which no number is.
  return signed(unsigned(value, directive), value, {
    ...directive,
    plus: directive.plus && verb !== "v",
  });
}

function unsigned(value: number, { verb, precision }: Directive): string {
  if (verb === "f" || verb === "F") {
    return pointText(rounded(exact(value), { after: precision ?? PRECISION }), precision);
  }
  if (verb === "e" || verb === "E") {
    const places = precision ?? PRECISION;
    return exponentText(rounded(exact(value), { digits: places + 1 }), places, verb);
  }
  const exponent = verb === "G" ? "E" : "e";
  if (precision === undefined) return generalText(shortest(value), { limit: PRECISION, exponent });
  const digits = rounded(exact(value), { digits: Math.max(1, precision) });
  const size = digits.digits.length;
  const limit = Math.max(1, precision);
  const isWhole = limit > size && size >= digits.point;
  return generalText(digits, { limit: isWhole ? size : limit, exponent });
}

function generalText(
  digits: Digits,
  { limit, exponent }: { readonly limit: number; readonly exponent: string },
): string {
  const power = digits.point - 1;
  const places = digits.digits.length;
  if (power < -4 || power >= limit) return exponentText(digits, Math.max(0, places - 1), exponent);
  return pointText(digits, Math.max(places - digits.point, 0));
}

function pointText({ digits, point }: Digits, places = PRECISION): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (places === 0) return whole;
  const fraction =
    "0".repeat(Math.min(places, Math.max(0, -point))) + digits.slice(Math.max(0, point));
  return `${whole}.${fraction.slice(0, places).padEnd(places, "0")}`;
}

function exponentText({ digits, point }: Digits, places: number, exponent: string): string {
  const power = digits === "" ? 0 : point - 1;
  const rest = places === 0 ? "" : `.${digits.slice(1).padEnd(places, "0")}`;
  const size = String(Math.abs(power)).padStart(2, "0");
  return `${digits.charAt(0) || "0"}${rest}${exponent}${power < 0 ? "-" : "+"}${size}`;
}

/** With zeros on the left the sign stands before them. */
function signed(text: string, value: number, directive: Directive): string {
  const sign = signOf(value, directive);
  const { width = 0, zero, minus } = directive;
  if (sign === "" || !zero || minus) return padded(sign + text, directive);
  return sign + text.padStart(width - sign.length, "0");
}

function signOf(value: number, { plus, space }: Directive): string {
  if (value < 0 || Object.is(value, -0)) return "-";
  if (plus) return "+";
  return space ? " " : "";
}

/** The fewest digits that read back as the same double. */
function shortest(value: number): Digits {
  const [digits = "", power = "0"] = Math.abs(value).toExponential().split("e");
  return trimmed(value < 0, digits.replace(".", ""), Number(power) + 1);
}

/** All digits of the double. */
function exact(value: number): Digits {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  const all = bits.getBigUint64(0);
  const stored = Number(all >> 52n);
  const fraction = all & ((1n << 52n) - 1n);
  // The smallest doubles have no leading bit.
  const mantissa = stored === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(1, stored) - 1075;
  if (mantissa === 0n) return { isNegative: value < 0, digits: "", point: 0 };
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return trimmed(value < 0, digits, digits.length + Math.min(0, exponent));
}

function trimmed(isNegative: boolean, written: string, point: number): Digits {
  const digits = written.replace(/0+$/, "");
  return { isNegative, digits, point: digits === "" ? 0 : point };
}

type Length = { readonly digits: number } | { readonly after: number };

/** Half to even, on the exact digits. */
function rounded(value: Digits, length: Length): Digits {
  const { digits, point } = value;
  const kept = "digits" in length ? length.digits : point + length.after;
  if (kept >= digits.length) return value;
  if (kept < 0) return { ...value, digits: "", point: 0 };
  const raised = BigInt(`0${digits.slice(0, kept)}`) + (roundsUp(digits, kept) ? 1n : 0n);
  const text = raised === 0n ? "" : raised.toString();
  return trimmed(value.isNegative, text, point + Math.max(0, text.length - kept));
}

function roundsUp(digits: string, kept: number): boolean {
  const next = digits.charCodeAt(kept) - 48;
  if (next !== 5 || kept + 1 < digits.length) return next >= 5;
  return kept > 0 && (digits.charCodeAt(kept - 1) - 48) % 2 === 1;
}
