/** `object.subset`: whether all of one value is found in another. */
import { equal, isList, RegoObject, RegoSet, type Value } from "../values/value.ts";
import { type BuiltinCall, BuiltinError, type Builtins, operand } from "./builtin.ts";

function subset(operands: readonly Value[], call: BuiltinCall): Value {
  const whole = operand(operands, 1);
  const part = operand(operands, 2);
  const found = contains(whole, part, call) ?? arrayHasSet(whole, part);
  if (found !== undefined) return found;
  throw new BuiltinError(
    "eval_type_error",
    "both arguments object.subset must be of the same type or array and set",
  );
}

/** Undefined when they are no two collections of one type. */
function contains(whole: Value, part: Value, call: BuiltinCall): boolean | undefined {
  if (whole instanceof RegoObject && part instanceof RegoObject) {
    return objectContains(whole, part, call);
  }
  if (whole instanceof RegoSet && part instanceof RegoSet) {
    return part.sorted().every((element) => whole.has(element));
  }
  if (isList(whole) && isList(part)) return arrayContains(whole, part, call);
  return undefined;
}

/** Collections under one key are compared by the same rules, all else by equality. */
function objectContains(whole: RegoObject, part: RegoObject, call: BuiltinCall): boolean {
  return part.entries().every(([key, value]) => {
    const other = whole.get(key);
    if (other === undefined) return false;
    return equal(other, value) || contains(other, value, call) === true;
  });
}

/** In one piece and in order. */
function arrayContains(
  whole: readonly Value[],
  part: readonly Value[],
  call: BuiltinCall,
): boolean {
  for (let start = 0; start + part.length <= whole.length; start += 1) {
    let same = 0;
    while (same < part.length && equal(whole[start + same] ?? null, part[same] ?? null)) same += 1;
    call.charge(same);
    if (same === part.length) return true;
  }
  return false;
}

/**
 * OPA counts every element of the array that is in the set, repeated ones too, until it has
 * counted as many as the set has: `[1, 1]` counts as having `{1, 2}`, and only an array that has
 * elements as having the empty set.
 */
function arrayHasSet(whole: Value, part: Value): boolean | undefined {
  if (!(isList(whole) && part instanceof RegoSet)) return undefined;
  let missing = part.size;
  for (const element of whole) {
    if (part.has(element)) missing -= 1;
    if (missing === 0) return true;
  }
  return false;
}

export const SUBSET: Builtins = { "object.subset": subset };
