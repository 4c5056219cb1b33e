/**
 * JSON Schema 2020-12 of a tool's arguments or result, held at load against all that would make it
 * check less than it says: unknown keywords, references that lead nowhere, patterns that do not
 * parse.
 *
 * Whoever writes a manifest is trusted; the agent that fills in the arguments and the tool that
 * answers are not: what can take long on long input needs a bound in the schema or is warned of.
 */
import { nearest } from "./issues.ts";
import type { Path } from "./source.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface SchemaProblem {
  /** Inside the schema. */
  readonly path: Path;
  readonly expected: string;
  readonly hint: string;
  /** It is enforced as far as it says, and still deserves a look. */
  readonly warning: boolean;
}

/** Each item is compared with each other one. */
export const UNIQUE_ITEMS_MAX = 1000;

/** Formats that are checked: each by one pass over the text. The others are annotations. */
export const FORMATS = ["date", "time", "date-time", "uuid", "ipv4", "ipv6"];

/** Keywords whose value is a schema, a list of schemas, or a map of schemas. */
const ONE = ["not", "if", "then", "else", "items", "contains", "additionalProperties"].concat([
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
]);
const LIST = ["allOf", "anyOf", "oneOf", "prefixItems"];
const MAP = ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];
/** Keywords that check a value by themselves. */
const OWN = ["type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum"].concat(
  ["minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems"],
  ["uniqueItems", "maxContains", "minContains", "maxProperties", "minProperties", "required"],
  ["dependentRequired", "format", "$ref"],
);
/** Keywords that check nothing and are known to. */
export const SCHEMA_NOTES = [
  "$schema",
  "$comment",
  "title",
  "description",
  "default",
  "deprecated",
].concat(["readOnly", "writeOnly", "examples"]);
const KNOWN = new Set([...ONE, ...LIST, ...MAP, ...OWN, ...SCHEMA_NOTES]);

/** Keywords whose schemas look at the same value: a ring of these would never end. */
const IN_PLACE = new Set(["allOf", "anyOf", "oneOf", "not", "if", "then", "else"]).add(
  "dependentSchemas",
);

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

const HINTS: Readonly<Record<string, string>> = {
  $id: 'Remove it: references stay within the schema, like "#/$defs/name".',
  $anchor: 'Remove it, and refer by path: "#/$defs/name".',
  $dynamicRef: 'Use $ref: "#/$defs/name".',
  dependencies: "Use dependentRequired or dependentSchemas.",
  nullable: 'Use type: [string, "null"] or the like.',
};

interface Walk {
  readonly problems: SchemaProblem[];
  /** Schemas by their place, with the places that look at the same value. */
  readonly same: Map<string, string[]>;
  readonly references: { readonly path: Path; readonly to: string }[];
}

/** All that is wrong with a schema beyond the form of each keyword's value. */
export function schemaProblems(schema: JsonSchema): SchemaProblem[] {
  const walk: Walk = { problems: [], same: new Map(), references: [] };
  visit(schema, [], walk);
  for (const { path, to } of walk.references) {
    if (walk.same.has(to)) continue;
    const hint = 'References stay within the schema, like "#/$defs/name": add it there.';
    problem(walk, path, "a reference to a part of this schema", hint);
  }
  for (const { path } of walk.references) {
    if (!isRing(pointerOf(path.slice(0, -1)), walk.same)) continue;
    const hint = "It leads back to itself without looking at a smaller value: it would never end.";
    problem(walk, path, "a reference that ends", hint);
  }
  return walk.problems;
}

function visit(schema: unknown, path: Path, walk: Walk): void {
  const place = pointerOf(path);
  walk.same.set(place, []);
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return;
  // A map of the file: its keys are texts.
  const keywords = schema as JsonSchema;
  for (const [keyword, value] of Object.entries(keywords)) {
    const at = [...path, keyword];
    if (!KNOWN.has(keyword)) problem(walk, at, "a keyword that is checked", hintOf(keyword));
    for (const inner of schemasIn(keyword, value)) {
      if (IN_PLACE.has(keyword)) walk.same.get(place)?.push(pointerOf([...at, ...inner]));
      visit(partOf(value, inner), [...at, ...inner], walk);
    }
  }
  checkReference(keywords, path, walk);
  checkTexts(keywords, path, walk);
  checkLists(keywords, path, walk);
}

function hintOf(keyword: string): string {
  const near = nearest(keyword, KNOWN);
  const own = Object.hasOwn(HINTS, keyword) ? HINTS[keyword] : undefined;
  return own ?? (near ? `Did you mean "${near}"?` : "Remove it: nothing would check it.");
}

