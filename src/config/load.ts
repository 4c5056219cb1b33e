/** A guardrails folder, on a disk or in Git → a configuration, or all that is wrong with it. */
import type { GuardrailsTree } from "../ports/guardrails.ts";
import { FOLDER_BYTES_MAX } from "./bundle.ts";
import type { Files, Issue, Loaded } from "./configuration.ts";
import { diskTree } from "./disk.ts";
import { LATER_FILES } from "./later.ts";
import { documentsOf } from "./openapi/documents.ts";
import { readPolicyBundle } from "./policy-bundle.ts";
import { readPolicyFiles } from "./policy-folder.ts";
import { withPolicies } from "./policy-rules.ts";
import { POLICY_ROOT } from "./policy-settings.ts";
import { type ReadOptions, readFiles } from "./read.ts";
import { sqlReaderFor } from "./sql-parser.ts";
import { type FolderRead, folderIssue as issue, READ_LIMITS as LIMITS, textsOf } from "./texts.ts";

/** Manifests in one folder. */
export const AGENT_FILES_MAX = 10_000;

const MANIFEST = /\.(json|ya?ml)$/;

/**
 * Read and check the whole folder. `today` (an ISO date) decides which of two dated prices is in
 * force; without it the dearer one is. Without `engines` policies are read but not loaded.
 */
export function load(folder: string, options: FolderOptions): Promise<Loaded> {
  return loadTree(diskTree(folder), { today: null, ...options });
}

export type FolderOptions = Pick<ReadOptions, "environment" | "engines"> &
  Partial<Pick<ReadOptions, "today">>;

/** The same for a folder that is kept anywhere. */
export async function loadTree(tree: GuardrailsTree, options: ReadOptions): Promise<Loaded> {
  const { commit = null } = options;
  const read = await readTree(tree);
  if (read.issues.length > 0 && read.files.size === 0) {
    return { kind: "invalid", issues: read.issues, commit };
  }
  const loaded = await readAll(read.files, options);
  const found = loaded.kind === "invalid" ? loaded.issues : [];
  if (read.issues.length > 0) {
    return { kind: "invalid", issues: [...read.issues, ...found], commit };
  }
  if (loaded.kind === "invalid") return loaded;
  return { ...loaded, warnings: [...loaded.warnings, ...read.warnings] };
}

/** The files of a folder, with all that reading them takes. */
export async function readAll(files: Files, options: ReadOptions): Promise<Loaded> {
  const sql = await sqlReaderFor(files);
  const loaded = readFiles(files, { ...options, sql });
  return options.engines === undefined ? loaded : withPolicies(loaded, options.engines);
}

/** What is in a folder on disk, and what is wrong with it before any of it is read. */
export function readFolder(folder: string): Promise<FolderRead> {
  return readTree(diskTree(folder));
}

async function readTree(tree: GuardrailsTree): Promise<FolderRead> {
  const found = await tree.names("");
  if (found.kind !== "folder") {
    const [got, hint] = found.kind === "none" ? ["no folder", tree.hint] : [found.got, found.hint];
    return refused(issue(tree.name, got, "a guardrails folder", hint));
  }
  const root = found.names;
  const issues: Issue[] = [];
  for (const name of root) {
    const later = Object.hasOwn(LATER_FILES, name) ? LATER_FILES[name] : undefined;
    if (later) issues.push(issue(name, "rules that are not enforced", "nothing here", later));
  }
  if (!root.includes("slipclutch.yaml")) {
    const other = root.find((name) => /^slipclutch\.(ya?ml|json)$/i.test(name));
    const hint = other ? `Rename ${other}.` : tree.hint;
    issues.push(issue("slipclutch.yaml", "no file", "the file slipclutch.yaml", hint));
  }
  const { manifests, warnings, issues: misplaced } = await manifestsOf(tree, root);
  issues.push(...misplaced);
  if (manifests.length > AGENT_FILES_MAX) {
    const hint = "Split the agents over several gateways.";
    issues.push(issue("agents", `${manifests.length} files`, `at most ${AGENT_FILES_MAX}`, hint));
    return { files: new Map(), issues, warnings };
  }
  const wanted = ["slipclutch.yaml", "prices.yaml"].filter((name) => root.includes(name));
  const main = textsOf(await tree.read([...wanted, ...manifests], LIMITS));
  const left = FOLDER_BYTES_MAX - main.bytes;
  const named = documentsOf(main.files);
  const read = await tree.read(named, { ...LIMITS, bytesMax: left });
  // One that is not there is told where it is named.
  const documents = textsOf(new Map([...read].filter(([, { kind }]) => kind !== "none")));
  const policies = root.includes(POLICY_ROOT) ? await readPolicyFiles(tree, POLICY_ROOT) : NONE;
  const bundle = await readPolicyBundle(tree, main.files);
  const parts = [main, documents, policies, bundle];
  return {
    files: new Map(parts.flatMap((part) => [...part.files])),
    issues: [...issues, ...parts.flatMap((part) => part.issues)],
    warnings: [...warnings, ...policies.warnings.filter(({ file }) => !bundle.files.has(file))],
  };
}

async function manifestsOf(tree: GuardrailsTree, root: readonly string[]) {
  const manifests: string[] = [];
  const warnings: Issue[] = [];
  const found = root.includes("agents") ? await tree.names("agents") : { kind: "none" as const };
  if (found.kind === "unreadable") {
    const { got, hint } = found;
    return { manifests, warnings, issues: [issue("agents", got, "a folder of manifests", hint)] };
  }
  const names = found.kind === "folder" ? found.names : [];
  for (const name of names) {
    const file = `agents/${name}`;
    if (MANIFEST.test(name)) manifests.push(file);
    else {
      const hint = "It is not read; a manifest ends in .json, .yaml or .yml.";
      warnings.push(issue(file, "another kind of file", "manifests only", hint));
    }
  }
  return { manifests, warnings, issues: [] };
}

const NONE: FolderRead = { files: new Map(), issues: [], warnings: [] };

function refused(one: Issue): FolderRead {
  return { files: new Map(), issues: [one], warnings: [] };
}
