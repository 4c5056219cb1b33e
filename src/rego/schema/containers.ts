/** What a schema asks of the members of objects and of the elements of arrays. */
import { isList, RegoObject, type Value } from "../values/value.ts";
import type { Patterns } from "./limits.ts";
import { comparableText } from "./numbers.ts";
import { type Check, closest, type Outcome, outcomeOf, type Place } from "./outcome.ts";
import { countAt, type Draft, invalidType, isAtLeast, isSchema, listOf } from "./reading.ts";

/** Compiles a schema within the one at hand. */
export type Compile = (schema: Value) => Check;

export interface Context {
  readonly draft: Draft;
  readonly compile: Compile;
  readonly patterns: Patterns;
}

export function propertiesOf(
  schema: RegoObject,
  { compile }: Context,
): readonly (readonly [string, Check])[] {
  const properties = schema.get("properties");
  if (properties === undefined) return [];
  if (!(properties instanceof RegoObject)) throw new Error("Properties must be of type object");
  return properties.entries().map(([name, each]) => [String(name), compile(each)] as const);
}

export function objectCheck(schema: RegoObject, context: Context): Check {
  const [min, max] = [countAt(schema, "minProperties"), countAt(schema, "maxProperties")];
  if (min !== undefined && max !== undefined && min > max) {
    throw new Error("minProperties cannot be greater than maxProperties");
  }
  const required = requiredOf(schema);
  const checkMembers = membersCheck(schema, context);
  const checkName = nameCheck(schema, context);
  return (value, place, outcome) => {
    if (!(value instanceof RegoObject)) return;
    if (min !== undefined && value.size < min) {
      outcome.fail("array_min_properties", place, `Must have at least ${min} properties`);
    }
    if (max !== undefined && value.size > max) {
      outcome.fail("array_max_properties", place, `Must have at most ${max} properties`);
    }
    for (const name of required) {
      if (value.has(name)) outcome.step();
      else outcome.fail("required", place, `${name} is required`);
    }
    checkMembers(value, place, outcome);
    for (const name of value.keys()) checkName(name, place, outcome);
    outcome.step();
  };
}

function requiredOf(schema: RegoObject): readonly string[] {
  const required: string[] = [];
  for (const name of listOf(schema, "required") ?? []) {
    if (typeof name !== "string") throw invalidType("string", "required");
    if (required.includes(name)) throw new Error("required items must be unique");
    required.push(name);
  }
  return required;
}

/** `patternProperties`, and `additionalProperties` of what neither describes. */
function membersCheck(schema: RegoObject, context: Context): Check {
  const known = schema.get("properties");
  const patterns = patternsOf(schema, context);
  const additional = additionalOf(schema, "additionalProperties", context);
  return (value, place, outcome) => {
    if (!(value instanceof RegoObject)) return;
    for (const [key, member] of value.entries()) {
      const name = String(key);
      const at = [...place, name];
      const fitting = patterns.filter(([pattern]) => context.patterns.match(pattern, name));
      for (const [, check] of fitting) outcome.merge(outcomeOf(check, member, at));
      if (fitting.length > 0) outcome.step();
      else if (known instanceof RegoObject && known.has(name)) continue;
      else if (additional === false) {
        const description = `Additional property ${name} is not allowed`;
        outcome.fail("additional_property_not_allowed", place, description);
      } else if (additional !== true) outcome.merge(outcomeOf(additional, member, at));
    }
  };
}

function patternsOf(
  schema: RegoObject,
  { compile, patterns: regexes }: Context,
): readonly (readonly [string, Check])[] {
  const patterns = schema.get("patternProperties");
  if (patterns === undefined) return [];
  if (!(patterns instanceof RegoObject)) throw invalidType("Valid Schema", "patternProperties");
  return patterns.entries().map(([key, each]) => {
    const pattern = String(key);
    if (!regexes.isValid(pattern)) throw new Error(`Invalid regex pattern '${pattern}'`);
    return [pattern, compile(each)] as const;
  });
}

function additionalOf(schema: RegoObject, key: string, { compile }: Context): boolean | Check {
  const value = schema.get(key);
  if (value === undefined || typeof value === "boolean") return value ?? true;
  if (value instanceof RegoObject) return compile(value);
  throw invalidType("boolean/Valid Schema", key);
}

