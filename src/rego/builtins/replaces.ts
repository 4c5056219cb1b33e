/**
 * Replacing texts by texts: at every place the first pattern that matches there, in one pass, so
 * that what was put in is never replaced again.
 */
import type { Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, object, text } from "./builtin.ts";
import { chargeSearch, isAscii, utf8Of } from "./code-points.ts";
import { wrongOperand } from "./operands.ts";

type Replacements = ReadonlyMap<string, string>;

function replace(operands: readonly Value[], call: BuiltinCall): Value {
  const value = text(operands, 1);
  const old = text(operands, 2);
  return replaced(value, new Map([[old, text(operands, 3)]]), call);
}

function replaceN(operands: readonly Value[], call: BuiltinCall): Value {
  const patterns = object(operands, 1);
  const value = text(operands, 2);
  const replacements = new Map<string, string>();
  for (const [key, replacement] of patterns.entries()) {
    if (typeof key !== "string") throw wrongOperand(1, "non-string key found in pattern object");
    if (typeof replacement !== "string") {
      throw wrongOperand(1, "non-string value found in pattern object");
    }
    replacements.set(key, replacement);
  }
  return replaced(value, replacements, call);
}

function replaced(value: string, replacements: Replacements, call: BuiltinCall): string {
  const between = replacements.get("");
  const search = new Search(value, [...replacements.keys()], call);
  const parts: string[] = [];
  let end = 0;
  for (let match = search.from(0); match !== undefined; match = search.from(end)) {
    parts.push(unmatched(value.slice(end, match.at), between, call));
    parts.push(chargedText(`${between ?? ""}${replacements.get(match.old) ?? ""}`, call));
    end = match.at + match.old.length;
  }
  parts.push(unmatched(value.slice(end), between, call), between ?? "");
  return parts.join("");
}

interface Match {
  readonly old: string;
  at: number;
}

/** The next match of several texts, each of which is looked for once in every part of the text. */
class Search {
  readonly #value: string;
  readonly #call: BuiltinCall;
  /** The next match of each, in the order of the texts; those that match no more are left out. */
  #next: Match[];

  constructor(value: string, olds: readonly string[], call: BuiltinCall) {
    this.#value = value;
    this.#call = call;
    for (const old of olds) chargeSearch(call, value, old);
    this.#next = olds.filter((old) => old !== "").map((old) => ({ old, at: -1 }));
  }

  /** At one place the first of them counts. */
  from(start: number): Match | undefined {
    this.#call.charge(Math.ceil(this.#next.length / 8));
    for (const match of this.#next) {
      if (match.at < start) match.at = this.#value.indexOf(match.old, start);
    }
    this.#next = this.#next.filter(({ at }) => at >= 0);
    const [first, ...rest] = this.#next;
    return first && rest.reduce((best, match) => (match.at < best.at ? match : best), first);
  }
}

/**
 * The empty text matches before every byte. A character of several bytes falls apart there, and
 * each of its bytes is then, wherever it is read or printed, the replacement character.
 */
function unmatched(value: string, between: string | undefined, call: BuiltinCall): string {
  if (between === undefined || between === "") return value;
  const bytes = [...value].flatMap((each) => (isAscii(each) ? [each] : brokenBytes(each)));
  call.charge(Math.ceil((bytes.length * between.length) / 16));
  return bytes.map((byte) => between + byte).join("");
}

function brokenBytes(character: string): readonly string[] {
  return utf8Of(character).map(() => "\ufffd");
}

function chargedText(made: string, call: BuiltinCall): string {
  call.charge(Math.ceil(made.length / 16));
  return made;
}

export const REPLACES: Builtins = { replace, "strings.replace_n": replaceN };
