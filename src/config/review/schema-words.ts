/** In which keywords two schemas of arguments differ, in words. */
import { SCHEMA_NOTES } from "../argument-schema.ts";
import { equal, listOf, type Schema, schemaOf } from "./schema-values.ts";

/** Differences told of one schema. */
const TOLD_MAX = 20;

/** Each with its place: `/status: takes "gone"`. Of what is checked; descriptions check nothing. */
export function schemaWords(
  before: unknown,
  after: unknown,
  whole: Told["whole"] = "the arguments",
): readonly string[] {
  return bounded(wordsOf(before, after, { at: "", told: { ...CHECKED, whole } }));
}

/** The same with titles and descriptions, which a model reads, and at more length. */
export function descriptionWords(before: unknown, after: unknown): readonly string[] {
  return bounded(wordsOf(before, after, { at: "", told: READ }));
}

interface Told {
  /** Also of keywords that check nothing. */
  readonly notes: boolean;
  readonly charsMax: number;
  /** What the schema is of. */
  readonly whole: "the arguments" | "the result";
}

interface Place {
  readonly at: string;
  readonly told: Told;
}

const CHECKED: Told = { notes: false, charsMax: 60, whole: "the arguments" };
const READ: Told = { notes: true, charsMax: 1_000, whole: "the arguments" };

function bounded(words: readonly string[]): readonly string[] {
  const more = words.length - TOLD_MAX;
  return more > 0 ? [...words.slice(0, TOLD_MAX), `… and ${more} more`] : words;
}

function wordsOf(before: unknown, after: unknown, place: Place): readonly string[] {
  if (equal(before, after)) return [];
  const { told } = place;
  if (typeof before === "boolean" || typeof after === "boolean") {
    return [`${nameOf(place)}: ${short(before, told)} → ${short(after, told)}`];
  }
  const old = schemaOf(before);
  const now = schemaOf(after);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((keyword) => {
    const isTold = told.notes || !SCHEMA_NOTES.includes(keyword);
    if (!isTold || same(old[keyword], now[keyword])) return [];
    return keywordWords(keyword, [old[keyword], now[keyword]], place);
  });
}

type Values = readonly [before: unknown, after: unknown];

function keywordWords(keyword: string, values: Values, place: Place): readonly string[] {
  const [old, now] = values;
  const isInBoth = old !== undefined && now !== undefined;
  const changed = [`${nameOf(place)}: ${changeWords(keyword, values, place.told)}`];
  switch (keyword) {
    case "properties":
      return memberWords(schemaOf(old), schemaOf(now), place);
    case "items":
      return isInBoth ? wordsOf(old, now, { ...place, at: `${place.at}/[]` }) : changed;
    case "enum":
      if (!isInBoth) return changed;
      return setWords(values, ["takes", "no longer takes"], place);
    case "required":
      return setWords(values, ["must have", "need not have"], place);
    default:
      return changed;
  }
}

function nameOf({ at, told }: Place): string {
  return at === "" ? told.whole : at;
}

function memberWords(before: Schema, after: Schema, { at, told }: Place): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const place = `${at}/${name}`;
    if (!Object.hasOwn(before, name)) {
      const what = told.whole === "the arguments" ? "a new argument" : "named now";
      return [`${place}: ${what}, ${short(after[name], told)}`];
    }
    if (!Object.hasOwn(after, name)) return [`${place}: not named any more`];
    return wordsOf(before[name], after[name], { at: place, told });
  });
}

function changeWords(keyword: string, [before, after]: Values, told: Told): string {
  if (before === undefined) return `${keyword} ${short(after, told)} added`;
  if (after === undefined) return `${keyword} ${short(before, told)} removed`;
  return `${keyword} ${short(before, told)} → ${short(after, told)}`;
}

/** Nothing where only their order differs, or one is empty and the other not there. */
function setWords(
  [before, after]: Values,
  [gained, lost]: readonly [string, string],
  place: Place,
): readonly string[] {
  const old = new Set(listOf(before).map((value) => JSON.stringify(value)));
  const now = new Set(listOf(after).map((value) => JSON.stringify(value)));
  const more = [...now].filter((value) => !old.has(value)).join(", ");
  const less = [...old].filter((value) => !now.has(value)).join(", ");
  const { told } = place;
  const words = [more && `${gained} ${clip(more, told)}`, less && `${lost} ${clip(less, told)}`];
  const said = words.filter(Boolean).join("; ");
  return said === "" ? [] : [`${nameOf(place)}: ${said}`];
}

function same(one: unknown, other: unknown): boolean {
  return one === undefined ? other === undefined : other !== undefined && equal(one, other);
}

function short(value: unknown, told: Told): string {
  return value === undefined ? "nothing" : clip(JSON.stringify(value), told);
}

function clip(text: string, { charsMax }: Told): string {
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
}
