/** Whole numbers in a format. Undefined: the verb is none of theirs. */
import { quoted } from "../../values/text.ts";
import type { Directive } from "./directive.ts";
import { padded, paddedWithSpaces } from "./padding.ts";
import { asciiOnly } from "./texts.ts";

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, x: 16, X: 16 };

export function formattedInteger(value: bigint, directive: Directive): string | undefined {
  if (directive.verb === "c") return padded(characterOf(value), directive);
  if (directive.verb === "q") return padded(quotedCharacter(value, directive), directive);
  if (directive.verb === "U") return paddedWithSpaces(codePointName(value, directive), directive);
  const base = BASES[directive.verb];
  if (base === undefined) return undefined;
  // `%+v` and `%#v` are about structures, which no number is.
  const flags = directive.verb === "v" ? { ...directive, plus: false, sharp: false } : directive;
  return writtenIn(value, base, flags);
}

function writtenIn(value: bigint, base: number, directive: Directive): string {
  const { precision } = directive;
  if (precision === 0 && value === 0n) return " ".repeat(directive.width ?? 0);
  const sign = signOf(value, directive);
  const size = value < 0n ? -value : value;
  const digits = size.toString(base).padStart(digitsMin(sign, directive), "0");
  return paddedWithSpaces(
    sign + written(prefixOf(digits, directive) + digits, directive),
    directive,
  );
}

/** A width with zeros counts digits and sign, and not what stands before the digits. */
function digitsMin(sign: string, { precision, zero, minus, width }: Directive): number {
  if (precision !== undefined) return precision;
  return zero && !minus && width !== undefined ? width - sign.length : 0;
}

function signOf(value: bigint, { plus, space }: Directive): string {
  if (value < 0n) return "-";
  if (plus) return "+";
  return space ? " " : "";
}

function prefixOf(digits: string, { verb, sharp }: Directive): string {
  const octal = sharp && !digits.startsWith("0") ? "0" : "";
  if (verb === "O") return `0o${octal}`;
  if (verb === "o") return octal;
  if (!sharp) return "";
  if (verb === "b") return "0b";
  return verb === "x" || verb === "X" ? "0x" : "";
}

function written(digits: string, { verb }: Directive): string {
  return verb === "X" ? digits.toUpperCase() : digits;
}

const CODE_MAX = 0x10ffffn;

/** What is no character is the replacement character. */
function characterOf(code: bigint): string {
  const isCharacter = code >= 0n && code <= CODE_MAX && !(code >= 0xd800n && code <= 0xdfffn);
  return isCharacter ? String.fromCodePoint(Number(code)) : "\ufffd";
}

function quotedCharacter(code: bigint, { plus }: Directive): string {
  const character = characterOf(code);
  const inner = character === '"' ? '"' : quoted(character).slice(1, -1);
  const escaped = character === "'" ? "\\'" : inner;
  return `'${plus ? asciiOnly(escaped) : escaped}'`;
}

function codePointName(code: bigint, { precision = 0, sharp }: Directive): string {
  const digits = BigInt.asUintN(64, code).toString(16).toUpperCase();
  const name = `U+${digits.padStart(Math.max(4, precision), "0")}`;
  const isShown = sharp && code >= 0n && code <= CODE_MAX && isPrintable(characterOf(code));
  return isShown ? `${name} '${characterOf(code)}'` : name;
}

function isPrintable(character: string): boolean {
  return (
    quoted(character).length === character.length + 2 || character === '"' || character === "\\"
  );
}

/** Numbers past 64 bits, which Go formats by rules of their own. */
export function formattedLarge(value: bigint, directive: Directive): string {
  const { verb, precision, width, zero, minus } = directive;
  const base = verb === "s" ? 10 : BASES[verb];
  if (base === undefined) return `%!${verb}(big.Int=${value})`;
  const size = (value < 0n ? -value : value).toString(base);
  const sign = signOf(value, directive);
  const prefix = largePrefix(directive);
  const filled = zero && !minus && precision === undefined ? (width ?? 0) : 0;
  const digitsMin = Math.max(precision ?? 0, filled - sign.length - prefix.length);
  const digits = written(prefix + size.padStart(digitsMin, "0"), directive);
  return paddedWithSpaces(sign + digits, directive);
}

function largePrefix({ verb, sharp }: Directive): string {
  if (verb === "O") return "0o";
  if (!sharp) return "";
  if (verb === "o") return "0";
  if (verb === "b") return "0b";
  return verb === "x" || verb === "X" ? "0x" : "";
}
