/** JSON Schemas of arguments and of results → checks, made when they are first needed. */
import { createRequire } from "node:module";
import { isIPv4, isIPv6 } from "node:net";
import type { Ajv2020, ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import type { ArgumentsCheck, ResultCheck } from "../guards/tool/tool.ts";
import { type JsonSchema, pathOf, type SchemaProblem, schemaProblems } from "./argument-schema.ts";

/** Longest part of a name or a place that is told. */
const TOLD_CHARACTERS_MAX = 120;

/** The schemas of one guardrails folder. Equal ones are checked and compiled once. */
export interface ArgumentSchemas {
  /** What is wrong with a schema; without errors among it, `check` can be made. */
  problems(schema: JsonSchema): readonly SchemaProblem[];
  /** Compiles at its first call: a folder may have thousands that are never used. */
  check(schema: JsonSchema): ArgumentsCheck;
  /** As it is written: arguments that it does not name fit it too. */
  match(schema: JsonSchema): ArgumentsCheck;
  /** Of a result, which may say more than the schema knows of. */
  result(schema: JsonSchema): ResultCheck;
}

/** Made anew for each reading of the folder, so that what is gone from it is forgotten. */
export function argumentSchemas(): ArgumentSchemas {
  let ajv: Ajv2020 | null = null;
  const validator = () => {
    ajv ??= newAjv();
    return ajv;
  };
  const problems = onceEach((schema): readonly SchemaProblem[] => {
    const misfit = misfitOf(schema, validator());
    return misfit ? [misfit] : schemaProblems(schema);
  });
  const match = onceEach((schema) => checkOf(schema, "/arguments", validator));
  const result = onceEach((schema) => checkOf(schema, "/result", validator));
  return { problems, check: (schema) => match(closedAtTop(schema)), match, result };
}

function checkOf(schema: JsonSchema, root: string, validator: () => Ajv2020): ArgumentsCheck {
  let compiled: ValidateFunction | null = null;
  return (value) => {
    compiled ??= validator().compile(schema);
    return compiled(value) ? null : sentenceOf(compiled.errors?.[0], root);
  };
}

/**
 * Once for equal schemas. By the object itself first: every grant of a document's tool asks for the
 * same one, and it can be large.
 */
function onceEach<Value>(make: (schema: JsonSchema) => Value): (schema: JsonSchema) => Value {
  const byObject = new WeakMap<JsonSchema, Value>();
  const byText = new Map<string, Value>();
  return (schema) => {
    const known = byObject.get(schema);
    if (known !== undefined) return known;
    const text = JSON.stringify(schema);
    const value = byText.get(text) ?? make(schema);
    byText.set(text, value);
    byObject.set(schema, value);
    return value;
  };
}

/** Whether values are valid under schemas just as they are written, for comparing schemas. */
export function plainChecks(): (schema: unknown, value: unknown) => boolean {
  const ajv = newAjv();
  const compiled = new Map<string, ValidateFunction>();
  return (schema, value) => {
    // A part of a schema that was checked when it was read: a map, true or false.
    const part = schema as JsonSchema | boolean;
    const text = JSON.stringify(part);
    const check = compiled.get(text) ?? ajv.compile(part);
    compiled.set(text, check);
    return check(value) === true;
  };
}

/** Loading ajv takes longer than the rest of a start: only who has schemas pays for it. */
function newAjv(): Ajv2020 {
  const load = createRequire(import.meta.url);
  // What stands at this path in the package, by its own types.
  const module = load("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
  return new module.Ajv2020({
    // `problems` holds schemas against more than this would, and says where.
    strict: false,
    validateSchema: false,
    // The first mistake is enough, and a bound stops what comes after it.
    allErrors: false,
    // `toString` is no argument that was given.
    ownProperties: true,
    logger: false,
    formats: FORMAT_CHECKS,
  });
}

const DATE = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)`;

const FORMAT_CHECKS = {
  date: new RegExp(`^${DATE}$`),
  time: new RegExp(`^${TIME}$`),
  "date-time": new RegExp(`^${DATE}[Tt]${TIME}$`),
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  ipv4: (text: string) => isIPv4(text),
  ipv6: (text: string) => isIPv6(text),
};

/** Whether a text is of a format, as `check` sees it. */
export function fitsFormat(format: keyof typeof FORMAT_CHECKS, text: string): boolean {
  const check = FORMAT_CHECKS[format];
  return typeof check === "function" ? check(text) : check.test(text);
}

/** Whether the values of the keywords have their form; one mistake at a time. */
function misfitOf(schema: JsonSchema, ajv: Ajv2020): SchemaProblem | null {
  if (schema.$schema !== undefined) return misfitOf({ ...schema, $schema: undefined }, ajv);
  if (ajv.validateSchema(schema) === true) return null;
  const error = ajv.errors?.[0];
  const path = pathOf(error?.instancePath ?? "", schema);
  const expected = `JSON Schema 2020-12, where this ${messageOf(error)}`;
  return { path, expected, hint: "Correct it: see json-schema.org.", warning: false };
}

/** Names alone stop little: what is not listed is not let through unless the schema says so. */
export function closedAtTop(schema: JsonSchema): JsonSchema {
  const says = ["additionalProperties", "unevaluatedProperties"].some((key) => key in schema);
  if (says || schema.properties === undefined) return schema;
  return { ...schema, additionalProperties: false };
}

/** One sentence with the place: `/arguments/table must be equal to one of …`. */
function sentenceOf(error: ErrorObject | undefined, root: string): string {
  const place = clip(`${root}${error?.instancePath ?? ""}`);
  const { additionalProperty, unevaluatedProperty, propertyName } = error?.params ?? {};
  const name: unknown = additionalProperty ?? unevaluatedProperty ?? propertyName;
  const named = typeof name === "string" ? `: ${JSON.stringify(clip(name))}` : "";
  return `${place} ${messageOf(error)}${named}.`;
}

function messageOf(error: ErrorObject | undefined): string {
  const values: unknown = error?.params.allowedValues;
  const listed = Array.isArray(values) ? `: ${clip(JSON.stringify(values))}` : "";
  return clip(error?.message ?? "must fit its schema") + listed;
}

function clip(text: string): string {
  return text.length > TOLD_CHARACTERS_MAX ? `${text.slice(0, TOLD_CHARACTERS_MAX)}…` : text;
}
