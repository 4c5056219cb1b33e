/**
 * The values of Rego and their one total order: null < booleans < numbers < strings < arrays <
 * objects < sets. Strings by the bytes of their UTF-8; arrays and sets element by element; objects
 * pair by pair in the order of their keys, each key before its value. What is a prefix is smaller.
 *
 * Values are immutable. `undefined` is no value: it is the answer of what has none.
 */
import { canonicalNumber, compareNumbers, Decimal } from "./number.ts";

export type Value =
  | null
  | boolean
  | number
  | string
  | Decimal
  | readonly Value[]
  | RegoObject
  | RegoSet;

/** What a value is found by in a `Map`: equal values have equal keys, unequal ones never. */
export type Key = null | boolean | number | string;

/** Text keys of what is no text begin with NUL; a text that begins with it has it twice. */
const MARK = "\u0000";

export function keyOf(value: Value): Key {
  if (typeof value === "string") return value.startsWith(MARK) ? MARK + value : value;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Decimal) {
    const canonical = canonicalNumber(value);
    return typeof canonical === "number" ? canonical : `${MARK}n${canonical}`;
  }
  return MARK + innerKey(value);
}

/** Every part says its type and where it ends, so that no two values share a key. */
function innerKey(value: Value): string {
  if (typeof value === "string") return `"${value.length}:${value}`;
  if (typeof value !== "object" || value === null) return `${value};`;
  if (value instanceof Decimal) return `${canonicalNumber(value)};`;
  if (value instanceof RegoSet) return `<${value.sorted().map(innerKey).join("")}>`;
  if (value instanceof RegoObject) {
    return `{${value
      .keys()
      .map((key) => innerKey(key) + innerKey(value.get(key) ?? null))
      .join("")}}`;
  }
  return `[${value.map(innerKey).join("")}]`;
}

/** An object: its keys are any values. */
export abstract class RegoObject {
  abstract readonly size: number;
  /** How large it is, once that was asked for: zero before. */
  abstract measured: number;
  abstract get(key: Value): Value | undefined;
  /** In order. */
  abstract keys(): readonly Value[];

  has(key: Value): boolean {
    return this.get(key) !== undefined;
  }

  /** A copy with one entry more, or another value. */
  with(key: Value, value: Value): RegoObject {
    return objectOf([...this.entries(), [key, value]]);
  }

  /** In the order of the keys. */
  entries(): (readonly [Value, Value])[] {
    return this.keys().map((key) => [key, this.get(key) ?? null]);
  }
}

/** An object by the keys of its keys. */
class MappedObject extends RegoObject {
  readonly #values: ReadonlyMap<Key, Value>;
  /** The keys that are not their own `Key`. */
  readonly #others: ReadonlyMap<Key, Value>;
  override measured = 0;
  #sorted: readonly Value[] | undefined;

  constructor(values: ReadonlyMap<Key, Value>, others: ReadonlyMap<Key, Value>) {
    super();
    this.#values = values;
    this.#others = others;
  }

  override get size(): number {
    return this.#values.size;
  }

  override get(key: Value): Value | undefined {
    return this.#values.get(keyOf(key));
  }

  override keys(): readonly Value[] {
    this.#sorted ??= [...this.#values.keys()]
      .map((key) => this.#others.get(key) ?? key)
      .sort(compare);
    return this.#sorted;
  }
}

const NO_KEYS: ReadonlyMap<Key, Value> = new Map();

/** Of two entries with one key the later value stays, under the digits of the first key. */
export function objectOf(entries: Iterable<readonly [Value, Value]>): RegoObject {
  const values = new Map<Key, Value>();
  let others: Map<Key, Value> | undefined;
  for (const [key, value] of entries) {
    const found = keyOf(key);
    if (found !== key && !values.has(found)) {
      others ??= new Map();
      others.set(found, key);
    }
    values.set(found, value);
  }
  return new MappedObject(values, others ?? NO_KEYS);
}

export const EMPTY_OBJECT: RegoObject = new MappedObject(NO_KEYS, NO_KEYS);

export class RegoSet {
  /** How large it is, once that was asked for: zero before. */
  measured = 0;
  readonly #values: ReadonlyMap<Key, Value>;
  #sorted: readonly Value[] | undefined;

  constructor(values: ReadonlyMap<Key, Value>) {
    this.#values = values;
  }

  get size(): number {
    return this.#values.size;
  }

  has(value: Value): boolean {
    return this.#values.has(keyOf(value));
  }

  /** The element as the set has it, which may have other digits. */
  get(value: Value): Value | undefined {
    return this.#values.get(keyOf(value));
  }

  /** In no particular order: for what does not show it. */
  unsorted(): Iterable<Value> {
    return this.#values.values();
  }

  /** In order. */
  sorted(): readonly Value[] {
    this.#sorted ??= [...this.#values.values()].sort(compare);
    return this.#sorted;
  }
}

/** Of equal elements the first stays. */
export function setOf(elements: Iterable<Value>): RegoSet {
  const values = new Map<Key, Value>();
  for (const element of elements) {
    const key = keyOf(element);
    if (!values.has(key)) values.set(key, element);
  }
  return new RegoSet(values);
}

/** Below zero when `a` comes first, zero when they are equal. */
export function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const rank = rankOf(a);
  const other = rankOf(b);
  if (rank !== other) return rank - other;
  return compareAlike(a, b);
}

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    // One of them may still be a decimal that is worth the other's integer.
    if (!(a instanceof Decimal || b instanceof Decimal)) return false;
  }
  return compare(a, b) === 0;
}

function rankOf(value: Value): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return 1;
  if (typeof value === "number" || value instanceof Decimal) return 2;
  if (typeof value === "string") return 3;
  if (value instanceof RegoObject) return 5;
  return value instanceof RegoSet ? 6 : 4;
}

/** Both are of one type. */
function compareAlike(a: Value, b: Value): number {
  if (typeof a === "boolean") return a ? 1 : -1;
  if (a instanceof RegoObject && b instanceof RegoObject) return compareObjects(a, b);
  if (a instanceof RegoSet && b instanceof RegoSet) return compareLists(a.sorted(), b.sorted());
  if (isList(a) && isList(b)) return compareLists(a, b);
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  return 0;
}

function isNumeric(value: Value): value is number | Decimal {
  return typeof value === "number" || value instanceof Decimal;
}

/** Whether a value is an array. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const order = compare(a[i] ?? null, b[i] ?? null);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareObjects(a: RegoObject, b: RegoObject): number {
  const left = a.keys();
  const right = b.keys();
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i += 1) {
    const key = left[i] ?? null;
    const order =
      compare(key, right[i] ?? null) || compare(a.get(key) ?? null, valueAt(b, right, i));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function valueAt(object: RegoObject, keys: readonly Value[], i: number): Value {
  return object.get(keys[i] ?? null) ?? null;
}

/** By code points, which is the order of UTF-8 bytes; UTF-16 sorts surrogates elsewhere. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    if (left < 0xd800 || right < 0xd800) return left - right;
    return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points past every other unit. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
