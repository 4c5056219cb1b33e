/**
 * Globs as gobwas/glob reads them, said as RE2: `*` and `?` stop at a delimiter, `**` does not,
 * `[a-c]`, `[!abc]` and `{a,b*}` are as usual.
 */
import { utf8Length } from "./utf8.ts";

/** Throws where it is no glob. */
export function globExpression(glob: string, delimiters: readonly string[]): string {
  return `^${new Translator(glob, delimiters).expression()}$`;
}

const ANY = "(?s:.)";

class Translator {
  readonly #characters: readonly string[];
  readonly #single: string;
  #at = 0;
  #depth = 0;

  constructor(glob: string, delimiters: readonly string[]) {
    this.#characters = [...glob];
    this.#single = delimiters.length === 0 ? ANY : `[^${delimiters.map(codeOf).join("")}]`;
  }

  expression(): string {
    const parts: string[] = [];
    for (let part = this.#part(); part !== undefined; part = this.#part()) parts.push(part);
    if (this.#depth > 0) throw this.#invalid("unclosed `{`");
    return parts.join("");
  }

  #part(): string | undefined {
    const sign = this.#next();
    if (sign === undefined) return undefined;
    if (sign === "*") return this.#star();
    if (sign === "?") return this.#single;
    if (sign === "[") return this.#characterClass();
    if (sign === "{") return this.#open();
    if (this.#depth > 0 && sign === ",") return "|";
    if (this.#depth > 0 && sign === "}") return this.#close();
    return codeOf(sign === "\\" ? this.#escaped() : sign);
  }

  #next(): string | undefined {
    const character = this.#characters[this.#at];
    if (character !== undefined) this.#at += 1;
    return character;
  }

  #star(): string {
    if (this.#characters[this.#at] !== "*") return `${this.#single}*`;
    this.#at += 1;
    return `${ANY}*`;
  }

  #open(): string {
    this.#depth += 1;
    return "(?:";
  }

  #close(): string {
    this.#depth -= 1;
    return ")";
  }

  #escaped(): string {
    const literal = this.#next();
    if (literal === undefined) throw this.#invalid("trailing backslash");
    return literal;
  }

  /** A range or a set, never both; its first sign may be anything, and may be the end of it. */
  #characterClass(): string {
    const not = this.#characters[this.#at] === "!" ? "^" : "";
    if (not !== "") this.#at += 1;
    const elements = this.#characters[this.#at + 1] === "-" ? this.#range() : this.#set();
    const end = this.#next();
    if (end === undefined) throw this.#invalid("unexpected end of input");
    if (end !== "]") throw this.#invalid("expected close range character");
    if (elements === undefined) throw this.#invalid("could not parse range");
    return `[${not}${elements()}]`;
  }

  #range(): () => string {
    const low = this.#next() ?? "";
    this.#at += 1;
    const high = this.#next();
    if (high === undefined) throw this.#invalid("unexpected end of input");
    return () => {
      if (codePoint(high) < codePoint(low)) {
        throw this.#invalid("range hi character is less than lo");
      }
      return `${codeOf(low)}-${codeOf(high)}`;
    };
  }

  #set(): (() => string) | undefined {
    const elements: string[] = [];
    for (;;) {
      const sign = this.#characters[this.#at];
      if (sign === undefined) throw this.#invalid("unexpected end of input");
      if (sign === "]") return elements.length === 0 ? undefined : () => elements.join("");
      this.#at += 1;
      const literal = sign === "\\" ? this.#next() : sign;
      if (literal !== undefined) elements.push(codeOf(literal));
    }
  }

  #invalid(reason: string): Error {
    const offset = utf8Length(this.#characters.slice(0, this.#at).join(""));
    return new Error(`glob: syntax error at ${offset}: ${reason}`);
  }
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** By its number, so that no sign means anything of its own. */
function codeOf(character: string): string {
  return `\\x{${codePoint(character).toString(16)}}`;
}

export function quoteGlob(text: string): string {
  return text.replace(/[*?\\[\]{}]/g, "\\$&");
}
