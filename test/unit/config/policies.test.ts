import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Issue } from "../../../src/config/configuration.ts";
import { diskTree } from "../../../src/config/disk.ts";
import { POLICY_FILES_MAX, policySources } from "../../../src/config/policies.ts";
import { readPolicyFiles } from "../../../src/config/policy-folder.ts";

function read(files: Record<string, string>, root = "") {
  return policySources(new Map(Object.entries(files)), root);
}

/** What is wrong with one document, as file, line, expectation and hint. */
function wrong(files: Record<string, string>): readonly string[] {
  return read(files).issues.map(
    ({ file, line, got, expected, hint }) =>
      `${file}:${line ?? "-"}: ${got} / ${expected} / ${hint}`,
  );
}

describe("the policies of a folder", () => {
  test("are told from their tests, their tables and what is none of them", () => {
    const folder = read({
      "b.rego": "package b",
      "a/a.rego": "package a",
      "a/a_test.rego": "package a",
      "a/rows_test.yaml": "[]",
      "a/rows_test.json": "[]",
      "a/data.yaml": "x: 1",
      "notes.md": "read me",
      "roles.json": "{}",
    });
    expect(folder.modules).toEqual([
      { file: "a/a.rego", text: "package a" },
      { file: "b.rego", text: "package b" },
    ]);
    expect(folder.tests.map(({ file }) => file)).toEqual(["a/a_test.rego"]);
    expect(folder.tables.map(({ file }) => file)).toEqual(["a/rows_test.json", "a/rows_test.yaml"]);
    expect(folder.data).toBe('{"a":{"x":1}}');
    expect(folder.issues).toEqual([]);
  });

  test("are those below the root, whose path is no part of a document's", () => {
    const files = {
      "policies/a.rego": "package a",
      "policies/roles/data.json": '{"admin":true}',
      "policies-old/b.rego": "package b",
      "agents/data.json": '{"no":1}',
    };
    const folder = read(files, "policies");
    expect(folder.modules.map(({ file }) => file)).toEqual(["policies/a.rego"]);
    expect(folder.data).toBe('{"roles":{"admin":true}}');
  });

  test("are at most a thousand files", () => {
    const names = Array.from({ length: POLICY_FILES_MAX + 1 }, (_, no) => [`${no}.rego`, ""]);
    const folder = read(Object.fromEntries(names));
    expect(folder.modules).toEqual([]);
    expect(folder.issues).toMatchObject([{ got: "1001 files", expected: "at most 1000" }]);
  });
});

describe("documents beside policies", () => {
  test("are one document, each below the path of its folder", () => {
    const folder = read({
      "data.json": '{"a":{"top":1}}',
      "a/data.yml": "c: [1, two]",
      "a/b/data.json": '{"__proto__":{"x":1}}',
      "a.b/data.json": "[1]",
    });
    expect(folder.issues).toEqual([]);
    expect(folder.data).toBe('{"a":{"b":{"__proto__":{"x":1}},"c":[1,"two"],"top":1},"a.b":[1]}');
  });

  test("keep the digits of their numbers", () => {
    const folder = read({
      "data.json": '{"big":12345678901234567890123.10,"huge":1e400}',
      "y/data.yaml": "price: 1.10\nsmall: -0.5e-3\n",
    });
    expect(folder.data).toBe(
      '{"big":12345678901234567890123.10,"huge":1e400,"y":{"price":1.10,"small":-0.5e-3}}',
    );
  });

  test.each([
    ["0777", "0777"],
    ["1_000", "1_000"],
    ["0x1f", "0x1f"],
    ["+5", "+5"],
    [".5", ".5"],
    [".inf", ".inf"],
    ["9007199254740993000", "9007199254740993000"],
    ["1e400", "1e400"],
    ["1e-400", "1e-400"],
  ])("in YAML have no number of two meanings: %s", (written) => {
    expect(wrong({ "data.yaml": `fine: 1\nx: [${written}]\n` })).toEqual([
      expect.stringMatching(/^data\.yaml:2: .* a number with one meaning /),
    ]);
  });

  test.each([
    ["2026-01-31", '"2026-01-31"'],
    ["10.0.0.1", '"10.0.0.1"'],
    ["yes", '"yes"'],
    ["e5", '"e5"'],
    ['"0777"', '"0777"'],
    ["~", "null"],
    ["True", "true"],
    ["1e3", "1e3"],
  ])("in YAML have what OPA reads: %s", (written, json) => {
    expect(read({ "data.yaml": `x: ${written}` }).data).toBe(`{"x":${json}}`);
  });

  test("in YAML have texts for keys, and neither tags nor aliases", () => {
    expect(wrong({ "data.yaml": "a: 1\n5: x\ntrue: y\n" })).toEqual([
      "data.yaml:2: something else / a key that is a text / Put the key in quotes.",
      "data.yaml:3: something else / a key that is a text / Put the key in quotes.",
    ]);
    expect(wrong({ "data.yaml": "a: !!str 5\n" })).toEqual([
      "data.yaml:1: something else / a value without a tag / Remove tag:yaml.org,2002:str.",
    ]);
    expect(wrong({ "data.yaml": "a: &x 1\nb: *x\n" })).toHaveLength(1);
  });

  test("in YAML end as their file ends", () => {
    expect(read({ "data.yaml": "x: |\n  one" }).data).toBe('{"x":"one"}');
    expect(read({ "data.yaml": "x: |\n  one\n" }).data).toBe('{"x":"one\\n"}');
  });

  test("that are no JSON are told with their line", () => {
    expect(wrong({ "a/data.json": '{\n  "x": nope\n}' })).toEqual([
      "a/data.json:2: something else / strict JSON / A value is expected at column 8.",
    ]);
  });

  test("that say something of one part are refused, and the other is named", () => {
    expect(wrong({ "a/b/data.json": '{"x":1}', "data.json": '{"a":{"b":{"x":1}}}' })).toEqual([
      "data.json:-: a document where a/b/data.json has one / each document once / Keep one of the two.",
    ]);
    expect(wrong({ "data.json": '{"a":{}}', "data.yaml": "b: 1" })).toHaveLength(1);
    expect(wrong({ "a/data.json": '{"b":1}', "a/b/data.json": '{"c":1}' })).toHaveLength(1);
  });

  test("are a map where they are all of `data`", () => {
    expect(wrong({ "data.json": "[1]" })).toHaveLength(1);
    expect(wrong({ "data.yaml": "" })).toHaveLength(1);
    expect(wrong({ "a/data.json": "[1]" })).toEqual([]);
  });
});

