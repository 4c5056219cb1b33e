/** JSON Schemas of arguments: what is refused at load, and what a call is held against. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FORMATS } from "../../../src/config/argument-schema.ts";
import { argumentSchemas } from "../../../src/config/arguments.ts";

type Schema = Record<string, unknown>;

function problems(schema: Schema) {
  return argumentSchemas().problems(schema);
}

function check(schema: Schema, value: unknown): string | null {
  expect(problems(schema).filter(({ warning }) => !warning)).toEqual([]);
  return argumentSchemas().check(schema)(value);
}

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
const LOOP = { $defs: { a: { $ref: "#/$defs/b" }, b: { anyOf: [{ $ref: "#/$defs/a" }] } } };

const REFUSED: readonly [name: string, schema: Schema, path: readonly (string | number)[]][] = [
  ["a type that is none", { type: "objekt" }, ["type"]],
  [
    "a bound that is no number",
    { properties: { a: { minimum: "1" } } },
    ["properties", "a", "minimum"],
  ],
  ["a mistake in a list", { anyOf: [{}, { type: 3 }] }, ["anyOf", 1, "type"]],
  ["a list where a map belongs", { properties: [] }, ["properties"]],
  [
    "a list of items as in older drafts",
    { properties: { a: { items: [{}] } } },
    ["properties", "a", "items"],
  ],
  ["a slip in a keyword", { properties: { a: { minimun: 1 } } }, ["properties", "a", "minimun"]],
  [
    "a keyword of another dialect",
    { properties: { a: { nullable: true } } },
    ["properties", "a", "nullable"],
  ],
  ["a keyword of a validator", { $async: true }, ["$async"]],
  ["dependencies", { dependencies: { a: ["b"] } }, ["dependencies"]],
  ["another dialect", { $schema: "http://json-schema.org/draft-07/schema#" }, ["$schema"]],
  ["a dialect inside", { properties: { a: { $schema: DIALECT } } }, ["properties", "a", "$schema"]],
  ["an id", { $id: "https://example.com/a" }, ["$id"]],
  ["an anchor", { $anchor: "a" }, ["$anchor"]],
  ["a dynamic reference", { $dynamicRef: "#a" }, ["$dynamicRef"]],
  [
    "a reference out",
    { properties: { a: { $ref: "https://example.com/a" } } },
    ["properties", "a", "$ref"],
  ],
  ["a reference to a file", { $ref: "other.json#/a" }, ["$ref"]],
  ["a reference to nothing", { $ref: "#/$defs/a" }, ["$ref"]],
  ["a reference to what is no schema", { $ref: "#/title", title: "a" }, ["$ref"]],
  ["a reference to itself", { $ref: "#" }, ["$ref"]],
  [
    "a pattern that does not parse",
    { properties: { a: { pattern: "(" } } },
    ["properties", "a", "pattern"],
  ],
  [
    "a pattern of names that does not parse",
    { patternProperties: { "[": {} } },
    ["patternProperties", "["],
  ],
  ["no value at all", { properties: { a: { enum: [] } } }, ["properties", "a", "enum"]],
  [
    "a comparison of each with each",
    { properties: { a: { uniqueItems: true } } },
    ["properties", "a", "uniqueItems"],
  ],
  [
    "an empty list that would pass",
    { properties: { a: { prefixItems: [{ type: "number" }], contains: { const: 1 } } } },
    ["properties", "a", "contains"],
  ],
  ["a comparison of too many", { uniqueItems: true, maxItems: 1001 }, ["uniqueItems"]],
];

test.each(REFUSED)("Refused: %s", (_, schema, path) => {
  const found = problems(schema).filter(({ warning }) => !warning);
  expect(found.map((problem) => problem.path)).toEqual([path]);
  expect(found[0]?.hint).toMatch(/\S/);
  expect(found[0]?.expected).toMatch(/\S/);
});

test("Refused: references in a ring", () => {
  expect(problems(LOOP).map(({ path }) => path.join("/"))).toEqual([
    "$defs/a/$ref",
    "$defs/b/anyOf/0/$ref",
  ]);
});

test("A reference to a smaller value ends", () => {
  const tree = { properties: { child: { $ref: "#" } } };
  expect(check(tree, { child: { child: {} } })).toBeNull();
  expect(check(tree, { child: { other: 1 } })).toContain("/arguments/child ");
});

test("Names that need an escape are found", () => {
  const schema = { $ref: "#/$defs/a~1b~0c", $defs: { "a/b~c": { required: ["x"] } } };
  expect(check(schema, {})).toContain("required property 'x'");
});

describe("What is not listed is not let through", () => {
  const properties = { a: { type: "string" } };
  test("where there are properties and nothing else is said", () => {
    expect(check({ properties }, { a: "x", b: 1 })).toBe(
      '/arguments must NOT have additional properties: "b".',
    );
  });

  test.each([
    ["additionalProperties says otherwise", { properties, additionalProperties: true }],
    ["additionalProperties is a schema", { properties, additionalProperties: { type: "number" } }],
    ["unevaluatedProperties says something", { properties, unevaluatedProperties: true }],
    ["no properties are listed", { required: ["b"] }],
    ["a pattern admits it", { properties, patternProperties: { "^b$": {} } }],
  ])("unless %s", (_, schema) => {
    expect(check(schema, { b: 1 })).toBeNull();
  });

  test("and a name of every object is no argument that was given", () => {
    expect(check({ required: ["toString"] }, {})).toContain("toString");
    const given: unknown = JSON.parse('{"__proto__": 1}');
    expect(check({ properties }, given)).toContain("__proto__");
  });
});

describe("The sentence", () => {
  test("says the place, what is allowed, and no more than fits", () => {
    const schema = { properties: { "a/b": { enum: ["x", "y"] }, n: { maximum: 3 } } };
    expect(check(schema, { "a/b": "z" })).toBe(
      '/arguments/a~1b must be equal to one of the allowed values: ["x","y"].',
    );
    expect(check(schema, { n: 4 })).toBe("/arguments/n must be <= 3.");
    const long = check(schema, { ["k".repeat(10_000)]: 1 });
    expect(long?.length).toBeLessThan(400);
    const many = { properties: { a: { enum: Array.from({ length: 500 }, (_, i) => `v${i}`) } } };
    expect(check(many, { a: 1 })?.length).toBeLessThan(400);
  });

  test("is null for what fits", () => {
    const schema = { $schema: DIALECT, type: "object", properties: { a: { const: 1 } } };
    expect(check(schema, { a: 1 })).toBeNull();
  });
});

test("A bound comes before what takes long beyond it", () => {
  // Each alone would take hours.
  const text = { properties: { a: { pattern: "^(a+)+$", maxLength: 100 } } };
  expect(check(text, { a: `${"a".repeat(100_000)}!` })).toContain("100 characters");
  const list = { properties: { a: { uniqueItems: true, maxItems: 1000 } } };
  const items = Array.from({ length: 200_000 }, (_, n) => ({ n }));
  expect(check(list, { a: items })).toContain("1000 items");
});

const FITS: Readonly<Record<string, readonly [fits: string, not: readonly string[]]>> = {
  date: ["2026-02-28", ["2026-13-01", "2026-1-1", "2026-02-28\n"]],
  time: ["23:59:60.5Z", ["24:00:00Z", "10:00:00"]],
  "date-time": ["2026-02-28T10:00:00+01:00", ["2026-02-28 10:00:00Z", "2026-02-28T10:00:00"]],
  uuid: [
    "0b9ea1d4-5f5e-4b0a-9a54-0c4d7b1f6c2e",
    ["0b9ea1d4", "urn:uuid:0b9ea1d4-5f5e-4b0a-9a54-0c4d7b1f6c2e"],
  ],
  ipv4: ["127.0.0.1", ["127.1", "::1"]],
  ipv6: ["::1", ["127.0.0.1", "[::1]"]],
};

test("The formats that are said to be checked are", () => {
  expect(Object.keys(FITS)).toEqual(FORMATS);
  for (const [format, [fits, others]] of Object.entries(FITS)) {
    const schema = { properties: { a: { format } } };
    expect(problems(schema)).toEqual([]);
    expect(check(schema, { a: fits })).toBeNull();
    expect(check(schema, { a: 7 })).toBeNull();
    for (const other of others) expect(check(schema, { a: other })).toContain(`"${format}"`);
  }
});

test("Another format is an annotation, and warned of", () => {
  const schema = { properties: { a: { format: "email" } } };
  expect(problems(schema)).toMatchObject([{ path: ["properties", "a", "format"], warning: true }]);
  expect(check(schema, { a: "no address" })).toBeNull();
});

test("A schema is compiled at the first call, not at load", () => {
  const schemas = argumentSchemas();
  // Not held against `problems` first, as the loader does: compiling it fails.
  const broken = schemas.check({ pattern: "(" });
  expect(() => broken("x")).toThrow("Invalid regular expression");
});

/** Schemas of a few keywords each, most of them sound. */
const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
  const inner = tie("schema");
  const some = fc.array(inner, { minLength: 1, maxLength: 2 });
  const named = (...names: string[]) => fc.dictionary(fc.constantFrom(...names), inner);
  const keywords: Record<string, fc.Arbitrary<unknown>> = {
    type: fc.constantFrom("object", "string", "array", "integer", ["string", "null"], "any"),
    properties: named("a", "b", "a/b"),
    patternProperties: named("^a", "("),
    required: fc.subarray(["a", "b"]),
    items: inner,
    prefixItems: some,
    contains: inner,
    allOf: some,
    oneOf: some,
    not: inner,
    if: inner,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: inner,
    dependentSchemas: named("a"),
    dependentRequired: fc.constant({ a: ["b"] }),
    propertyNames: inner,
    unevaluatedProperties: inner,
    additionalProperties: inner,
    enum: fc.uniqueArray(fc.constantFrom("a", 1, null), { maxLength: 3 }),
    pattern: fc.constantFrom("^a", "[", "\\p{L}", "\\d+"),
    minLength: fc.constantFrom(0, 2, "2"),
    multipleOf: fc.constantFrom(0, 0.1, 2),
    uniqueItems: fc.boolean(),
    maxItems: fc.constantFrom(1, 5000),
    format: fc.constantFrom("date", "uri"),
    $ref: fc.constantFrom("#", "#/$defs/a", "#/properties/a", "#/allOf/0", "x"),
    $defs: named("a"),
    minimun: fc.constant(1),
  };
  const keyword = fc.oneof(
    ...Object.entries(keywords).map(([name, value]) => value.map((each) => ({ [name]: each }))),
  );
  const together = fc
    .array(keyword, { maxLength: 3 })
    .map((each): Schema => Object.assign({}, ...each));
  return { schema: fc.oneof({ maxDepth: 4 }, fc.boolean(), together) };
});

test("What passes at load can be compiled, and its check ends", () => {
  const schemas = argumentSchemas();
  const value = fc.dictionary(fc.constantFrom("a", "b", "a/b"), fc.jsonValue({ maxDepth: 3 }));
  let passed = 0;
  fc.assert(
    fc.property(schema, value, (made, given) => {
      if (typeof made !== "object" || made === null) return;
      const one: Schema = { ...made };
      if (schemas.problems(one).some(({ warning }) => !warning)) return;
      passed += 1;
      const answer = schemas.check(one)(given);
      expect(answer === null || answer.length < 500).toBe(true);
    }),
    { numRuns: 2000 },
  );
  expect(passed).toBeGreaterThan(300);
});
