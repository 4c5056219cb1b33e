/** How each element of a layout of Go's `time` is read from the beginning of a text. */
import { MONTHS, WEEKDAYS } from "./calendar.ts";
import { isFraction } from "./time-layout.ts";

export interface Fields {
  readonly year?: number;
  readonly month?: number;
  readonly day?: number;
  readonly yearDay?: number;
  readonly hour?: number;
  readonly half?: "am" | "pm";
  readonly minute?: number;
  readonly second?: number;
  readonly nanos?: number;
  readonly offset?: number;
}

interface Reading {
  readonly fields: Fields;
  readonly rest: string;
  /** What was read and cannot be. */
  readonly outOfRange?: string;
}

type Reader = (text: string, next: string) => Reading | undefined;

/** `next` is the element that follows at once; undefined: the text does not fit. */
export function readElement(element: string, text: string, next: string): Reading | undefined {
  if (isFraction(element)) return readFraction(element, text);
  return (READERS[element] ?? offsetReader(element))(text, next);
}

const READERS: Readonly<Record<string, Reader>> = {
  "2006": (text) => numbered(/^[0-9]{4}/, text, (year) => ({ year })),
  "06": (text) => numbered(/^[0-9]{2}/, text, shortYear),
  January: (text) => named(MONTHS, text, (i) => ({ month: i + 1 })),
  Jan: (text) => named(shortened(MONTHS), text, (i) => ({ month: i + 1 })),
  "01": (text) => readMonth(/^[0-9]{2}/, text),
  "1": (text) => readMonth(/^[0-9]{1,2}/, text),
  Monday: (text) => named(WEEKDAYS, text, () => ({})),
  Mon: (text) => named(shortened(WEEKDAYS), text, () => ({})),
  "2": (text) => numbered(/^[0-9]{1,2}/, text, (day) => ({ day })),
  _2: (text) => numbered(/^ ?[0-9]{1,2}/, text, (day) => ({ day })),
  "02": (text) => numbered(/^[0-9]{2}/, text, (day) => ({ day })),
  "002": (text) => numbered(/^[0-9]{3}/, text, (yearDay) => ({ yearDay })),
  __2: (text) => numbered(/^ {0,2}[0-9]{1,3}/, text, (yearDay) => ({ yearDay })),
  "15": (text) => bounded(readHour(/^[0-9]{1,2}/, text), "hour", 23),
  "3": (text) => bounded(readHour(/^[0-9]{1,2}/, text), "hour", 12),
  "03": (text) => bounded(readHour(/^[0-9]{2}/, text), "hour", 12),
  "4": (text) => readMinute(/^[0-9]{1,2}/, text),
  "04": (text) => readMinute(/^[0-9]{2}/, text),
  "5": (text, next) => readSecond(/^[0-9]{1,2}/, text, next),
  "05": (text, next) => readSecond(/^[0-9]{2}/, text, next),
  PM: (text) => readHalf(/^[AP]M/, text),
  pm: (text) => readHalf(/^[ap]m/, text),
  MST: readAbbreviation,
};

function numbered(
  pattern: RegExp,
  text: string,
  field: (value: number) => Fields,
): Reading | undefined {
  const digits = pattern.exec(text)?.[0];
  if (digits === undefined) return undefined;
  return { fields: field(Number(digits)), rest: text.slice(digits.length) };
}

/** 69 to 99 are of the last century. */
function shortYear(year: number): Fields {
  return { year: year >= 69 ? 1900 + year : 2000 + year };
}

function named(
  names: readonly string[],
  text: string,
  field: (index: number) => Fields,
): Reading | undefined {
  const index = names.findIndex((name) => {
    return text.slice(0, name.length).toLowerCase() === name.toLowerCase();
  });
  const name = names[index];
  return name === undefined ? undefined : { fields: field(index), rest: text.slice(name.length) };
}

function shortened(names: readonly string[]): readonly string[] {
  return names.map((name) => name.slice(0, 3));
}

function readMonth(pattern: RegExp, text: string): Reading | undefined {
  const read = numbered(pattern, text, (month) => ({ month }));
  if (read?.fields.month === 0) return { ...read, outOfRange: "month" };
  return bounded(read, "month", 12);
}

function readHour(pattern: RegExp, text: string): Reading | undefined {
  return numbered(pattern, text, (hour) => ({ hour }));
}

function readMinute(pattern: RegExp, text: string): Reading | undefined {
  return bounded(
    numbered(pattern, text, (minute) => ({ minute })),
    "minute",
    59,
  );
}

