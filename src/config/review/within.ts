/**
 * Whether every value that one JSON Schema lets through is let through by another one as well. True
 * only where it is proven; false says nothing. Each keyword of the wider schema must follow from
 * one of the narrower, and is proven for:
 *
 *   any value   type, enum, const, not, allOf, anyOf; oneOf and if/then/else if they are the same
 *   numbers     minimum, maximum and the exclusive ones; multipleOf if it is the same
 *   texts       minLength, maxLength; pattern and format if they are the same
 *   lists       minItems, maxItems, uniqueItems, items, prefixItems
 *   objects     properties, patternProperties, additionalProperties, propertyNames, required,
 *               minProperties, maxProperties, dependentRequired, dependentSchemas
 *
 * References and `unevaluated…` depend on the schemas around them, and what the validator makes of
 * `contains` on what stands beside it: with those only equal schemas are proven.
 */
import { SCHEMA_NOTES } from "../argument-schema.ts";
import { equal, type Fits, listOf, type Prover, type Schema, schemaOf } from "./schema-values.ts";
import { listWithin } from "./within-lists.ts";
import { numberWithin, textWithin } from "./within-numbers.ts";
import { objectWithin } from "./within-objects.ts";

/** Schemas held against each other; branches in branches are tried in every pairing. */
const STEPS_MAX = 20_000;

/** Kinds of values, for keywords that say nothing of other kinds. */
const KINDS: readonly (readonly [types: readonly string[], keywords: readonly string[]])[] = [
  [
    ["number", "integer"],
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  ],
  [["string"], ["minLength", "maxLength", "pattern", "format"]],
  [["array"], ["minItems", "maxItems", "uniqueItems", "items"]],
  [
    ["object"],
    ["required", "minProperties", "maxProperties", "propertyNames", "properties"].concat(
      "dependentRequired",
      "dependentSchemas",
    ),
  ],
];

/** Keywords that mean something only together, under the name of one of them. */
const TOGETHER: ReadonlyMap<string, string> = new Map([
  ["prefixItems", "items"],
  ["patternProperties", "properties"],
  ["additionalProperties", "properties"],
  ["then", "if"],
  ["else", "if"],
]);

const ELSEWHERE = new Set(
  ["$ref", "unevaluatedItems", "unevaluatedProperties"].concat([
    "contains",
    "minContains",
    "maxContains",
  ]),
);

/** Keywords that check nothing by themselves. */
const SILENT = new Set([...SCHEMA_NOTES, "$defs", "definitions"]);

export function isWithin(narrow: unknown, wide: unknown, fits: Fits): boolean {
  if (equal(narrow, wide)) return true;
  if (dependsOnItsPlace(narrow) || dependsOnItsPlace(wide)) return false;
  let steps = 0;
  const prover: Prover = {
    fits,
    equal,
    within: (one, other) => {
      steps += 1;
      if (steps > STEPS_MAX) return false;
      if (one === false || other === true || equal(one, other)) return true;
      if (other === false) return false;
      return partsOf(schemaOf(other)).every(([name, part]) =>
        follows(schemaOf(one), name, part, prover),
      );
    },
  };
  return prover.within(narrow, wide);
}

/** Whether it has a keyword whose meaning lies elsewhere; a property of that name counts too. */
function dependsOnItsPlace(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  return Object.entries(schema).some(
    ([key, value]) => ELSEWHERE.has(key) || dependsOnItsPlace(value),
  );
}

type Part = readonly [name: string, part: Schema];

/** A schema is the conjunction of these. */
function partsOf(schema: Schema): readonly Part[] {
  const parts = new Map<string, Record<string, unknown>>();
  for (const [keyword, value] of Object.entries(schema)) {
    if (SILENT.has(keyword)) continue;
    const name = TOGETHER.get(keyword) ?? keyword;
    const part = parts.get(name) ?? {};
    part[keyword] = value;
    parts.set(name, part);
  }
  return [...parts];
}

/** What holds in one part of a conjunction, or in each of some alternatives, holds. */
function follows(schema: Schema, name: string, part: Schema, prover: Prover): boolean {
  if (followsHere(schema, name, part, prover)) return true;
  const inside = (branch: unknown) => prover.within(branch, part);
  if (listOf(schema.allOf).some(inside)) return true;
  const alternatives = [listOf(schema.anyOf), listOf(schema.oneOf)];
  return alternatives.some((branches) => branches.length > 0 && branches.every(inside));
}

function followsHere(schema: Schema, name: string, part: Schema, prover: Prover): boolean {
  const values = fewValues(schema);
  if (values !== null) {
    return values.every((value) => !prover.fits(schema, value) || prover.fits(part, value));
  }
  const types = typesOf(schema.type);
  const kind = KINDS.find(([, keywords]) => keywords.includes(name));
  if (kind?.[0].every((type) => !types.has(type))) return true;
  switch (kind?.[0][0]) {
    case "number":
      return numberWithin(schema, part, prover);
    case "string":
      return textWithin(schema, part, prover);
    case "array":
      return listWithin(schema, part, prover);
    case "object":
      return objectWithin(schema, part, prover);
    default:
      return anyWithin(schema, part, { types, prover });
  }
}

interface Held {
  readonly types: ReadonlySet<string>;
  readonly prover: Prover;
}

function anyWithin(schema: Schema, part: Schema, { prover, types }: Held): boolean {
  const [keyword = ""] = Object.keys(part);
  switch (keyword) {
    case "type": {
      const wide = typesOf(part.type);
      return [...types].every((type) => wide.has(type));
    }
    case "not":
      return schema.not !== undefined && prover.within(part.not, schema.not);
    case "allOf":
      return listOf(part.allOf).every((wide) => prover.within(schema, wide));
    case "anyOf":
      return listOf(part.anyOf).some((wide) => prover.within(schema, wide));
    case "oneOf":
      return prover.equal(schema.oneOf, part.oneOf);
    case "if":
    case "then":
    case "else":
      return ["if", "then", "else"].every((key) => same(schema[key], part[key]));
    default:
      // Values that are listed were looked at before; what is not known is not proven.
      return false;
  }
}

/** Also where both are missing. */
function same(one: unknown, other: unknown): boolean {
  return one === undefined ? other === undefined : equal(one, other);
}

/** All values that can be valid, where they are few. */
function fewValues({ const: only, enum: listed, type }: Schema): readonly unknown[] | null {
  if (only !== undefined) return [only];
  if (Array.isArray(listed)) return listed;
  if (type === "boolean") return [true, false];
  return type === "null" ? [null] : null;
}

const TYPES = ["null", "boolean", "object", "array", "string", "number", "integer"];

function typesOf(type: unknown): ReadonlySet<string> {
  const named = typeof type === "string" ? [type] : listOf(type).map(String);
  if (type === undefined) return new Set(TYPES);
  // Whole numbers are numbers.
  return new Set(named.includes("number") ? [...named, "integer"] : named);
}
