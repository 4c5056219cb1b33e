import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LoadError } from "../../../src/rego/errors.ts";
import type { Block, Body, Expression, Module, Term } from "../../../src/rego/syntax/ast.ts";
import { parseAnyDialect, parseModule, parseQuery } from "../../../src/rego/syntax/parse.ts";
import { Decimal } from "../../../src/rego/values/number.ts";
import { moduleText } from "./rego-printer.ts";

/** What the parser makes of a text: a module, or problems that each have a place. */
function outcome(text: string): Module | LoadError {
  try {
    return parseAnyDialect(text, "p.rego");
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    for (const { at } of error.problems) {
      expect(at.row).toBeGreaterThan(0);
      expect(at.col).toBeGreaterThan(0);
    }
    return error;
  }
}

const MANY = 1_000_000;

// A stack that ends or work that grows with the square of a text would show here: a million is
// some hundred times what either would stand.
const LARGE: readonly (readonly [string, string, "read" | "refused"])[] = [
  ["brackets", `p := ${"[".repeat(MANY)}`, "refused"],
  ["parentheses", `p := ${"(".repeat(MANY)}`, "refused"],
  ["braces", `p := ${"{".repeat(MANY)}`, "refused"],
  ["braces of a body", `import rego.v2\np if ${"{".repeat(MANY)}`, "refused"],
  ["calls", `p := ${"f(".repeat(MANY / 2)}`, "refused"],
  ["a reference", `p := a${".b".repeat(MANY / 2)}`, "read"],
  ["a reference in brackets", `p := a${"[0]".repeat(MANY / 4)}`, "read"],
  ["negations", `import rego.v2\np if ${"not ".repeat(MANY / 4)}x`, "refused"],
  ["a sum", `p := 1${"+1".repeat(10_000)}`, "refused"],
  ["a chain of in", `p if x${" in x".repeat(10_000)}`, "refused"],
  ["a chain of and", `import rego.v2\np if x${" and x".repeat(10_000)}`, "refused"],
  ["a chain of else", `p := 1 if x\n${"else := 2 if x\n".repeat(10_000)}`, "refused"],
  ["rules", "p := 1\n".repeat(100_000), "read"],
  ["bodies", `p if { x }${" { x }".repeat(50_000)}`, "read"],
  ["an array", `p := [${"1,".repeat(MANY / 4)}]`, "read"],
  ["metadata", "# METADATA\n# a: 1\np := 1\n".repeat(20_000), "read"],
  ["comments", "#\n".repeat(MANY / 2), "read"],
  ["a text", `p := "${"a".repeat(MANY)}`, "refused"],
  ["escapes", `p := "${"\\n".repeat(MANY / 2)}`, "refused"],
  ["a raw text", `p := \`${"a".repeat(MANY)}`, "refused"],
  ["a template", `p := $"${"\\{".repeat(MANY / 2)}`, "refused"],
  ["templates in templates", `p := ${'$"{'.repeat(MANY / 4)}`, "refused"],
  ["terms of a template", `p := $"${"{x}".repeat(MANY / 4)}"`, "read"],
  ["quotes", '"'.repeat(MANY), "refused"],
  ["half surrogates", "\ud800".repeat(MANY / 4), "refused"],
  ["null characters", "\u0000".repeat(MANY / 4), "refused"],
  ["digits", `p := 1${"0".repeat(MANY)}1`, "refused"],
  ["digits of a fraction", `p := 0.1${"0".repeat(MANY)}1`, "read"],
  ["an exponent", `p := 1e${"9".repeat(MANY)}`, "refused"],
  ["a name", `${"a".repeat(MANY)} := 1`, "read"],
];

describe("a huge text neither hangs nor overflows:", () => {
  test.each(LARGE)("%s", { timeout: 60_000 }, (_, text, expected) => {
    const made = outcome(`package t\n${text}`);
    expect(made instanceof LoadError ? "refused" : "read").toBe(expected);
  });

  // Each level is read in several ways until one fits: it must not double with each.
  test.each([
    "{x | {not (",
    "{x | {x} and ",
    "({x} and ",
    "(({x} or ",
    "not ({",
    "{(not {",
    "[x | {[y | ",
    "{[{(",
    "{x | {y: ",
    "(x, {",
    '{$"{(not ',
    "{every x in y {",
    "{{x: y | not {",
    "{x | every x in y {z | ",
    "some x in {some y in (",
  ])("%s, many times", { timeout: 20_000 }, (text) => {
    expect(outcome(`package t\nimport rego.v2\np if ${text.repeat(150)}x`)).toBeInstanceOf(
      LoadError,
    );
  });
});

