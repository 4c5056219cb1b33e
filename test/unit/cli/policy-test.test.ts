import { describe, expect, test } from "vitest";
import { slipclutch } from "./harness.ts";
import { EXAMPLE, policies } from "./policy-folder.ts";

const RULES = `package agent.authz_test

import data.agent.authz

test_orders if authz.allow with input as {
  "agent_id": "billing-optimizer",
  "resource": {"type": "database", "table_name": "orders"},
}

test_other_agent if not authz.allow with input as {"agent_id": "x"}

test_undefined if {
  print("seen", input.nope)
  1 == 2
}

test_false := false

test_text := "yes"

test_error if 1 / 0 == 1

test_conflict := x if some x in [1, 2]

test_case["a"] if true

todo_test_later if false

helper := true
`;

const TABLE = `- name: billing may read orders
  query: data.agent.authz.allow
  input: { agent_id: billing-optimizer, resource: { type: database, table_name: orders } }
  want: true
- name: a number for a name ends in an error
  query: data.agent.authz.allow
  input: { agent_id: billing-optimizer, resource: { type: database, table_name: 5 } }
  error: eval_type_error
- name: documents are laid over those of the folder
  query: data.limits
  data: { limits: { a: 2, c: [1] } }
  want: { a: 2, b: 1.10, c: [1] }
- name: sets are lists
  query: "{2, 1}"
  want: [1, 2]
- name: nothing is there
  query: data.nothing
  undefined: true
- name: a query of what is refused
  query: http.send({})
  error: rego_unsupported_error
`;

const FILES = { "authz.rego": EXAMPLE, "limits/data.json": '{"a":1,"b":1.10}' };

async function run(files: Record<string, string>, ...flags: string[]) {
  return slipclutch(["policy", "test", "p", ...flags], { folder: policies(files) });
}

async function results(files: Record<string, string>, ...flags: string[]) {
  const { code, out } = await run(files, "--json", ...flags);
  const { tests, ...counts } = JSON.parse(out);
  const lines = tests.map((one: Record<string, unknown>) => `${one.result} ${one.name}`);
  return { code, counts, lines };
}

