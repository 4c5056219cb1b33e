/** The tokens of a glob of `regex.globs_match`. */

export interface GlobToken {
  /** What one character may be: ranges in order that do not touch; undefined for any (`.`). */
  readonly ranges: readonly Range[] | undefined;
  readonly repeat: "once" | "any" | "some";
  /** A set is never the same token as a character, even when it has one element. */
  readonly isSet: boolean;
}

type Range = readonly [number, number];

/** Whether one character fits both. Any character is taken to be in a set, even in an empty one. */
export function overlap(a: GlobToken, b: GlobToken): boolean {
  const [left, right] = [a.ranges, b.ranges];
  if (left === undefined || right === undefined) return true;
  let [i, j] = [0, 0];
  for (;;) {
    const [one, two] = [left[i], right[j]];
    if (one === undefined || two === undefined) return false;
    if (one[1] < two[0]) i += 1;
    else if (two[1] < one[0]) j += 1;
    else return true;
  }
}

/** A repeated token beside an equal one says nothing more. */
export function globTokens(glob: string): readonly GlobToken[] {
  const tokens: GlobToken[] = [];
  for (const token of new Tokenizer(glob).tokens()) {
    const last = tokens.at(-1);
    if (last === undefined || !isSameRepeated(last, token)) tokens.push(token);
    else if (token.repeat === "some") tokens[tokens.length - 1] = token;
  }
  return tokens;
}

function isSameRepeated(a: GlobToken, b: GlobToken): boolean {
  if (a.repeat === "once" || b.repeat === "once" || a.isSet !== b.isSet) return false;
  return String(a.ranges) === String(b.ranges);
}

interface Sign {
  readonly character: string;
  readonly escaped: boolean;
}

const REPEATS: Readonly<Record<string, GlobToken["repeat"]>> = { "*": "any", "+": "some" };

class Tokenizer {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(glob: string) {
    this.#characters = [...glob];
  }

  *tokens(): Iterable<GlobToken> {
    for (let sign = this.#next(); sign !== undefined; sign = this.#next()) {
      const { ranges, isSet } = this.#body(sign);
      yield { ranges, isSet, repeat: this.#repeat() };
    }
  }

  #next(): Sign | undefined {
    const character = this.#characters[this.#at];
    if (character === undefined) return undefined;
    this.#at += 1;
    if (character !== "\\") return { character, escaped: false };
    const literal = this.#characters[this.#at];
    if (literal === undefined) {
      throw this.#invalid("input ends with a \\ (escape) character", this.#at - 1);
    }
    this.#at += 1;
    return { character: literal, escaped: true };
  }

  #body({ character, escaped }: Sign): Omit<GlobToken, "repeat"> {
    if (escaped) return { ranges: [rangeOf(character)], isSet: false };
    if (character === ".") return { ranges: undefined, isSet: false };
    if (character === "[") return { ranges: this.#set(), isSet: true };
    if (character === "]") throw this.#invalid("set-close ']' with no preceding '['");
    if (character in REPEATS) {
      throw this.#invalid(`flag '${character}' must be preceded by a non-flag`);
    }
    return { ranges: [rangeOf(character)], isSet: false };
  }

  #repeat(): GlobToken["repeat"] {
    const start = this.#at;
    const sign = this.#next();
    const repeat = sign === undefined || sign.escaped ? undefined : REPEATS[sign.character];
    if (repeat === undefined) this.#at = start;
    return repeat ?? "once";
  }

  #set(): readonly Range[] {
    const ranges: Range[] = [];
    let previous: string | undefined;
    for (;;) {
      const sign = this.#next();
      if (sign === undefined) throw this.#invalid("found [ without matching ]");
      if (!sign.escaped && sign.character === "]") return merged(ranges);
      if (!sign.escaped && sign.character === "-") {
        ranges.push(this.#range(previous));
        previous = undefined;
      } else {
        ranges.push(rangeOf(sign.character));
        previous = sign.character;
      }
    }
  }

  #range(from: string | undefined): Range {
    if (from === undefined) {
      throw this.#invalid("range character '-' must be preceded by a Unicode character");
    }
    if (this.#at >= this.#characters.length - 1) {
      throw this.#invalid("range character '-' must be followed by a Unicode character");
    }
    const to = this.#next() ?? { character: "", escaped: false };
    if (!to.escaped && (to.character === "]" || to.character === "-")) {
      throw this.#invalid("range character '-' cannot be followed by a special symbol");
    }
    const range = [rangeOf(from)[0], rangeOf(to.character)[0]] as const;
    if (range[0] <= range[1]) return range;
    const order = `'${to.character}' comes before '${from}' in Unicode`;
    throw this.#invalid(`range is out of order: ${order}`);
  }

  #invalid(problem: string, at = this.#at): Error {
    const input = this.#characters.join("");
    return new Error(`input:${input}, pos:${at}, ${problem}: the input provided is invalid`);
  }
}

function rangeOf(character: string): Range {
  const code = character.codePointAt(0) ?? 0;
  return [code, code];
}

function merged(ranges: Range[]): readonly Range[] {
  const result: Range[] = [];
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last === undefined || from > last[1] + 1) result.push([from, to]);
    else result[result.length - 1] = [last[0], Math.max(last[1], to)];
  }
  return result;
}