/** Where inside a keyword's value there are schemas. */
function schemasIn(keyword: string, value: unknown): Path[] {
  if (ONE.includes(keyword)) return [[]];
  if (LIST.includes(keyword)) {
    return Array.isArray(value) ? value.map((_, index) => [index]) : [];
  }
  if (!MAP.includes(keyword) || typeof value !== "object" || value === null) return [];
  return Object.keys(value).map((name) => [name]);
}

function partOf(value: unknown, [key]: Path): unknown {
  if (key === undefined) return value;
  // `schemasIn` names keys of what it was given.
  return (value as Readonly<Record<string | number, unknown>>)[key];
}

function checkReference({ $ref, $schema }: JsonSchema, path: Path, walk: Walk): void {
  if ($schema !== undefined && ($schema !== DIALECT || path.length > 0)) {
    problem(walk, [...path, "$schema"], `"${DIALECT}", at the top`, "Remove it.");
  }
  if (typeof $ref !== "string") return;
  const to = $ref.startsWith("#") ? $ref.slice(1) : $ref;
  walk.references.push({ path: [...path, "$ref"], to: to === $ref ? "elsewhere" : to });
  walk.same.get(pointerOf(path))?.push(to);
}

function checkTexts(schema: JsonSchema, path: Path, walk: Walk): void {
  const { pattern, patternProperties, format } = schema;
  if (typeof pattern === "string") {
    checkPattern(pattern, [...path, "pattern"], walk);
    if (schema.maxLength === undefined && schema.enum === undefined && schema.const === undefined) {
      const hint = "Add maxLength: on long texts a pattern can take long, for all agents.";
      warn(walk, [...path, "pattern"], "a maxLength beside the pattern", hint);
    }
  }
  if (typeof patternProperties === "object") {
    for (const name of Object.keys(patternProperties ?? {})) {
      checkPattern(name, [...path, "patternProperties", name], walk);
    }
  }
  if (typeof format === "string" && !FORMATS.includes(format)) {
    const hint = `Nothing checks this format, only ${FORMATS.join(", ")}: write a pattern.`;
    warn(walk, [...path, "format"], "a format that is checked", hint);
  }
}

function checkPattern(pattern: string, path: Path, walk: Walk): void {
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = error.message.split(": ").at(-1) ?? "";
    problem(walk, path, "a regular expression as in JavaScript", `It does not parse: ${why}.`);
  }
}

function checkLists({ uniqueItems, maxItems, ...schema }: JsonSchema, path: Path, walk: Walk) {
  if (uniqueItems === true && !(typeof maxItems === "number" && maxItems <= UNIQUE_ITEMS_MAX)) {
    const hint = `Add maxItems, at most ${UNIQUE_ITEMS_MAX}: each item is compared with each other.`;
    problem(walk, [...path, "uniqueItems"], "a maxItems beside it", hint);
  }
  // The validator lets an empty list through `contains` where `prefixItems` stands beside it.
  const isEmptyLetIn = schema.minContains !== 0 && !(Number(schema.minItems) >= 1);
  if ("contains" in schema && "prefixItems" in schema && isEmptyLetIn) {
    const hint = "Add minItems: 1, or put contains into an allOf: else an empty list would pass.";
    problem(walk, [...path, "contains"], "a minItems beside it and prefixItems", hint);
  }
  if (Array.isArray(schema.enum) && schema.enum.length === 0) {
    problem(walk, [...path, "enum"], "at least one value", "Nothing would ever fit: add values.");
  }
}

function problem(walk: Walk, path: Path, expected: string, hint: string): void {
  walk.problems.push({ path, expected, hint, warning: false });
}

function warn(walk: Walk, path: Path, expected: string, hint: string): void {
  walk.problems.push({ path, expected, hint, warning: true });
}

/** Whether a place leads back to itself over places that look at the same value. */
function isRing(start: string, same: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const ahead = [...(same.get(start) ?? [])];
  for (let place = ahead.pop(); place !== undefined; place = ahead.pop()) {
    if (place === start) return true;
    if (seen.has(place)) continue;
    seen.add(place);
    ahead.push(...(same.get(place) ?? []));
  }
  return false;
}

/** RFC 6901. */
function pointerOf(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** A pointer into a value → the path to it, with numbers where it goes through lists. */
export function pathOf(pointer: string, value: unknown): Path {
  let part = value;
  return pointer
    .split("/")
    .slice(1)
    .map((written) => {
      const key = written.replaceAll("~1", "/").replaceAll("~0", "~");
      const isList = Array.isArray(part);
      // Of what is no object nothing is taken.
      part = Object(part)[key] as unknown;
      return isList ? Number(key) : key;
    });
}
