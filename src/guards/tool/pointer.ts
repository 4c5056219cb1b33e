/** RFC 6901: what a JSON pointer finds in a value. */

/**
 * Undefined: nothing is there, or the pointer is none. Only what the value has itself is found:
 * `/constructor` finds nothing in `{}`.
 */
export function readPointer(document: unknown, pointer: string): unknown {
  if (pointer === "") return document;
  const [before, ...tokens] = pointer.split("/");
  if (before !== "") return undefined;
  let value = document;
  for (const token of tokens) {
    if (/~(?![01])/.test(token)) return undefined;
    value = childOf(value, token.replaceAll("~1", "/").replaceAll("~0", "~"));
  }
  return value;
}

const ARRAY_INDEX = /^(?:0|[1-9]\d*)$/;

function childOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return ARRAY_INDEX.test(key) ? value[Number(key)] : undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}
