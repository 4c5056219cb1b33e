/** How the keywords of a schema are read; what is wrong is said in the words of OPA's library. */
import { Decimal, type Numeric } from "../values/number.ts";
import { isList, RegoObject, type Value } from "../values/value.ts";

export type Draft = 4 | 6 | 7 | "hybrid";

export function isAtLeast(draft: Draft, version: 6 | 7): boolean {
  return draft === "hybrid" || draft >= version;
}

export function invalidType(expected: string, given: string): Error {
  return new Error(`Invalid type. Expected: ${expected}, given: ${given}`);
}

export function isSchema(value: Value | undefined): value is boolean | RegoObject {
  return typeof value === "boolean" || value instanceof RegoObject;
}

export function textOf(schema: RegoObject, key: string): string | undefined {
  const value = schema.get(key);
  if (value === undefined || typeof value === "string") return value;
  throw invalidType("string", key);
}

export function listOf(schema: RegoObject, key: string): readonly Value[] | undefined {
  const value = schema.get(key);
  if (value === undefined || isList(value)) return value;
  throw new Error(`${key} must be of an array`);
}

export function isNumeric(value: Value | undefined): value is Numeric {
  return typeof value === "number" || value instanceof Decimal;
}

/** A limit of a number. */
export function numberAt(schema: RegoObject, key: string): Numeric | undefined {
  const value = schema.get(key);
  if (value === undefined || isNumeric(value)) return value;
  throw new Error(`${key} must be of a Number`);
}

/** A count: whole, and written so. */
export function countAt(schema: RegoObject, key: string): number | undefined {
  const value = schema.get(key);
  if (value === undefined) return undefined;
  if (typeof value !== "number") throw new Error(`${key} must be of an integer`);
  if (value < 0) throw new Error(`${key} must be greater than or equal to 0`);
  return value;
}

const TYPES = ["array", "boolean", "integer", "number", "null", "object", "string"];

export function typesOf(schema: RegoObject): readonly string[] {
  const value = schema.get("type");
  if (value === undefined) return [];
  const names = isList(value) ? value : [value];
  const types: string[] = [];
  for (const name of names) {
    if (typeof name !== "string") throw invalidType("type", "string/Array Of Strings");
    if (!TYPES.includes(name)) throw notAType(name);
    if (types.includes(name)) throw new Error(`${name} type is duplicated`);
    types.push(name);
  }
  return types;
}

function notAType(name: string): Error {
  const valid = `Expected valid values are:[${TYPES.join(" ")}]`;
  return new Error(`has a primitive type that is NOT VALID -- given: /${name}/ ${valid}`);
}
