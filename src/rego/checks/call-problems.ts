/** What is wrong with the calls and the `with`s of all rules, found in one way through them. */
import type { LoadProblem } from "../errors.ts";
import type { Pieces } from "../pieces.ts";
import type { PlacedRule, RuleNode } from "../rewrite/rule-tree.ts";
import { findingDeprecatedCalls, findingWrongCalls } from "./calls.ts";
import { findingRefused, refusedKeys } from "./refused.ts";
import { findingWrongReplacements } from "./replacements.ts";
import { allOf, visitRule } from "./visit.ts";

interface CallProblems {
  /** What this engine leaves out. */
  readonly refused: readonly LoadProblem[];
  readonly wrong: readonly LoadProblem[];
  /** Of no matter in rules that are not held to v1. */
  readonly deprecated: readonly LoadProblem[];
}

/** Rules with their names resolved and nothing rewritten yet. */
export function* callProblems(rules: readonly PlacedRule[], tree: RuleNode): Pieces<CallProblems> {
  const refused: LoadProblem[] = [];
  const replacements: LoadProblem[] = [];
  const calls: LoadProblem[] = [];
  const deprecated: LoadProblem[] = [];
  const visitor = allOf([
    findingRefused(refused),
    findingWrongReplacements(tree, replacements),
    findingWrongCalls(tree, calls),
    findingDeprecatedCalls(deprecated),
  ]);
  for (const { rule } of rules) {
    refused.push(...refusedKeys(rule));
    visitRule(rule, visitor);
    yield;
  }
  return { refused, wrong: [...replacements, ...calls], deprecated };
}
