/**
 * Edits of a JSON text that touch only their own characters: everything else stays byte-identical.
 */
import type { Member } from "./json.ts";

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

/** Takes a member out with one comma. Never two of one object: their commas could be the same. */
export function removeMember(members: readonly Member[], member: Member): Splice {
  const index = members.indexOf(member);
  const [before, after] = [members[index - 1], members[index + 1]];
  if (after) return { from: member.keyFrom, to: after.keyFrom, text: "" };
  return { from: before ? before.valueTo : member.keyFrom, to: member.valueTo, text: "" };
}
