/** What the YAML of a `# METADATA` block says, as OPA's annotations have it. */
import type { Annotation } from "../syntax/ast.ts";
import { numberText } from "../values/number.ts";
import { EMPTY_OBJECT, objectOf, RegoObject, type Value } from "../values/value.ts";
import { author, relatedResource, schema } from "./fields.ts";

export interface Metadata {
  /** As written, if it was. */
  readonly scope: string;
  readonly entrypoint: boolean;
  /** Everything but the scope, as `rego.metadata.rule()` answers it. */
  readonly fields: readonly (readonly [string, Value])[];
  /** Why the fields may not be what OPA reads: told where they are asked for. */
  readonly unsure?: string;
}

/** Throws an `Error` that says what is wrong. */
export function readMetadata({ yaml }: Annotation, parseYaml: (text: string) => Value): Metadata {
  if (yaml.trim() === "") throw new Error("expected METADATA block, found whitespace");
  const document = parseYaml(yaml) ?? EMPTY_OBJECT;
  if (!(document instanceof RegoObject)) throw new Error("a METADATA block has `key: value` lines");
  const texts = ["title", "description"].map((name) => [name, textOf(document, name)] as const);
  const entrypoint = flagOf(document, "entrypoint");
  const lists = [
    ["organizations", elementsOf(document, "organizations").map(organization)],
    ["related_resources", elementsOf(document, "related_resources").map(relatedResource)],
    ["authors", elementsOf(document, "authors").map(author)],
    ["schemas", elementsOf(document, "schemas").map(schema)],
  ] as const;
  const objects = ["custom", "labels"].map((name) => [name, objectIn(document, name)] as const);
  objectIn(document, "compile");
  const fields: (readonly [string, Value])[] = [
    ...texts.filter(([, value]) => value !== ""),
    ...(entrypoint ? [["entrypoint", true] as const] : []),
    ...lists.filter(([, value]) => value.length > 0),
    ...objects.filter(([, value]) => value.size > 0),
  ];
  const unsure = doubt(document, yaml);
  const read = { scope: textOf(document, "scope"), entrypoint, fields };
  return unsure === undefined ? read : { ...read, unsure };
}

/** With its scope, as one object. */
export function metadataValue(scope: string, { fields }: Metadata): RegoObject {
  return objectOf([["scope", scope], ...fields]);
}

function textOf(document: RegoObject, name: string): string {
  const value = document.get(name) ?? "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (value !== null && typeof value === "object" && "digits" in value) return numberText(value);
  throw new Error(`${name} must be a text`);
}

function flagOf(document: RegoObject, name: string): boolean {
  const value = document.get(name) ?? false;
  if (typeof value !== "boolean") throw new Error(`${name} must be true or false`);
  return value;
}

function elementsOf(document: RegoObject, name: string): readonly Value[] {
  const value = document.get(name) ?? [];
  if (!Array.isArray(value)) throw new Error(`${name} must be a list`);
  return value;
}

function organization(value: Value): string {
  if (typeof value !== "string") throw new Error("organizations must be texts");
  return value;
}

function objectIn(document: RegoObject, name: string): RegoObject {
  const value = document.get(name) ?? EMPTY_OBJECT;
  if (!(value instanceof RegoObject)) throw new Error(`${name} must have keys and values`);
  assertTextKeys(value, name);
  return value;
}

function assertTextKeys(value: Value, path: string): void {
  if (Array.isArray(value)) {
    value.forEach((each: Value, index) => {
      assertTextKeys(each, `${path}/${index}`);
    });
  }
  if (!(value instanceof RegoObject)) return;
  for (const [key, each] of value.entries()) {
    if (typeof key !== "string") throw new Error(`invalid map key type(s): ${path}`);
    assertTextKeys(each, `${path}/${key}`);
  }
}

/** A day that is no text to go-yaml, and numbers where texts belong, whose digits are lost here. */
function doubt(document: RegoObject, yaml: string): string | undefined {
  for (const name of ["title", "description"]) {
    const value = document.get(name) ?? "";
    if (typeof value !== "string") return `${name} is not a text: put it in quotes`;
  }
  const days = ["custom", "labels"].flatMap((name) => daysIn(document.get(name) ?? null));
  const bare = days.find((day) => !yaml.includes(`"${day}"`) && !yaml.includes(`'${day}'`));
  return bare === undefined ? undefined : `${bare} is a time, not a text: put it in quotes`;
}

function daysIn(value: Value): readonly string[] {
  if (typeof value === "string") return /^\d{4}-\d{1,2}-\d{1,2}/.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap(daysIn);
  return value instanceof RegoObject ? value.entries().flatMap(([, each]) => daysIn(each)) : [];
}
