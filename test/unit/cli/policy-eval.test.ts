import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { slipclutch } from "./harness.ts";
import { EXAMPLE, policies } from "./policy-folder.ts";

const FILES = {
  "authz.rego": EXAMPLE,
  "authz_test.rego": "package agent.authz_test\n\ntest_x if true\n",
  "limits/data.json": '{"most":12345678901234567890.10}',
};

interface Asked {
  readonly query: string;
  readonly input?: string;
  readonly files?: Record<string, string>;
  readonly flags?: readonly string[];
}

async function evaluate({ query, input, files = FILES, flags = [] }: Asked) {
  const folder = policies(files);
  const args = [
    "policy",
    "eval",
    "--query",
    query,
    ...(input === undefined ? [] : ["--input", "-"]),
  ];
  return slipclutch([...args, ...flags, "p"], {
    folder,
    ...(input === undefined ? {} : { input }),
  });
}

/** The one line that programs read, and the exit code. */
async function line(asked: Asked): Promise<readonly [number, string]> {
  const { code, out, err } = await evaluate({
    ...asked,
    flags: ["--json", ...(asked.flags ?? [])],
  });
  expect(err).toBe("");
  expect(out.split("\n")).toHaveLength(2);
  return [code, out.trimEnd()];
}

async function errorOf(asked: Asked) {
  const [code, text] = await line(asked);
  expect(code).toBe(2);
  return JSON.parse(text).error;
}

function call(table: unknown): string {
  return JSON.stringify({
    agent_id: "billing-optimizer",
    resource: { type: "database", table_name: table },
  });
}

const ALLOW = "data.agent.authz.allow";

describe("policy eval answers", () => {
  test.each([
    ["orders", true],
    ["customer_pii_cards", false],
  ])("the example policy, on %s", async (table, allowed) => {
    expect(await line({ query: ALLOW, input: call(table) })).toEqual([0, `{"result":${allowed}}`]);
  });

  test("an error where a built-in's operand is wrong, unless it is lenient", async () => {
    expect(await errorOf({ query: ALLOW, input: call(5) })).toEqual({
      code: "eval_type_error",
      message: "startswith: operand 1 must be string but got number",
      problems: [
        {
          ...{ file: "authz.rego", row: 8, col: 9, code: "eval_type_error", hint: null },
          message: "startswith: operand 1 must be string but got number",
        },
      ],
    });
    const flags = ["--lenient"];
    expect(await line({ query: ALLOW, input: call(5), flags })).toEqual([0, '{"result":true}']);
    const both = await evaluate({ query: ALLOW, flags: ["--lenient", "--strict"] });
    expect(both.code).toBe(2);
    expect(both.err).toContain("cannot be used with option");
  });

  test.each([
    ["data.limits.most", '{"result":12345678901234567890.10}'],
    ["input", '{"undefined":true}'],
    ["data.agent", '{"result":{"authz":{"allow":false}}}'],
    ["data.agent.authz_test", '{"undefined":true}'],
    ["data.nothing.there", '{"undefined":true}'],
    ["1 == 2", '{"result":false}'],
    ["count([1, 2])", '{"result":2}'],
    [`${ALLOW} with input as {"agent_id": 1}`, '{"result":false}'],
    ["[x | x := 1]", '{"result":[1]}'],
    ["x := 1; y := x + 1", '{"result":[{"x":1,"y":2}]}'],
    ["data[x].authz[y]", '{"undefined":true}'],
    ["data[x].authz[y] == false", '{"result":[{"x":"agent","y":"allow"}]}'],
    ["{1, 2}[_]", '{"result":[{},{}]}'],
    ["not data.nothing", '{"result":[{}]}'],
    ["x := 1; x > 1", '{"undefined":true}'],
  ])("%s", async (query, wanted) => {
    expect(await line({ query })).toEqual([0, wanted]);
  });

  test("with every digit of its input", async () => {
    const input = '{"x":1.10,"y":1e400,"z":9007199254740993}';
    const want = '{"result":[1.10,1e400,9007199254740993]}';
    expect(await line({ query: "[input.x, input.y, input.z]", input })).toEqual([0, want]);
  });

  test("with one document more", async () => {
    const folder = policies(FILES);
    writeFileSync(join(folder, "more.yaml"), "limits: { least: 1 }\n");
    writeFileSync(join(folder, "again.json"), '{"limits":{"most":1}}');
    const ask = (file: string) =>
      slipclutch(["policy", "eval", "p", "--query", "data.limits", "--data", file, "--json"], {
        folder,
      });
    expect(await ask("more.yaml")).toMatchObject({
      code: 0,
      out: '{"result":{"least":1,"most":12345678901234567890.10}}\n',
    });
    expect(JSON.parse((await ask("again.json")).out).error.code).toBe("data.conflict");
    expect(JSON.parse((await ask("none.json")).out).error.code).toBe("file.unreadable");
  });

  test("people with what is laid out for reading, and what was printed beside it", async () => {
    const files = { "a.rego": 'package a\n\np := {"x": [1, {}], "y": []} if print("seen", 1.0)\n' };
    expect(await evaluate({ query: "data.a.p", files })).toEqual({
      code: 0,
      out: '{\n  "x": [\n    1,\n    {}\n  ],\n  "y": []\n}\n',
      err: "seen 1.0\n",
    });
    expect(await evaluate({ query: "data.a.q", files })).toMatchObject({ out: "undefined\n" });
  });
});

describe("policy eval refuses", () => {
  test.each([
    ["no JSON", "{", "input.malformed", "the input is no JSON: line 1: a string is expected"],
    ["two values", "1\n2", "input.malformed", "the input is no JSON: line 2: text after the value"],
    ["nothing", "", "input.malformed", "the input is no JSON: line 1: a value is expected"],
  ])("an input that is %s", async (_, input, code, message) => {
    const error = await errorOf({ query: ALLOW, input });
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  test.each([
    ["startswith(1, 2)", "rego_type_error"],
    ["x > 1", "rego_unsafe_var_error"],
    ["data.", "rego_parse_error"],
    ['http.send({"url": "x"})', "rego_unsupported_error"],
    ["1 / 0", "eval_builtin_error"],
    ["walk([1])", "eval_conflict_error"],
    ["numbers.range(1, 100000000)", "eval_limit_error"],
  ])("%s", async (query, code) => {
    expect((await errorOf({ query })).code).toBe(code);
  });

  test("a folder that does not load, with its problems", async () => {
    const files = { "a.rego": "package a\n\np if {\n", "b.rego": "package\n" };
    const { problems } = await errorOf({ query: "data", files });
    expect(problems.map(({ file }: { file: string }) => file)).toEqual(["a.rego", "b.rego"]);
    const { code, err } = await evaluate({ query: "data", files });
    expect(code).toBe(2);
    expect(err).toContain("error a.rego:4:1: rego_parse_error");
  });

  test("a query that is missing", async () => {
    const { code, err } = await slipclutch(["policy", "eval", "p"], { folder: policies({}) });
    expect(code).toBe(2);
    expect(err).toContain("--query");
  });

  test("and shows people where", async () => {
    const { code, err } = await evaluate({ query: ALLOW, input: call(null) });
    expect(code).toBe(2);
    expect(err).toBe(
      [
        "error authz.rego:8:9: eval_type_error: startswith: operand 1 must be string but got null",
        '  8 |     not startswith(input.resource.table_name, "customer_pii_")',
        "    |         ^",
        "",
      ].join("\n"),
    );
  });
});
