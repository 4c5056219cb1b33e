import { describe, expect, it } from "vitest";
import { LoadError, type LoadProblem } from "../../../src/rego/errors.ts";
import { loadModules } from "../../../src/rego/load.ts";
import type { Dialect } from "../../../src/rego/syntax/ast.ts";
import { parseModule, parseQuery } from "../../../src/rego/syntax/parse.ts";

function problemsOf(rules: string, dialect: Dialect = "v1"): readonly LoadProblem[] {
  return problemsIn(() => loaded(rules, dialect));
}

function problemsIn(load: () => unknown): readonly LoadProblem[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof LoadError) return error.problems;
    throw error;
  }
}

function loaded(rules: string, dialect: Dialect = "v1") {
  return loadModules([parseModule(`package t\n${rules}\n`, "t.rego", dialect)]);
}

/** What `opa check` 1.22.2 says of each: where it is, and in which words. */
const WRONG: readonly (readonly [rules: string, at: string, message: string])[] = [
  // calls
  ["p if nosuch(1)", "2:6", "undefined function nosuch"],
  ['p if startswith("a")', "2:6", "startswith: arity mismatch"],
  ['p if startswith("a", "b", true, 3)', "2:6", "startswith: arity mismatch"],
  ["p := f(1)\nf(x) := 1\nf(x, y) := 2", "3:1", "conflicting rules data.t.f found"],
  ["p if any([true])", "2:6", "deprecated built-in function calls in expression: any"],
  ["p if data.t.q(1)\nq contains 1", "2:6", "undefined function data.t.q"],
  ["f(x) := 1\np if f(1, 2, 3)", "3:6", "function data.t.f has arity 1, got 3 arguments"],
  ["f(x) := 1\np := f()", "3:6", "function data.t.f has arity 1, got 0 arguments"],
  ["f(x) := 1\np := [y | y := f(1, 2)]", "3:16", "function data.t.f has arity 1, got 2 arguments"],
  [
    "f(x) := 1\np if { input.x with input as f(1, 2) }",
    "3:30",
    "function data.t.f has arity 1, got 2 arguments",
  ],
  ["p := io.jwt.nosuch(1)", "2:6", "undefined function io.jwt.nosuch"],
  ["p := print(1)", "2:6", "print(1) used as value"],
  ['p if not startswith("a")', "2:6", "startswith: arity mismatch"],
  ['p if re_match("a", "b")', "2:6", "deprecated built-in function calls in expression: re_match"],
  ["f() := 1\np if f() == 1", "3:6", "undefined function data.t.f"],
  ["p if { q with count as f }\nf(x, y) := 1\nq := 1", "2:10", "count: arity mismatch"],
  // operands
  ["p if count(1) == 1", "2:6", "count: invalid argument(s)"],
  ['p := sum(["a"])', "2:6", "sum: invalid argument(s)"],
  ['f(x) := x + 1\np if f("a") == 1', "3:6", "data.t.f: invalid argument(s)"],
  ['g("a", _) := 1\np if g(1, 2) == 1', "3:6", "data.t.g: invalid argument(s)"],
  ['h({"a": x}) := x\np if h({"b": 1}) == 1', "3:6", "data.t.h: invalid argument(s)"],
  ['p if 1 + "a" == 2', "2:6", "plus: invalid argument(s)"],
  ['p if sprintf("%d", 1) == "1"', "2:6", "sprintf: invalid argument(s)"],
  ['p if concat(",", [1, 2]) == "1"', "2:6", "concat: invalid argument(s)"],
  ["p := count(count([1]))", "2:6", "count: invalid argument(s)"],
  ['p if { x := {"a": 1}; startswith(x.a, "a") }', "2:23", "startswith: invalid argument(s)"],
  ['p if { q[x]; startswith(x, "a") }\nq contains 1', "2:14", "startswith: invalid argument(s)"],
  ['p if not startswith(1, "a")', "2:6", "startswith: invalid argument(s)"],
  ["q := 1\np if count(q) == 1 with input as {}", "3:6", "count: invalid argument(s)"],
  // equalities
  ['p if 1 == "a"', "2:6", "match error"],
  ["p if [1, 2] = [1]", "2:6", "match error"],
  ["p if upper(input.x) == 1", "2:6", "match error"],
  ['p if [input.x, 1] = ["a", "b"]', "2:6", "match error"],
  ['p if {"a": 1} == {"b": 1}', "2:6", "match error"],
  ['p if { x := [1, "a"]; x[0] == "b" }', "2:23", "match error"],
  ['p if q == true\nq := 1\nq := "a" if input.x', "2:6", "match error"],
  ['p if 5 in ["a"]', "2:6", "match error"],
  ['p if "a", 1 in [1]', "2:6", "match error"],
  ['p if { some x in [1]; x == "a" }', "2:23", "match error"],
  ['p if { some k, v in ["a"]; v == 1 }', "2:28", "match error"],
  ['p if { walk(input, [path, value]); path == "a" }', "2:36", "match error"],
  ['p if time.clock(1)[0] == "a"', "2:6", "match error"],
  ['p if { x = {"a": y}; x = {"a": 1}; y == "s" }', "2:36", "match error"],
  // references
  ['q := {"a": 1, "b c": 2}\np if q.nosuch', "3:6", "undefined ref: data.t.q.nosuch"],
  [
    'q := {"a": 1, "b c": 2}\np if q["b c"][input.x]',
    "3:6",
    'undefined ref: data.t.q["b c"][input.x]',
  ],
  ["q := 1\np if q.x", "3:6", "undefined ref: data.t.q.x"],
  ["p if { x := [1]; x.a }", "2:18", "undefined ref: x.a"],
  ["p if { x := {1}; x.a }", "2:18", "undefined ref: x.a"],
  ["p if { x := {}; x.a }", "2:17", "undefined ref: x.a"],
  ["p if { x := set(); x[1] }", "2:20", "undefined ref: x[1]"],
  ["p if [1, 2].a", "2:6", "undefined ref: [1, 2].a"],
  ["p if time.clock(1)[3]", "2:6", "undefined ref: time.clock(1)[3]"],
  ["q.r := 1\np if data.t[1]", "3:6", "undefined ref: data.t[1]"],
  ["f(x) := 1\np if f", "3:6", "function data.t.f used as reference, not called"],
  ['p if { x := "a"; [1][x] }', "2:18", "undefined ref: [1][x]"],
  ["p if { some x in count(input.y); x == 1 }", "2:18", "undefined ref: count(input.y)[_]"],
  ['q := {"a": 1}\np if { some k; q[k].b == 1 }', "3:16", "undefined ref: data.t.q[k].b"],
  ["q := 1\np if { not q.x }", "3:12", "undefined ref: data.t.q.x"],
  ['p if { count([x | x := q.y]) == 1 }\nq := {"z": 1}', "2:24", "undefined ref: data.t.q.y"],
  // with
  [
    "p if { q with foo.bar as 1 }\nq := 1",
    "2:15",
    "with keyword target must reference existing input, data, or a function",
  ],
  [
    "p if { q with data.t.q.z as 1 }\nq := 1",
    "2:15",
    "with keyword cannot partially replace virtual document(s)",
  ],
  [
    "p if { q with eq as 1 }\nq := 1",
    "2:15",
    'with keyword replacing built-in function: replacement of "eq" invalid',
  ],
  [
    "p if { q with walk as 1 }\nq := 1",
    "2:15",
    "with keyword replacing built-in function: target must not be a relation",
  ],
  [
    "p if { q with print as 1 }\nq := 1",
    "2:15",
    "with keyword replacing built-in function: target must not be a void function",
  ],
  [
    "p if { q with internal.member_2 as 1 }\nq := 1",
    "2:15",
    'with keyword replacing built-in function: replacement of internal function "internal.member_2" invalid',
  ],
  [
    "p if { x := 1; q with x as 1 }\nq := 1",
    "2:23",
    "with keyword target must reference existing input, data, or a function",
  ],
];

