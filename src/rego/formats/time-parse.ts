/**
 * A text read by a layout of Go's `time`. What the layout does not ask for is zero, the zone is UTC
 * where none is named, and a zone by its abbreviation alone has no offset, as Go has it where local
 * time is UTC.
 */
import { dateOfDay, dayNumber, dayOfYear, daysIn } from "./calendar.ts";
import { quotedBytes } from "./quote.ts";
import { type Fields, readElement } from "./time-elements.ts";
import { type LayoutPart, layoutParts } from "./time-layout.ts";

/** Nanoseconds since 1970; throws as Go does. */
export function parseTime(layout: string, value: string): bigint {
  return new TimeParser(layout, value).parse();
}

class TimeParser {
  readonly #layout: string;
  readonly #value: string;
  #rest: string;
  #fields: Fields = {};

  constructor(layout: string, value: string) {
    this.#layout = layout;
    this.#value = value;
    this.#rest = value;
  }

  parse(): bigint {
    const parts = layoutParts(this.#layout);
    for (const [i, part] of parts.entries()) {
      this.#skip(part.literal);
      if (part.element !== "") this.#read(part.element, parts[i + 1]);
    }
    if (this.#rest !== "") throw this.#problem(`: extra text: ${quotedBytes(this.#rest)}`);
    return this.#nanos();
  }

  /** Spaces in the layout stand for any number of them, none too at the end of the value. */
  #skip(literal: string): void {
    for (let prefix = literal; prefix !== ""; ) {
      if (prefix.startsWith(" ")) {
        if (this.#rest !== "" && !this.#rest.startsWith(" ")) throw this.#mismatch(literal);
        prefix = prefix.replace(/^ +/, "");
        this.#rest = this.#rest.replace(/^ +/, "");
      } else {
        if (this.#rest[0] !== prefix[0]) throw this.#mismatch(literal);
        prefix = prefix.slice(1);
        this.#rest = this.#rest.slice(1);
      }
    }
  }

  #read(element: string, next: LayoutPart | undefined): void {
    const read = readElement(element, this.#rest, next?.literal === "" ? next.element : "");
    if (read === undefined) throw this.#mismatch(element);
    if (read.outOfRange !== undefined) throw this.#problem(`: ${read.outOfRange} out of range`);
    this.#fields = { ...this.#fields, ...read.fields };
    this.#rest = read.rest;
  }

  #nanos(): bigint {
    const { year = 0, minute = 0, second = 0, nanos = 0, offset = 0 } = this.#fields;
    const days = this.#day(year);
    const seconds = days * 86_400 + this.#hour() * 3_600 + minute * 60 + second - offset;
    return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  }

  #hour(): number {
    const { hour = 0, half } = this.#fields;
    if (half === "pm" && hour < 12) return hour + 12;
    return half === "am" && hour === 12 ? 0 : hour;
  }

  #day(year: number): number {
    const { month, day, yearDay } = this.#fields;
    if (yearDay !== undefined) return this.#dayOfYear(year, yearDay);
    const date = { year, month: month ?? 1, day: day ?? 1 };
    if (date.day < 1 || date.day > daysIn(year, date.month)) {
      throw this.#problem(": day out of range");
    }
    return dayNumber(date);
  }

  #dayOfYear(year: number, yearDay: number): number {
    if (yearDay < 1 || yearDay > dayOfYear({ year, month: 12, day: 31 })) {
      throw this.#problem(": day-of-year out of range");
    }
    const { month, day } = this.#fields;
    const number = dayNumber({ year, month: 1, day: yearDay });
    const date = dateOfDay(number);
    if (month !== undefined && month !== date.month) {
      throw this.#problem(": day-of-year does not match month");
    }
    if (day !== undefined && day !== date.day) {
      throw this.#problem(": day-of-year does not match day");
    }
    return number;
  }

  #mismatch(element: string): Error {
    const where = `${quotedBytes(this.#rest)} as ${quotedBytes(element)}`;
    return this.#problem(` as ${quotedBytes(this.#layout)}: cannot parse ${where}`);
  }

  #problem(what: string): Error {
    return new Error(`parsing time ${quotedBytes(this.#value)}${what}`);
  }
}
