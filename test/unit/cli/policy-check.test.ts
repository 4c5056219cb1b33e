import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { slipclutch } from "./harness.ts";
import { EXAMPLE, policies } from "./policy-folder.ts";

async function check(files: Record<string, string>, ...flags: string[]) {
  return slipclutch(["policy", "check", "p", ...flags], { folder: policies(files) });
}

async function codes(files: Record<string, string>, ...flags: string[]) {
  const { code, out } = await check(files, "--json", ...flags);
  const { problems, valid } = JSON.parse(out);
  expect(valid).toBe(code === 0);
  return problems.map((one: Record<string, unknown>) => {
    return `${one.level} ${one.file}:${one.row}:${one.col} ${one.code}`;
  });
}

const BROKEN = {
  "a.rego": "package a\n\nallow if {\n\tinput.x ==\n}\n",
  "b.rego": 'package b\n\ndeny contains "x" if http.send({})\n',
  "c.rego": "package c\n\np if {\n  y > 1\n}\n",
  "data.json": '{"a": {"x": nope}}',
  "rows_test.yaml": "- name: one\n  query: data.a\n  wants: 1\n",
  "notes.txt": "read me",
};

describe("policy check", () => {
  test("shows each problem with its place, its line and a way forward", async () => {
    const { code, out, err } = await check(BROKEN);
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "error a.rego:5:1: rego_parse_error: unexpected } token
        5 | }
          | ^
      error data.json:1: folder.invalid: got something else, expected strict JSON
        1 | {"a": {"x": nope}}
        A value is expected at column 13.
      error rows_test.yaml:3: folder.invalid: [0].wants: got "wants", expected a field that this file has
        3 |   wants: 1
        Did you mean "want"?
      warning notes.txt: folder.unread: got another kind of file, expected policies, tests and documents only
        It is not read: policies end in .rego, and documents are called data.json or data.yaml.
      p: 3 files of policies, not valid: 3 errors, 1 warning.
      "
    `);
  });

  test("goes on to what the files say together once each of them parses", async () => {
    const { out } = await check({ "b.rego": BROKEN["b.rego"], "c.rego": BROKEN["c.rego"] });
    expect(out).toMatchInlineSnapshot(`
      "error b.rego:3:22: rego_unsupported_error: http.send is not supported
        3 | deny contains "x" if http.send({})
          |                      ^
        A policy is decided from its input and data alone: the network is never asked.
      p: 2 files of policies, not valid: 1 error, 0 warnings.
      "
    `);
  });

  test("takes the example policy as it stands, and says what v1 asks of it", async () => {
    const { code, out } = await check({ "authz.rego": EXAMPLE });
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "warning authz.rego:1:1: policy.v0: this file is Rego v0, which OPA itself reads only with --v0-compatible
        1 | package agent.authz
          | ^
        For v1: line 5: \`if\` keyword is required before rule body. \`opa fmt --v0-v1 --write\` does most of it.
      p: 1 file of policies, valid: 0 errors, 1 warning.
      "
    `);
  });

  test("says it all as JSON, too", async () => {
    const { code, out } = await check({ "c.rego": BROKEN["c.rego"] }, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      valid: false,
      files: 1,
      problems: [
        {
          ...{ level: "error", file: "c.rego", row: 4, col: 3, code: "rego_unsafe_var_error" },
          ...{ message: "var y is unsafe", hint: expect.anything() },
        },
      ],
    });
  });

  test("counts warnings, and unused imports, only where it is strict", async () => {
    const files = { "a.rego": "package a\n\nimport data.b\n\np := 1\n" };
    expect(await codes(files)).toEqual([]);
    expect(await codes(files, "--strict")).toEqual(["error a.rego:3:1 rego_compile_error"]);
    expect((await check({ "a.rego": EXAMPLE }, "--strict")).code).toBe(1);
  });

  test("warns of a folded name that is compared with a capital", async () => {
    const policy = [
      "package a",
      "import input.resource as it",
      'p if input.resource.table_name == "Orders"',
      'q if input.resource["schema_name"] in {"a", "B"}',
      'r if startswith(it.name, "Pii")',
      's if not input.resource.table_name != "Ä"',
      't if every x in [1] { endswith(input.resource.table_name, concat("", [x, "S"])) }',
      'fine if input.resource.table_name == "orders"',
      'other if input.resource.owner == "Anna"',
      'lower_first if lower(input.resource.table_name) == "ORDERS"',
      'mine if input.resource.rename == "X"',
      'u if x := [1 | input.resource.table_name == "Nested"]',
    ];
    expect(await codes({ "a.rego": `${policy.join("\n")}\n` })).toEqual([
      "warning a.rego:3:6 policy.never-matches",
      "warning a.rego:4:6 policy.never-matches",
      "warning a.rego:5:6 policy.never-matches",
      "warning a.rego:6:6 policy.never-matches",
      "warning a.rego:12:16 policy.never-matches",
    ]);
  });

  const READS = [
    "package a",
    "import input.task as it",
    "import input.lables",
    'p if input.agentid == "a"',
    "q if it.cals > 3",
    'r if input["call"].tol == "x"',
    "s if { some each in input.budgets; input.budgets[_].remaning < 1; each.x }",
    "t if { some name; input.metrics[name].vaule > 1; input[name].x }",
    "t := [1 | input.labels.tier] if true else := input.commits.polices",
    "u(x) if x == input.resource.whatever",
    "v if { input.call.arguments.a.b; input.call.reading.uri }",
    "fine if { input.call.model; input.task.parent; input.time; input.metrics.stuck.line; it }",
    "test_fine if p with input.agentid as 1",
  ];
  const UNKNOWN = [
    "3:1 input.lables",
    "4:6 input.agentid",
    "5:6 input.task.cals",
    "6:6 input.call.tol",
    "7:36 input.budgets[_].remaning",
    "8:19 input.metrics[_].vaule",
    "9:11 input.labels.tier",
    "9:46 input.commits.polices",
    "11:34 input.call.reading.uri",
  ];

  async function neverSent(files: Record<string, string>, at = "p") {
    const { code, out } = await slipclutch(["policy", "check", at, "--json"], {
      folder: policies(files),
    });
    expect(code).toBe(0);
    return JSON.parse(out).problems.map(({ code, col, message, row }: Record<string, unknown>) => {
      expect(code).toBe("policy.no-such-input");
      return `${row}:${col} ${String(message).replace("the gateway never sends ", "")}`;
    });
  }

  test("warns of fields that no input has, wherever they are read", async () => {
    expect(await neverSent({ "a.rego": `${READS.join("\n")}\n` })).toEqual(UNKNOWN);
    const { out } = await check({ "a.rego": 'package a\n\np if input.agentid == "x"\n' });
    expect(out).toMatchInlineSnapshot(`
      "warning a.rego:3:6: policy.no-such-input: the gateway never sends input.agentid
        3 | p if input.agentid == "x"
          |      ^
        Did you mean "agent_id"?
      p: 1 file of policies, valid: 0 errors, 1 warning.
      "
    `);
  });

  test("but not in tests, of records, and of what agents alone ask", async () => {
    const reads = (name: string) => `package ${name}\n\np if input.nobody.knows\n`;
    const files = {
      "slipclutch.yaml": `policies:
  - { name: a, query: data.own.a.p, expose: true }
  - { name: b, query: data.own.b.p, expose: true }
  - { name: c, query: data.own.b.p, on: tool }
  - { name: d, query: "data[", expose: true }
  - 5
`,
      "policies/a.rego": reads("own.a"),
      "policies/b.rego": reads("own.b"),
      "policies/c.rego": reads("library"),
      "policies/log.rego": reads("system.log"),
      "policies/b_test.rego": `${reads("own.b_test")}\ntest_x if p with input as {}\n`,
    };
    expect(await neverSent(files)).toEqual(["3:6 input.nobody", "3:6 input.nobody"]);
    const { "slipclutch.yaml": _, ...bare } = files;
    expect(await neverSent(bare)).toHaveLength(3);
  });

  test("warns of files for tests that have none", async () => {
    const files = {
      "a_test.rego": "package a\n\nhelper := 1\n",
      "b_test.rego": "package b\n\ntodo_test_x if true\n",
      "c_test.yaml": "[]\n",
    };
    expect(await codes(files)).toEqual([
      "warning a_test.rego:null:null policy.no-tests",
      "warning c_test.yaml:null:null policy.no-tests",
    ]);
  });

  test("refuses a rule where a document stands", async () => {
    const rules = { "a.rego": "package a.b\n\nallow if true\n" };
    const conflict = ["error a.rego:3:1 rego_compile_error"];
    expect(await codes({ ...rules, "data.json": '{"a":{"b":{"allow":null}}}' })).toEqual(conflict);
    expect(await codes({ ...rules, "a/data.json": '{"b":5}' })).toEqual(conflict);
    expect(await codes({ ...rules, "a/b/data.json": '{"limit":5}' })).toEqual([]);
  });

  test("reads the policies of a guardrails folder, and of no other", async () => {
    const folder = policies({
      "slipclutch.yaml": "version: 1",
      "policies/a.rego": "package a\n\np := 1\n",
      "agents/b.rego": "not Rego",
    });
    const whole = await slipclutch(["policy", "check", "p"], { folder });
    expect(whole).toEqual({ code: 0, out: "p: 1 file of policies, valid.\n", err: "" });
    const none = await slipclutch(["policy", "check", "elsewhere"], { folder });
    expect(none.code).toBe(1);
    expect(none.out).toContain("got no folder, expected a folder of policies");
  });

  test("follows no link out of the folder", async () => {
    const folder = policies({ "a.rego": "package a\n\np := 1\n" });
    mkdirSync(join(folder, "away"));
    symlinkSync(join(folder, "away"), join(folder, "p/away"));
    const { code, out } = await slipclutch(["policy", "check", "p"], { folder });
    expect(code).toBe(1);
    expect(out).toContain("error away: folder.invalid: got a link that leads out of the folder");
  });

  test("sends nothing to the terminal that could move its cursor", async () => {
    const { out } = await check({ "a.rego": "package a\n\np if y > 1 # \u001b[2J\n" });
    expect(out).toContain("�[2J");
    expect(out).not.toContain("\u001b");
  });
});