describe("a strange text has a place for what is wrong:", () => {
  test.each([
    ["a byte-order mark", "\ufeffpackage t\np := 1", ""],
    ["ends of lines as Windows has them", "package t\r\np := 1\r\nq if {\r\n  p\r\n}\r\n", ""],
    ["tabs", "package\tt\np\t:=\t1\n\tq\t:=\t2", ""],
    ["a name that is not of ASCII", "package t\npé := 1", "2:2"],
    ["a digit of another script in a name", "package t\np\u0663 := 1", ""],
    ["a null character in a text", 'package t\np := "\u0000"', "2:6"],
    ["a byte-order mark in the middle", "package t\np := \ufeff1", "2:6"],
    ["half a surrogate pair", "package t\np := \ud800", "2:6"],
    ["a character of two units before it", 'package t\np := ["😀", = ]', "2:12"],
    ["a text that begins on another row", 'package t\np := [\n  "a', "3:3"],
  ])("%s", (_, text, place) => {
    const made = outcome(text);
    const [problem] = made instanceof LoadError ? made.problems : [];
    expect(problem === undefined ? "" : `${problem.at.row}:${problem.at.col}`).toBe(place);
  });
});

const SAMPLE = `# METADATA
# title: t
package a.b["c d"]
import rego.v2
import data.x.y as z
import input.w
default allow := false
default f(_) := [1, {"a": null}]
allow if { input.x == "y"; not z.q[_] } else := 2 if count(w) > 1
allow if not { some x in input.xs; x.y in {1, 2} } else := {x | x := w[_]} if { x == 1 }
f(x) := y if { [x, {"k": y}] = input.pairs[i].j with input.q as {"a": -1.5e3} }
s contains x if { some k, v in {"a": 1}; x := sprintf("%v %d", [k, v + 2 * 3 - 1]) }
o[x].y[z1] := {k: v | some k, v in input} if every a, b in x { a != b | {1}; z1 := b % 2 }
p := $"a{x.y}b\\{ {1 + 2} {q with input as 3}" if (a or b and {c; d}) and not (e or f(1))
q := \`raw \\ text\` if { some i, j; x[i][j] <= set() & {1}; -i }
r := [x | x := io.jwt.decode("a.b\\u00e9")[0]; print(x)]
`;

const PIECES = SAMPLE.match(/"[^"\n]*"|\w+|:=|[<>=!]=|\s+|[^\w\s]/g) ?? [];
const MORE = ["`", '"', '$"', "{", "}", "(", ")", "\\", "#", "\n", "\u0000", "\ud800", "else", "é"];

/** The sample with pieces taken away, put in, and exchanged. */
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(PIECES.length - 1),
      removed: fc.nat(3),
      put: fc.oneof(fc.constantFrom(...PIECES), fc.constantFrom(...MORE), fc.constant("")),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((edits) => {
    const pieces = [...PIECES];
    for (const { at, removed, put } of edits) pieces.splice(at, removed, put);
    return pieces.join("");
  });

describe("whatever the text,", () => {
  test("the parser reads it or refuses it", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.array(fc.constantFrom(...PIECES, ...MORE), { maxLength: 60 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (each) => {
        outcome(each);
        outcome(`package t\n${each}`);
        outcome(`package t\nimport rego.v2\np if ${each}`);
      }),
      { seed: 20_261_123, numRuns: 1500 },
    );
  });

  test("nor does a change of a policy bring anything but problems", () => {
    expect(outcome(SAMPLE)).not.toBeInstanceOf(LoadError);
    fc.assert(
      fc.property(mutated, (each) => {
        outcome(each);
      }),
      { seed: 20_261_124, numRuns: 3000 },
    );
  });
});

