/** One file of the folder, from text to data that fits its schema. */
import type { z } from "zod";
import type { Issue } from "./configuration.ts";
import { type Environment, substitute, type Use } from "./environment.ts";
import { issueAt, issuesOf } from "./issues.ts";
import { parseSource, type Source } from "./source.ts";

/** What came of a file: its data, or null with the issues that say why not. */
export interface FileRead<Data> {
  readonly source: Source;
  readonly data: Data | null;
  readonly issues: readonly Issue[];
  /** What it took from the environment. */
  readonly uses: readonly Use[];
}

/** Parse, put in the environment, and hold against the schema. */
export function readFileText<Schema extends z.ZodType>(
  { file, text }: { readonly file: string; readonly text: string },
  schema: Schema,
  environment: Environment,
): FileRead<z.output<Schema>> {
  const { source, issues: syntax } = parseSource(file, text);
  if (syntax.length > 0) return { source, data: null, issues: syntax, uses: [] };

  const { value, uses, issues: unset } = substitute(source, environment);
  // A file of comments alone says nothing, which is what an empty map says.
  const result = schema.safeParse(value ?? {});
  if (result.success && unset.length === 0) {
    return { source, data: result.data, issues: [], uses };
  }
  // What the environment left open fits no pattern either: one issue for each place is enough.
  const known = new Set(unset.map(({ path }) => path));
  const misfits = result.success ? [] : issuesOf(source, result.error.issues);
  const issues = [...unset, ...misfits.filter(({ path }) => !known.has(path))];
  return { source, data: null, issues, uses };
}

/** A file says which version of its format it is, once. */
export function versionIssues(
  source: Source,
  data: { readonly version?: unknown; readonly schema_version?: unknown },
): Issue[] {
  if (data.version !== undefined || data.schema_version !== undefined) return [];
  return [issueAt(source, ["version"], "1", "Add `version: 1` at the top of the file.")];
}
