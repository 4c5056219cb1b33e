/**
 * JSON Schema, drafts 4, 6, 7 and the mixture of them that OPA takes where none is named. Nothing
 * is ever fetched: a reference leads to a part of the same schema, or the schema is refused.
 */
import { refused } from "../builtins/operands.ts";
import { isList, RegoObject, type Value } from "../values/value.ts";
import { combinationCheck } from "./combinations.ts";
import { arrayCheck, type Context, objectCheck, propertiesOf } from "./containers.ts";
import { commonCheck, numberCheck, type Patterns, textCheck, typeCheck } from "./limits.ts";
import { type Check, outcomeOf, type Problem } from "./outcome.ts";
import { type Draft, invalidType, isAtLeast, isSchema, textOf, typesOf } from "./reading.ts";

export interface SchemaTools {
  readonly patterns: Patterns;
  charge(units: number): void;
}

/** Throws what is wrong with the schema; else the problems of each document. */
export function compileSchema(
  schema: Value,
  tools: SchemaTools,
): (document: Value) => readonly Problem[] {
  const check = new Compiler(schema, tools).root();
  return (document) => outcomeOf(check, document, []).problems;
}

/** References that lead in a circle get no further into the document. */
const DEPTH_MAX = 500;

class Compiler {
  readonly #document: Value;
  readonly #tools: SchemaTools;
  readonly #context: Context;
  readonly #references = new Map<string, Check>();
  #depth = 0;

  constructor(document: Value, tools: SchemaTools) {
    this.#document = document;
    this.#tools = tools;
    this.#context = {
      draft: draftOf(document),
      compile: (schema) => this.#compile(schema, false),
      patterns: tools.patterns,
    };
  }

  root(): Check {
    return this.#compile(this.#document, true);
  }

  #compile(schema: Value, isRoot: boolean): Check {
    this.#tools.charge(1);
    if (typeof schema === "boolean" && isAtLeast(this.#context.draft, 6)) return always(schema);
    if (!(schema instanceof RegoObject)) {
      throw new Error("Expected: Valid Schema, given: Invalid JSON");
    }
    if (idOf(schema, this.#context.draft) !== undefined && !isRoot) {
      throw refused("an id below the root of a schema is not supported");
    }
    this.#compileDefinitions(schema);
    for (const key of ["title", "description"]) textOf(schema, key);
    const reference = textOf(schema, "$ref");
    return this.#guarded(reference === undefined ? this.#keywords(schema) : this.#refer(reference));
  }

  #guarded(check: Check): Check {
    return (value, place, outcome) => {
      this.#tools.charge(1);
      if (this.#depth >= DEPTH_MAX) throw refused("schema refers to itself without end");
      this.#depth += 1;
      check(value, place, outcome);
      this.#depth -= 1;
    };
  }

  #compileDefinitions(schema: RegoObject): void {
    const definitions = schema.get("definitions");
    if (definitions === undefined) return;
    const problem = invalidType("Array Of Schemas", "definitions");
    if (!(definitions instanceof RegoObject)) throw problem;
    for (const [, definition] of definitions.entries()) {
      if (!isSchema(definition)) throw problem;
      this.#compile(definition, false);
    }
  }

  #keywords(schema: RegoObject): Check {
    const mismatch = typeCheck(typesOf(schema));
    const { draft, patterns } = this.#context;
    const properties = propertiesOf(schema, this.#context);
    const checks = [
      combinationCheck(schema, this.#context),
      numberCheck(schema, draft),
      objectCheck(schema, this.#context),
      arrayCheck(schema, this.#context),
      commonCheck(schema, draft, patterns),
      textCheck(schema, patterns),
    ];
    return (value, place, outcome) => {
      const problem = mismatch(value);
      if (problem !== undefined) return outcome.fail("invalid_type", place, problem);
      for (const check of checks) check(value, place, outcome);
      for (const [name, check] of properties) {
        const member = value instanceof RegoObject ? value.get(name) : undefined;
        if (member !== undefined) check(member, [...place, name], outcome);
      }
      outcome.step();
    };
  }

  /** Found when it is used first, for what it leads to may lead back here. */
  #refer(reference: string): Check {
    const known = this.#references.get(reference);
    if (known !== undefined) return known;
    let target: Check | undefined;
    const check: Check = (value, place, outcome) => target?.(value, place, outcome);
    this.#references.set(reference, check);
    const schema = partAt(this.#document, reference);
    if (!isSchema(schema)) throw new Error("Valid Schema must be of type object");
    target = this.#compile(schema, schema === this.#document);
    return check;
  }
}

function always(passes: boolean): Check {
  return (_, place, outcome) => {
    if (!passes) outcome.fail("false", place, "False always fails validation");
  };
}

const DRAFTS: ReadonlyMap<string, Draft> = new Map<string, Draft>([
  ["http://json-schema.org/draft-04/schema", 4],
  ["http://json-schema.org/draft-06/schema", 6],
  ["http://json-schema.org/draft-07/schema", 7],
]);

function draftOf(document: Value): Draft {
  if (typeof document === "boolean") return "hybrid";
  if (!(document instanceof RegoObject)) throw new Error("schema is invalid");
  const name = document.get("$schema") ?? "";
  if (typeof name !== "string") throw new Error("$schema must be of type string");
  return DRAFTS.get(name.replace(/#$/, "")) ?? "hybrid";
}

function idOf(schema: RegoObject, draft: Draft): string | undefined {
  const isOld = draft === 4 || (draft === "hybrid" && schema.has("id"));
  return textOf(schema, isOld ? "id" : "$id");
}

/** `#` and `#/definitions/x`. */
function partAt(document: Value, reference: string): Value {
  if (reference !== "#" && !reference.startsWith("#/")) {
    throw refused(`a reference to another document is not supported: ${reference}`);
  }
  let part: Value = document;
  for (const step of reference.split("/").slice(1)) {
    const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    part = stepInto(part, name);
  }
  return part;
}

function stepInto(part: Value, name: string): Value {
  const found = part instanceof RegoObject ? part.get(name) : undefined;
  const element = isList(part) ? part[Number(name)] : found;
  if (element !== undefined) return element;
  throw new Error(`Object has no key '${name}'`);
}
