/**
 * Layouts of Go's `time`: the reference time, Mon Jan 2 15:04:05 MST 2006, written as a time is to
 * be written or read. What is no part of it stands for itself.
 */

const NAMED: ReadonlyMap<string, string> = new Map([
  ["ANSIC", "Mon Jan _2 15:04:05 2006"],
  ["UnixDate", "Mon Jan _2 15:04:05 MST 2006"],
  ["RubyDate", "Mon Jan 02 15:04:05 -0700 2006"],
  ["RFC822", "02 Jan 06 15:04 MST"],
  ["RFC822Z", "02 Jan 06 15:04 -0700"],
  ["RFC850", "Monday, 02-Jan-06 15:04:05 MST"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"],
  ["RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"],
  ["RFC3339", "2006-01-02T15:04:05Z07:00"],
  ["RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"],
]);

/** Of a layout by its name or as it is written. */
export function layoutOf(name: string): string {
  return NAMED.get(name) ?? name;
}

export interface LayoutPart {
  /** The text before the element. */
  readonly literal: string;
  /** Part of the reference time; empty at the end of the layout. */
  readonly element: string;
}

const ELEMENT = new RegExp(
  [
    "January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST",
    "0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm",
    "[-Z](?:070000|07:00:00|0700|07:00|07)",
    "[.,](?:0+|9+)(?![0-9])",
  ].join("|"),
  "g",
);

export function layoutParts(layout: string): readonly LayoutPart[] {
  const parts: LayoutPart[] = [];
  let at = 0;
  for (const { 0: element, index } of layout.matchAll(ELEMENT)) {
    parts.push({ literal: layout.slice(at, index), element });
    at = index + element.length;
  }
  return [...parts, { literal: layout.slice(at), element: "" }];
}

export function isFraction(element: string): boolean {
  return element.startsWith(".") || element.startsWith(",");
}
