/** Issues → sentences for a terminal. */
import type { Issue } from "./configuration.ts";

/** Issues shown at once: more do not help, and the first ones often cause the rest. */
const SHOWN_MAX = 100;
/** Control characters from a file must not reach a terminal. */
const CONTROL = /[\p{Cc}\p{Cf}]/gu;

/** One issue in one line. */
export function explainIssue(issue: Issue): string {
  const line = issue.line === null ? "" : `:${issue.line}`;
  const path = issue.path === "" ? "" : ` at ${issue.path}`;
  const sentence = `${issue.file}${line}${path}: got ${issue.got}, expected ${issue.expected}.`;
  return `${sentence} ${issue.hint}`.trim().replace(CONTROL, "�");
}

/** All issues, one a line, in the order of the files. */
export function explain(issues: readonly Issue[]): string {
  const lines = issues.slice(0, SHOWN_MAX).map(explainIssue);
  const more = issues.length - lines.length;
  if (more > 0) lines.push(`… and ${more} more.`);
  return lines.join("\n");
}
