/** One schema within another: whatever is proven is true of every value. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainChecks } from "../../../src/config/arguments.ts";
import { isWithin } from "../../../src/config/review/within.ts";

type Schema = boolean | { readonly [keyword: string]: unknown };

const fits = plainChecks();

/** So few values and names that the one which shows a mistake is soon among them. */
const TEXTS = ["", "a", "b", "ab", "ba"];
const NAMES = ["a", "b"];
const scalar = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.constantFrom(...TEXTS),
  fc.integer({ min: -1, max: 3 }),
  fc.constantFrom(0.5, 1.5),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    { weight: 3, arbitrary: scalar },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    {
      weight: 3,
      arbitrary: fc.dictionary(fc.constantFrom("a", "b", "ab"), tie("value"), {
        noNullPrototype: true,
      }),
    },
  ),
})).value;

const small = fc.integer({ min: 0, max: 2 });
const number = fc.oneof(fc.integer({ min: -1, max: 3 }), fc.constantFrom(0.5, 1.5));
const TYPES = ["null", "boolean", "object", "array", "string", "number", "integer"];
const PATTERNS = ["^a", "b$"];

/** One to three of these keywords, each with its value. */
function someOf(keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc
    .subarray(Object.keys(keywords), {
      minLength: 1,
      maxLength: Math.min(3, Object.keys(keywords).length),
    })
    .chain((names) =>
      fc.tuple(...names.map((name) => (keywords[name] ?? small).map((of) => [name, of]))),
    )
    .map((entries) => Object.fromEntries(entries) as object);
}

/** A schema of a few keywords, with smaller ones inside. */
const schema: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>((tie) => {
  const inner = tie("schema");
  const branches = fc.array(inner, { minLength: 1, maxLength: 2 });
  const names = fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 });
  const members = fc.dictionary(fc.constantFrom(...NAMES), inner, { minKeys: 1, maxKeys: 2 });
  const kinds: Record<string, Record<string, fc.Arbitrary<unknown>>> = {
    number: {
      minimum: number,
      exclusiveMinimum: number,
      maximum: number,
      exclusiveMaximum: number,
      multipleOf: fc.constantFrom(1, 2),
    },
    string: { minLength: small, maxLength: small, pattern: fc.constantFrom(...PATTERNS) },
    array: {
      items: inner,
      prefixItems: branches,
      minItems: small,
      maxItems: small,
      uniqueItems: fc.boolean(),
      contains: inner,
    },
    object: {
      properties: members,
      additionalProperties: inner,
      patternProperties: fc.dictionary(fc.constantFrom(...PATTERNS), inner, { minKeys: 1 }),
      propertyNames: someOf({ maxLength: small, pattern: fc.constantFrom(...PATTERNS) }),
      required: names,
      minProperties: small,
      maxProperties: small,
      dependentRequired: fc.dictionary(fc.constantFrom(...NAMES), names, { maxKeys: 2 }),
      dependentSchemas: members,
    },
  };
  const [if_, then_] = ["if", "then"];
  const branching = {
    ...{ anyOf: branches, allOf: branches, oneOf: branches, not: inner },
    ...{ [if_ ?? ""]: inner, [then_ ?? ""]: inner },
  };
  const typed = Object.entries(kinds).map(([type, keywords]) => ({
    weight: 3,
    arbitrary: fc
      .tuple(someOf(keywords), fc.boolean())
      .map(([made, says]) => (says ? { type, ...made } : made)),
  }));
  const plain = fc.oneof(
    fc.boolean(),
    fc.record({ enum: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
    fc.record({ const: scalar }),
    fc.record({ type: fc.constantFrom(...TYPES) }),
    fc.record({ type: fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1 }) }),
  );
  return {
    schema: fc
      .oneof(
        { maxDepth: 2 },
        { weight: 4, arbitrary: plain },
        ...typed,
        { weight: 2, arbitrary: someOf(branching) },
        { weight: 1, arbitrary: someOf(Object.assign({}, ...Object.values(kinds))) },
      )
      // Equal values that are one object would be told apart from those of a file.
      .map((made) => JSON.parse(JSON.stringify(made)) as Schema),
  };
}).schema;

/** A schema and one made of it by leaving keywords out, changing them, or putting them in. */
const pair = fc.tuple(schema, schema, fc.infiniteStream(fc.nat(5))).map(([one, other, picks]) => {
  const next = () => picks.next().value as number;
  return [one, changed(one, other, next)] as const;
});

function changed(one: unknown, other: unknown, next: () => number): unknown {
  if (typeof one === "number") return next() === 0 ? one + 1 : next() === 1 ? one - 1 : one;
  if (Array.isArray(one)) return one.map((item) => changed(item, other, next));
  if (typeof one !== "object" || one === null) return next() === 0 && one === false ? other : one;
  const entries = Object.entries(one).flatMap(([key, inner]) => {
    const pick = next();
    if (pick === 0) return [];
    return [[key, pick < 3 ? inner : changed(inner, other, next)] as const];
  });
  return Object.fromEntries(entries);
}

/** Between schemas that are well made: of others the validator knows nothing either. */
function isProven(narrow: unknown, wide: unknown): boolean {
  try {
    if (!isWithin(narrow, wide, fits)) return false;
    fits(narrow, null);
    fits(wide, null);
    return true;
  } catch (error) {
    if (error instanceof Error && /value must be/.test(error.message)) return false;
    throw error;
  }
}

