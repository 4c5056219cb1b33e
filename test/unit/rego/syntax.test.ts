import { describe, expect, test } from "vitest";
import { LoadError } from "../../../src/rego/errors.ts";
import type { Body, Dialect, Term } from "../../../src/rego/syntax/ast.ts";
import {
  parseAnyDialect,
  parseModule,
  parseQuery,
  parseTerm,
} from "../../../src/rego/syntax/parse.ts";
import { regoText } from "../../../src/rego/values/text.ts";

/** A term with every operator as a call, so that what binds tighter can be seen. */
function shown(term: Term): string {
  if (term.kind === "scalar") return regoText(term.value);
  if (term.kind === "variable") return term.name;
  if (term.kind === "ref") {
    return shown(term.head) + term.parts.map((part) => `[${shown(part)}]`).join("");
  }
  if (term.kind === "call") return `${shown(term.operator)}(${listed(term.operands)})`;
  if (term.kind === "array") return `[${listed(term.elements)}]`;
  if (term.kind === "set") return `{${listed(term.elements)}}`;
  return term.kind;
}

function listed(terms: readonly Term[]): string {
  return terms.map(shown).join(", ");
}

function refusal(text: string, dialect: Dialect): string {
  try {
    parseModule(text, "p.rego", dialect);
  } catch (error) {
    if (error instanceof LoadError) return error.message;
    throw error;
  }
  return "none";
}

describe("a term", () => {
  test.each([
    ["1 + 2 * 3 - 4", "minus(plus(1, mul(2, 3)), 4)"],
    ["a | b & c == d", "equal(or(a, and(b, c)), d)"],
    ["(a + b) * c", "mul(plus(a, b), c)"],
    ["x in xs == ys", 'internal["member_2"](x, equal(xs, ys))'],
    ["-x.y", 'minus(0, x["y"])'],
    ["[1 -1]", "[minus(1, 1)]"],
    ["f(x).y[_]", 'f(x)["y"][$0]'],
    ["input.if.data", 'input["if"]["data"]'],
    ["{a | b, c}", "{or(a, b), c}"],
    ["{a | b}", "set-comprehension"],
    ["{1: a | b}", "object-comprehension"],
    ["[, 1, 2,]", "[1, 2]"],
    ["set()", "{}"],
    ["-.5", "-0.5"],
    ['"\\ud83d\\ude00\\/"', '"😀/"'],
    ["`\\n`", '"\\\\n"'],
    ["1e400", "1e400"],
  ])("%s", (text, expected) => {
    expect(shown(parseTerm(text))).toBe(expected);
  });
});

describe("a module", () => {
  test.each<[string, string, Dialect]>([
    ["package t\np { true }", "p.rego:2:1: rego_parse_error: `if` keyword is required", "v1"],
    ["package t\np := 01", "p.rego:2:6: rego_parse_error: ", "v1"],
    ['package t\np := "\\q"', "p.rego:2:6: rego_parse_error: illegal escape sequence", "v1"],
    ["package t\nif := 1", "p.rego:2:1: rego_parse_error: if keyword cannot be used", "v1"],
    ["package t\np if { true and false }", "p.rego:2:13: rego_parse_error: unexpected", "v1"],
    ['package t\np := $"a{1}"', "p.rego:2:6: rego_parse_error: template strings are not", "v0"],
    ["package t\nimport rego.v1\np { true }", "p.rego:3:1: rego_parse_error: `if` keyword", "v0"],
  ])("%s is refused", (text, expected, dialect) => {
    expect(refusal(text, dialect)).toContain(expected);
  });

  test("is read as v0 only where it is not v1", () => {
    expect(parseAnyDialect("package t\np { true }", "p.rego").dialect).toBe("v0");
    expect(parseAnyDialect("package t\np if { true }", "p.rego").dialect).toBe("v1");
  });
});

// Each place as `opa parse --json-include locations` has it, over all modules of OPA's cases.
test.each<[string, string]>([
  ["p if not x == y", "3:6 3:6"],
  ["p if (not x) and y", "3:6 3:7 3:11 3:18"],
  ["p if (((a or b)))", "3:6 3:9 3:14"],
  ["p if x and not y", "3:6 3:6 3:12 3:16"],
  ["p if { x } { y }", "3:8"],
])("in %s expressions begin where their text does", (text, expected) => {
  const module = parseModule(`package t\nimport rego.v2\n${text}`, "p.rego", "v1");
  expect(placesOf(module.rules[0]?.body ?? []).join(" ")).toBe(expected);
});

test("a head that stands for a further body is where that is", () => {
  const [, second] = parseModule(
    "package t\np := x if { x := 1 } {\n x := 2 }",
    "p.rego",
    "v1",
  ).rules;
  expect([second?.at.col, second?.head.at.col, second?.head.value.at.col]).toEqual([22, 22, 22]);
});

function placesOf(body: Body): readonly string[] {
  return body.flatMap((each) => {
    const place = `${each.at.row}:${each.at.col}`;
    if (each.kind === "not-body") return [place, ...placesOf(each.body.body)];
    if (each.kind !== "and" && each.kind !== "or") return [place];
    return [place, ...placesOf(each.left.body), ...placesOf(each.right.body)];
  });
}

test("a query has expressions on lines or with semicolons between them", () => {
  expect(parseQuery("x := 1; y = x\nnot z").map(({ at }) => [at.row, at.col])).toEqual([
    [1, 1],
    [1, 9],
    [2, 1],
  ]);
});
