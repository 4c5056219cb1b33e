/**
 * Calls that are seen to be wrong by their names and the number of their operands. That is looked
 * at before calls are taken apart: afterwards an operand that is missing could not be told from the
 * variable that takes the answer.
 */
import { DEPRECATED } from "../builtins/known.ts";
import type { LoadProblem } from "../errors.ts";
import { functionArity, type RuleNode } from "../rewrite/rule-tree.ts";
import { dottedName } from "../rewrite/terms.ts";
import type { Body } from "../syntax/ast.ts";
import { typeError, undefinedFunction } from "../types/problems.ts";
import { referenceText } from "../types/reference-text.ts";
import { signatureOf } from "../types/signature.ts";
import type { FunctionType } from "../types/type.ts";
import { typeText } from "../types/type-text.ts";
import { type CallPlace, type Visitor, visitBody } from "./visit.ts";

/** In a query. */
export function wrongCallsIn(body: Body, tree: RuleNode): readonly LoadProblem[] {
  const problems: LoadProblem[] = [];
  visitBody(body, findingWrongCalls(tree, problems));
  return problems;
}

/** Built-ins that OPA keeps for v0 only. */
export function findingDeprecatedCalls(problems: LoadProblem[]): Visitor {
  return {
    call({ call, at }) {
      const name = referenceText(call.operator);
      if (!DEPRECATED.has(name)) return;
      const message = `deprecated built-in function calls in expression: ${name}`;
      problems.push(typeError(at, message));
    },
  };
}

/** In rules or a query with their names resolved and nothing rewritten yet. */
export function findingWrongCalls(tree: RuleNode, problems: LoadProblem[]): Visitor {
  return {
    call(place) {
      const problem = wrongCall(place, tree);
      if (problem !== undefined) problems.push(problem);
    },
  };
}

function wrongCall(place: CallPlace, tree: RuleNode): LoadProblem | undefined {
  const { call, at } = place;
  const name = referenceText(call.operator);
  const signature = signatureOf(name);
  if (signature !== undefined) return wrongBuiltinCall(place, name, signature);
  const [root, ...path] = dottedName(call.operator) ?? [];
  const arity = root === "data" ? functionArity(tree.find(path)) : undefined;
  // A rule `f()` is none that can be called.
  if (arity === undefined || arity === 0) return undefinedFunction(at, name);
  if (isTaken(place, arity)) return undefined;
  const got = call.operands.length;
  const operands = got === 1 ? "argument" : "arguments";
  return typeError(at, `function ${name} has arity ${arity}, got ${got} ${operands}`);
}

function wrongBuiltinCall(
  place: CallPlace,
  name: string,
  signature: FunctionType,
): LoadProblem | undefined {
  const { call, at, isWhole } = place;
  if (signature.result === undefined) {
    return isWhole ? undefined : typeError(at, `${referenceText(call)} used as value`);
  }
  if (isTaken(place, signature.parameters.length)) return undefined;
  const got = `${call.operands.length} ${call.operands.length === 1 ? "operand" : "operands"}`;
  return typeError(at, `${name}: arity mismatch`, `it takes ${typeText(signature)}, got ${got}`);
}

function isTaken({ call, isWhole }: CallPlace, arity: number): boolean {
  const got = call.operands.length;
  return got === arity || (isWhole && got === arity + 1);
}
