/**
 * Go's `fmt.Sprintf`, with its answers to wrong formats: `%!d(string=a)`, `%!s(MISSING)`,
 * `%!(EXTRA string=b)`.
 */
import type { BuiltinCall } from "../builtin.ts";
import { refused } from "../operands.ts";
import { type Argument, type Directive, PLAIN } from "./directive.ts";
import { formattedFraction } from "./fractions.ts";
import { formattedInteger, formattedLarge } from "./integers.ts";
import { padded } from "./padding.ts";
import { formattedText } from "./texts.ts";

export function formatted(format: string, values: readonly Argument[], call: BuiltinCall): string {
  return new Printer(format, values, call).text();
}

/** Larger widths, precisions and positions are not read as such. */
const SIZE_MAX = 1_000_000;

interface Flags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
}

const FLAGS: Readonly<Record<string, keyof Flags>> = {
  "+": "plus",
  "-": "minus",
  "#": "sharp",
  " ": "space",
  "0": "zero",
};

interface Size {
  readonly value: number | undefined;
  /** It is the value of an argument (`*`). */
  readonly isArgument: boolean;
}

class Printer {
  readonly #format: string;
  readonly #values: readonly Argument[];
  readonly #call: BuiltinCall;
  #at = 0;
  /** The argument that comes next. */
  #next = 0;
  /** An argument was named by its position, so that none can be called superfluous. */
  #isReordered = false;
  #isGoodPosition = true;

  constructor(format: string, values: readonly Argument[], call: BuiltinCall) {
    this.#format = format;
    this.#values = values;
    this.#call = call;
  }

  text(): string {
    const parts: string[] = [];
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf("%", this.#at);
      const end = percent < 0 ? this.#format.length : percent;
      parts.push(this.#format.slice(this.#at, end));
      this.#at = end + 1;
      if (percent >= 0) parts.push(this.#directive());
    }
    return parts.join("") + this.#superfluous();
  }

  #directive(): string {
    this.#isGoodPosition = true;
    const flags = this.#flags();
    let isAfterPosition = this.#position();

    const width = this.#size();
    if (width.isArgument) isAfterPosition = false;
    else if (isAfterPosition && width.value !== undefined) this.#isGoodPosition = false;
    let problems = width.isArgument && width.value === undefined ? "%!(BADWIDTH)" : "";
    // A negative width stands on the left, and there are no zeros to the right of it.
    if (width.value !== undefined && width.value < 0) Object.assign(flags, LEFT);

    let precision: number | undefined;
    if (this.#peek() === "." && this.#at + 1 < this.#format.length) {
      this.#at += 1;
      if (isAfterPosition) this.#isGoodPosition = false;
      isAfterPosition = this.#position();
      const size = this.#size();
      if (size.isArgument) isAfterPosition = false;
      precision = size.isArgument ? notNegative(size.value) : (size.value ?? 0);
      if (precision === undefined) problems += "%!(BADPREC)";
    }
    if (!isAfterPosition) this.#position();
    return problems + this.#verb({ ...flags, width: absolute(width.value), precision });
  }

  #flags(): Flags {
    const flags = { plus: false, minus: false, sharp: false, space: false, zero: false };
    for (let flag = FLAGS[this.#peek()]; flag !== undefined; flag = FLAGS[this.#peek()]) {
      flags[flag] = true;
      this.#at += 1;
    }
    return flags;
  }

  #verb(layout: Omit<Directive, "verb">): string {
    if (this.#at >= this.#format.length) return "%!(NOVERB)";
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at) ?? 0);
    this.#at += verb.length;
    if (verb === "%") return "%";
    if (!this.#isGoodPosition) return `%!${verb}(BADINDEX)`;
    const value = this.#values[this.#next];
    if (value === undefined) return `%!${verb}(MISSING)`;
    this.#next += 1;
    this.#call.charge(((layout.width ?? 0) + (layout.precision ?? 0)) / 16);
    return argumentText(value, { verb, ...layout });
  }

  /** `[2]`: whether one was there. A bad one is told where the verb is. */
  #position(): boolean {
    if (this.#peek() !== "[") return false;
    this.#isReordered = true;
    const end = this.#format.indexOf("]", this.#at);
    if (end < 0) {
      this.#at += 1;
      this.#isGoodPosition = false;
      return false;
    }
    const inner = this.#format.slice(this.#at + 1, end);
    const position = /^[0-9]{1,7}$/.test(inner) ? Number(inner) : undefined;
    this.#at = end + 1;
    if (position !== undefined && position >= 1 && position <= this.#values.length) {
      this.#next = position - 1;
      return true;
    }
    this.#isGoodPosition = false;
    return position !== undefined;
  }

  #size(): Size {
    if (this.#peek() !== "*") return { value: this.#number(), isArgument: false };
    this.#at += 1;
    const value = this.#values[this.#next];
    if (value === undefined) return { value: undefined, isArgument: true };
    this.#next += 1;
    const size = value.kind === "integer" ? Number(value.value) : undefined;
    const isSmall = size !== undefined && Math.abs(size) <= SIZE_MAX;
    return { value: isSmall ? size : undefined, isArgument: true };
  }

  /** An absurd number takes the rest of the format with it. */
  #number(): number | undefined {
    const digits = /^[0-9]*/.exec(this.#format.slice(this.#at, this.#at + 9))?.[0] ?? "";
    if (digits === "") return undefined;
    this.#at += digits.length;
    if (digits.length < 8 || Number(digits.slice(0, -1)) <= SIZE_MAX) return Number(digits);
    this.#at = this.#format.length;
    return undefined;
  }

  #peek(): string {
    return this.#format.charAt(this.#at);
  }

  #superfluous(): string {
    if (this.#isReordered || this.#next >= this.#values.length) return "";
    const rest = this.#values.slice(this.#next);
    const texts = rest.map((value) => `${value.type}=${argumentText(value, PLAIN)}`);
    return `%!(EXTRA ${texts.join(", ")})`;
  }
}

const LEFT = { minus: true, zero: false };

function notNegative(size: number | undefined): number | undefined {
  return size === undefined || size < 0 ? undefined : size;
}

function absolute(size: number | undefined): number | undefined {
  return size === undefined ? undefined : Math.abs(size);
}

function argumentText(value: Argument, directive: Directive): string {
  if (directive.verb === "T") {
    return formattedText(value.type, { ...directive, verb: "s" }) ?? "";
  }
  if (value.kind === "large") return largeText(value.value, directive);
  const text = textOf(value, directive);
  if (text !== undefined) return text;
  // The value stands there with the same width and flags.
  const verb = directive.verb === "w" ? "v" : USUAL_VERBS[value.kind];
  const shown = textOf(value, { ...directive, verb });
  return `%!${directive.verb}(${value.type}=${shown ?? ""})`;
}

const USUAL_VERBS = { text: "s", integer: "d", fraction: "g", boolean: "t" };

/** Go would show an address or its own inner structure. */
function largeText(value: bigint, directive: Directive): string {
  if (directive.verb === "p" || directive.verb === "w") {
    throw refused(`sprintf: %${directive.verb} of a large number is not supported here`);
  }
  return formattedLarge(value, directive);
}

function textOf(
  value: Exclude<Argument, { readonly kind: "large" }>,
  directive: Directive,
): string | undefined {
  switch (value.kind) {
    case "text":
      return formattedText(value.text, directive);
    case "integer":
      return formattedInteger(value.value, directive);
    case "fraction":
      return formattedFraction(value.value, directive);
    case "boolean":
      if (directive.verb !== "v" && directive.verb !== "t") return undefined;
      return padded(String(value.value), directive);
  }
}
