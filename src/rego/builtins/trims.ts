/** Built-ins that take something away at the ends of a text. */
import type { Value } from "../values/value.ts";
import { type Builtins, type Run, text } from "./builtin.ts";

type Ends = "left" | "right" | "both";

/** Every character that stands in the second text. */
function trimmed(ends: Ends): Run {
  return (operands) => {
    const value = text(operands, 1);
    const cut = new Set(text(operands, 2));
    const characters = [...value];
    let start = 0;
    let end = characters.length;
    if (ends !== "right") while (start < end && cut.has(characters[start] ?? "")) start += 1;
    if (ends !== "left") while (end > start && cut.has(characters[end - 1] ?? "")) end -= 1;
    return end - start === characters.length ? value : characters.slice(start, end).join("");
  };
}

function trimPrefix(operands: readonly Value[]): Value {
  const value = text(operands, 1);
  const prefix = text(operands, 2);
  return value.startsWith(prefix) ? value.slice(prefix.length) : value;
}

function trimSuffix(operands: readonly Value[]): Value {
  const value = text(operands, 1);
  const suffix = text(operands, 2);
  return value.endsWith(suffix) ? value.slice(0, value.length - suffix.length) : value;
}

/** Go's spaces: U+0085 is one and the byte order mark is none, unlike in JavaScript's `trim`. */
const SPACES = new Set(
  "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009" +
    "\u200a\u2028\u2029\u202f\u205f\u3000",
);

function trimSpace(operands: readonly Value[]): Value {
  const value = text(operands, 1);
  let start = 0;
  let end = value.length;
  while (start < end && SPACES.has(value.charAt(start))) start += 1;
  while (end > start && SPACES.has(value.charAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

export const TRIMS: Builtins = {
  trim: trimmed("both"),
  trim_left: trimmed("left"),
  trim_right: trimmed("right"),
  trim_prefix: trimPrefix,
  trim_suffix: trimSuffix,
  trim_space: trimSpace,
};
