import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/adapters/policy-engine/embedded/host.ts";
import {
  EMPTY_OBJECT,
  LoadError,
  loadModules,
  parseModule,
  parseQuery,
  prepareQuery,
  problemText,
  regoText,
} from "../../../src/rego/index.ts";

const HOST = nodeHost(() => 0n);
const LIMITS = { steps: 100_000, depth: 100, expired: () => false };

/** `data.t` as Rego writes it, each answer seen in opa 1.22.2; or what is wrong with the modules. */
function answer(...texts: readonly string[]): string {
  try {
    const modules = texts.map((text, index) => parseModule(text, `m${index}.rego`, "v1"));
    const loaded = loadModules(modules, { parseYaml: HOST.parseYaml });
    const ask = prepareQuery(loaded, parseQuery("x = data.t.p"));
    const [solution] = ask({ data: EMPTY_OBJECT, host: HOST, limits: LIMITS, strict: true });
    const value = solution?.get("x");
    return value === undefined ? "undefined" : regoText(value);
  } catch (error) {
    if (error instanceof LoadError) return error.problems.map(problemText).join("\n");
    throw error;
  }
}

function metadata(...lines: readonly string[]): string {
  return `# METADATA\n${lines.map((line) => `# ${line}\n`).join("")}`;
}

const RULE = "p := rego.metadata.rule()\n";
const CHAIN = "p := rego.metadata.chain()\n";

describe("what a rule is told of itself:", () => {
  test.each<[string, string, string]>([
    ["nothing", `package t\n${RULE}`, "{}"],
    ["its title", `package t\n${metadata("title: a")}${RULE}`, '{"scope": "rule", "title": "a"}'],
    [
      "the block furthest above it, of several",
      `package t\n${metadata("title: a")}\n${metadata("title: b")}${RULE}`,
      '{"scope": "rule", "title": "a"}',
    ],
    [
      "authors",
      `package t\n${metadata("authors:", "- name: x", "  email: y", "- A  B <c@d>", "- <e@f>")}${RULE}`,
      '{"authors": [{"email": "y", "name": "x"}, {"email": "c@d", "name": "A B"}, {"email": "e@f"}], "scope": "rule"}',
    ],
    [
      "schemas",
      `package t\n${metadata("schemas:", '- input.foo["b c"]: schema.x', "- data.x: {type: string}", "- input: schema")}${RULE}`,
      '{"schemas": [{"path": ["input", "foo", "b c"], "schema": ["schema", "x"]}, {"definition": {"type": "string"}, "path": ["data", "x"]}, {"path": ["input"], "schema": ["schema"]}], "scope": "rule"}',
    ],
    [
      "related resources",
      `package t\n${metadata("related_resources:", "- https://a.b/c?d=e", "- ref: HTTP://A.B", '  description: " x "')}${RULE}`,
      '{"related_resources": [{"ref": "https://a.b/c?d=e"}, {"description": "x", "ref": "HTTP://A.B"}], "scope": "rule"}',
    ],
    [
      "custom values",
      `package t\n${metadata("custom:", "  a: [1, 1.50, ~, 0x10]", '  b: "2024-01-01"', "  c: {d: yes}")}${RULE}`,
      '{"custom": {"a": [1, 1.5, null, 16], "b": "2024-01-01", "c": {"d": "yes"}}, "scope": "rule"}',
    ],
    [
      "in a comprehension",
      `package t\n${metadata("title: x")}p := {y | y := rego.metadata.rule().title}\n`,
      '{"x"}',
    ],
    ["nothing of its document", `package t\n${metadata("entrypoint: true")}${RULE}`, "{}"],
  ])("%s", (_, text, expected) => {
    expect(answer(text)).toBe(expected);
  });
});

