/** `anyOf`, `oneOf`, `allOf`, `not`, `dependencies` and `if`. */
import { isList, RegoObject, type Value } from "../values/value.ts";
import type { Context } from "./containers.ts";
import { type Check, closest, type Outcome, outcomeOf, type Place } from "./outcome.ts";
import { isAtLeast, isSchema, listOf } from "./reading.ts";

export function combinationCheck(schema: RegoObject, context: Context): Check {
  const checks = [
    anyOf(checksOf(schema, "anyOf", context)),
    oneOf(checksOf(schema, "oneOf", context)),
    allOf(checksOf(schema, "allOf", context)),
    not(partOf(schema, "not", context)),
    dependencies(schema, context),
    conditional(schema, context),
  ];
  return (value, place, outcome) => {
    for (const check of checks) check(value, place, outcome);
    outcome.step();
  };
}

const NOTHING: Check = () => undefined;

function checksOf(schema: RegoObject, key: string, { compile }: Context): readonly Check[] {
  return (listOf(schema, key) ?? []).map(compile);
}

function partOf(schema: RegoObject, key: string, { compile }: Context): Check | undefined {
  const part = schema.get(key);
  if (part === undefined) return undefined;
  if (!isSchema(part)) throw new Error(`${key} must be of an object`);
  return compile(part);
}

function anyOf(checks: readonly Check[]): Check {
  if (checks.length === 0) return NOTHING;
  return (value, place, outcome) => {
    const tries: Outcome[] = [];
    for (const check of checks) {
      const each = outcomeOf(check, value, place);
      if (each.isValid) return;
      tries.push(each);
    }
    const description = "Must validate at least one schema (anyOf)";
    outcome.fail("number_any_of", place, description);
    mergeClosest(tries, outcome);
  };
}

function mergeClosest(tries: readonly Outcome[], outcome: Outcome): void {
  const best = closest(tries);
  if (best !== undefined) outcome.merge(best);
}

function oneOf(checks: readonly Check[]): Check {
  if (checks.length === 0) return NOTHING;
  return (value, place, outcome) => {
    const tries = checks.map((check) => outcomeOf(check, value, place));
    const count = tries.filter(({ isValid }) => isValid).length;
    if (count === 1) return;
    outcome.fail("number_one_of", place, "Must validate one and only one schema (oneOf)");
    if (count === 0) mergeClosest(tries, outcome);
  };
}

function allOf(checks: readonly Check[]): Check {
  if (checks.length === 0) return NOTHING;
  return (value, place, outcome) => {
    const tries = checks.map((check) => outcomeOf(check, value, place));
    for (const each of tries) outcome.merge(each);
    if (tries.every(({ isValid }) => isValid)) return;
    outcome.fail("number_all_of", place, "Must validate all the schemas (allOf)");
  };
}

function not(check: Check | undefined): Check {
  if (check === undefined) return NOTHING;
  return (value, place, outcome) => {
    if (!outcomeOf(check, value, place).isValid) return;
    outcome.fail("number_not", place, "Must not validate the schema (not)");
  };
}

/** What else an object needs, or must be, that has a member of that name. */
function dependencies(schema: RegoObject, context: Context): Check {
  const value = schema.get("dependencies");
  if (value === undefined) return NOTHING;
  if (!(value instanceof RegoObject)) throw new Error("dependencies must be of type object");
  const checks = value.entries().map(([name, each]) => {
    return [name, dependency(each, context)] as const;
  });
  return (document, place, outcome) => {
    if (!(document instanceof RegoObject)) return;
    for (const [name, check] of checks) {
      if (document.has(name)) check(document, place, outcome);
    }
  };
}

function dependency(value: Value, { compile }: Context): Check {
  if (isSchema(value)) return compile(value);
  const names = isList(value) ? value : [null];
  if (names.some((name) => typeof name !== "string")) {
    throw new Error("Dependency must be of type Schema Or Array Of Strings");
  }
  return (document, place, outcome) => needAll(document, names, { place, outcome });
}

function needAll(
  document: Value,
  names: readonly Value[],
  { place, outcome }: { readonly place: Place; readonly outcome: Outcome },
): void {
  for (const name of names) {
    if (document instanceof RegoObject && document.has(name)) continue;
    outcome.fail("missing_dependency", place, `Has a dependency on ${String(name)}`);
  }
}

function conditional(schema: RegoObject, context: Context): Check {
  if (!isAtLeast(context.draft, 7)) return NOTHING;
  const condition = partOf(schema, "if", context);
  const yes = partOf(schema, "then", context);
  const no = partOf(schema, "else", context);
  if (condition === undefined) return NOTHING;
  return (value, place, outcome) => {
    const holds = outcomeOf(condition, value, place).isValid;
    const branch = holds ? yes : no;
    if (branch === undefined) return;
    const result = outcomeOf(branch, value, place);
    if (result.isValid) return;
    const name = holds ? "then" : "else";
    const description = `Must validate "${name}" as "if" was ${holds ? "" : "not "}valid`;
    outcome.fail(`condition_${name}`, place, description);
    outcome.merge(result);
  };
}
