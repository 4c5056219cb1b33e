/** What the checks of types find, in OPA's words. */
import type { LoadProblem } from "../errors.ts";
import type { Position } from "../syntax/ast.ts";
import { regoText } from "../values/text.ts";
import { compare, type Value } from "../values/value.ts";
import { keysOf } from "./parts.ts";
import { type Reference, referenceText } from "./reference-text.ts";
import { type FunctionType, isUnknown, type Maybe, membersOf, type Type } from "./type.ts";
import { typeText } from "./type-text.ts";

export function typeError(at: Position, message: string, hint?: string): LoadProblem {
  const problem = { code: "rego_type_error", message, at } as const;
  return hint === undefined ? problem : { ...problem, hint };
}

/** A call of what is no function, or is not there. */
export function undefinedFunction(at: Position, name: string): LoadProblem {
  return typeError(at, `undefined function ${name}`);
}

/** Operands that a function can never take. */
export function wrongOperands(
  at: Position,
  name: string,
  have: readonly Maybe[],
  want: FunctionType,
): LoadProblem {
  return typeError(at, `${name}: invalid argument(s)`, operandsHint(have, want));
}

/** What a call is given, and what its function takes; the answer only where it is compared. */
function operandsHint(have: readonly Maybe[], want: FunctionType): string {
  const { parameters, result } = want;
  const shown = isUnknown(have[parameters.length]) ? parameters.length : have.length;
  const wanted = [...parameters, result].slice(0, shown);
  return `have ${listText(have.slice(0, shown))}, want ${listText(wanted)}`;
}

function listText(types: readonly Maybe[]): string {
  return `(${types.map(typeText).join(", ")})`;
}

/** Two things that can never be equal. */
export function matchError(at: Position, left: Maybe, right: Maybe): LoadProblem {
  return typeError(at, "match error", `left ${typeText(left)}, right ${typeText(right)}`);
}

/** A function is called, not looked into or passed around. */
export function functionAsReference(reference: Reference): LoadProblem {
  const name = referenceText(reference);
  return typeError(reference.at, `function ${name} used as reference, not called`);
}

/** A reference to what can never be there; the hint says where it goes wrong. */
export function undefinedReference(reference: Reference, hint: string): LoadProblem {
  return typeError(reference.at, `undefined ref: ${referenceText(reference)}`, hint);
}

/** Of a reference that goes on into a number, a text or the like. */
export function nothingInside(have: Type): string {
  return `there is nothing inside ${typeText(have)}`;
}

/** Of a reference to a key that is never there. */
export function noSuchKey(key: Value, inside: Type): string {
  const names = keysByName(inside).slice(0, NAMES_MAX);
  if (names.length > 0) {
    return `have ${regoText(key)}, want one of ${names.map(regoText).join(", ")}`;
  }
  const keys = keysOf(inside);
  const want = keys === undefined ? "there are no keys" : `want ${typeText(keys)}`;
  return `have ${regoText(key)}, ${want}`;
}

/** Of more nobody reads the list. */
const NAMES_MAX = 12;

function keysByName(type: Type): readonly Value[] {
  const keys = membersOf(type).flatMap((member) =>
    member.kind === "object" ? [...member.properties.values()].map(({ key }) => key) : [],
  );
  return keys.sort(compare);
}

/** Of a reference in which a variable or a value stands for a key that it can never be. */
export function wrongKey(have: Maybe, want: Maybe): string {
  return `have ${typeText(have)}, want ${typeText(want)}`;
}