function nameCheck(schema: RegoObject, { draft, compile }: Context): Check {
  const names = schema.get("propertyNames");
  if (names === undefined || !isAtLeast(draft, 6)) return () => undefined;
  if (!isSchema(names)) throw invalidType("Valid Schema", "patternProperties");
  const check = compile(names);
  return (name, place, outcome) => {
    const named = outcomeOf(check, name, place);
    if (named.isValid) return;
    const description = `Property name of "${String(name)}" does not match`;
    outcome.fail("invalid_property_name", place, description);
    outcome.merge(named);
  };
}

export function arrayCheck(schema: RegoObject, context: Context): Check {
  const [min, max] = [countAt(schema, "minItems"), countAt(schema, "maxItems")];
  const checkItems = itemsCheck(schema, context);
  const isUnique = uniqueOf(schema);
  const checkContains = containsCheck(schema, context);
  return (value, place, outcome) => {
    if (!isList(value)) return;
    checkItems(value, place, outcome);
    if (min !== undefined && value.length < min) {
      outcome.fail("array_min_items", place, `Array must have at least ${min} items`);
    }
    if (max !== undefined && value.length > max) {
      outcome.fail("array_max_items", place, `Array must have at most ${max} items`);
    }
    if (isUnique) checkUnique(value, place, outcome);
    checkContains(value, place, outcome);
    outcome.step();
  };
}

function uniqueOf(schema: RegoObject): boolean {
  const value = schema.get("uniqueItems") ?? false;
  if (typeof value === "boolean") return value;
  throw new Error("uniqueItems must be of a boolean");
}

function checkUnique(elements: readonly Value[], place: Place, outcome: Outcome): void {
  const seen = new Map<string, number>();
  for (const [i, element] of elements.entries()) {
    const text = comparableText(element);
    const before = seen.get(text);
    seen.set(text, i);
    if (before === undefined) continue;
    outcome.fail("unique", place, `array items[${before},${i}] must be unique`);
  }
}

/** One schema for all, or one for each and another for the rest. */
function itemsCheck(schema: RegoObject, context: Context): Check {
  const items = schema.get("items");
  const additional = additionalOf(schema, "additionalItems", context);
  if (items === undefined) return () => undefined;
  if (isList(items)) return positionalCheck(items.map(schemaCompiler(context)), additional);
  const check = schemaCompiler(context)(items);
  return eachCheck(() => check);
}

function schemaCompiler({ compile }: Context): Compile {
  return (schema) => {
    if (isSchema(schema)) return compile(schema);
    throw invalidType("Valid Schema/Array Of Schemas", "items");
  };
}

function positionalCheck(checks: readonly Check[], additional: boolean | Check): Check {
  const rest = typeof additional === "boolean" ? undefined : additional;
  const check = eachCheck((i) => checks[i] ?? (checks.length === 0 ? undefined : rest));
  return (value, place, outcome) => {
    check(value, place, outcome);
    const isLonger = isList(value) && checks.length > 0 && value.length > checks.length;
    if (additional !== false || !isLonger) return;
    outcome.fail("array_no_additional_items", place, "No additional items allowed on array");
  };
}

function eachCheck(checkAt: (index: number) => Check | undefined): Check {
  return (value, place, outcome) => {
    if (!isList(value)) return;
    for (const [i, element] of value.entries()) {
      const check = checkAt(i);
      if (check !== undefined) outcome.merge(outcomeOf(check, element, [...place, String(i)]));
    }
  };
}

function containsCheck(schema: RegoObject, { draft, compile }: Context): Check {
  const contains = schema.get("contains");
  if (contains === undefined || !isAtLeast(draft, 6)) return () => undefined;
  const check = compile(contains);
  return (value, place, outcome) => {
    if (!isList(value)) return;
    const tries = value.map((element, i) => outcomeOf(check, element, [...place, String(i)]));
    if (tries.some(({ isValid }) => isValid)) return;
    outcome.fail("contains", place, "At least one of the items must match");
    const best = closest(tries);
    if (best !== undefined) outcome.merge(best);
  };
}
