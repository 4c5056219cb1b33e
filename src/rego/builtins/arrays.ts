/** Operations on arrays. */
import { isList, type Value } from "../values/value.ts";
import { array, type Builtins } from "./builtin.ts";
import { machineInteger } from "./operands.ts";

/** Positions outside of the array are moved to its ends. */
function slice(operands: readonly Value[]): Value {
  const elements = array(operands, 1);
  const from = Math.max(0, machineInteger(operands, 2));
  const to = Math.max(0, machineInteger(operands, 3));
  return from >= to ? [] : elements.slice(from, to);
}

/** One level. */
function flatten(operands: readonly Value[]): Value {
  const flat: Value[] = [];
  for (const element of array(operands, 1)) {
    if (!isList(element)) flat.push(element);
    else for (const inner of element) flat.push(inner);
  }
  return flat;
}

export const ARRAYS: Builtins = {
  "array.concat": (operands) => array(operands, 1).concat(array(operands, 2)),
  "array.flatten": flatten,
  "array.reverse": (operands) => [...array(operands, 1)].reverse(),
  "array.slice": slice,
};
