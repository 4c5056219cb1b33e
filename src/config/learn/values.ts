/** What JSON values have in common → a JSON Schema that all of them fit, and little else. */
import type { JsonSchema } from "../argument-schema.ts";
import { near } from "./near.ts";
import { textKeywords } from "./texts.ts";

/** As deep as a manifest may be nested, with what stands around a schema. */
const DEPTH_MAX = 10;
/** An object with more names is a map: its keys are data. */
const PROPERTIES_MAX = 40;
/** So few values, each seen again and again, are all that there are. */
const DISTINCT_MAX = 12;
const SEEN_MIN = 20;
const SEEN_FOR_EACH = 4;
const ENUM_CHARACTERS_MAX = 200;
/** Names that no file of the folder can have as a key. */
const UNWRITABLE = new Set(["__proto__", "<<"]);

export function schemaOf(values: readonly unknown[], depth = 0): JsonSchema {
  if (depth > DEPTH_MAX) return {};
  const few = theFew(values);
  if (few !== null) return { enum: few };
  const parts = partsOf(values);
  const types = typesIn(parts);
  const [only, ...others] = types;
  return {
    type: others.length === 0 ? only : types,
    ...numberKeywords(parts.numbers),
    ...(parts.texts.length > 0 ? textKeywords(parts.texts) : {}),
    ...listKeywords(parts.lists, depth),
    ...objectKeywords(parts.objects, depth),
  };
}

/** Whether something in it stands so deep that its schema lets anything through. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (depth > DEPTH_MAX) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((part) => isTooDeep(part, depth + 1));
}

interface Parts {
  readonly nulls: readonly null[];
  readonly booleans: readonly boolean[];
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
  readonly lists: readonly (readonly unknown[])[];
  readonly objects: readonly Readonly<Record<string, unknown>>[];
}

function partsOf(values: readonly unknown[]): Parts {
  return {
    nulls: values.filter((value) => value === null),
    booleans: values.filter((value) => typeof value === "boolean"),
    numbers: values.filter((value) => typeof value === "number"),
    texts: values.filter((value) => typeof value === "string"),
    lists: values.filter((value) => Array.isArray(value)),
    objects: values.filter(isMap),
  };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typesIn({ booleans, lists, nulls, numbers, objects, texts }: Parts): readonly string[] {
  const numeric = numbers.every((number) => Number.isInteger(number)) ? "integer" : "number";
  const all = [
    ["boolean", booleans],
    [numeric, numbers],
    ["string", texts],
    ["array", lists],
    ["object", objects],
    ["null", nulls],
  ] as const;
  return all.flatMap(([type, some]) => (some.length > 0 ? [type] : []));
}

type Scalar = string | number | boolean | null;

/** All values that there are, it seems; null: others may come. */
function theFew(values: readonly unknown[]): readonly Scalar[] | null {
  const distinct = new Set<Scalar>();
  for (const value of values) {
    if (!isShort(value)) return null;
    distinct.add(value);
    if (distinct.size > DISTINCT_MAX) return null;
  }
  if (values.length < Math.max(SEEN_MIN, SEEN_FOR_EACH * distinct.size)) return null;
  // Truth has but two values.
  if (distinct.size === 2 && distinct.has(true) && distinct.has(false)) return null;
  return [...distinct].sort((one, other) => (String(one) < String(other) ? -1 : 1));
}

function isShort(value: unknown): value is Scalar {
  if (typeof value === "string") {
    return value.length <= ENUM_CHARACTERS_MAX && value.isWellFormed();
  }
  return value === null || typeof value === "boolean" || typeof value === "number";
}

function numberKeywords(numbers: readonly number[]): JsonSchema {
  if (numbers.length === 0) return {};
  const [min, max] = boundsOf(numbers);
  return { minimum: near(min, "below"), maximum: near(max, "above") };
}

function listKeywords(lists: readonly (readonly unknown[])[], depth: number): JsonSchema {
  if (lists.length === 0) return {};
  const [min, max] = boundsOf(lists.map(({ length }) => length));
  const least = min > 0 ? { minItems: 1 } : {};
  const items = max > 0 ? { items: schemaOf(lists.flat(), depth + 1) } : {};
  return { ...items, ...least, maxItems: near(max, "above") };
}

function objectKeywords(objects: Parts["objects"], depth: number): JsonSchema {
  if (objects.length === 0) return {};
  const values = new Map<string, unknown[]>();
  for (const [name, value] of objects.flatMap((one) => Object.entries(one))) {
    // No honest caller sends such a name: it stays refused.
    if (UNWRITABLE.has(name) || !name.isWellFormed()) continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  if (values.size > PROPERTIES_MAX) return mapKeywords(objects, values, depth);
  const all = [...values].sort(([one], [other]) => (one < other ? -1 : 1));
  const required = all.filter(([, some]) => some.length === objects.length).map(([name]) => name);
  return {
    properties: Object.fromEntries(all.map(([name, some]) => [name, schemaOf(some, depth + 1)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function mapKeywords(
  objects: Parts["objects"],
  values: ReadonlyMap<string, readonly unknown[]>,
  depth: number,
): JsonSchema {
  const [, most] = boundsOf(objects.map((one) => Object.keys(one).length));
  return {
    propertyNames: textKeywords([...values.keys()]),
    additionalProperties: schemaOf([...values.values()].flat(), depth + 1),
    maxProperties: near(most, "above"),
  };
}

/** Without spreading: there may be more than a call takes arguments. */
function boundsOf(numbers: readonly number[]): readonly [min: number, max: number] {
  return numbers.reduce<readonly [number, number]>(
    ([min, max], number) => [Math.min(min, number), Math.max(max, number)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}
