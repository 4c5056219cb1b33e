/** A guardrails folder on disk → a configuration, or everything that is wrong with it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Issue, Loaded } from "./configuration.ts";
import type { Environment } from "./environment.ts";
import { LATER_FILES } from "./later.ts";
import { documentsOf } from "./openapi/documents.ts";
import { type Files, readFiles } from "./read.ts";
import { FILE_BYTES_MAX } from "./source.ts";
import { sqlReaderFor } from "./sql-parser.ts";

/** Manifests in one folder. */
export const AGENT_FILES_MAX = 10_000;

const MANIFEST = /\.(json|ya?ml)$/;

/**
 * Read and check the whole folder. `today` (an ISO date) decides which of two dated prices is in
 * force; without it the dearer one is.
 */
export async function load(
  folder: string,
  environment: Environment,
  today: string | null = null,
): Promise<Loaded> {
  const read = await readFolder(folder);
  if (read.issues.length > 0 && read.files.size === 0) {
    return { kind: "invalid", issues: read.issues };
  }
  const sql = await sqlReaderFor(read.files);
  const loaded = readFiles(read.files, { environment, today, sql });
  const found = loaded.kind === "invalid" ? loaded.issues : [];
  if (read.issues.length > 0) return { kind: "invalid", issues: [...read.issues, ...found] };
  if (loaded.kind === "invalid") return loaded;
  return { ...loaded, warnings: [...loaded.warnings, ...read.warnings] };
}

export interface FolderRead {
  readonly files: Files;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** What is in a folder, and what is wrong with it before any of it is read. */
export async function readFolder(folder: string): Promise<FolderRead> {
  const files = new Map<string, string>();
  const issues: Issue[] = [];
  const root = await namesIn(folder);
  if (root === null) {
    const hint = `\`slipclutch init ${folder}\` makes one.`;
    return {
      files,
      issues: [issue(folder, "no folder", "a guardrails folder", hint)],
      warnings: [],
    };
  }
  for (const name of root) {
    const later = Object.hasOwn(LATER_FILES, name) ? LATER_FILES[name] : undefined;
    if (later) issues.push(issue(name, "rules that are not enforced", "nothing here", later));
  }
  if (!root.includes("slipclutch.yaml")) {
    const other = root.find((name) => /^slipclutch\.(ya?ml|json)$/i.test(name));
    const hint = other ? `Rename ${other}.` : `\`slipclutch init ${folder}\` writes one.`;
    issues.push(issue("slipclutch.yaml", "no file", "the file slipclutch.yaml", hint));
  }
  const { manifests, warnings } = await manifestNames(folder, root);
  if (manifests.length > AGENT_FILES_MAX) {
    const hint = "Split the agents over several gateways.";
    issues.push(issue("agents", `${manifests.length} files`, `at most ${AGENT_FILES_MAX}`, hint));
    return { files, issues, warnings };
  }
  const wanted = ["slipclutch.yaml", "prices.yaml"].filter((name) => root.includes(name));
  for (const file of [...wanted, ...manifests]) {
    const text = await textOf(folder, file);
    if (typeof text === "string") files.set(file, text);
    else issues.push(text);
  }
  for (const file of documentsOf(files)) {
    // One that is not there is told where it is named.
    if (!(await isThere(folder, file))) continue;
    const text = await textOf(folder, file);
    if (typeof text === "string") files.set(file, text);
    else issues.push(text);
  }
  return { files, issues, warnings };
}

async function isThere(folder: string, file: string): Promise<boolean> {
  try {
    return (await stat(join(folder, file))).isFile();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
    throw error;
  }
}

async function manifestNames(folder: string, root: readonly string[]) {
  const manifests: string[] = [];
  const warnings: Issue[] = [];
  const names = root.includes("agents") ? await namesIn(join(folder, "agents")) : [];
  for (const name of names ?? []) {
    const file = `agents/${name}`;
    if (MANIFEST.test(name)) manifests.push(file);
    else {
      const hint = "It is not read; a manifest ends in .json, .yaml or .yml.";
      warnings.push(issue(file, "another kind of file", "manifests only", hint));
    }
  }
  return { manifests, warnings };
}

/** Names in a folder, hidden ones left out; null where there is no folder. */
async function namesIn(folder: string): Promise<string[] | null> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
    throw error;
  }
}

async function textOf(folder: string, file: string): Promise<string | Issue> {
  const path = join(folder, file);
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) {
      return issue(file, `${size} bytes`, `at most ${FILE_BYTES_MAX}`, "Split it.");
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    const hint = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "Save it as UTF-8." : `${code}.`;
    return issue(file, "what cannot be read", "a readable file of UTF-8 text", hint);
  }
}

function codeOf(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" ? code : null;
}

function issue(file: string, got: string, expected: string, hint: string): Issue {
  return { file, line: null, path: "", got, expected, hint };
}
