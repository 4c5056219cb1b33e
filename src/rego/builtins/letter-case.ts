/**
 * Upper and lower case as Go has them: character by character, by the simple mappings of Unicode
 * 15. JavaScript's are longer (`ß` to `SS`), look at the context (`Σ` at the end of a word) and
 * know letters of later versions.
 */
import { isAscii } from "./code-points.ts";

/** Letters that Unicode 15 has no other case of, or has not at all. */
const LATER =
  /[\u1c89\u1c8a\ua7cb-\ua7cf\ua7d2-\ua7d5\ua7da-\ua7dc\u{10d50}-\u{10d85}\u{16ea0}-\u{16ed3}]/u;

/** Greek letters with an iota below: their capitals stand eight or more further, as one letter. */
const WITH_IOTA: readonly (readonly [from: number, to: number, distance: number])[] = [
  [0x1f80, 0x1f87, 8],
  [0x1f90, 0x1f97, 8],
  [0x1fa0, 0x1fa7, 8],
  [0x1fb3, 0x1fb3, 9],
  [0x1fc3, 0x1fc3, 9],
  [0x1ff3, 0x1ff3, 9],
];

export function upperCase(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  return [...text].map((character) => simple(character, upperOf(character))).join("");
}

export function lowerCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return [...text].map((character) => simple(character, lowerOf(character))).join("");
}

function upperOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const range = WITH_IOTA.find(([from, to]) => code >= from && code <= to);
  return range === undefined ? character.toUpperCase() : String.fromCodePoint(code + range[2]);
}

function lowerOf(character: string): string {
  return character === "İ" ? "i" : character.toLowerCase();
}

/** A mapping to several characters is none of Go's, nor is one with a later letter. */
function simple(character: string, mapped: string): string {
  const size = (mapped.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return mapped.length === size && !LATER.test(character + mapped) ? mapped : character;
}