/** What OPA loads, too. */
const RIGHT: readonly string[] = [
  "p if { input.x.y == 1; input.x == 2; input[_] == {} }",
  "p if data.other[x].y == x",
  "p if data.t.nosuch.x == 1",
  "p if data[2] == 1",
  "p if count(data.other.f) == 1",
  "p if { some x in 5; x == 1 }",
  "p if 1 in 5",
  "p if { x := {}; x[_] == 1 }",
  "p if { [] == [1 | input.x] }",
  "q := 1\np if count(data.t.q) == 1 with data.t.q as [1]",
  "q := 1 if r\nr := input.x\np if count(data.t.q) == 1 with data.t.r as []",
  'p if { every x in [1] { startswith(x, "a") } }',
  "import rego.v2\np if { not { count(1) == 1 } }",
  "import rego.v2\np if { count(1) == 1 or input.x }",
  'f(x) := [y | y := x + 1]\np if f("a") == []',
  'f(1) := 1\nf("a") := 2\np if f("a") == 2',
  'q := 1\nq := "a" if input.x\np if q == "a"',
  'q contains 1\nq contains "a"\np if q.a',
  'q[x] := 1 if x := "a"\nq[x] := "b" if x := 1\np if q[1] == "b"',
  'q.a := 1\nq.b := "x"\np if q[input.x] == "x"',
  'p if { x := object.get({}, "a", 1); x.y.z == 1 }',
  "p if json.unmarshal(input.x).y == 1",
  "p if minus({1}, {2}) == {1}",
  "p if 1 == 1 == true",
  "p if walk(input, [_, 1])",
  "p if { q with input.x as 1 with data.other as {} with time.now_ns as 1 with count as f }\nf(_) := 1\nq := 1",
  "p if { is_number(count) }\ncount := 1",
  'p if {"a": input.x} == {"a": "s"}',
  'p if { [x, "a"] = [1, y]; x == 1; y == "a" }',
  'p := $"{input.x} {count([1])}"',
  "p := null\nq if p == null",
  'default f(_) := 1\nf(1) := "a"\np if { f(input.x) == 1; f(2) == "a" }',
  "a := b.c\nb.c := 1\np if a == 1",
  'q[x] := 1 if { x := input.y; startswith(x, "") }\np if q[1] == 1',
  'q[x].y contains 1 if { x := "k" }\np if q.k.z',
  'p if { every x in q { x.y.z } }\nq := [{"y": 1}]',
];

