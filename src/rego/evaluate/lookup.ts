/** Finding a part of a value, and going through all of its parts. */
import { Decimal, wholeOf } from "../values/number.ts";
import { isList, RegoObject, RegoSet, type Value } from "../values/value.ts";

/** What `value[key]` is: of a set the element itself. Texts and numbers have no parts. */
export function lookup(value: Value, key: Value): Value | undefined {
  if (value instanceof RegoObject) return value.get(key);
  if (value instanceof RegoSet) return value.get(key);
  if (!isList(value)) return undefined;
  const index = key instanceof Decimal ? Number(wholeOf(key)) : key;
  return typeof index === "number" ? value[index] : undefined;
}

/** Whether a value has parts. */
export function hasParts(value: Value): boolean {
  return value instanceof RegoObject || value instanceof RegoSet || isList(value);
}

/**
 * Calls `each` with every key and part in order until it answers true; whether it did.
 * Of what has no parts there are none.
 */
export function someEntry(value: Value, each: (key: Value, part: Value) => boolean): boolean {
  if (isList(value)) {
    for (let i = 0; i < value.length; i += 1) if (each(i, value[i] ?? null)) return true;
    return false;
  }
  if (value instanceof RegoSet) {
    for (const element of value.sorted()) if (each(element, element)) return true;
    return false;
  }
  if (!(value instanceof RegoObject)) return false;
  for (const key of value.keys()) if (each(key, value.get(key) ?? null)) return true;
  return false;
}
