import { describe, expect, test } from "vitest";
import { LoadError, problemText } from "../../../src/rego/errors.ts";
import type { Dialect } from "../../../src/rego/syntax/ast.ts";
import { parseAnyDialect, parseModule } from "../../../src/rego/syntax/parse.ts";

function problems(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof LoadError) return error.problems.map(problemText);
    throw error;
  }
  return [];
}

/** Each as `row:col: message (hint)`. */
function told(text: string, dialect: Dialect = "v1"): readonly string[] {
  return problems(() => parseModule(text, "p.rego", dialect)).map((each) =>
    each.replace("p.rego:", "").replace("rego_parse_error: ", ""),
  );
}

// What people write who come from v0, from another language, or from the end of a long day. The
// text stands at row 2, behind `package t`.
const TABLE: readonly (readonly [string, readonly string[]])[] = [
  [
    "allow { input.x }",
    ["2:1: `if` keyword is required before rule body (write `allow if { … }`)"],
  ],
  [
    "allow = true { input.x }",
    ["2:1: `if` keyword is required before rule body (write `allow := true if { … }`)"],
  ],
  [
    'deny[msg] { msg := "a" }',
    [
      "2:1: `if` keyword is required before rule body",
      "2:1: `contains` keyword is required for partial set rules (write `deny contains msg if { … }`)",
    ],
  ],
  [
    "f(x) = y { y := x }",
    ["2:1: `if` keyword is required before function body (write `f(x) := y if { … }`)"],
  ],
  [
    "deny[msg]",
    [
      "2:1: `contains` keyword is required for partial set rules (write `deny contains msg if { … }`)",
    ],
  ],
  [
    "import future.keywords.foo",
    ["2:8: unexpected keyword, must be one of [and contains every if in not or]"],
  ],
  [
    "allow if { x := 1 := 2 }",
    [
      "2:19: unexpected assign token: expected \\n or ; or } (`:=` assigns once, on a line of its own in a body)",
    ],
  ],
  [
    "allow := true := false",
    ["2:15: unexpected assign token (`:=` assigns once, on a line of its own in a body)"],
  ],
  ["allow => true", ["2:8: unexpected gt token (write `>=` to compare, `if` before a body)"]],
  [
    "allow if { a && b }",
    [
      "2:15: unexpected and token (write each condition on a line of its own, or `import rego.v2` for `x and y`)",
    ],
  ],
  [
    "allow if a && b",
    [
      "2:13: unexpected and token (write each condition on a line of its own, or `import rego.v2` for `x and y`)",
    ],
  ],
  [
    "allow if { a || b }",
    [
      "2:15: unexpected or token (write a further rule with the same head, or `import rego.v2` for `x or y`)",
    ],
  ],
  [
    "allow if !x",
    ["2:10: illegal ! character (write `not x` for a negation, `x != y` to compare)"],
  ],
  ["allow if { x === 1 }", ["2:16: unexpected eq token (write `==`)"]],
  ["allow if { x !== 1 }", ["2:16: unexpected eq token (write `!=`)"]],
  ["allow := 'x'", ['2:10: illegal token: \' U+0027 (texts stand in double quotes: `"…"`)']],
  [
    "p := 1 if { x } else if",
    ["2:24: unexpected eof token (a body stands behind `if`: `if { … }`, or one expression)"],
  ],
  [
    "p := 1 if { x } else",
    [
      "2:21: unexpected eof token: expected else value term or rule body (a value or a body stands behind `else`)",
    ],
  ],
  [
    "allow if { input.x",
    ["2:19: unexpected eof token: expected \\n or ; or } (`{` of 2:10 is not closed)"],
  ],
  [
    "allow if {\n  x := [1, 2\n  y := 1\n}",
    ['4:3: unexpected identifier token: expected "," or "]" (`[` of 3:8 is not closed)'],
  ],
  [
    "allow if { (x }",
    ["2:15: unexpected } token: non-terminated expression (`(` of 2:12 is not closed)"],
  ],
  [
    "allow if { x ] }",
    ["2:14: unexpected ] token: expected \\n or ; or } (`{` of 2:10 is not closed)"],
  ],
  ["allow if { x } }", ["2:16: unexpected } token (no bracket is open that `}` could close)"]],
  ["p := [1 2]", ['2:9: unexpected number token: expected "," or "]"']],
  ['p := {"a": 1 "b": 2}', ['2:14: unexpected string token: expected "," or "}"']],
  ['p := {"a": 1, "b"}', ['2:18: unexpected } token: expected ":"']],
  [
    "default allow := input.x",
    [
      "2:1: illegal default rule (value cannot contain ref) (a default is a constant: compute a value in a rule with a body)",
    ],
  ],
  [
    "allow if",
    ["2:9: unexpected eof token (a body stands behind `if`: `if { … }`, or one expression)"],
  ],
  ["if := 1", ["2:1: if keyword cannot be used for rule name (choose another name)"]],
  ["default if := 1", ["2:9: if keyword cannot be used for rule name (choose another name)"]],
  ["some if { true }", ["2:1: some keyword cannot be used for rule name (choose another name)"]],
  ["allow := 1 if {​ x }", ["2:16: illegal token: U+200B"]],
  [
    "p := 1;",
    ["2:1: multiple expressions cannot be used for rule head (no `;` between rules or after them)"],
  ],
  [
    "p := 1; q := 2",
    ["2:1: multiple expressions cannot be used for rule head (no `;` between rules or after them)"],
  ],
  ["p if { x; }", ["2:11: unexpected } token (no `;` before `}`)"]],
  [
    "f(x := 1) := 2",
    [
      '2:5: unexpected assign token: expected "," or ")" (`:=` assigns once, on a line of its own in a body)',
    ],
  ],
  ["f(x = 1) := 2", ['2:5: unexpected eq token: expected "," or ")"']],
  [
    "p if { some x in }",
    [
      "2:15: unexpected in keyword: expected \\n or ; or } (what is searched stands behind `in`: `x in xs`)",
    ],
  ],
  [
    "p if { every x in xs }",
    ["2:22: unexpected } token: missing body (write `every x in xs { … }`)"],
  ],
  [
    "p if { x with input }",
    ["2:21: unexpected } token: expected as keyword (write `with input.x as value`)"],
  ],
  ["p if { x with input as }", ["2:24: unexpected } token (a value stands behind `as`)"]],
  [
    "p if { true and false }",
    [
      "2:13: unexpected identifier token: expected \\n or ; or } (`import rego.v2` or `import future.keywords.and` for `x and y` expressions)",
    ],
  ],
  [
    "p if { true or false }",
    [
      "2:13: unexpected identifier token: expected \\n or ; or } (`import rego.v2` or `import future.keywords.or` for `x or y` expressions)",
    ],
  ],
  [
    'p := "abc\nq := 1',
    [
      '2:6: non-terminated string (close it with `"` on the same line; a text of several lines stands in `…`)',
    ],
  ],
  [
    'p := "abc\ndef"',
    [
      '2:6: non-terminated string (close it with `"` on the same line; a text of several lines stands in `…`)',
    ],
  ],
  [
    "p := `abc\nq := 1",
    [
      '2:6: non-terminated string (close it with `"` on the same line; a text of several lines stands in `…`)',
    ],
  ],
  [
    'p := "\\d+"',
    [
      "2:6: illegal escape sequence (write `\\\\` for a backslash, or the text in `…`, where nothing is escaped)",
    ],
  ],
  ["p if { not some x in xs }", ["2:12: unexpected some keyword: illegal negation of 'some'"]],
  [
    "p := 1 if { x = = 2 }\nq := 2\nr := [1, , 2]\ns := 3",
    ["2:17: unexpected eq token", "4:10: unexpected , token"],
  ],
  [
    "p if { x = = 1 }\nq if {\n  x := := 1\n}",
    [
      "2:12: unexpected eq token",
      "4:8: unexpected assign token (`:=` assigns once, on a line of its own in a body)",
    ],
  ],
  ["p == 1", ["2:1: var cannot be used for rule name (write `p := …`)"]],
  ["1 := p", ["2:1: unexpected number token"]],
  ['"a" := 1', ["2:1: unexpected string token"]],
  [
    "p.q",
    ['2:1: `contains` keyword is required for partial set rules (write `p contains "q" if { … }`)'],
  ],
  ["p", ["2:1: var cannot be used for rule name (write `p := …`)"]],
  ["p()", ["2:1: rule argument list must take at least one argument"]],
  ["p := x.1", ["2:8: unexpected number token: expected identifier"]],
  ["p := x.", ["2:8: unexpected eof token: expected identifier"]],
  ['p := x["a"', ["2:11: unexpected eof token: expected ] (`[` of 2:7 is not closed)"]],
  ["p := f(x", ['2:9: unexpected eof token: expected "," or ")" (`(` of 2:7 is not closed)']],
  [
    "p contains if { true }",
    ["2:12: unexpected if keyword (`if` stands only before the body of a rule)"],
  ],
  [
    "contains x if { true }",
    ["2:1: contains keyword cannot be used for rule name (choose another name)"],
  ],
  [
    "function f(x) { x }",
    [
      "2:1: var cannot be used for rule name (a rule begins with its name: `p := …`, `p if { … }`, `f(x) := …`)",
    ],
  ],
  [
    "p := if x then 1 else 2",
    ["2:6: unexpected if keyword (`if` stands only before the body of a rule)"],
  ],
  ["p := x ? 1 : 2", ["2:8: illegal token: ? U+003F"]],
  [
    "return 1",
    ["2:1: var cannot be used for rule name (a rule has the value that stands behind its `:=`)"],
  ],
  ["p := true // comment", ["2:12: unexpected div token (a comment begins with `#`)"]],
  ["/* comment */\np := 1", ["2:1: unexpected div token (a comment begins with `#`)"]],
  ["p if { x++ }", ["2:10: unexpected plus token (there is no `++`: a variable has one value)"]],
  ["p if { x += 1 }", ["2:11: unexpected eq token (there is no `+=`: a variable has one value)"]],
  ["p := “a”", ['2:6: illegal token: “ U+201C (texts stand in double quotes: `"…"`)']],
  [
    "p if { $x }",
    ['2:8: illegal $ character (`$` stands only before a text with terms in it: `$"…{x}…"`)'],
  ],
  ["package u", ["2:1: unexpected package"]],
  [
    "import foo.bar",
    ["2:8: unexpected import path, must begin with one of: {data, future, input, rego}, got: foo"],
  ],
  [
    "import data.foo as input",
    ["2:20: unexpected import alias, must not be a reserved name, got: input"],
  ],
  [
    "import data.if",
    [
      "2:8: unexpected import path, must not end with a keyword, got: if (import a different path or use an alias)",
    ],
  ],
  ["p if { import data.x }", ["2:8: unexpected import keyword (imports stand outside of rules)"]],
  ["p := 01", ["2:6: unexpected number token: expected number without leading zero"]],
  ["p if { input.x > 1 < }", ["2:22: unexpected } token"]],
  ["p if { } else { }", ["2:17: found empty body"]],
  ["p := {1, 2 3}", ['2:12: unexpected number token: expected "," or "}"']],
  ['p := {"a" = 1}', ['2:11: unexpected eq token: expected "," or "}"']],
  ["p if x = 1, y = 2", ["2:11: unexpected , token"]],
  [
    "p if { x = 1, y = 2 }",
    [
      "2:13: unexpected , token: expected \\n or ; or } (write each condition on a line of its own)",
    ],
  ],
  ["p if { for x in xs { x } }", ["2:12: unexpected identifier token: expected \\n or ; or }"]],
  [
    "p if { x := 1 if y }",
    [
      "2:15: unexpected if keyword: expected \\n or ; or } (`if` stands only before the body of a rule)",
    ],
  ],
  [
    'p := $"a{x"',
    [
      '2:11: non-terminated string (close it with `"` on the same line; a text of several lines stands in `…`)',
    ],
  ],
  ['p := $"a{}"', ["2:10: unexpected } token (no bracket is open that `}` could close)"]],
  ['p := $"a{x', ["2:11: unexpected eof token: expected } to end template string expression"]],
  [
    "else := 1",
    [
      "2:1: else keyword cannot be used for rule name (an `else` stands behind the body of its rule)",
    ],
  ],
  [
    "not x",
    ["2:1: not keyword cannot be used for rule name (conditions stand in the body of a rule)"],
  ],
  [
    "allow if { x } or { y }",
    [
      "2:16: `if` keyword is required before rule body (`import rego.v2` or `import future.keywords.or` for `x or y` expressions)",
    ],
  ],
];