describe("types, against what opa check 1.22.2 says", () => {
  it.each(WRONG)("refuses: %s", (rules, at, message) => {
    const code =
      message.startsWith("with keyword") && !message.includes("must reference")
        ? "rego_compile_error"
        : "rego_type_error";
    const found = problemsOf(rules).map((each) => [
      each.code,
      `${each.at.row}:${each.at.col}`,
      each.message,
    ]);
    expect(found).toEqual([[code, at, message]]);
  });

  it.each(RIGHT)("loads: %s", (rules) => {
    expect(problemsOf(rules)).toEqual([]);
  });
});

describe("problems of types", () => {
  it.each([
    ['p if startswith("a")', "it takes (string, string) boolean, got 1 operand"],
    ['p if 1 + "a" == 2', "have (number, string), want (number, number)"],
    [
      'p if count(1, "a")',
      "have (number, string), want (string | array<any> | object<any, any> | set<any>, number)",
    ],
    ['q := {"a": 1, "b c": 2}\np if q.nosuch', 'have "nosuch", want one of "a", "b c"'],
    ["q := 1\np if q.x", "there is nothing inside number"],
    ["p if { x := {}; x.a }", 'have "a", there are no keys'],
    ['p if { x := "a"; [1][x] }', "have string, want number"],
    ['p if {"a": 1} == 1', "left {a: number}, right number"],
    [
      "p if { q with upper as f }\nf(x, y) := 1\nq := 1",
      "(any, any) number cannot stand in for (string) string",
    ],
  ])("say what is there and what would be right: %s", (rules, hint) => {
    expect(problemsOf(rules).map((each) => each.hint)).toEqual([hint]);
  });

  it("are all said at once, in the order of the text", () => {
    const found = problemsOf('b if a == "x"\na := 1\nc if upper(1)\nd if a.y');
    expect(found.map(({ at, message }) => `${at.row} ${message}`)).toEqual([
      "2 match error",
      "4 upper: invalid argument(s)",
      "5 undefined ref: data.t.a.y",
    ]);
  });

  it("do not spread to the rules that refer to what is wrong", () => {
    const found = problemsOf("a := upper(1)\nb := a + 1\nc := a.x");
    expect(found.map(({ at }) => at.row)).toEqual([2]);
  });

  it("show references as they were written, not as they were rewritten", () => {
    const found = problemsOf('q := {"a": 1}\np if q.a[split(input.x, ",")[_]]');
    expect(found.map(({ message }) => message)).toEqual([
      'undefined ref: data.t.q.a[split(input.x, ",")[_]]',
    ]);
  });

  it("say once what a function is replaced by, and look at rules and built-ins alike", () => {
    const rules = "f(x) := 1\ng(x, y) := 2\nq if f(1) == 1 with f as count";
    expect(problemsOf(`${rules}\np if f(1) == 1 with f as g`)).toMatchObject([
      { message: "data.t.f: arity mismatch", at: { row: 5, col: 16 } },
    ]);
    expect(problemsOf(`${rules}\np if count([]) == 1 with count as f`)).toEqual([]);
  });

  it("show no more of a type than a line holds", () => {
    const many = Array.from({ length: 300 }, (_, i) => `o := {"k${i}": ${i}} if input.x == ${i}`);
    expect(problemsOf(`${many.join("\n")}\np if o == 1`).map(({ hint }) => hint)).toEqual([
      "left object, right number",
    ]);
  });

  it("are found in queries, by what is known of the rules", () => {
    const ready = loaded("q := 1");
    const found = (query: string) =>
      problemsIn(() => ready.query(parseQuery(query))).map(({ message }) => message);
    expect(found("data.t.q == 1")).toEqual([]);
    expect(found('data.t.q == "a"')).toEqual(["match error"]);
    expect(found("data.t.q.x")).toEqual(["undefined ref: data.t.q.x"]);
    expect(found("upper(1, 2, 3)")).toEqual(["upper: arity mismatch"]);
    expect(found("x := 1 with walk as 1")).toHaveLength(1);
  });
});

