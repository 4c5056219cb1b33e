/** Texts as OPA counts them: by code points, where JavaScript counts UTF-16 units. */
import type { BuiltinCall } from "./builtin.ts";

const SURROGATE = /[\ud800-\udfff]/;
const ASCII = /^[\0-\x7f]*$/;

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** Most texts have only characters of one unit: their units are their code points. */
export function hasOnlySingleUnits(text: string): boolean {
  return !SURROGATE.test(text);
}

export function codePointCount(text: string): number {
  if (hasOnlySingleUnits(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The bytes of its UTF-8. */
export function utf8Of(text: string): readonly number[] {
  const bytes: number[] = [];
  for (const character of text) bytes.push(...bytesOf(character.codePointAt(0) ?? 0));
  return bytes;
}

function bytesOf(code: number): readonly number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), continuation(code, 0)];
  if (code < 0x10000) {
    return [0xe0 | (code >> 12), continuation(code, 6), continuation(code, 0)];
  }
  return [
    0xf0 | (code >> 18),
    continuation(code, 12),
    continuation(code, 6),
    continuation(code, 0),
  ];
}

function continuation(code: number, shift: number): number {
  return 0x80 | ((code >> shift) & 0x3f);
}

/** How many comparisons of two characters are worth one unit. */
const COMPARISONS_PER_UNIT = 4_096;

/** The machine may compare each character of a text with each of what is searched in it. */
export function chargeSearch(call: BuiltinCall, text: string, search: string): void {
  call.charge(Math.floor((text.length * search.length) / COMPARISONS_PER_UNIT));
}