describe("a mistake is told with its place and what to write instead:", () => {
  test.each(TABLE)("%j", (text, expected) => {
    expect(told(`package t\n${text}`)).toEqual(expected);
  });

  test.each([
    ["", "1:1: empty module (a file begins with its package, such as `package agent.authz`)"],
    ["# a\n", "2:1: empty module (a file begins with its package, such as `package agent.authz`)"],
    [
      "allow := 1",
      "1:1: package expected (a file begins with its package, such as `package agent.authz`)",
    ],
    ['{"a": 1}', "1:1: package expected (this reads like JSON: data stands in files of its own)"],
    ["package t\n\u200bp := 1", "2:1: illegal token: U+200B"],
    [
      "package t\np :=\u00a01",
      "2:5: illegal non-breaking space character, use a regular space instead",
    ],
    ["package t\np := 1\u0007", "2:7: illegal token: U+0007"],
    ["package t\np := 1\u000b", "2:7: illegal token: U+000B"],
  ])("%j", (text, expected) => {
    expect(told(text)).toEqual([expected]);
  });

  test.each<[string, string]>([
    [
      "p if { x }",
      "2:1: var cannot be used for rule name (`import future.keywords.if` for rules with `if`)",
    ],
    [
      "p { x in xs }",
      "2:7: unexpected identifier token: expected \\n or ; or } (`import future.keywords.in` for `x in xs` expressions)",
    ],
    [
      "p contains x { x := 1 }",
      "2:1: var cannot be used for rule name (`import future.keywords.contains` for rules with `contains`)",
    ],
  ])("%j in v0", (text, expected) => {
    expect(told(`package t\n${text}`, "v0")[0]).toBe(expected);
  });
});