describe("deprecated built-ins", () => {
  it("are for v0 only, and not for its modules that import a later language", () => {
    expect(problemsOf("p { any([true]) }", "v0")).toEqual([]);
    for (const version of ["v1", "v2"]) {
      const found = problemsOf(`import rego.${version}\np if any([true])`, "v0");
      expect(found.map(({ at, message }) => [at.row, message])).toEqual([
        [3, "deprecated built-in function calls in expression: any"],
      ]);
    }
  });
});

describe("types that would grow without end", () => {
  it("are anything from some size on, and cost no time", () => {
    const doubling = Array.from({ length: 60 }, (_, i) => `r${i + 1} := [r${i}, r${i}]`);
    const rules = ["r0 := {1}", ...doubling, "p if r60 == r59", "q if r2 == 1"].join("\n");
    expect(problemsOf(rules).map(({ message }) => message)).toEqual(["match error"]);
  });

  it("are anything from some depth on", () => {
    const nested = (depth: number, inner: string) =>
      `${"[".repeat(depth)}${inner}${"]".repeat(depth)}`;
    const compared = (depth: number) => `p if ${nested(depth, "1")} == ${nested(depth, '"a"')}`;
    expect(problemsOf(compared(50))).toHaveLength(1);
    expect(problemsOf(compared(150))).toEqual([]);
  });

  it("are anything for tables of a thousand entries", () => {
    const table = (size: number) => Array.from({ length: size }, (_, i) => `"k${i}": ${i}`).join();
    expect(problemsOf(`r := {${table(5_000)}}\np if r.nosuch`)).toEqual([]);
    expect(problemsOf(`r := {${table(500)}}\np if r.nosuch`)).toHaveLength(1);
  });
});