/** Without positions; each wildcard is like another; numbers by their digits. */
function shape(value: unknown): string {
  return JSON.stringify(value, (key, each) => {
    if (["at", "file", "packageAt", "annotations"].includes(key)) return undefined;
    if (each instanceof Decimal) return { number: each.text };
    if (typeof each === "object" && each !== null && !Array.isArray(each)) {
      return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    return typeof each === "string" ? each.replace(/^\$\d+$/, "_") : each;
  });
}

const AT = { file: "p.rego", row: 1, col: 1 };

const name = fc.constantFrom("x", "y", "foo", "a_b");
const variable = name.map((each) => ({ kind: "variable", at: AT, name: each }) as const);
const scalar = fc
  .oneof(fc.string({ maxLength: 5 }), fc.integer({ min: 0 }), fc.boolean(), fc.constant(null))
  .map((value) => ({ kind: "scalar", at: AT, value }) as const);

const SHORT = { maxLength: 3, depthIdentifier: "tree" } as const;
const SOME = { minLength: 1, maxLength: 3, depthIdentifier: "tree" } as const;

/** A node of the tree; its kind stays the one that is written. */
function node<const T extends object>(each: T) {
  return { at: AT, ...each };
}

function line<const T extends object>(each: T) {
  return { at: AT, negated: false, with: [], ...each };
}

function anyOf<T>(...all: fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...all);
}

interface Trees {
  term: Term;
  body: Body;
  block: Block;
  expression: Expression;
}

const { term, body } = fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>) => ({
  term: anyOf<Term>(
    // Twice: a tree of branches alone would never end.
    scalar,
    variable,
    scalar,
    variable,
    fc.array(tie("term"), SHORT).map((elements) => node({ kind: "array", elements })),
    fc.array(tie("term"), SHORT).map((elements) => node({ kind: "set", elements })),
    fc
      .array(fc.tuple(tie("term"), tie("term")), SHORT)
      .map((entries) => node({ kind: "object", entries })),
    fc
      .tuple(variable, fc.array(tie("term"), SOME))
      .map(([head, parts]) => node({ kind: "ref", head, parts })),
    fc
      .tuple(variable, fc.array(tie("term"), SOME))
      .map(([operator, operands]) => node({ kind: "call", operator, operands, infix: false })),
    fc
      .tuple(fc.constantFrom("plus", "or", "and", "equal", "lt"), tie("term"), tie("term"))
      .map(([sign, left, right]) => {
        const operator = node({ kind: "variable", name: sign });
        return node({ kind: "call", operator, operands: [left, right], infix: true });
      }),
    fc
      .tuple(tie("term"), tie("body"))
      .map(([each, inner]) => node({ kind: "array-comprehension", term: each, body: inner })),
    fc
      .tuple(tie("term"), tie("body"))
      .map(([each, inner]) => node({ kind: "set-comprehension", term: each, body: inner })),
    fc
      .tuple(tie("term"), tie("term"), tie("body"))
      .map(([key, value, inner]) =>
        node({ kind: "object-comprehension", key, value, body: inner }),
      ),
  ),
  body: fc.array(tie("expression"), { minLength: 1, maxLength: 2, depthIdentifier: "tree" }),
  block: tie("body").map((inner) => ({ explicit: true, body: inner })),
  expression: anyOf<Expression>(
    tie("term").map((each) => line({ kind: "term", term: each })),
    tie("term").map((each) => line({ kind: "term", term: each })),
    fc
      .tuple(variable, tie("term"))
      .map(([value, domain]) => line({ kind: "some-in", value, domain })),
    fc
      .tuple(variable, tie("term"), tie("body"))
      .map(([value, domain, inner]) => line({ kind: "every", value, domain, body: inner })),
    tie("block").map((inner) => line({ kind: "not-body", body: inner })),
    fc.tuple(tie("block"), tie("block")).map(([left, right]) => line({ kind: "and", left, right })),
    fc.tuple(tie("block"), tie("block")).map(([left, right]) => line({ kind: "or", left, right })),
  ),
}));

describe("what is printed and read again is the same tree:", () => {
  test("of a policy with everything in it", () => {
    const read = parseModule(SAMPLE, "p.rego", "v1");
    expect(shape(parseModule(moduleText(read), "p.rego", "v1"))).toBe(shape(read));
  });

  test("of any rule", () => {
    fc.assert(
      fc.property(term, body, (value, inner) => {
        const head = { at: AT, kind: "value", name: "p", path: [], value, assigned: ":=" } as const;
        const made: Module = {
          file: "p.rego",
          dialect: "v1",
          package: ["data", "t"],
          packageAt: AT,
          imports: [{ at: AT, path: ["rego", "v2"] }],
          rules: [{ at: AT, isDefault: false, head, body: inner }],
          annotations: [],
        };
        expect(shape(parseModule(moduleText(made), "p.rego", "v1"))).toBe(shape(made));
      }),
      { seed: 20_261_125, numRuns: 600 },
    );
  });
});

test("a query of many expressions is read in one pass", () => {
  expect(parseQuery(`x${";x".repeat(100_000)}`)).toHaveLength(100_001);
});