function bounded(
  read: Reading | undefined,
  field: "month" | "hour" | "minute" | "second",
  max: number,
): Reading | undefined {
  const value = read?.fields[field] ?? 0;
  return read !== undefined && value > max ? { ...read, outOfRange: field } : read;
}

/** A fraction may follow that the layout does not name. */
function readSecond(pattern: RegExp, text: string, next: string): Reading | undefined {
  const read = bounded(
    numbered(pattern, text, (second) => ({ second })),
    "second",
    59,
  );
  const fraction = /^[.,][0-9]+/.exec(read?.rest ?? "")?.[0];
  if (read === undefined || read.outOfRange !== undefined) return read;
  if (fraction === undefined || isFraction(next)) return read;
  const fields = { ...read.fields, nanos: nanosOf(fraction) };
  return { fields, rest: read.rest.slice(fraction.length) };
}

/** Digits past the ninth are dropped. */
function nanosOf(fraction: string): number {
  return Number(fraction.slice(1, 10).padEnd(9, "0"));
}

/** Zeros want as many digits; nines take as many as there are, or nothing. */
function readFraction(element: string, text: string): Reading | undefined {
  const isExact = element.charAt(1) === "0";
  const found = /^[.,][0-9]+/.exec(text)?.[0] ?? "";
  if (!isExact && found === "") return { fields: {}, rest: text };
  const fraction = isExact ? found.slice(0, element.length) : found;
  if (isExact && fraction.length < element.length) return undefined;
  return { fields: { nanos: nanosOf(fraction) }, rest: text.slice(fraction.length) };
}

function readHalf(pattern: RegExp, text: string): Reading | undefined {
  const half = pattern.exec(text)?.[0];
  if (half === undefined) return undefined;
  const isAfternoon = half.toLowerCase() === "pm";
  return { fields: { half: isAfternoon ? "pm" : "am" }, rest: text.slice(2) };
}

/** By its abbreviation alone a zone has no offset, `GMT+3` neither. */
function readAbbreviation(text: string): Reading | undefined {
  if (text.startsWith("UTC")) return { fields: { offset: 0 }, rest: text.slice(3) };
  const zone = abbreviationIn(text);
  return zone === undefined ? undefined : { fields: {}, rest: text.slice(zone.length) };
}

/** Three letters; four or five that end in T, and a few that do not. */
function abbreviationIn(text: string): string | undefined {
  const special = /^(?:ChST|MeST)/.exec(text)?.[0];
  if (special !== undefined) return special;
  const hours = /^(?:GMT)?[-+]0*(?:2[0-3]|1?[0-9])(?![0-9])/.exec(text)?.[0];
  if (hours !== undefined) return text.length < 3 ? undefined : hours;
  if (text.startsWith("GMT")) return "GMT";
  const letters = /^[A-Z]{3,6}/.exec(text)?.[0] ?? "";
  if (letters.length === 3) return letters;
  const isKnown = letters === "WITA" || (letters.length < 6 && letters.endsWith("T"));
  return isKnown && letters !== "" ? letters : undefined;
}

function offsetReader(element: string): Reader {
  const pattern = OFFSETS.get(element.slice(1)) ?? /^$/;
  return (text) => {
    if (element.startsWith("Z") && text.startsWith("Z")) {
      return { fields: { offset: 0 }, rest: text.slice(1) };
    }
    const [all, sign, hours, minutes = "0", seconds = "0"] = pattern.exec(text) ?? [];
    if (all === undefined) return undefined;
    const parts = [Number(hours), Number(minutes), Number(seconds)] as const;
    const size = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    const fields = { offset: sign === "-" ? -size : size };
    const read = { fields, rest: text.slice(all.length) };
    const tooLarge = offsetProblem(parts);
    return tooLarge === undefined ? read : { ...read, outOfRange: tooLarge };
  };
}

const OFFSETS: ReadonlyMap<string, RegExp> = new Map([
  ["07", /^([-+])([0-9]{2})/],
  ["0700", /^([-+])([0-9]{2})([0-9]{2})/],
  ["07:00", /^([-+])([0-9]{2}):([0-9]{2})/],
  ["070000", /^([-+])([0-9]{2})([0-9]{2})([0-9]{2})/],
  ["07:00:00", /^([-+])([0-9]{2}):([0-9]{2}):([0-9]{2})/],
]);

/** 24 hours and 60 minutes are written by some people. */
function offsetProblem(parts: readonly [number, number, number]): string | undefined {
  if (parts[2] > 60) return "time zone offset second";
  if (parts[1] > 60) return "time zone offset minute";
  return parts[0] > 24 ? "time zone offset hour" : undefined;
}
