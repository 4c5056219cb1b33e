/**
 * The arguments of a call that stands in the arguments of another one: an object, or a text of JSON
 * that every reader reads alike. The strict readers of the wire formats are not here to be asked.
 */
import { canonicalJson } from "./canonical.ts";

export type Arguments = Readonly<Record<string, unknown>>;

/** Null: there are none, or two programs could read them differently. */
export function innerArguments(given: unknown): Arguments | null {
  if (isObject(given)) return given;
  if (typeof given !== "string") return null;
  const parsed = parsedOrNull(given);
  // The depth comes first: what follows goes as deep as the value is.
  if (!isObject(parsed) || canonicalJson(parsed) === null) return null;
  return membersWritten(given) === membersOf(parsed) && numbersAreExact(parsed) ? parsed : null;
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the one thing that JSON.parse throws for: the text is none
  }
}

function isObject(value: unknown): value is Arguments {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Colons outside of strings, in a text that has been parsed: each is a member. */
function membersWritten(text: string): number {
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === ":") members += 1;
    if (text[at] === '"') at = closingQuote(text, at);
  }
  return members;
}

function closingQuote(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** Those that were kept: fewer than were written if a key stands there twice, at any depth. */
function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, one) => sum + membersOf(one), own);
}

/** A whole number past 2^53 is another one by now, and one past the largest is no number. */
function numbersAreExact(value: unknown): boolean {
  if (typeof value === "number") {
    return Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));
  }
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(numbersAreExact);
}