describe("what a rule is told of what is around it:", () => {
  test.each<[string, readonly string[], string]>([
    ["its path", [`package t\n${CHAIN}`], '[{"path": ["t", "p"]}]'],
    [
      "its document",
      [`package t\n${metadata("entrypoint: true")}${CHAIN}`],
      '[{"path": ["t", "p"]}, {"annotations": {"entrypoint": true, "scope": "document"}, "path": ["t", "p"]}]',
    ],
    [
      "its blocks from the nearest, its package, and what is around that",
      [
        `${metadata("title: c")}package t\n${metadata("title: a")}\n${metadata("title: b")}${CHAIN}`,
        `${metadata("scope: subpackages", "title: d")}package t\n`,
      ],
      '[{"annotations": {"scope": "rule", "title": "b"}, "path": ["t", "p"]}, {"annotations": {"scope": "rule", "title": "a"}, "path": ["t", "p"]}, {"annotations": {"scope": "package", "title": "c"}, "path": ["t"]}, {"annotations": {"scope": "subpackages", "title": "d"}, "path": ["t"]}]',
    ],
    [
      "the constant part of its path",
      [`package t\n${metadata("title: x")}p[x].y := rego.metadata.chain() if x := "a"\n`],
      '{"a": {"y": [{"annotations": {"scope": "rule", "title": "x"}, "path": ["t", "p"]}]}}',
    ],
    [
      "in a function and behind an else",
      [
        `package t\n${metadata("title: x")}f(_) := 1 if false else := rego.metadata.chain()\np := f(1)\n`,
      ],
      '[{"path": ["t", "f"]}]',
    ],
  ])("%s", (_, texts, expected) => {
    expect(answer(...texts)).toBe(expected);
  });
});

describe("metadata is refused", () => {
  test.each<[string, string, string]>([
    [
      "that says nothing",
      `package t\n${metadata("")}p := 1`,
      "2:1: rego_parse_error: expected METADATA block, found whitespace",
    ],
    [
      "that is no object",
      `package t\n${metadata("foo")}p := 1`,
      "2:1: rego_parse_error: a METADATA block has",
    ],
    [
      "that is no YAML",
      `package t\n${metadata("title: a", "authors: [")}p := 1`,
      "4:1: rego_parse_error: ",
    ],
    [
      "of a scope that is none",
      `package t\n${metadata("scope: foo")}p := 1`,
      "2:1: rego_parse_error: invalid annotation scope 'foo'. Use one of 'rule', 'document', 'package', or 'subpackages'",
    ],
    [
      "before an import",
      `package t\n${metadata("title: x")}import data.x`,
      "2:1: rego_parse_error: invalid annotation scope 'import'.",
    ],
    [
      "before nothing",
      `package t\np := 1\n${metadata("title: x")}`,
      "3:1: rego_parse_error: invalid annotation scope ''.",
    ],
    [
      "of a package before a rule",
      `package t\n${metadata("scope: package")}p := 1`,
      "2:1: rego_parse_error: annotation scope 'package' must be applied to package (have rule)",
    ],
    [
      "of an entry point that is one rule of several",
      `package t\n${metadata("scope: rule", "entrypoint: true")}p := 1`,
      "2:1: rego_parse_error: annotation entrypoint applied to non-document or package scope 'rule'",
    ],
    [
      "of a document that has some",
      `package t\n${metadata("scope: document")}p := 1\n${metadata("scope: document")}p := 1`,
      "5:1: rego_type_error: document annotation redeclared: m0.rego:2",
    ],
    [
      "with an author of nothing",
      `package t\n${metadata("authors: [{}]")}p := 1`,
      "2:1: rego_parse_error: invalid author definition: 'name' and/or 'email'",
    ],
    [
      "with a time that is no text",
      `package t\n${metadata("custom: {a: 2024-01-01}")}${RULE}`,
      "2:1: rego_unsupported_error: metadata that is read another way elsewhere: 2024-01-01 is a time",
    ],
    [
      "with a number for a title",
      `package t\n${metadata("title: 1.10")}${RULE}`,
      "2:1: rego_unsupported_error: ",
    ],
    [
      "that has not what is asked of it",
      `package t\n${metadata("title: x")}p := rego.metadata.rule().titel\n`,
      "4:6: rego_type_error: undefined ref",
    ],
  ])("%s", (_, text, expected) => {
    expect(answer(text)).toContain(`m0.rego:${expected}`);
  });

  test("where no YAML is read, once it is asked for", () => {
    const load = (text: string) => () => loadModules([parseModule(text, "m.rego", "v1")]);
    expect(load(`package t\n${metadata("[")}p := 1\n`)).not.toThrow();
    expect(load(`package t\n${RULE}`)).toThrow("m.rego:2:6: rego_unsupported_error");
  });
});
