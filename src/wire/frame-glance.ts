/**
 * What a frame shows without decoding it. JSON writes a quote inside a text as `\"`, so the bytes
 * `"usage"` stand only where a whole string says just that: a name or a value, never a part of what
 * the model wrote. What a glance finds may still be nothing; only a decoded frame decides. A name
 * can be spelled with escapes as well, so a frame where a plain letter is escaped is telling.
 */
import { encode } from "./utf8.ts";

/** What to look for in the frames of one format. */
export interface Marks {
  /** A frame with one of these is decoded; not where its value is null. */
  readonly telling: readonly string[];
  /** Names of what carries text or arguments; a frame where one is not empty counts as text. */
  readonly text: readonly string[];
}

export interface Glance {
  readonly telling: boolean;
  readonly text: boolean;
}

const [QUOTE, BACKSLASH, COLON, SPACE, LETTER_N] = [0x22, 0x5c, 0x3a, 0x20, 0x6e];
/** How the escape of a character begins that could stand in a name. */
const PLAIN_ESCAPE = encode("\\u00");

const GLANCES: Readonly<Record<"none" | "text" | "telling" | "both", Glance>> = {
  none: { telling: false, text: false },
  text: { telling: false, text: true },
  telling: { telling: true, text: false },
  both: { telling: true, text: true },
};

interface Needle {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
}

/** Prepares the search: needles by the byte after their opening quote. */
export function glancer(marks: Marks): (frame: Uint8Array) => Glance {
  const byFirst: Needle[][] = [];
  for (const [names, isText] of [
    [marks.telling, false],
    [marks.text, true],
  ] as const) {
    for (const name of names) {
      const bytes = encode(`"${name}"`);
      const first = bytes[1] ?? 0;
      byFirst[first] = [...(byFirst[first] ?? []), { bytes, isText }];
    }
  }
  return (frame) => look(frame, byFirst);
}

function look(frame: Uint8Array, byFirst: readonly (readonly Needle[] | undefined)[]): Glance {
  let [telling, text] = [false, false];
  const last = frame.length - 1;
  for (let at = 0; at < last; at += 1) {
    if (frame[at] === BACKSLASH) telling ||= startsAt(frame, PLAIN_ESCAPE, at);
    if (frame[at] !== QUOTE) continue;
    const needles = byFirst[frame[at + 1] ?? 0];
    if (needles === undefined) continue;
    for (const { bytes, isText } of needles) {
      if (!startsAt(frame, bytes, at)) continue;
      const after = at + bytes.length;
      if (isText) text ||= hasText(frame, after);
      else telling ||= !isNull(frame, after);
      at = after - 1;
      break;
    }
  }
  if (text) return telling ? GLANCES.both : GLANCES.text;
  return telling ? GLANCES.telling : GLANCES.none;
}

function startsAt(frame: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = bytes.length - 1; index > 0; index -= 1) {
    if (frame[at + index] !== bytes[index]) return false;
  }
  return true;
}

/** Whether `: null` follows a name; only null begins with this letter in JSON. */
function isNull(frame: Uint8Array, after: number): boolean {
  const at = valueAt(frame, after);
  return at > 0 && frame[at] === LETTER_N;
}

/** Whether a string that is not empty follows a name. */
function hasText(frame: Uint8Array, after: number): boolean {
  const at = valueAt(frame, after);
  return at > 0 && frame[at] === QUOTE && frame[at + 1] !== QUOTE;
}

/** Where the value after a name begins, 0 where the string was no name. */
function valueAt(frame: Uint8Array, after: number): number {
  let at = after;
  while ((frame[at] ?? QUOTE) <= SPACE) at += 1;
  if (frame[at] !== COLON) return 0;
  at += 1;
  while ((frame[at] ?? QUOTE) <= SPACE) at += 1;
  return at;
}
