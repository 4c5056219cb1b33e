/** RE2 by `re2js`, with the searches and the words of Go's `regexp`. */
import { RE2JS, RE2JSException } from "re2js";
import { refused } from "../../../rego/builtins/operands.ts";
import type { Match, Regex } from "../../../rego/host.ts";
import { plainRegex } from "./plain-regex.ts";

/** The machine keeps a place to go back to for each character that repeats: not for long texts. */
const PLAIN_MAX = 4_096;

/** Go takes two groups of one name. */
const TWO_GROUPS = "duplicate capture group name";

export function compileRegex(pattern: string): Regex {
  try {
    return new Re2(RE2JS.compile(pattern), plainRegex(pattern));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    if (error.message.includes(TWO_GROUPS)) throw refused(`${error.message} is not supported`);
    // Go names the part that is wrong in every case, even where there is none.
    const isBare = error.message.endsWith("trailing backslash at end of expression");
    throw new Error(isBare ? `${error.message}: \`\`` : error.message);
  }
}

class Re2 implements Regex {
  readonly #pattern: RE2JS;
  readonly #plain: RegExp | undefined;
  readonly size: number;

  constructor(pattern: RE2JS, plain: RegExp | undefined) {
    this.#pattern = pattern;
    this.#plain = plain;
    this.size = pattern.programSize();
  }

  matches(text: string): boolean {
    if (this.#plain !== undefined && text.length <= PLAIN_MAX) return this.#plain.test(text);
    return this.#pattern.matcher(text).find();
  }

  groupNames(): ReadonlyMap<string, number> {
    return new Map(Object.entries(this.#pattern.namedGroups()));
  }

  *find(text: string): Iterable<Match> {
    const matcher = this.#pattern.matcher(text);
    let previousEnd = -1;
    for (let at = 0; at <= text.length; ) {
      if (!matcher.find(at)) return;
      const [start, end] = [matcher.start(), matcher.end()];
      if (end > start || start !== previousEnd) yield { start, end, groups: groupsOf(matcher) };
      previousEnd = end;
      at = end > at ? end : at + sizeAt(text, at);
    }
  }
}

type Matcher = ReturnType<RE2JS["matcher"]>;

function groupsOf(matcher: Matcher): readonly string[] {
  return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? "");
}

function sizeAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
