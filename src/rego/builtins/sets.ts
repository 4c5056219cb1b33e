/** Operations on sets. Of equal elements with other digits the first one stays. */
import { equal, isList, RegoObject, RegoSet, setOf, type Value } from "../values/value.ts";
import { setDifference } from "./arithmetic.ts";
import { type Builtins, operand, set, wrongType } from "./builtin.ts";
import { childOf } from "./operands.ts";

function unionOf(sets: readonly RegoSet[]): RegoSet {
  return setOf(sets.flatMap((each) => [...each.unsorted()]));
}

/** The elements are those of the smaller set. */
function intersectionOf(a: RegoSet, b: RegoSet): RegoSet {
  const [smaller, larger] = b.size < a.size ? [b, a] : [a, b];
  const shared: Value[] = [];
  for (const element of smaller.unsorted()) if (larger.has(element)) shared.push(element);
  return setOf(shared);
}

/** The sets in a set. */
function setsOf(operands: readonly Value[]): readonly RegoSet[] {
  return set(operands, 1)
    .sorted()
    .map((element) => {
      if (element instanceof RegoSet) return element;
      throw wrongType(1, "set", element);
    });
}

function intersection(operands: readonly Value[]): Value {
  const [first, ...rest] = setsOf(operands);
  return first === undefined ? setOf([]) : rest.reduce(intersectionOf, first);
}

/** `x in xs`. What is no collection has no members. */
function isMember(operands: readonly Value[]): Value {
  const member = operand(operands, 1);
  const collection = operand(operands, 2);
  if (collection instanceof RegoSet) return collection.has(member);
  if (collection instanceof RegoObject) {
    return collection.entries().some(([, value]) => equal(value, member));
  }
  return isList(collection) && collection.some((element) => equal(element, member));
}

/** `k, x in xs` */
function isMemberAt(operands: readonly Value[]): Value {
  const value = childOf(operand(operands, 3), operand(operands, 1));
  return value !== undefined && equal(value, operand(operands, 2));
}

export const SETS: Builtins = {
  and: (operands) => intersectionOf(set(operands, 1), set(operands, 2)),
  or: (operands) => unionOf([set(operands, 1), set(operands, 2)]),
  set_diff: (operands) => setDifference(set(operands, 1), set(operands, 2)),
  union: (operands) => unionOf(setsOf(operands)),
  intersection,
  "internal.member_2": isMember,
  "internal.member_3": isMemberAt,
};
