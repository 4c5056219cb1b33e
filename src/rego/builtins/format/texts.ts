/** Texts in a format: `%s`, `%q`, `%x`. Undefined: the verb is none of theirs. */
import { quoted } from "../../values/text.ts";
import { hasOnlySingleUnits, utf8Of } from "../code-points.ts";
import type { Directive } from "./directive.ts";
import { padded } from "./padding.ts";

export function formattedText(text: string, directive: Directive): string | undefined {
  switch (directive.verb) {
    case "s":
      return padded(shortened(text, directive), directive);
    case "v":
      if (directive.sharp) return padded(quoted(shortened(text, directive)), directive);
      return padded(shortened(text, directive), directive);
    case "q":
      return padded(quotedAs(shortened(text, directive), directive), directive);
    case "x":
      return padded(hexOf(text, directive), directive);
    case "X":
      return padded(hexOf(text, directive).toUpperCase(), directive);
    default:
      return undefined;
  }
}

/** A precision is the most characters that are shown. */
function shortened(text: string, { precision }: Directive): string {
  if (precision === undefined || precision >= text.length) return text;
  if (hasOnlySingleUnits(text)) return text.slice(0, precision);
  return [...text].slice(0, precision).join("");
}

function quotedAs(text: string, { sharp, plus }: Directive): string {
  if (sharp && [...text].every(canStandRaw)) return `\`${text}\``;
  return plus ? asciiOnly(quoted(text)) : quoted(text);
}

function canStandRaw(character: string): boolean {
  return (character >= " " || character === "\t") && !"`\x7f\ufeff".includes(character);
}

export function asciiOnly(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
    return `\\U${code.toString(16).padStart(8, "0")}`;
  });
}

/** A precision is the most bytes; a space stands between bytes, and `#` puts `0x` before them. */
function hexOf(text: string, { precision, space, sharp }: Directive): string {
  const bytes = utf8Of(text).slice(0, precision);
  const pairs = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
  if (pairs.length === 0) return "";
  const prefix = sharp ? "0x" : "";
  return prefix + pairs.join(space ? ` ${prefix}` : "");
}
