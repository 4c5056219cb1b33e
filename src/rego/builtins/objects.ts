/** Operations on objects. */
import {
  isList,
  type Key,
  keyOf,
  objectOf,
  RegoObject,
  RegoSet,
  setOf,
  type Value,
} from "../values/value.ts";
import { array, type Builtins, object, operand } from "./builtin.ts";
import { childOf, wrongElement, wrongTypes } from "./operands.ts";

/** A key, or a path of several, which may lead through arrays and sets too. */
function get(operands: readonly Value[]): Value {
  const start = object(operands, 1);
  const asked = operand(operands, 2);
  const otherwise = operand(operands, 3);
  let found: Value = start;
  for (const key of isList(asked) ? asked : [asked]) {
    const next = childOf(found, key);
    if (next === undefined) return otherwise;
    found = next;
  }
  return found;
}

/** The keys that an array, a set or an object names. */
function namedKeys(operands: readonly Value[]): RegoSet {
  const named = operand(operands, 2);
  if (named instanceof RegoSet) return named;
  if (named instanceof RegoObject) return setOf(named.keys());
  if (isList(named)) return setOf(named);
  throw wrongTypes(2, ["object", "set", "array"], named);
}

function chosen(operands: readonly Value[], wanted: boolean): Value {
  const source = object(operands, 1);
  const keys = namedKeys(operands);
  return objectOf(source.entries().filter(([key]) => keys.has(key) === wanted));
}

function unionN(operands: readonly Value[]): Value {
  const list = array(operands, 1);
  return unionOf(
    list.map((element) => {
      if (element instanceof RegoObject) return element;
      throw wrongElement(1, list, "object", element);
    }),
  );
}

interface Gathered {
  readonly key: Value;
  /** In the order of the objects. */
  readonly values: Value[];
}

function unionOf(objects: readonly RegoObject[]): RegoObject {
  const gathered = new Map<Key, Gathered>();
  for (const each of objects) {
    for (const [key, value] of each.entries()) {
      const found = gathered.get(keyOf(key));
      if (found === undefined) gathered.set(keyOf(key), { key, values: [value] });
      else found.values.push(value);
    }
  }
  return objectOf([...gathered.values()].map(({ key, values }) => [key, lastOf(values)]));
}

/** The last value, merged with the objects that stand in a row before it if it is one too. */
function lastOf(values: readonly Value[]): Value {
  const last = values.at(-1) ?? null;
  if (!(last instanceof RegoObject)) return last;
  const start = values.findLastIndex((value) => !(value instanceof RegoObject)) + 1;
  const row = values.slice(start).filter((value) => value instanceof RegoObject);
  return row.length === 1 ? last : unionOf(row);
}

export const OBJECTS: Builtins = {
  "object.get": get,
  "object.keys": (operands) => setOf(object(operands, 1).keys()),
  "object.filter": (operands) => chosen(operands, true),
  "object.remove": (operands) => chosen(operands, false),
  "object.union": (operands) => unionOf([object(operands, 1), object(operands, 2)]),
  "object.union_n": unionN,
};