describe("the files of a folder of policies", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  function folder(files: Record<string, string | Uint8Array>): string {
    const path = mkdtempSync(join(tmpdir(), "slipclutch-policies-"));
    folders.push(path);
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), content);
    }
    return path;
  }

  /** What is read, and what is said of the rest. */
  async function found(path: string, root = "") {
    const { files, issues, warnings } = await readPolicyFiles(diskTree(path), root);
    const says = (issue: Issue) => `${issue.file}: got ${issue.got}`;
    return {
      files: [...files.keys()],
      issues: issues.map(says),
      warnings: warnings.map(says),
    };
  }

  test("are found at any depth, and what is hidden or no policy is left out", async () => {
    const path = folder({
      "policies/a.rego": "package a",
      "policies/deep/er/data.json": "{}",
      "policies/.hidden/b.rego": "package b",
      "policies/picture.png": Uint8Array.of(0xff, 0xfe),
      "agents/a.yaml": "",
    });
    expect(await found(path, "policies")).toEqual({
      files: ["policies/a.rego", "policies/deep/er/data.json"],
      issues: [],
      warnings: ["policies/picture.png: got another kind of file"],
    });
  });

  test("are reached by links only where these stay in the folder and lead in no circle", async () => {
    const away = folder({ "secret.rego": "package away" });
    const path = folder({
      "..data/policies/a.rego": "package a",
      "shared/b.rego": "package b",
      "agents/c.rego": "package c",
    });
    symlinkSync("..data/policies", join(path, "policies"));
    symlinkSync("../../shared", join(path, "policies/shared"));
    symlinkSync("../../agents/c.rego", join(path, "policies/c.rego"));
    symlinkSync(".", join(path, "policies/circle"));
    symlinkSync(join(away, "secret.rego"), join(path, "policies/out.rego"));
    symlinkSync(away, join(path, "policies/outside"));
    symlinkSync("nothing.rego", join(path, "policies/gone.rego"));
    symlinkSync("itself.rego", join(path, "policies/itself.rego"));
    expect(await found(path, "policies")).toEqual({
      files: ["policies/a.rego", "policies/c.rego", "policies/shared/b.rego"],
      issues: [
        "policies/circle: got a link to a folder that is read already",
        "policies/gone.rego: got what leads nowhere",
        "policies/itself.rego: got what leads nowhere",
        "policies/out.rego: got a link that leads out of the folder",
        "policies/outside: got a link that leads out of the folder",
      ],
      warnings: [],
    });
  });

  test("are text of at most 1 MB, and files at all", async () => {
    const path = folder({
      "big.rego": "x".repeat(1024 * 1024 + 1),
      "latin.rego": Uint8Array.of(0x70, 0xe4),
    });
    execFileSync("mkfifo", [join(path, "pipe.rego")]);
    expect((await found(path)).issues).toEqual([
      "pipe.rego: got something else than a file",
      "big.rego: got 1048577 bytes",
      "latin.rego: got what cannot be read",
    ]);
  });

  test("are at most a thousand, whatever they are", async () => {
    const names = Array.from({ length: POLICY_FILES_MAX + 1 }, (_, no) => [`x/${no}.txt`, ""]);
    const path = folder(Object.fromEntries(names));
    expect((await found(path)).issues).toEqual([`${path}: got more than 1000 files or folders`]);
  });

  test("are in a folder that is there", async () => {
    const path = folder({ policies: "a file" });
    expect((await found(path, "policies")).issues).toEqual(["policies: got a file"]);
    expect((await found(path, "nowhere")).issues).toEqual(["nowhere: got no folder"]);
    expect((await found(path, "policies/x")).issues).toEqual([
      "policies/x: got what leads nowhere",
    ]);
  });
});
