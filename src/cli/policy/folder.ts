/** A folder of policies for the commands of `policy`, which need neither a gateway nor secrets. */
import { resolve } from "node:path";
import { parseYaml } from "../../compose/policy-host.ts";
import type { Files, Issue } from "../../config/configuration.ts";
import { diskTree } from "../../config/disk.ts";
import { type BoundPaths, boundPaths } from "../../config/exposed-policies.ts";
import { type PolicyFolder, policySources } from "../../config/policies.ts";
import { readPolicyFiles } from "../../config/policy-folder.ts";
import { READ_LIMITS, textsOf } from "../../config/texts.ts";
import {
  LoadError,
  type Loaded,
  loadModules,
  type Module,
  parseAnyDialect,
  parseJson,
  type Value,
} from "../../rego/index.ts";
import type { Shell } from "../shell.ts";
import { type Problem, problemOfIssue, problemOfLoading } from "./problems.ts";
import { announcing } from "./test-cases.ts";
import { isTest } from "./test-rules.ts";

export const FOLDER = "guardrails";

export interface Read {
  /** It is a guardrails folder, and not one of policies alone. */
  readonly isWhole: boolean;
  readonly sources: PolicyFolder;
  readonly texts: Files;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Issue[];
  /** Outside of a guardrails folder nobody says, and there are none. */
  readonly bound: BoundPaths;
}

const MAIN_FILE = "slipclutch.yaml";

/** In a guardrails folder, its `policies`. */
export async function readPolicies(folder: string, shell: Shell): Promise<Read> {
  const tree = diskTree(resolve(shell.folder, folder));
  const found = await tree.names("");
  const isWhole = found.kind === "folder" && found.names.includes(MAIN_FILE);
  const root = isWhole ? "policies" : "";
  const { files, issues, warnings } = await readPolicyFiles(tree, root);
  const sources = policySources(files, root);
  const problems = [...issues, ...sources.issues].map((issue) => problemOfIssue(issue, "error"));
  const main = isWhole ? textsOf(await tree.read([MAIN_FILE], READ_LIMITS)).files : null;
  const bound = boundPaths(main?.get(MAIN_FILE) ?? "");
  return { isWhole, sources, texts: files, problems, warnings, bound };
}

export interface LoadChoices {
  readonly tests: boolean;
  /** Unused imports are errors. */
  readonly strict: boolean;
  /** Evaluations can be told which lines they reach. */
  readonly traced?: boolean;
  /** Tests are to be run: what their cases are called is printed. */
  readonly announced?: boolean;
  /** Instead of the folder's documents. */
  readonly data?: Value;
}

export type Loading =
  | {
      readonly kind: "ok";
      readonly loaded: Loaded;
      readonly data: Value;
      /** Tests left out. */
      readonly modules: readonly Module[];
      readonly tests: readonly Module[];
    }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** Everything that is wrong with the texts; if nothing is, with what they say together. */
export function loadPolicies({ sources, problems }: Read, choices: LoadChoices): Loading {
  const found = [...problems];
  const parsed = (files: PolicyFolder["modules"]): readonly Module[] =>
    files.flatMap(({ file, text }) => {
      const module = attempt(() => parseAnyDialect(text, file));
      if (!(module instanceof LoadError)) return [module];
      found.push(...module.problems.map(problemOfLoading));
      return [];
    });
  const modules = parsed(sources.modules);
  const tests = choices.tests ? parsed(sources.tests) : [];
  if (found.length > 0) return { kind: "invalid", problems: inOrder(found) };

  const data = choices.data ?? parseJson(sources.data);
  const { announced = false, strict, traced = false } = choices;
  const options = { strict, traced, data, parseYaml, prints: true };
  const all = [...modules, ...tests].map((each) => (announced ? announcing(each, isTest) : each));
  const loaded = attempt(() => loadModules(all, options));
  if (!(loaded instanceof LoadError)) return { kind: "ok", loaded, data, modules, tests };
  return { kind: "invalid", problems: inOrder(loaded.problems.map(problemOfLoading)) };
}

function attempt<Made>(make: () => Made): Made | LoadError {
  try {
    return make();
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((one, other) => {
    if (one.file !== other.file) return one.file < other.file ? -1 : 1;
    return (one.row ?? 0) - (other.row ?? 0) || (one.col ?? 0) - (other.col ?? 0);
  });
}
