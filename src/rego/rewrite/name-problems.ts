/** What is wrong with a name, and what to write instead. */
import type { LoadProblem } from "../errors.ts";
import type { Position } from "../syntax/ast.ts";

export function nameProblem(at: Position, message: string): LoadProblem {
  const [, hint] = HINTS.find(([start]) => message.startsWith(start)) ?? [];
  const problem = { code: "rego_compile_error", message, at } as const;
  return hint === undefined ? problem : { ...problem, hint };
}

/** By how their messages begin. */
const HINTS: readonly (readonly [string, string])[] = [
  ["cannot assign vars inside", "assign in a line of its own before it, and only compare here"],
  ["cannot assign to", "`:=` takes a variable, or an array or object of variables"],
  ["called function", "give the variable another name than the function"],
];