describe("after a mistake", () => {
  test("the next rules are read, up to ten problems", () => {
    const text = `package t\n${"p := [1 2]\n".repeat(30)}`;
    expect(told(text)).toHaveLength(10);
    expect(told(text).at(-1)).toContain("11:9: unexpected number token");
  });

  test.each([
    ["a bracket that is not closed", "p if {\nx := [1,\ny := 2\n}\n\nq := = 1"],
    ["a text that does not end", 'p := "a\n\nq := "b"\nr := = 1'],
    ["an import that is wrong", "import future.keywords.nothing\nq := = 1"],
    ["lines of a body at the first column", "p if {\nx = = y\nz == 1\nw == 2\n}"],
  ])("nothing follows from %s", (_, text) => {
    expect(told(`package t\n${text}`)).toHaveLength(1);
  });

  test("what only v1 refuses is told beside it, in the order of the text", () => {
    expect(
      told("package t\np { x }\nq := = 1\nr[x] { x := 1 }").map((each) => each.slice(0, 3)),
    ).toEqual(["2:1", "3:6", "4:1", "4:1"]);
  });

  test("a text of v0 is told the problem that v0 has with it", () => {
    const text = "package t\np { x }\nq { y = = 1 }";
    expect(problems(() => parseAnyDialect(text, "p.rego"))).toEqual([
      "p.rego:3:9: rego_parse_error: unexpected eq token",
    ]);
  });
});

