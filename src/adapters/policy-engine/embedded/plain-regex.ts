/**
 * Patterns that the machine's own regular expressions answer as RE2 does, and without ever going
 * back over a text: alternatives of characters and classes, where
 *
 * - what repeats stands behind `^`, and no character it takes could be taken by what follows it,
 *   so that there is one way through a text;
 * - elsewhere nothing repeats, so that each place is looked at once for each character.
 *
 * Whatever else a pattern has (groups, lazy or counted repetition, other flags) is RE2's.
 */

/** First and last code point of each range. */
type Ranges = readonly (readonly [number, number])[];

interface Item {
  readonly ranges: Ranges;
  readonly repeat: "" | "*" | "+" | "?";
}

const LAST = 0x10ffff;
const DIGITS: Ranges = [[0x30, 0x39]];
const WORD: Ranges = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: Ranges = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
const NO_NEWLINE: Ranges = complement([[0x0a, 0x0a]]);
const CLASSES: ReadonlyMap<string, Ranges> = new Map([
  ["d", DIGITS],
  ["w", WORD],
  ["s", SPACE],
  ["D", complement(DIGITS)],
  ["W", complement(WORD)],
  ["S", complement(SPACE)],
]);

/** Beside its two ASCII forms a letter may have a third: the long s and the kelvin sign. */
const THIRD_FORMS: ReadonlyMap<number, number> = new Map([
  [0x6b, 0x212a],
  [0x73, 0x17f],
]);

/** `pattern` has to be one that RE2 takes; undefined where it is left to RE2. */
export function plainRegex(pattern: string): RegExp | undefined {
  const alternatives = new Reader(pattern).alternatives();
  return alternatives === undefined ? undefined : new RegExp(alternatives.join("|"), "u");
}

