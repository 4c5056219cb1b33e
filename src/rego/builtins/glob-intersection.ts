/**
 * Whether some text matches two patterns of a few signs: characters, `.`, `[a-z]`, each of them
 * with `*` or `+`. The answers are those of the library that OPA uses, its odd ones too: a starred
 * token gives up where the next one cannot go all the way and the text no longer fits it.
 */
import { type GlobToken, globTokens, overlap } from "./glob-tokens.ts";

type Glob = readonly GlobToken[];
type Charge = (units: number) => void;

export function globsIntersect(left: string, right: string, charge: Charge): boolean {
  const trimmed = trim(globTokens(left), globTokens(right));
  return trimmed !== undefined && new Intersection(trimmed, charge).answer();
}

/** Without the plain tokens that both begin or end with, but for one; undefined: they differ. */
function trim(left: Glob, right: Glob): readonly [Glob, Glob] | undefined {
  let begin = 0;
  for (; isPlain(left[begin]) && isPlain(right[begin]); begin += 1) {
    if (!overlapAt(left, begin, right, begin)) return undefined;
  }
  if (begin > 0) begin -= 1;
  let cut = 0;
  let [i, j] = [left.length - 1, right.length - 1];
  for (; i >= begin && j >= begin && isPlain(left[i]) && isPlain(right[j]); cut += 1) {
    if (!overlapAt(left, i, right, j)) return undefined;
    [i, j] = [i - 1, j - 1];
  }
  if (cut > 0) cut -= 1;
  return [left.slice(begin, left.length - cut), right.slice(begin, right.length - cut)];
}

function isPlain(token: GlobToken | undefined): boolean {
  return token !== undefined && token.repeat === "once";
}

function overlapAt(left: Glob, i: number, right: Glob, j: number): boolean {
  const [a, b] = [left[i], right[j]];
  return a !== undefined && b !== undefined && overlap(a, b);
}

type Side = 0 | 1;

/**
 * Every pair of tails is answered once, the short ones first, which bounds time and depth. Which
 * glob comes first decides whose repetition is tried where both have one.
 */
class Intersection {
  readonly #globs: readonly [Glob, Glob];
  readonly #charge: Charge;
  readonly #answers: [boolean, boolean][][] = [];

  constructor(globs: readonly [Glob, Glob], charge: Charge) {
    this.#globs = globs;
    this.#charge = charge;
  }

  answer(): boolean {
    const [left, right] = this.#globs;
    for (let i = left.length; i >= 0; i -= 1) {
      this.#charge(right.length + 1);
      const row: [boolean, boolean][] = [];
      this.#answers[i] = row;
      for (let j = right.length; j >= 0; j -= 1) {
        row[j] = [this.#decide(0, i, j), this.#decide(1, i, j)];
      }
    }
    return this.#known(0, 0, 0);
  }

  #known(first: Side, i: number, j: number): boolean {
    return this.#answers[i]?.[j]?.[first] ?? false;
  }

  #decide(first: Side, i: number, j: number): boolean {
    const [left, right] = [this.#globs[0][i], this.#globs[1][j]];
    if (left === undefined || right === undefined) return left === right;
    const repeated = [left.repeat !== "once", right.repeat !== "once"];
    const second = first === 0 ? 1 : 0;
    if (repeated[first]) return this.#repeated(first, i, j);
    if (repeated[second]) return this.#repeated(second, i, j);
    return overlap(left, right) && this.#known(first, i + 1, j + 1);
  }

  #repeated(side: Side, i: number, j: number): boolean {
    const [own, at] = side === 0 ? [i, j] : [j, i];
    const token = this.#globs[side][own];
    const other = this.#other(side)[at];
    if (token === undefined || other === undefined) return false;
    if (token.repeat === "any") return this.#starred(side, own, at);
    if (!overlap(token, other)) return false;
    if (this.#starred(side, own, at + 1)) return true;
    return other.repeat !== "once" && this.#tails(side, own + 1, at);
  }

  #other(side: Side): Glob {
    return this.#globs[side === 0 ? 1 : 0];
  }

  #tails(side: Side, own: number, at: number): boolean {
    return side === 0 ? this.#known(0, own, at) : this.#known(1, at, own);
  }

  /** Takes tokens of the other glob while they fit, until what follows it goes all the way. */
  #starred(side: Side, own: number, from: number): boolean {
    const star = this.#globs[side][own];
    const next = this.#globs[side][own + 1];
    const others = this.#other(side);
    for (let at = from; at < others.length; at += 1) {
      this.#charge(1);
      const other = others[at];
      if (star === undefined || other === undefined) return false;
      if (next !== undefined && overlap(other, next) && this.#tails(side, own + 1, at)) return true;
      if (!overlap(other, star)) return false;
    }
    return next === undefined;
  }
}
