/** What a plain scalar of YAML means to go-yaml 3. */
import { numberOf, wholeNumberOf } from "../../../rego/values/number.ts";
import type { Value } from "../../../rego/values/value.ts";

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

export function resolved(text: string): Value {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) throw noJson(text.startsWith("-") ? "-Inf" : "+Inf");
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) throw noJson("NaN");
  if (!/^[-+.0-9]/.test(text)) return text;
  const plain = text.startsWith(".") ? text : text.replaceAll("_", "");
  return wholeIn(plain) ?? fractionIn(plain) ?? text;
}

function noJson(number: string): Error {
  return new Error(`json: unsupported value: ${number}`);
}

const WHOLE = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|([1-9][0-9]*|0))$/;

/** Hexadecimal, octal, binary or decimal, where it fits 64 bits. */
export function wholeIn(text: string): Value | undefined {
  const [, sign, hex, octal, binary, decimal = "0"] = WHOLE.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const digits = hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : undefined;
  const size = BigInt(digits ?? (binary === undefined ? decimal : `0b${binary}`));
  const whole = sign === "-" ? -size : size;
  if (whole < -(1n << 63n) || whole >= 1n << (sign === "" ? 64n : 63n)) return undefined;
  return wholeNumberOf(whole);
}

/** By way of a double, as OPA has it. */
function fractionIn(text: string): Value | undefined {
  if (!/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) return undefined;
  const double = Number(text);
  if (!Number.isFinite(double)) return undefined;
  return numberOf(Object.is(double, -0) ? "-0" : String(double));
}
