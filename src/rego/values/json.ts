/**
 * JSON to values and back, with every digit kept. Sets become arrays in their order, and keys that
 * are no strings become their own JSON text.
 */
import { Decimal, isNumberText, numberOf, numberText } from "./number.ts";
import { EMPTY_OBJECT, objectOf, RegoObject, RegoSet, type Value } from "./value.ts";

/** Where the text stopped being JSON. */
export class JsonError extends Error {
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`${problem} at offset ${offset}`);
    this.offset = offset;
  }
}

/** Text that may be JSON, and is not read to its end. */
export class JsonTooDeep extends JsonError {}

/** Deeper nesting is refused: no honest document has it. */
const DEPTH_MAX = 1_000;

/** Of members with one name the last counts. */
export function parseJson(text: string): Value {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?[0-9][0-9.eE+-]*/y;
/** Half a character, which UTF-8 cannot write: read as Go reads it. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Value {
    if (depth > DEPTH_MAX) throw new JsonTooDeep("nested too deeply", this.#at);
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    return this.#scalar();
  }

  end(): void {
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw new JsonError("text after the value", this.#at);
  }

  #object(depth: number): Value {
    this.#at += 1;
    if (this.#closes("}")) return EMPTY_OBJECT;
    const entries: [Value, Value][] = [];
    do {
      this.#take(SPACE);
      const key = this.#string();
      this.#expect(":");
      entries.push([key, this.value(depth + 1)]);
    } while (this.#continues("}"));
    return objectOf(entries);
  }

  #array(depth: number): Value {
    const values: Value[] = [];
    this.#at += 1;
    if (this.#closes("]")) return values;
    do values.push(this.value(depth + 1));
    while (this.#continues("]"));
    return values;
  }

  #string(): string {
    const at = this.#at;
    if (this.#text[at] !== '"') throw new JsonError("a string is expected", at);
    this.#at = this.#endOfString();
    const text = this.#text.slice(at, this.#at);
    try {
      return String(JSON.parse(text)).replace(LONE_SURROGATES, "\ufffd");
    } catch {
      throw new JsonError("malformed string", at);
    }
  }

  /** Behind the next quote that no backslash escapes. */
  #endOfString(): number {
    let quote = this.#text.indexOf('"', this.#at + 1);
    while (quote >= 0 && this.#isEscaped(quote)) quote = this.#text.indexOf('"', quote + 1);
    if (quote < 0) throw new JsonError("a string is expected", this.#at);
    return quote + 1;
  }

  #isEscaped(quote: number): boolean {
    let start = quote;
    while (this.#text[start - 1] === "\\") start -= 1;
    return (quote - start) % 2 === 1;
  }

  #scalar(): Value {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const at = this.#at;
    const number = this.#take(NUMBER);
    if (!isNumberText(number)) throw new JsonError("a value is expected", at);
    return numberOf(number);
  }

  #expect(sign: string): void {
    this.#take(SPACE);
    if (this.#text[this.#at] !== sign) throw new JsonError(`"${sign}" is expected`, this.#at);
    this.#at += 1;
  }

  #closes(sign: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  /** After an element: a comma goes on, `end` does not. */
  #continues(end: string): boolean {
    if (this.#closes(end)) return false;
    this.#expect(",");
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

const WORDS: readonly (readonly [string, Value])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** Without spaces, keys in order. */
export function jsonText(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value.toWellFormed());
  if (typeof value === "number" || value instanceof Decimal) return numberText(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof RegoSet) return `[${value.sorted().map(jsonText).join(",")}]`;
  if (value instanceof RegoObject) {
    const pairs = value.entries().map(([key, each]) => `${jsonKey(key)}:${jsonText(each)}`);
    return `{${pairs.join(",")}}`;
  }
  return `[${value.map(jsonText).join(",")}]`;
}

function jsonKey(key: Value): string {
  return JSON.stringify((typeof key === "string" ? key : jsonText(key)).toWellFormed());
}