describe("policy test runs rules", () => {
  const files = { ...FILES, "authz_test.rego": RULES };

  test("as opa test does, but with errors of built-ins as errors", async () => {
    const { code, counts, lines } = await results(files);
    expect({ code, counts }).toEqual({
      code: 1,
      counts: { passed: 2, failed: 3, errors: 3, skipped: 1 },
    });
    expect(lines).toEqual([
      "pass data.agent.authz_test.test_orders",
      "pass data.agent.authz_test.test_other_agent",
      "fail data.agent.authz_test.test_undefined",
      "fail data.agent.authz_test.test_false",
      "fail data.agent.authz_test.test_text",
      "error data.agent.authz_test.test_error",
      "error data.agent.authz_test.test_conflict",
      "error data.agent.authz_test.test_case",
      "skip data.agent.authz_test.todo_test_later",
    ]);
    const lenient = await results(files, "--lenient");
    expect(lenient.lines).toContain("fail data.agent.authz_test.test_error");
  });

  test("and tells of those that failed, with what they printed", async () => {
    const { out, err } = await run(files);
    expect(err).toBe("");
    expect(out).toMatchInlineSnapshot(`
      "FAILED  authz_test.rego:12  data.agent.authz_test.test_undefined: it is undefined
              seen <undefined>
      FAILED  authz_test.rego:17  data.agent.authz_test.test_false: it is not true
      FAILED  authz_test.rego:19  data.agent.authz_test.test_text: it is not true
      ERROR   authz_test.rego:21  data.agent.authz_test.test_error: eval_builtin_error at authz_test.rego:21:15: div: divide by zero
      ERROR   authz_test.rego:23  data.agent.authz_test.test_conflict: eval_conflict_error at authz_test.rego:23:1: rule data.agent.authz_test.test_conflict produced conflicting values
      ERROR   authz_test.rego:25  data.agent.authz_test.test_case: rego_unsupported_error at authz_test.rego:25:1: a test has no parts but names of its cases, which are variables: test_x[case]
      skip    authz_test.rego:27  data.agent.authz_test.todo_test_later
      p: 2 passed, 3 failed, 3 ended with an error, 1 skipped.
      "
    `);
  });

  test("and says the same as JSON, the same each time", async () => {
    const { out } = await run(files, "--json");
    const { tests } = JSON.parse(out);
    expect(tests.slice(2, 6)).toEqual([
      {
        ...{ file: "authz_test.rego", row: 12, name: "data.agent.authz_test.test_undefined" },
        ...{ result: "fail", because: "it is undefined", output: ["seen <undefined>"] },
      },
      {
        ...{ file: "authz_test.rego", row: 17, name: "data.agent.authz_test.test_false" },
        ...{ result: "fail", because: "it is not true" },
      },
      {
        ...{ file: "authz_test.rego", row: 19, name: "data.agent.authz_test.test_text" },
        ...{ result: "fail", because: "it is not true" },
      },
      {
        ...{ file: "authz_test.rego", row: 21, name: "data.agent.authz_test.test_error" },
        result: "error",
        error: {
          ...{ code: "eval_builtin_error", message: "div: divide by zero" },
          at: "authz_test.rego:21:15",
        },
      },
    ]);
    expect((await run(files, "--json")).out).toBe(out);
  });

  test("in any file and any package, once for each name", async () => {
    const lines = (await results({ "a.rego": "package a\n\ntest_x if true\n\ntest_x if 1 == 2\n" }))
      .lines;
    expect(lines).toEqual(["pass data.a.test_x"]);
  });

  test("that are chosen, and calls none of them no answer", async () => {
    const chosen = await results(files, "--run", "authz_test.rego: .*_o(rders|ther)");
    expect(chosen).toMatchObject({ code: 0, counts: { passed: 2 } });
    const none = await run(files, "--run", "nothing");
    expect(none.code).toBe(1);
    expect(none.out).toBe("p: no test was found: that is no answer.\n");
    const wrong = await run(files, "--run", "(");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("--run ( is no pattern");
  });

  test("and stops one that never ends", async () => {
    const endless =
      "package a\n\ntest_x if count([1 | numbers.range(1, 9000)[_]; numbers.range(1, 9000)[_]]) == 1\n";
    const { code, out } = await run({ "a_test.rego": endless }, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out).tests[0].error.code).toBe("eval_limit_error");
  });

  test("only where everything loads", async () => {
    const { code, err, out } = await run({ "a.rego": "package a\n\np if {\n" });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("error a.rego:4:1: rego_parse_error");
    const json = await run({ "rows_test.yaml": "- name: x\n" }, "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out).problems).toHaveLength(1);
  });
});

