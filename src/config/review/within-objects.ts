/** Whether what a schema asks of objects follows from another one. */
import { listOf, type Prover, type Schema, schemaOf } from "./schema-values.ts";
import { boundWithin } from "./within-numbers.ts";

export function objectWithin(schema: Schema, part: Schema, prover: Prover): boolean {
  const required = new Set(listOf(schema.required));
  const has = (name: unknown) => required.has(name);
  if ("required" in part) return listOf(part.required).every(has);
  if ("minProperties" in part || "maxProperties" in part) {
    return boundWithin(schema, part) === true;
  }
  if ("propertyNames" in part) return namesWithin(schema, part, prover);
  if ("dependentRequired" in part) {
    const own = schemaOf(schema.dependentRequired);
    return Object.entries(schemaOf(part.dependentRequired)).every(([name, needs]) => {
      const needed = new Set(listOf(own[name]));
      return listOf(needs).every((need) => needed.has(need) || required.has(need));
    });
  }
  if ("dependentSchemas" in part) {
    const own = schemaOf(schema.dependentSchemas);
    return Object.entries(schemaOf(part.dependentSchemas)).every(
      ([name, wide]) => Object.hasOwn(own, name) && prover.within(own[name], wide),
    );
  }
  return propertiesWithin(shapeOf(schema), shapeOf(part), prover);
}

function namesWithin(schema: Schema, part: Schema, prover: Prover): boolean {
  if (schema.propertyNames !== undefined) {
    return prover.within(schema.propertyNames, part.propertyNames);
  }
  const { named, others, patterns } = shapeOf(schema);
  if (others !== false || patterns.size > 0) return false;
  return [...named.keys()].every((name) => prover.fits(part.propertyNames, name));
}

/** What an object's members are held to. */
interface Shape {
  readonly named: ReadonlyMap<string, unknown>;
  readonly patterns: ReadonlyMap<string, unknown>;
  readonly others: unknown;
}

function shapeOf({ additionalProperties = true, patternProperties, properties }: Schema): Shape {
  return {
    named: new Map(Object.entries(schemaOf(properties))),
    patterns: new Map(Object.entries(schemaOf(patternProperties))),
    others: additionalProperties,
  };
}

/** Each member that the narrower one lets through must pass all that the wider one asks of it. */
function propertiesWithin(narrow: Shape, wide: Shape, prover: Prover): boolean {
  const named = [...wide.named].every(([name, schema]) =>
    prover.within(memberOf(narrow, name), schema),
  );
  if (!named) return false;
  const patterned = [...wide.patterns].every(([pattern, schema]) =>
    patternWithin(narrow, pattern, schema, prover),
  );
  return patterned && othersWithin(narrow, wide, prover);
}

/** Of a member by its name: fewer conditions than there are prove less, and nothing wrong. */
function memberOf({ named, others, patterns }: Shape, name: string): unknown {
  if (named.has(name)) return named.get(name);
  return patterns.size > 0 ? true : others;
}

/** Names that fit a pattern may be named, fit patterns of their own, or be none of these. */
function patternWithin(narrow: Shape, pattern: string, wide: unknown, prover: Prover): boolean {
  const same = narrow.patterns.get(pattern);
  if (same !== undefined && prover.within(same, wide)) return true;
  const isMeant = new RegExp(pattern, "u");
  const named = [...narrow.named].every(
    ([name, schema]) => !isMeant.test(name) || prover.within(schema, wide),
  );
  const patterned = [...narrow.patterns.values()].every((schema) => prover.within(schema, wide));
  return named && patterned && prover.within(narrow.others, wide);
}

/** What the wider one does not name and none of its patterns fits. */
function othersWithin(narrow: Shape, wide: Shape, prover: Prover): boolean {
  if (wide.others === true) return true;
  const named = [...narrow.named].every(
    ([name, schema]) =>
      wide.named.has(name) || fitsSome(name, wide.patterns) || prover.within(schema, wide.others),
  );
  const patterned = [...narrow.patterns].every(
    ([pattern, schema]) => wide.patterns.has(pattern) || prover.within(schema, wide.others),
  );
  return named && patterned && prover.within(narrow.others, wide.others);
}

function fitsSome(name: string, patterns: ReadonlyMap<string, unknown>): boolean {
  return [...patterns.keys()].some((pattern) => new RegExp(pattern, "u").test(name));
}
