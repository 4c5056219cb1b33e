/**
 * A strict reading of a request body: what `JSON.parse` takes, minus what two parsers may read
 * differently. A key given twice is refused at any level (the guards would see the last one and the
 * provider perhaps the first), so is nesting past a limit and a root that is no object.
 *
 * One scan beside `JSON.parse` skips strings natively and counts the colons between them: that is
 * how many members were written. The parsed value has as many keys only if none was written twice,
 * however the key was spelled. The same scan notes where the members of the root are, for edits.
 */
import { type Denial, deny } from "../guards/verdict.ts";

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Where one member of an object stands in the text: `"key" : value`, ends exclusive. */
export interface Member {
  readonly name: string;
  readonly keyFrom: number;
  readonly keyTo: number;
  readonly valueFrom: number;
  readonly valueTo: number;
  /** Colons inside the value: the number of members written there. */
  readonly colons: number;
}

/** A stretch of the text, its end exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A body that was read, and where its top-level members are. */
export interface ParsedObject {
  readonly root: JsonObject;
  readonly members: readonly Member[];
}

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const SPACE = 0x20;
const BYTE_ORDER_MARK = "\uFEFF";
const NAME_CHARS_MAX = 60;

/** Whether a value is a JSON object: not null, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The refusal of a request that cannot be read: where, what was there, what would have been right.
 */
export function malformed(at: string, got: string, expected: string): Denial {
  return deny("request.malformed", { at, got, expected });
}

/** A value in words that never quote the text of the request. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (value === "") return "an empty string";
  if (typeof value === "string") return "a string";
  if (!Array.isArray(value)) return "an object";
  return value.length === 0 ? "an empty array" : "an array";
}

/** Reads a body strictly, or says what is wrong with it. */
export function parseObject(text: string, depthMax: number): ParsedObject | Denial {
  const parsed = parseOrNothing(text);
  if (parsed === undefined) {
    const got = text.startsWith(BYTE_ORDER_MARK) ? "a byte order mark" : "text that is not JSON";
    return malformed("body", got, "a JSON object");
  }
  if (!isObject(parsed)) return malformed("body", describe(parsed), "a JSON object");

  const members = scan(text, text.indexOf("{"), depthMax);
  if (members === "too deep") {
    return malformed("body", "deeper nesting", `at most ${depthMax} levels of nesting`);
  }
  return duplicateIn(members, parsed) ?? { root: parsed, members };
}

/** Any JSON value, or undefined where the text is not JSON. */
export function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the one thing JSON.parse throws for, and its message quotes the body
  }
}

/** Where the members of an object are, in text that has been parsed before; `from` is its brace. */
export function membersOf(text: string, from: number): readonly Member[] {
  const members = scan(text, from, Number.POSITIVE_INFINITY);
  return members === "too deep" ? [] : members;
}

/** Where the items of an array are, in text that has been parsed before; `from` is its bracket. */
export function itemsOf(text: string, from: number): readonly Span[] {
  const items: Span[] = [];
  let [depth, itemFrom] = [0, from + 1];
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(text, at);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;

    if ((depth === 1 && code === COMMA) || depth === 0) {
      const item = trimmed(text, itemFrom, at);
      if (item.from < item.to) items.push(item);
      if (depth === 0) break;
      itemFrom = at + 1;
    }
  }
  return items;
}

/**
 * Walks well-formed text from the opening brace of an object to its closing one. `key` and `value`
 * are where the open member's parts begin, -1 while there is none.
 */
function scan(text: string, from: number, depthMax: number): Member[] | "too deep" {
  const members: Member[] = [];
  let [depth, colons, keyFrom, keyTo, valueFrom] = [0, 0, -1, -1, -1];
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= SPACE) continue;
    if (code === QUOTE) {
      const end = closingQuote(text, at) + 1;
      if (valueFrom < 0) [keyFrom, keyTo] = [at, end];
      at = end - 1;
    } else if (code === COLON) {
      if (valueFrom < 0) [valueFrom, colons] = [at + 1, 0];
      else colons += 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > depthMax) return "too deep";
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;

    if ((depth === 1 && code === COMMA) || depth === 0) {
      if (valueFrom >= 0) {
        const name = nameOf(text.slice(keyFrom, keyTo));
        const { from: valueStart, to: valueTo } = trimmed(text, valueFrom, at);
        members.push({ name, keyFrom, keyTo, valueFrom: valueStart, valueTo, colons });
      }
      if (depth === 0) break;
      valueFrom = -1;
    }
  }
  return members;
}

/** The quote that ends the string which begins at `open`: one after an even run of backslashes. */
function closingQuote(text: string, open: number): number {
  for (let end = open + 1; ; end += 1) {
    end = text.indexOf('"', end);
    if (text.charCodeAt(end - 1) !== BACKSLASH) return end;
    let first = end - 1;
    while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
}

function nameOf(quoted: string): string {
  return quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function trimmed(text: string, from: number, to: number): Span {
  let [first, end] = [from, to];
  while (text.charCodeAt(first) <= SPACE) first += 1;
  while (text.charCodeAt(end - 1) <= SPACE) end -= 1;
  return { from: first, to: end };
}

/**
 * Compares what was written with what was kept. What is kept was written, so the sums are equal
 * only if nothing was lost; else member by member, to name the place.
 */
function duplicateIn(members: readonly Member[], root: JsonObject): Denial | null {
  let written = members.length;
  for (const { colons } of members) written += colons;
  if (written === keysIn(root)) return null;

  const expected = "every key at most once";
  const seen = new Set<string>();
  for (const { name } of members) {
    if (seen.has(name)) return malformed(shortName(name), "this key twice", expected);
    seen.add(name);
  }
  for (const { name, colons } of members) {
    if (colons === keysIn(root[name])) continue;
    return malformed(shortName(name), "a key twice inside it", expected);
  }
  return malformed("body", "a key twice", expected);
}

/** A name that the client wrote, short enough for a message. */
export function shortName(name: string): string {
  return name.slice(0, NAME_CHARS_MAX);
}

/** Keys of a value and of all that is inside it; as deep as the scan has allowed, no deeper. */
function keysIn(value: unknown): number {
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") keys += keysIn(item);
  } else if (isObject(value)) {
    for (const key in value) {
      keys += 1;
      const inner = value[key];
      if (typeof inner === "object") keys += keysIn(inner);
    }
  }
  return keys;
}
