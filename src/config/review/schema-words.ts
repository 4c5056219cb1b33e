/** In which keywords two schemas of arguments differ, in words. */
import { SCHEMA_NOTES } from "../argument-schema.ts";
import { equal, listOf, type Schema, schemaOf } from "./schema-values.ts";

/** Differences told of one schema. */
const TOLD_MAX = 20;
const VALUE_CHARS_MAX = 60;

/** Each with its place: `/status: adds "gone"`. */
export function schemaWords(before: unknown, after: unknown): readonly string[] {
  const words = wordsOf(before, after, "");
  const more = words.length - TOLD_MAX;
  return more > 0 ? [...words.slice(0, TOLD_MAX), `… and ${more} more`] : words;
}

function wordsOf(before: unknown, after: unknown, at: string): readonly string[] {
  if (equal(before, after)) return [];
  const place = at === "" ? "the arguments" : at;
  if (typeof before === "boolean" || typeof after === "boolean") {
    return [`${place}: ${short(before)} → ${short(after)}`];
  }
  const old = schemaOf(before);
  const now = schemaOf(after);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((keyword) =>
    SCHEMA_NOTES.includes(keyword) || same(old[keyword], now[keyword])
      ? []
      : keywordWords(keyword, [old, now], at),
  );
}

function keywordWords(
  keyword: string,
  [before, after]: readonly [Schema, Schema],
  at: string,
): readonly string[] {
  const place = at === "" ? "the arguments" : at;
  const old = before[keyword];
  const now = after[keyword];
  switch (keyword) {
    case "properties":
      return memberWords(schemaOf(old), schemaOf(now), at);
    case "items":
      return old === undefined || now === undefined
        ? [`${place}: ${added(keyword, old, now)}`]
        : wordsOf(old, now, `${at}/[]`);
    case "enum":
      return old === undefined || now === undefined
        ? [`${place}: ${added(keyword, old, now)}`]
        : [`${place}: ${setWords([old, now], "takes", "no longer takes")}`];
    case "required":
      return [`${place}: ${setWords([old, now], "must have", "need not have")}`];
    default:
      return [`${place}: ${added(keyword, old, now)}`];
  }
}

function memberWords(before: Schema, after: Schema, at: string): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const place = `${at}/${name}`;
    if (!Object.hasOwn(before, name)) return [`${place}: a new argument, ${short(after[name])}`];
    if (!Object.hasOwn(after, name)) return [`${place}: not named any more`];
    return wordsOf(before[name], after[name], place);
  });
}

function added(keyword: string, before: unknown, after: unknown): string {
  if (before === undefined) return `${keyword} ${short(after)} added`;
  if (after === undefined) return `${keyword} ${short(before)} removed`;
  return `${keyword} ${short(before)} → ${short(after)}`;
}

function setWords([before, after]: readonly unknown[], gained: string, lost: string): string {
  const old = new Set(listOf(before).map((value) => JSON.stringify(value)));
  const now = new Set(listOf(after).map((value) => JSON.stringify(value)));
  const more = [...now].filter((value) => !old.has(value)).join(", ");
  const less = [...old].filter((value) => !now.has(value)).join(", ");
  const words = [more && `${gained} ${clip(more)}`, less && `${lost} ${clip(less)}`];
  return words.filter(Boolean).join("; ") || "in another order";
}

function same(one: unknown, other: unknown): boolean {
  return one === undefined ? other === undefined : other !== undefined && equal(one, other);
}

function short(value: unknown): string {
  return value === undefined ? "nothing" : clip(JSON.stringify(value));
}

function clip(text: string): string {
  return text.length > VALUE_CHARS_MAX ? `${text.slice(0, VALUE_CHARS_MAX)}…` : text;
}
