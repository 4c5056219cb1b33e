/**
 * Schemas of an OpenAPI document → JSON Schema 2020-12. Those of 3.1 are that already, but for
 * notes that check nothing; those of 3.0 say some things in another way.
 */
import { FORMATS, UNIQUE_ITEMS_MAX } from "../argument-schema.ts";
import { isMap, type JsonMap, outsideWords, pointed, pointerOf } from "./references.ts";

/** Schemas that one tool's arguments may refer to, over all steps. */
const DEFINITIONS_MAX = 500;

/** Keywords that check nothing here. */
const NOTES = [
  "xml",
  "externalDocs",
  "example",
  "examples",
  "discriminator",
  "contentEncoding",
].concat(["contentMediaType", "contentSchema", "readOnly", "writeOnly", "deprecated", "nullable"]);
const ONE = ["not", "if", "then", "else", "items", "contains", "additionalProperties"].concat([
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
]);
const LIST = ["allOf", "anyOf", "oneOf", "prefixItems"];
const MAPS = ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];

/** The schemas of one tool, while they are read. */
export interface Reading {
  readonly root: JsonMap;
  /** OpenAPI 3.0, whose schemas are a dialect of their own. */
  readonly isOld: boolean;
  /** Pointers of what is referred to. */
  readonly pointers: Set<string>;
  /** Why these schemas cannot be read. */
  problem: string | null;
}

export function newReading(root: JsonMap, isOld: boolean): Reading {
  return { root, isOld, pointers: new Set(), problem: null };
}

/** One schema, with references to `$defs` that `definitionsOf` makes. */
export function readSchema(node: unknown, reading: Reading): unknown {
  if (!isMap(node)) return node;
  const plain = reading.isOld ? modern(node) : node;
  const entries = Object.entries(plain).flatMap(([keyword, value]): [string, unknown][] => {
    if (NOTES.includes(keyword) || keyword.startsWith("x-")) return [];
    if (keyword === "$ref") return [["$ref", referenceTo(value, reading)]];
    if (keyword === "format" && !FORMATS.some((format) => format === value)) return [];
    return [[keyword, readKeyword(keyword, value, reading)]];
  });
  const schema = Object.fromEntries(entries);
  const { maxItems, uniqueItems } = schema;
  if (uniqueItems !== true || (typeof maxItems === "number" && maxItems <= UNIQUE_ITEMS_MAX)) {
    return schema;
  }
  return { ...schema, maxItems: UNIQUE_ITEMS_MAX };
}

/** Everything that was referred to, and what that refers to. */
export function definitionsOf(reading: Reading): JsonMap {
  const definitions = new Map<string, unknown>();
  // A set that grows while it is gone through is gone through to its end.
  for (const pointer of reading.pointers) {
    if (definitions.size >= DEFINITIONS_MAX) {
      reading.problem ??= `its schemas refer to more than ${DEFINITIONS_MAX} others`;
      break;
    }
    const node = pointed(pointer, reading.root);
    if (!isMap(node) && typeof node !== "boolean") {
      reading.problem ??= `its reference #${pointer.slice(0, 100)} leads to no schema`;
    }
    definitions.set(nameOf(pointer), readSchema(node, reading));
  }
  return Object.fromEntries(definitions);
}

function readKeyword(keyword: string, value: unknown, reading: Reading): unknown {
  const read = (inner: unknown) => readSchema(inner, reading);
  if (ONE.includes(keyword)) return read(value);
  if (LIST.includes(keyword) && Array.isArray(value)) return value.map(read);
  if (!MAPS.includes(keyword) || !isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, read(inner)]));
}

function referenceTo(reference: unknown, reading: Reading): string {
  const pointer = pointerOf(reference);
  if (pointer === null) {
    reading.problem ??= outsideWords(reference);
    return "#";
  }
  reading.pointers.add(pointer);
  return `#/$defs/${nameOf(pointer)}`;
}

/** A name of its own for each pointer, and where it can be a plain one, that. */
function nameOf(pointer: string): string {
  const [, plain] = /^\/components\/schemas\/([A-Za-z][\w.-]*)$/.exec(pointer) ?? [];
  if (plain !== undefined) return plain;
  return pointer.replace(
    /[^A-Za-z0-9.-]/gu,
    (character) => `_${character.codePointAt(0)?.toString(16)}_`,
  );
}

/** A schema of OpenAPI 3.0 in the words of 2020-12. */
function modern(node: JsonMap): JsonMap {
  // What stands beside a reference means nothing there.
  if (Object.hasOwn(node, "$ref")) return { $ref: node.$ref };
  const plain = { ...node };
  for (const [flag, bound] of BOUNDS) {
    if (typeof plain[flag] !== "boolean") continue;
    const isStrict = plain[flag] === true;
    delete plain[flag];
    if (!isStrict || !Object.hasOwn(plain, bound)) continue;
    plain[flag] = plain[bound];
    delete plain[bound];
  }
  return node.nullable === true ? orNull(plain) : plain;
}

const BOUNDS = [
  ["exclusiveMinimum", "minimum"],
  ["exclusiveMaximum", "maximum"],
] as const;

function orNull(schema: Record<string, unknown>): JsonMap {
  const { nullable: _, description, ...rest } = schema;
  const told = description === undefined ? {} : { description };
  return { ...told, anyOf: [rest, { type: "null" }] };
}
