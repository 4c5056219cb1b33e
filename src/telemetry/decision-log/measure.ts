/** How large a value is, by a bounded walk: what is noted must cost a call next to nothing. */

/** Of the input or the result of one decision. */
export const VALUE_BYTES_MAX = 1024 * 1024;
/** Members and elements that are looked at. */
export const VALUE_NODES_MAX = 20_000;
/** Objects and lists in one another; engines and far ends give up somewhere beyond. */
export const VALUE_DEPTH_MAX = 200;

/** A name, a number or a bracket, roughly. */
const NODE_BYTES = 16;

export type Measured =
  /** About the memory it takes. */
  | { readonly kind: "fits"; readonly bytes: number }
  | { readonly kind: "large" }
  | { readonly kind: "no-json" };

interface Level {
  readonly values: readonly unknown[];
  next: number;
}

/** Of a value that is, or should be, JSON. Members that are undefined are as if absent. */
export function measure(value: unknown): Measured {
  const open: Level[] = [{ values: [value], next: 0 }];
  let bytes = 0;
  let nodes = 0;
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    if (level.next >= level.values.length) {
      open.pop();
      continue;
    }
    const one = level.values[level.next];
    level.next += 1;
    nodes += 1;
    bytes += NODE_BYTES + (typeof one === "string" ? one.length : 0);
    if (bytes > VALUE_BYTES_MAX || nodes > VALUE_NODES_MAX) return { kind: "large" };
    if (!isJson(one)) return { kind: "no-json" };
    if (typeof one !== "object" || one === null) continue;
    if (open.length > VALUE_DEPTH_MAX) return { kind: "large" };
    const inside = within(one, VALUE_NODES_MAX);
    if (inside === null) return { kind: "large" };
    bytes += inside.nameBytes;
    open.push({ values: inside.values, next: 0 });
  }
  return { kind: "fits", bytes };
}

function isJson(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      return value === null || Array.isArray(value) || isPlain(value);
    case "bigint":
    case "function":
    case "symbol":
      return false;
  }
}

/** A class may write itself as anything, or fail to. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function within(
  value: object,
  max: number,
): { readonly values: readonly unknown[]; readonly nameBytes: number } | null {
  if (Array.isArray(value)) return value.length > max ? null : { values: value, nameBytes: 0 };
  const names = Object.keys(value);
  if (names.length > max) return null;
  let nameBytes = 0;
  for (const name of names) nameBytes += name.length;
  return { values: Object.values(value), nameBytes };
}
