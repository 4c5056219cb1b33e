/** One grant of a manifest while it is read, with all that is found wrong with it. */
import type { Issue } from "./configuration.ts";
import { issueAt } from "./issues.ts";
import type { Path, Source } from "./source.ts";
import type { RawTool } from "./tool-schema.ts";

export interface Entry {
  readonly tool: RawTool;
  readonly path: Path;
  readonly source: Source;
  readonly issues: Issue[];
  readonly warnings: Issue[];
}

export function refuse(
  { source, path, issues }: Entry,
  inside: Path,
  expected: string,
  hint: string,
) {
  issues.push(issueAt(source, [...path, ...inside], expected, hint));
}