describe("policy test runs tables", () => {
  test("row by row", async () => {
    const { code, lines } = await results({ ...FILES, "authz_test.yaml": TABLE });
    expect(lines).toEqual([
      "pass billing may read orders",
      "pass a number for a name ends in an error",
      "pass documents are laid over those of the folder",
      "pass sets are lists",
      "pass nothing is there",
      "pass a query of what is refused",
    ]);
    expect(code).toBe(0);
  });

  test("of JSON, too, with every digit", async () => {
    const row = '{"name":"n","query":"input.x + 0","input":{"x":9007199254740993},"want":';
    const right = await results({ "n_test.json": `[${row}9007199254740993}]` });
    const wrong = await results({ "n_test.json": `[${row}9007199254740992}]` });
    expect([right.lines, wrong.lines]).toEqual([["pass n"], ["fail n"]]);
  });

  test.each([
    ["want: false", "it answers true, not false"],
    ["undefined: true", "it answers true, not nothing (undefined)"],
    ["error: eval_type_error", "it answers true, and no error eval_type_error"],
  ])("and says what is not as it should be: %s", async (wanted, because) => {
    const table = `- name: t\n  query: data.a.p\n  ${wanted}\n`;
    const { code, out } = await run({ "a.rego": "package a\n\np := true\n", "t_test.yaml": table });
    expect(code).toBe(1);
    expect(out.split("\n")[0]).toBe(`FAILED  t_test.yaml:1  t: ${because}`);
  });

  test("and tells an error from another, and from none that was wanted", async () => {
    const table =
      "- { name: a, query: 1 / 0, want: 1 }\n- { name: b, query: 1 / 0, error: other }\n";
    const { out } = await run({ "t_test.yaml": table });
    expect(out.split("\n").slice(0, 2)).toEqual([
      "ERROR   t_test.yaml:1  a: eval_builtin_error at query:1:1: div: divide by zero",
      "FAILED  t_test.yaml:2  b: it ends with eval_builtin_error, not with other",
    ]);
  });

  test.each([
    ["{}", "a list of tests"],
    ["[{ name: x, query: data }]", "one of want, undefined and error"],
    ["[{ name: x, query: data, want: 1, undefined: true }]", "one of want, undefined and error"],
    ["[{ name: x, query: data, undefined: false }]", "true"],
    ["[{ query: data, want: 1 }]", "a text"],
    ["[{ name: x, query: data, want: 0777 }]", "a number with one meaning"],
  ])("that are written as they should be, not as %s", async (text, expected) => {
    const { code, err } = await run({ "t_test.yaml": text });
    expect(code).toBe(1);
    expect(err).toContain(`expected ${expected}\n`);
  });
});

describe("coverage of policies", () => {
  const policy = `package a

default allow := false

allow if {
  input.x == 1
  every y in input.ys {
    y > 0
  }
}

allow if input.admin

level := "high" if {
  input.n > 10
} else := "low"

never := 1
`;
  const allow = `package a_test

test_allow if data.a.allow with input as {"x": 1, "ys": [1]}

test_not if not data.a.allow with input as {"x": 2}

test_level if data.a.level == "low" with input as {"n": 1}
`;
  const files = { "a.rego": policy, "a_test.rego": allow };

  test("counts lines that were tried, and rules that have held", async () => {
    const { code, out } = await run(files, "--coverage");
    expect(code).toBe(0);
    expect(out).toBe(
      [
        "   70 %  a.rego  not covered: 12, 14, 18",
        "70 % of the lines of policies are covered.",
        "p: 3 passed, 0 failed, 0 ended with an error, 0 skipped.",
        "",
      ].join("\n"),
    );
  });

  test("goes into sets, objects, functions and comprehensions", async () => {
    const parts = `package b

names contains name if {
  some name in input.names
}

by_name[name] := size if {
  some name in names
  size := count(names) + size_of(name)
}

size_of(name) := count(name)

never(name) := 1 if {
  name == "x"
}

long := [name |
  some name in names
  size_of(name) > 3
]
`;
    const tests = `package b_test

test_all if data.b.by_name.anna == 6 with input as {"names": ["anna", "bo"]}

test_long if data.b.long == [] with input as {"names": []}
`;
    const { code, out } = await run({ "b.rego": parts, "b_test.rego": tests }, "--coverage");
    expect(code).toBe(0);
    expect(out.split("\n")[0]).toBe(" 72.7 %  b.rego  not covered: 14–15, 20");
  });

  test("may be too little", async () => {
    expect((await run(files, "--threshold", "70")).code).toBe(0);
    const below = await run(files, "--threshold", "70.1");
    expect(below.code).toBe(1);
    expect(below.out).toContain(
      "70 % of the lines of policies are covered, which is below 70.1 %.",
    );
    expect((await run(files, "--threshold", "101")).code).toBe(2);
  });

  test("is said as JSON, and counts tables", async () => {
    const table = "- { name: never, query: data.a.never, want: 1 }\n";
    const { out } = await run({ ...files, "t_test.yaml": table }, "--coverage", "--json");
    expect(JSON.parse(out).coverage).toEqual({
      percent: 80,
      files: [{ file: "a.rego", percent: 80, lines: 10, not_covered: [12, 14] }],
    });
  });
});
