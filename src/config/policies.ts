/**
 * The policies of a folder, from the texts of its files: what an engine loads, what tests it, and
 * the documents beside it. Reads no disk and no Rego.
 */
import type { PolicyFile } from "../ports/policy-engine.ts";
import { jsonText } from "../rego/values/json.ts";
import { EMPTY_OBJECT, type RegoObject } from "../rego/values/value.ts";
import type { Files, Issue } from "./configuration.ts";
import { merged, nested, readDocument } from "./policy-documents.ts";

/** Files below one folder of policies. */
export const POLICY_FILES_MAX = 1_000;

export interface PolicyFolder {
  /** Rego files by their paths, tests left out. */
  readonly modules: readonly PolicyFile[];
  /** `*_test.rego`. */
  readonly tests: readonly PolicyFile[];
  /** `*_test.yaml`, `*_test.yml` and `*_test.json`. */
  readonly tables: readonly PolicyFile[];
  /** The documents as one JSON object: all of `data`. With issues it is not whole. */
  readonly data: string;
  readonly issues: readonly Issue[];
}

/** What is below `root` ("" is all of it), whose folders are the paths of documents in `data`. */
export function policySources(files: Files, root: string): PolicyFolder {
  const before = root === "" ? "" : `${root}/`;
  const found = [...files]
    .filter(([file]) => file.startsWith(before))
    .map(([file, text]) => ({ file, text }))
    .sort((one, other) => (one.file < other.file ? -1 : 1));
  if (found.length > POLICY_FILES_MAX) return tooMany(found.length, root);

  const of = (role: Role) => found.filter(({ file }) => roleOf(file) === role);
  const { data, issues } = documents(of("data"), before);
  return {
    modules: of("module"),
    tests: of("test"),
    tables: of("table"),
    data: jsonText(data),
    issues,
  };
}

/** Whether it is read; what else lies beside policies is not. */
export function isPolicyFile(file: string): boolean {
  return roleOf(file) !== "other";
}

/** Whether what it says is part of what policies decide: it is no test of them. */
export function isRuleOrData(file: string): boolean {
  return ["module", "data"].includes(roleOf(file));
}

type Role = "module" | "test" | "table" | "data" | "other";

function roleOf(file: string): Role {
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (name.endsWith(".rego")) return name.endsWith("_test.rego") ? "test" : "module";
  if (/_test\.(?:ya?ml|json)$/.test(name)) return "table";
  return /^data\.(?:ya?ml|json)$/.test(name) ? "data" : "other";
}

interface Placed {
  readonly file: string;
  readonly value: RegoObject;
}

interface Documents {
  readonly data: RegoObject;
  readonly issues: readonly Issue[];
}

function documents(found: readonly PolicyFile[], before: string): Documents {
  const issues: Issue[] = [];
  const placed: Placed[] = [];
  let data = EMPTY_OBJECT;
  for (const { file, text } of found) {
    const read = readDocument(file, text);
    if (read.kind === "invalid") {
      issues.push(...read.issues);
      continue;
    }
    const path = file.slice(before.length).split("/").slice(0, -1);
    const value = nested(path, read.value);
    if (value === null) {
      issues.push(noMap(file));
      continue;
    }
    const both = merged(data, value);
    if (both === null || isBeside(file, placed)) issues.push(twice(file, value, placed));
    else data = both;
    placed.push({ file, value });
  }
  return { data, issues };
}

/** A data.json and a data.yaml in one folder: which of them a reader believes is chance. */
function isBeside(file: string, placed: readonly Placed[]): boolean {
  return placed.some((each) => folderOf(each.file) === folderOf(file));
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/") + 1);
}

function twice(file: string, value: RegoObject, placed: readonly Placed[]): Issue {
  const other = placed.find(
    (each) => folderOf(each.file) === folderOf(file) || merged(each.value, value) === null,
  );
  return {
    ...{ file, line: null, path: "" },
    got: `a document where ${other?.file ?? "another file"} has one`,
    expected: "each document once",
    hint: "Keep one of the two.",
  };
}

function noMap(file: string): Issue {
  const hint = "At the top of the policies it is all of `data`, which has named parts.";
  return { file, line: null, path: "", got: "something else", expected: "a map", hint };
}

function tooMany(count: number, root: string): PolicyFolder {
  const issue = {
    ...{ file: root === "" ? "policies" : root, line: null, path: "" },
    got: `${count} files`,
    expected: `at most ${POLICY_FILES_MAX}`,
    hint: "Keep what is no policy elsewhere.",
  };
  const none = { modules: [], tests: [], tables: [] };
  return { ...none, data: "{}", issues: [issue] };
}