const FLAGS = /^\(\?([is]+)\)/;
const NUMBERED = /\\x\{([0-9a-f]{1,6})\}/y;
const END = /[$|]|$/y;
const ASCII_SIGN = /[!-/:-@[-`{-~]/;

class Reader {
  readonly #pattern: string;
  readonly #folds: boolean;
  readonly #dot: Ranges;
  #at: number;

  constructor(pattern: string) {
    const [written = "", flags = ""] = FLAGS.exec(pattern) ?? [];
    this.#pattern = pattern;
    this.#at = written.length;
    this.#folds = flags.includes("i");
    this.#dot = flags.includes("s") ? [[0, LAST]] : NO_NEWLINE;
  }

  alternatives(): readonly string[] | undefined {
    const found: string[] = [];
    do {
      const one = this.#alternative();
      if (one === undefined) return undefined;
      found.push(one);
    } while (this.#takes("|"));
    return this.#at === this.#pattern.length ? found : undefined;
  }

  #alternative(): string | undefined {
    const isAnchored = this.#takes("^");
    const items: Item[] = [];
    let source = isAnchored ? "^" : "";
    while (!this.#isAtEnd()) {
      if (this.#takes("\\b")) {
        source += "\\b";
        continue;
      }
      const item = this.#item();
      if (item === undefined) return undefined;
      items.push(item);
      source += written(item);
    }
    if (this.#takes("$")) source += "$";
    return (isAnchored ? hasOneWay(items) : items.every(isOnce)) ? source : undefined;
  }

  #isAtEnd(): boolean {
    END.lastIndex = this.#at;
    return END.test(this.#pattern);
  }

  #isAt(text: string): boolean {
    return this.#pattern.startsWith(text, this.#at);
  }

  #takes(text: string): boolean {
    if (!this.#isAt(text)) return false;
    this.#at += text.length;
    return true;
  }

  #item(): Item | undefined {
    const ranges = this.#takes("[") ? this.#class() : this.#single();
    if (ranges === undefined) return undefined;
    const repeat = (["*", "+", "?"] as const).find((sign) => this.#takes(sign)) ?? "";
    return { ranges, repeat };
  }

  #single(): Ranges | undefined {
    if (this.#takes(".")) return this.#dot;
    if (/[*+?()[\]{}^$|]/.test(this.#pattern.charAt(this.#at))) return undefined;
    return this.#folded(this.#character());
  }

  /** Behind its `[`. */
  #class(): Ranges | undefined {
    const isNegated = this.#takes("^");
    const ranges: (readonly [number, number])[] = [];
    do {
      const one = this.#range();
      if (one === undefined) return undefined;
      ranges.push(...one);
    } while (!this.#takes("]"));
    const folded = this.#folded(ranges) ?? [];
    return isNegated ? complement(folded) : folded;
  }

  /** A minus is one only as the last sign of a class. */
  #range(): Ranges | undefined {
    const first = this.#isAt("-]") ? this.#character() : this.#member();
    if (this.#isAt("-]") || !this.#takes("-")) return first;
    const [from, to] = [codeOf(first), codeOf(this.#member())];
    return from === undefined || to === undefined || from > to ? undefined : [[from, to]];
  }

  #member(): Ranges | undefined {
    return /[[\]^-]/.test(this.#pattern.charAt(this.#at)) ? undefined : this.#character();
  }

  /** One character, as itself or escaped, or the class that an escape is. */
  #character(): Ranges | undefined {
    if (this.#isAt("\\x{")) return this.#numbered();
    const isEscaped = this.#takes("\\");
    const sign = this.#pattern.charAt(this.#at);
    this.#at += 1;
    // Which letters have a third form is another question for the words of `(?i)`.
    if (isEscaped && this.#folds && /[wW]/.test(sign)) return undefined;
    if (isEscaped && CLASSES.has(sign)) return CLASSES.get(sign);
    const isPlain = isEscaped ? ASCII_SIGN.test(sign) : /^[ -~]$/.test(sign);
    if (!isPlain) return undefined;
    const code = sign.charCodeAt(0);
    return [[code, code]];
  }

  /** `\x{2e}`, as globs write every character. */
  #numbered(): Ranges | undefined {
    NUMBERED.lastIndex = this.#at;
    const [whole = "", digits = ""] = NUMBERED.exec(this.#pattern) ?? [];
    const code = Number.parseInt(digits, 16);
    this.#at += whole.length;
    if (Number.isNaN(code) || (code > 0x7f && this.#folds) || isSurrogate(code)) return undefined;
    return [[code, code]];
  }

  /** With the other forms of its letters, where case does not matter. */
  #folded(ranges: Ranges | undefined): Ranges | undefined {
    if (!this.#folds || ranges === undefined) return ranges;
    const forms: (readonly [number, number])[] = [...ranges];
    for (let small = 0x61; small <= 0x7a; small += 1) {
      const all = [small, small - 0x20, THIRD_FORMS.get(small) ?? small];
      if (!all.some((code) => includes(ranges, code))) continue;
      for (const code of all) forms.push([code, code]);
    }
    return forms;
  }
}

/** Of a single character. */
function codeOf(ranges: Ranges | undefined): number | undefined {
  const [first, second] = ranges ?? [];
  return second === undefined && first?.[0] === first?.[1] ? first?.[0] : undefined;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function isOnce({ repeat }: Item): boolean {
  return repeat === "";
}

/** Whether no character that a repeated item takes could begin what comes after it. */
function hasOneWay(items: readonly Item[]): boolean {
  return items.every((item, i) => {
    if (isOnce(item)) return true;
    const after = items.slice(i + 1);
    const needed = after.findIndex(({ repeat }) => repeat === "" || repeat === "+");
    const near = needed < 0 ? after : after.slice(0, needed + 1);
    return !near.some((each) => overlap(each.ranges, item.ranges));
  });
}

function overlap(a: Ranges, b: Ranges): boolean {
  return a.some(([first, last]) => b.some(([from, to]) => first <= to && from <= last));
}

function includes(ranges: Ranges, code: number): boolean {
  return overlap(ranges, [[code, code]]);
}

function complement(ranges: Ranges): Ranges {
  const gaps: (readonly [number, number])[] = [];
  let next = 0;
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    if (first > next) gaps.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  return next > LAST ? gaps : [...gaps, [next, LAST]];
}

function written({ ranges, repeat }: Item): string {
  const point = (code: number): string => `\\u{${code.toString(16)}}`;
  return `[${ranges.map(([first, last]) => `${point(first)}-${point(last)}`).join("")}]${repeat}`;
}
