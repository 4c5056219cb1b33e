/** What can be wrong with a policy, by OPA's codes, with where it is and what to do about it. */
import type { Position } from "./syntax/ast.ts";

export type LoadErrorCode =
  | "rego_parse_error"
  | "rego_compile_error"
  | "rego_type_error"
  | "rego_unsafe_var_error"
  | "rego_recursion_error"
  /** Ours: what OPA has and this engine leaves out. Nothing is ever evaluated in its place. */
  | "rego_unsupported_error";

export interface LoadProblem {
  readonly code: LoadErrorCode;
  readonly message: string;
  readonly at: Position;
  /** What to write instead, where that is known. */
  readonly hint?: string;
}

/** A policy that cannot be loaded, with everything that was found. */
export class LoadError extends Error {
  readonly problems: readonly LoadProblem[];

  constructor(problems: readonly LoadProblem[]) {
    super(problems.map(problemText).join("\n"));
    this.problems = problems;
  }
}

export function problemText({ code, message, at, hint }: LoadProblem): string {
  const line = `${at.file}:${at.row}:${at.col}: ${code}: ${message}`;
  return hint === undefined ? line : `${line} (${hint})`;
}

export type EvaluationErrorCode =
  | "eval_builtin_error"
  | "eval_conflict_error"
  | "eval_type_error"
  | "eval_internal_error"
  | "eval_with_merge_error"
  /** Ours: more steps, depth, memory or time than the evaluation was given. */
  | "eval_limit_error";

/** An evaluation that has no answer, not even `undefined`. */
export class EvaluationError extends Error {
  readonly code: EvaluationErrorCode;
  readonly at: Position | undefined;
  /** The message without its code and place. */
  readonly reason: string;

  constructor(code: EvaluationErrorCode, message: string, at?: Position) {
    super(at === undefined ? `${code}: ${message}` : `${at.file}:${at.row}: ${code}: ${message}`);
    this.code = code;
    this.at = at;
    this.reason = message;
  }
}
