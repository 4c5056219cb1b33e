/**
 * Text to tokens. What cannot be one becomes an `illegal` token, which the parser refuses when it
 * gets there, so that the first problem of a text is the one that is told.
 */
import { codePointCount } from "../builtins/code-points.ts";
import { unescaped } from "./literals.ts";
import type { Comment, Token } from "./tokens.ts";

export interface Scanned {
  /** The last one is `end`. */
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
}

export function scan(text: string): Scanned {
  const scanner = new Scanner(text.startsWith("\ufeff") ? text.slice(1) : text);
  while (scanner.token()) scanner.blank();
  return scanner;
}

const BLANK = /[ \t\r\n]+/y;
const COMMENT = /#[^\n]*/y;
const NAME = /[A-Za-z_][A-Za-z_0-9\p{Nd}]*/uy;
const NUMBER = /[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?[A-Za-z_0-9]*/y;
const SIGN = /:=|==|!=|<=|>=|[=<>+\-*/%&|:;,.()[\]{}]/y;
const TEXT = /"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"/y;
const RAW_TEXT = /`[^`]*`/y;
const TEMPLATE = /[^"{\\\n]*(?:\\[^\n][^"{\\\n]*)*["{]/y;
const RAW_TEMPLATE = /[^`{\\]*(?:\\(?:\{|(?!\{))[^`{\\]*)*[`{]/y;

const NUMBER_TEXT = /^[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** A template whose term is being read: `}` at depth 0 goes back to it. */
interface OpenTemplate {
  readonly raw: boolean;
  depth: number;
}

class Scanner implements Scanned {
  readonly tokens: Token[] = [];
  readonly comments: Comment[] = [];
  readonly #text: string;
  readonly #templates: OpenTemplate[] = [];
  #offset = 0;
  #row = 1;
  #col = 1;
  /** What was before the token that comes next. */
  #spaced = false;
  #newline = false;

  constructor(text: string) {
    this.#text = text;
    this.blank();
  }

  blank(): void {
    for (;;) {
      const blank = this.#match(BLANK);
      if (blank !== undefined) {
        this.#spaced = true;
        this.#newline ||= blank.includes("\n");
        this.#pass(blank);
        continue;
      }
      const comment = this.#match(COMMENT);
      if (comment === undefined) return;
      this.#spaced = true;
      const text = comment.slice(1).replace(/\r+$/, "");
      this.comments.push({ text, row: this.#row, col: this.#col });
      this.#pass(comment);
    }
  }

  /** False at the end. */
  token(): boolean {
    if (this.#offset >= this.#text.length) {
      this.#push("end", "eof", "");
      return false;
    }
    const name = this.#match(NAME);
    if (name !== undefined) this.#push("name", name, name);
    else if (!this.#number() && !this.#string() && !this.#template()) this.#sign();
    return true;
  }

  #number(): boolean {
    const number = this.#match(NUMBER);
    if (number === undefined) return false;
    if (NUMBER_TEXT.test(number)) this.#push("number", number, number);
    else this.#push("illegal", numberProblem(number), number);
    return true;
  }

  #string(): boolean {
    const first = this.#text[this.#offset];
    if (first !== '"' && first !== "`") return false;
    const written = this.#match(first === '"' ? TEXT : RAW_TEXT);
    if (written === undefined) {
      this.#push("illegal", "non-terminated string", this.#unterminated(first === "`"));
      return true;
    }
    const inner = written.slice(1, -1);
    const text = first === '"' ? unescaped(inner) : inner;
    if (text === undefined) this.#push("illegal", "illegal escape sequence", written);
    else this.#push("text", text, written);
    return true;
  }

  #template(): boolean {
    if (this.#text[this.#offset] !== "$") return false;
    const quote = this.#text[this.#offset + 1];
    if (quote === '"' || quote === "`") this.#part(quote === "`", 2);
    else this.#push("illegal", "illegal $ character", "$");
    return true;
  }

  /** Text of a template up to its end or to a `{`; `opening` is the length of what opens it. */
  #part(raw: boolean, opening: number): void {
    const start = this.#offset;
    this.#offset += opening;
    const written = this.#match(raw ? RAW_TEMPLATE : TEMPLATE);
    this.#offset = start;
    if (written === undefined) {
      this.#push("illegal", "non-terminated string", this.#unterminated(raw));
      return;
    }
    const inner = withoutBraceEscapes(written.slice(0, -1), raw);
    const text = raw ? inner : unescaped(inner);
    const whole = this.#text.slice(start, start + opening) + written;
    const last = !written.endsWith("{");
    if (text === undefined) this.#push("illegal", "illegal escape sequence", whole);
    else this.#push("template", text, whole, last);
    if (!last) this.#templates.push({ raw, depth: 0 });
  }

  /** A raw text could end anywhere, another one ends with its line. */
  #unterminated(raw: boolean): string {
    const end = raw ? -1 : this.#text.indexOf("\n", this.#offset);
    return this.#text.slice(this.#offset, end < 0 ? undefined : end);
  }

  #sign(): void {
    const sign = this.#match(SIGN);
    if (sign === undefined) {
      const character = String.fromCodePoint(this.#text.codePointAt(this.#offset) ?? 0);
      this.#push("illegal", characterProblem(character), character);
      return;
    }
    this.#push("sign", sign, sign);
    const template = this.#templates.at(-1);
    if (template === undefined) return;
    if (sign === "{") template.depth += 1;
    if (sign !== "}") return;
    template.depth -= 1;
    if (template.depth >= 0) return;
    this.#templates.pop();
    this.#part(template.raw, 0);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.#text)?.[0];
  }

  #push(kind: Token["kind"], text: string, written: string, last?: boolean): void {
    const place = { row: this.#row, col: this.#col, spaced: this.#spaced, newline: this.#newline };
    const fault = kind === "illegal" ? undefined : forbiddenCharacter(written);
    if (fault !== undefined) this.tokens.push({ kind: "illegal", text: fault, ...place });
    else if (last === undefined) this.tokens.push({ kind, text, ...place });
    else this.tokens.push({ kind, text, ...place, last });
    this.#pass(written);
    this.#spaced = false;
    this.#newline = false;
  }

  /** Columns count code points. */
  #pass(written: string): void {
    this.#offset += written.length;
    if (!written.includes("\n")) {
      this.#col += codePointCount(written);
      return;
    }
    const lines = written.split("\n");
    this.#row += lines.length - 1;
    this.#col = codePointCount(lines.at(-1) ?? "") + 1;
  }
}

/** `\{` is a brace that opens no term. */
function withoutBraceEscapes(written: string, raw: boolean): string {
  if (raw) return written.replaceAll("\\{", "{");
  return written.replace(/\\[\s\S]/g, (pair) => (pair === "\\{" ? "{" : pair));
}

function numberProblem(written: string): string {
  if (/^[0-9]+\.(?![0-9])/.test(written)) return "expected fraction";
  if (/^[0-9.]+[eE][+-]?$/.test(written)) return "expected exponent";
  return "illegal number format";
}

function characterProblem(character: string): string {
  if (character === "!") return "illegal ! character";
  if (character === "\u0000") return "illegal null character";
  if (character === "\u00a0") {
    return "illegal non-breaking space character, use a regular space instead";
  }
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const shown = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character) ? `${character} ` : "";
  return `illegal token: ${shown}U+${code}`;
}

function forbiddenCharacter(written: string): string | undefined {
  if (written.includes("\u0000")) return "illegal null character";
  return written.includes("\ufeff") ? "illegal byte-order mark" : undefined;
}