describe("what is proven", () => {
  const runs = 4_000;

  test.each([
    ["of two schemas that are related", pair],
    ["of any two schemas", fc.tuple(schema, schema)],
  ])(
    "is true of every value: %s",
    (_, schemas) => {
      let proven = 0;
      let seen = 0;
      fc.assert(
        fc.property(
          schemas,
          fc.array(value, { minLength: 16, maxLength: 16 }),
          ([a, b], values) => {
            for (const [narrow, wide] of [
              [a, b],
              [b, a],
            ]) {
              if (!isProven(narrow, wide)) continue;
              proven += 1;
              for (const each of values) {
                if (!fits(narrow, each)) continue;
                seen += 1;
                if (!fits(wide, each)) throw new Error(JSON.stringify({ narrow, wide, each }));
              }
            }
          },
        ),
        { numRuns: runs },
      );
      // A proof that never comes, or is never looked at, shows nothing.
      expect(proven).toBeGreaterThan(runs / 20);
      expect(seen).toBeGreaterThan(runs / 20);
      // Thousands of schemas are compiled, on whatever else the machine does.
    },
    120_000,
  );
});

describe("a manifest's usual changes", () => {
  const base = {
    type: "object",
    properties: {
      status: { enum: ["open", "solved"] },
      ticket: { type: "integer", minimum: 1, maximum: 9 },
      note: { type: "string", maxLength: 80, pattern: "^[a-z ]*$" },
    },
    required: ["ticket"],
    additionalProperties: false,
  };
  const having = (properties: object, more: object = {}) => ({
    ...base,
    ...more,
    properties: { ...base.properties, ...properties },
  });

  test.each<[string, object]>([
    ["a value less", having({ status: { enum: ["open"] } })],
    ["one value", having({ status: { const: "open" } })],
    ["closer bounds", having({ ticket: { type: "integer", minimum: 2, exclusiveMaximum: 9 } })],
    ["a shorter text", having({ note: { type: "string", maxLength: 8, pattern: "^[a-z ]*$" } })],
    ["texts that are listed", having({ note: { enum: ["yes", "no"] } })],
    ["one that is never there", having({ note: false })],
    ["one more that must be there", having({}, { required: ["ticket", "note"] })],
    ["fewer members", having({}, { maxProperties: 2 })],
    ["one of two narrower ones", { anyOf: [having({ note: false }), having({ status: false })] }],
    ["a description", having({}, { description: "Changes a ticket.", title: "T" })],
  ])("narrower: %s", (_, narrow) => {
    expect(isWithin(narrow, base, fits)).toBe(true);
  });

  test.each<[string, object]>([
    ["a value more", having({ status: { enum: ["open", "solved", "gone"] } })],
    ["any text", having({ status: { type: "string" } })],
    ["a wider bound", having({ ticket: { type: "integer", minimum: 1, maximum: 10 } })],
    ["another pattern", having({ note: { type: "string", maxLength: 80, pattern: "^[a-z]*$" } })],
    ["no pattern", having({ note: { type: "string", maxLength: 80 } })],
    ["a new argument", having({ force: { type: "boolean" } })],
    ["others let in", having({}, { additionalProperties: true })],
    ["not required", having({}, { required: [] })],
    ["a reference", having({ note: { $ref: "#/$defs/x" } }, { $defs: { x: { type: "string" } } })],
  ])("not proven to be: %s", (_, other) => {
    expect(isWithin(other, base, fits)).toBe(false);
  });

  test.each<[string, Schema, Schema]>([
    [
      "a pattern's members",
      { patternProperties: { "^a": true }, additionalProperties: false },
      { properties: { a: false } },
    ],
    [
      "members that only one names",
      { properties: { a: true }, additionalProperties: false },
      { additionalProperties: false },
    ],
    [
      "a longer beginning of a list",
      { prefixItems: [{ type: "null" }], items: false },
      { items: false },
    ],
    ["a bound that the other leaves out", { type: "number", minimum: 1 }, { exclusiveMinimum: 1 }],
    ["and above", { type: "number", maximum: 1 }, { exclusiveMaximum: 1 }],
    ["one alternative of two", { anyOf: [{ const: 1 }, { const: 2 }] }, { const: 1 }],
    ["what is not less", { not: { const: 1 } }, { not: { enum: [1, 2] } }],
    [
      "a list of nothing but one",
      { contains: { const: 1 } },
      { contains: { const: 1 }, maxContains: 1 },
    ],
    ["a number for a text", { minLength: 3 }, { type: "string", minLength: 3 }],
    ["whole numbers for all", { type: "number" }, { type: "integer" }],
  ])("not proven to be, on any side of the rule: %s", (_, narrow, wide) => {
    expect(isWithin(narrow, wide, fits)).toBe(false);
  });

  test("what is equal but for the order of its keys is within, references and all", () => {
    const one = { $ref: "#/$defs/x", $defs: { x: { type: "string" } } };
    const other = { $defs: { x: { type: "string" } }, $ref: "#/$defs/x" };
    expect(isWithin(one, other, fits)).toBe(true);
    expect(isWithin(one, { ...other, $defs: { x: { type: "number" } } }, fits)).toBe(false);
  });
});
