/** Globs: each is said as a regular expression once, which the host matches in linear time. */
import { globExpression, quoteGlob } from "../formats/glob.ts";
import { typeName } from "../values/text.ts";
import { isList, type Value } from "../values/value.ts";
import {
  attempt,
  type BuiltinCall,
  BuiltinError,
  type Builtins,
  operand,
  text,
} from "./builtin.ts";
import { compiled, isMatch } from "./regex.ts";

export const GLOB: Builtins = {
  "glob.match": (operands, call) => {
    const glob = text(operands, 1);
    const matcher = matcherOf(glob, operand(operands, 2), call);
    return matcher(text(operands, 3), call);
  },
  "glob.quote_meta": (operands) => quoteGlob(text(operands, 1)),
};

/** None at all are the dot; null is none. */
function delimitersOf(value: Value): readonly string[] {
  if (value === null) return [];
  if (!isList(value)) {
    const message = `operand 2 must be one of {array, null} but got ${typeName(value)}`;
    throw new BuiltinError("eval_type_error", message);
  }
  if (value.length === 0) return ["."];
  return value.map((element) => {
    if (typeof element !== "string") throw wrongElement("string", element);
    if ([...element].length !== 1) throw wrongElement("rune", element);
    return element;
  });
}

function wrongElement(expected: string, element: Value): BuiltinError {
  const message = `must be array of ${expected}s but got array containing ${typeName(element)}`;
  return new BuiltinError("eval_type_error", `operand 2 ${message}`);
}

type Matcher = (subject: string, call: BuiltinCall) => boolean;

interface Known {
  /** As they were given, for a rule gives the same ones each time. */
  readonly given: Value;
  readonly delimiters: readonly string[];
  readonly matcher: Matcher;
}

/** Remembered by the glob, which mostly comes with the same delimiters again. */
function matcherOf(glob: string, given: Value, call: BuiltinCall): Matcher {
  const memory = call.memory("glob.match");
  // Nothing else is ever put into this memory.
  const known = memory.get(glob) as Known | undefined;
  if (known !== undefined && known.given === given) return known.matcher;
  const delimiters = delimitersOf(given);
  if (known !== undefined && areSame(known.delimiters, delimiters)) return known.matcher;
  const matcher = simpleMatcher(glob, delimiters) ?? expressionMatcher(glob, delimiters);
  memory.set(glob, { given, delimiters, matcher });
  return matcher;
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function expressionMatcher(glob: string, delimiters: readonly string[]): Matcher {
  const expression = attempt(() => globExpression(glob, delimiters));
  return (subject, call) => isMatch(compiled(expression, call), subject, call);
}

/** Most globs are a text with one star in it, or none: for them a look at both ends is enough. */
const ONE_STAR = /^([^*?[\]{}\\,]*)(?:(\*\*?)([^*?[\]{}\\,]*))?$/s;

function simpleMatcher(glob: string, delimiters: readonly string[]): Matcher | undefined {
  const [, before, star, after = ""] = ONE_STAR.exec(glob) ?? [];
  if (before === undefined) return undefined;
  if (star === undefined) return (subject) => subject === before;
  const shortest = before.length + after.length;
  const stops = star === "*" ? delimiters : [];
  return (subject) => {
    if (subject.length < shortest) return false;
    if (!subject.startsWith(before) || !subject.endsWith(after)) return false;
    if (stops.length === 0) return true;
    const between = subject.slice(before.length, subject.length - after.length);
    return !stops.some((stop) => between.includes(stop));
  };
}
