/** What texts have in common → keywords of JSON Schema that all of them fit, and few others. */
import type { JsonSchema } from "../argument-schema.ts";
import { fitsFormat } from "../arguments.ts";
import { near } from "./near.ts";

/** A common beginning that is shorter says nothing, and nobody reviews one that is longer. */
const PREFIX_MIN = 3;
const PREFIX_MAX = 100;
/** A step up, also as URLs spell it. */
const CLIMBS = /(?:\.|%2e){2}/i;
/** From the narrowest to the widest: the first that holds all characters is taken. */
const CLASSES = [
  ...["0-9", "0-9a-f", "a-z", "A-Z", "a-z0-9", "A-Z0-9", "A-Za-z", "A-Za-z0-9"],
  ...["A-Za-z0-9_-", "A-Za-z0-9._-", "A-Za-z0-9._@+-", "A-Za-z0-9 ._-", "A-Za-z0-9/._-"],
  "A-Za-z0-9/:?&=%#.,~_@+-",
].map((characters) => ({ characters, holds: new RegExp(`^[${characters}]*$`) }));
const FORMATS = ["uuid", "date-time", "date", "time", "ipv4", "ipv6"] as const;

/** `texts`: at least one. */
export function textKeywords(texts: readonly string[]): JsonSchema {
  const lengths = texts.map((text) => [...text].length);
  const [shortest, longest] = lengths.reduce(
    ([min, max], length) => [Math.min(min, length), Math.max(max, length)],
    [Number.POSITIVE_INFINITY, 0],
  );
  const least = shortest > 0 ? { minLength: 1 } : {};
  const format = FORMATS.find((one) => texts.every((text) => fitsFormat(one, text)));
  if (format !== undefined) return { ...least, maxLength: longest, format };
  const pattern = patternOf(texts);
  const length = { ...least, maxLength: near(longest, "above") };
  return pattern === null ? length : { ...length, pattern };
}

/** Null: nothing that would say more than a length does. */
function patternOf(texts: readonly string[]): string | null {
  const common = new Set(texts).size > 1 ? beginning(texts) : "";
  const prefix = common.length < PREFIX_MIN ? "" : common;
  const rests = texts.map((text) => text.slice(prefix.length));
  const found = CLASSES.find(({ holds }) => rests.every((rest) => holds.test(rest)));
  if (found === undefined && prefix === "") return null;
  const end = found === undefined ? "" : `[${found.characters}]*$`;
  return `^${withoutClimbing(texts)}${escaped(prefix)}${end}`;
}

/** Where paths were seen, and none that climbs, none may, in whatever line of it. */
function withoutClimbing(texts: readonly string[]): string {
  const arePaths = texts.some((text) => /[/\\]/.test(text));
  if (!arePaths || texts.some((text) => CLIMBS.test(text))) return "";
  return "(?![\\s\\S]*(?:\\.|%2[eE]){2})";
}

/**
 * What all begin with, up to where a word ends: of 4711 and 4712 that is not 471. Half a character
 * is none: no file could say it.
 */
function beginning(texts: readonly string[]): string {
  const common = texts.reduce((prefix, text) => prefix.slice(0, sharedLength(prefix, text)));
  const characters = /^\P{Surrogate}*/u.exec(common)?.[0] ?? "";
  return /^.*[^\p{L}\p{N}]/su.exec([...characters].slice(0, PREFIX_MAX).join(""))?.[0] ?? "";
}

function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one[length] === other[length]) length += 1;
  return length;
}

function escaped(text: string): string {
  return text
    .replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
}
