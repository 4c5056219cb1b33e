/** Time zones: their offsets as Node's ICU has them, their abbreviations from our own table. */
import type { Zone } from "../../../rego/host.ts";
import { ZONE_ABBREVIATIONS } from "./zone-abbreviations.ts";

interface Abbreviations {
  /** Seconds since 1970 from which on they are unambiguous. */
  readonly since: number;
  readonly byOffset: ReadonlyMap<number, string>;
}

/** Undefined: no zone of that name, whose letters are as the database has them. */
export function zoneReader(): (name: string, seconds: number) => Zone | undefined {
  const abbreviations = readAbbreviations(ZONE_ABBREVIATIONS);
  const clocks = new Map<string, Intl.DateTimeFormat>();
  return (name, seconds) => {
    const known = abbreviations.get(name);
    if (known === undefined) return undefined;
    const clock = clocks.get(name) ?? clockOf(name);
    clocks.set(name, clock);
    const offset = offsetAt(clock, seconds);
    const abbreviation = seconds >= known.since ? known.byOffset.get(offset) : undefined;
    return { offset, abbreviation };
  };
}

/** A line that begins with a space goes on with the names of the one before it. */
function readAbbreviations(table: string): ReadonlyMap<string, Abbreviations> {
  const byName = new Map<string, Abbreviations>();
  for (const line of table.trim().replace(/\n +/g, " ").split("\n")) {
    const [since, abbreviations = "", ...names] = line.split(" ");
    const pairs = abbreviations.split(",").map((pair) => {
      const [abbreviation = "", offset] = pair.split("=");
      return [Number(offset), abbreviation] as const;
    });
    for (const name of names) byName.set(name, { since: Number(since), byOffset: new Map(pairs) });
  }
  return byName;
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "iso8601",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}

function offsetAt(clock: Intl.DateTimeFormat, seconds: number): number {
  const parts = clock.formatToParts(seconds * 1_000);
  const field = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value);
  const day = [field("year"), field("month") - 1, field("day")] as const;
  const local = Date.UTC(...day, field("hour"), field("minute"), field("second"));
  return local / 1_000 - seconds;
}
