/**
 * Edits of a JSON text that touch only their own characters: everything else stays byte-identical.
 */
import type { Member, Span } from "./json.ts";

/** Puts `text` where the characters from `from` to `to` (exclusive) were. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Applies edits that do not overlap; the very same string when there are none. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  if (splices.length === 0) return text;
  let [result, done] = ["", 0];
  for (const splice of [...splices].sort((a, b) => a.from - b.from || a.to - b.to)) {
    result += text.slice(done, splice.from) + splice.text;
    done = splice.to;
  }
  return result + text.slice(done);
}

/** Another value for a member. */
export function replaceValue(member: Member, json: string): Splice {
  return { from: member.valueFrom, to: member.valueTo, text: json };
}

/** Another name and value for a member. */
export function replaceMember(member: Member, name: string, json: string): Splice {
  return { from: member.keyFrom, to: member.valueTo, text: `${JSON.stringify(name)}:${json}` };
}

/** Puts something first into the object or array that opens at `open`. */
export function insertFirst(open: number, json: string, isEmpty: boolean): Splice {
  return { from: open + 1, to: open + 1, text: isEmpty ? json : `${json},` };
}

/**
 * Takes members out of their object or items out of their array, by their places in it. Neighbours
 * go together, with one comma: the one after them, or the one before where nothing follows.
 */
export function removeAll(list: readonly Span[], gone: ReadonlySet<number>): readonly Splice[] {
  const splices: Splice[] = [];
  let kept: Span | null = null;
  let first: Span | null = null;
  for (const [index, span] of list.entries()) {
    if (gone.has(index)) {
      first ??= span;
      continue;
    }
    if (first) splices.push({ from: first.from, to: span.from, text: "" });
    [kept, first] = [span, null];
  }
  const last = list.at(-1);
  if (first && last) splices.push({ from: kept ? kept.to : first.from, to: last.to, text: "" });
  return splices;
}
