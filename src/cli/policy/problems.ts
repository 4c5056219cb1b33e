/** What is wrong with policies, one form for all of it, with the line that it is about. */
import type { Files, Issue } from "../../config/configuration.ts";
import type { LoadProblem } from "../../rego/index.ts";
import { clean, cleanLines, type Paint, type Style } from "../paint.ts";

export interface Problem {
  readonly level: "error" | "warning";
  readonly file: string;
  readonly row: number | null;
  readonly col: number | null;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Problems shown at once: more do not help, and the first ones often cause the rest. */
const SHOWN_MAX = 100;

export function problemOfIssue(issue: Issue, level: Problem["level"]): Problem {
  const { expected, file, got, hint, line, path } = issue;
  const at = path === "" ? "" : `${path}: `;
  const message = `${at}got ${got}, expected ${expected}`;
  const code = level === "error" ? "folder.invalid" : "folder.unread";
  return { level, file, row: line, col: null, code, message, hint };
}

export function problemOfLoading({ at, code, hint, message }: LoadProblem): Problem {
  const { col, file, row } = at;
  return { level: "error", file, row, col, code, message, hint: hint ?? null };
}

const STYLES: Readonly<Record<Problem["level"], Style>> = { error: "red", warning: "yellow" };

/** Each with the line of its source below it, and a caret below its column. */
export function problemLines(
  problems: readonly Problem[],
  texts: Files,
  paint: Paint,
): readonly string[] {
  const lines = problems.slice(0, SHOWN_MAX).flatMap((problem) => {
    const { code, hint, level, message } = problem;
    const says = `${placeOf(problem)}: ${code}: ${message}`;
    const way = hint === null ? [] : [`  ${paint("dim", clean(hint))}`];
    return [
      `${paint(STYLES[level], level)} ${clean(says)}`,
      ...sourceLines(problem, texts),
      ...way,
    ];
  });
  const more = problems.length - SHOWN_MAX;
  return more > 0 ? [...lines, `… and ${more} more.`] : lines;
}

export function placeOf({ col, file, row }: Pick<Problem, "col" | "file" | "row">): string {
  return [file, row, col].filter((part) => part !== null).join(":");
}

/** Longer lines are cut around what is wrong with them. */
const LINE_CHARACTERS_MAX = 100;

function sourceLines({ col, file, row }: Problem, texts: Files): readonly string[] {
  const line = row === null ? undefined : texts.get(file)?.split(/\r\n|\n|\r/)[row - 1];
  if (line === undefined || line.trim() === "") return [];
  const characters = [...line];
  const at = (col ?? 1) - 1;
  const from = Math.max(0, at - LINE_CHARACTERS_MAX / 2);
  const [shown = ""] = cleanLines(characters.slice(from, from + LINE_CHARACTERS_MAX).join(""));
  const number = `${row}`;
  const source = `  ${number} | ${shown.trimEnd()}`;
  if (col === null) return [source];
  const [before = ""] = cleanLines(characters.slice(from, at).join(""));
  const margin = " ".repeat(number.length + 2);
  return [source, `${margin} | ${" ".repeat([...before].length)}^`];
}