describe("like OPA, with the code it gives,", () => {
  test.each([
    ["p := [1](x)", "2:6: rego_type_error: undefined function"],
    ["p := x[y](z)", "2:6: rego_type_error: undefined function"],
    ["p := f(x).y(z)", "2:6: rego_type_error: undefined function"],
    ["q[1](x) := x", "2:1: rego_unsupported_error: a function whose name is more than texts"],
  ])("%s is refused", (text, expected) => {
    const [problem] = problems(() => parseAnyDialect(`package t\n${text}`, "p.rego"));
    expect(problem).toContain(`p.rego:${expected}`);
  });

  test.each([
    "p if { {a | b} and c }",
    "p if { c or {a | b; d} }",
    "p if not {a | b}",
    "p if ({a | b} and c)",
    "p if { {1, 2} and x }",
    "p if { {} and x }",
    'p if { print("x") and y }',
    'p if { y or {print("x"); print("y")} }',
    "count(x)",
    "p if { every input in x { true } }",
    "p := 1e30103",
    "p := 9.991e30102",
    "p := 5e-30104",
    "p := 1e99999999999999999999",
  ])("%s is refused", (text) => {
    expect(told(`package t\nimport rego.v2\n${text}`)).toHaveLength(1);
  });

  test.each([
    "p if { {(a | b)} and c }",
    "p if { {or(a, b)} and c }",
    "p if ({a | b}) and c",
    "p if not ({a | b})",
    'p if { y or {print("x"); z} }',
    'p if { y or not print("x") }',
    "p := 1e30102",
    "p := 5.005e-30104",
    "p := 0e999999999",
    "count(x) := 1",
    "f (x) := x if true",
    "f (x) if true",
    "p [1] contains 2",
    "p [x].y := 1 if x := 2",
    "default f (x) := 1",
  ])("%s is read", (text) => {
    expect(told(`package t\nimport rego.v2\n${text}`)).toEqual([]);
  });

  test("a blank behind a rule's name needs a body behind the head", () => {
    expect(told("package t\nf (x) := 1")).toEqual([
      "2:1: var cannot be used for rule name (write `f := …`)",
    ]);
  });
});
