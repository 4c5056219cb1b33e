/** `walk`: every part of a value with the path to it, from the whole to the parts. */
import { RegoObject, RegoSet, type Value } from "../values/value.ts";
import { type BuiltinCall, operand, type Relations } from "./builtin.ts";
import { elementsOf } from "./operands.ts";

interface Part {
  readonly path: readonly Value[];
  readonly value: Value;
}

/** Made as they are asked for: whoever looks for one need not pay for all. */
function* walk(operands: readonly Value[], call: BuiltinCall): Iterable<Value> {
  const open: Part[] = [{ path: [], value: operand(operands, 1) }];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { path, value } = part;
    yield [path, value];
    const inner = entriesOf(value);
    call.charge(inner.length * (path.length + 1));
    for (const [key, child] of inner.reverse()) open.push({ path: [...path, key], value: child });
  }
}

function entriesOf(value: Value): (readonly [Value, Value])[] {
  if (value instanceof RegoObject) return value.entries();
  if (value instanceof RegoSet) return value.sorted().map((element) => [element, element]);
  return (elementsOf(value) ?? []).map((element, position) => [position, element]);
}

export const WALK: Relations = { walk };
