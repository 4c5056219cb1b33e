/**
 * What `not`, `and` and `or` of plain expressions need from the body around them. They bind nothing
 * there; a variable that occurs in one of their expressions only comes from outside, as does one
 * that nothing within binds. A block in braces looks after itself.
 */
import type { Body, Expression, Term } from "../syntax/ast.ts";
import type { Arity } from "./bindings.ts";
import { boundBy } from "./bindings.ts";
import { dottedName, equationOf, isVariable } from "./terms.ts";
import { BINDABLE, NEEDED, variablesOf, variablesOfExpression } from "./variables.ts";

export function promoted(expression: Expression, arity: Arity, into: Set<string>): void {
  switch (expression.kind) {
    case "not-body":
      if (!expression.body.explicit) promote(expression.body.body, arity, into);
      return;
    case "and":
    case "or":
      for (const block of [expression.left, expression.right]) {
        if (!block.explicit) promote(block.body, arity, into);
      }
      return;
    default:
  }
}

function promote(body: Body, arity: Arity, into: Set<string>): void {
  const occurrences = new Map<string, number>();
  for (const each of body) {
    const names = variablesOfExpression(each, NEEDED);
    promoted(each, arity, names);
    for (const name of names) occurrences.set(name, (occurrences.get(name) ?? 0) + 1);
  }
  const bound = body.length === 1 ? new Set<string>() : boundWithin(body, arity, occurrences);
  for (const [name, count] of occurrences) {
    if (!bound.has(name) || count === 1) into.add(name);
  }
}

/** Both sides of equations, and what calls answer with. */
function boundWithin(
  body: Body,
  arity: Arity,
  occurrences: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const safe = new Set([...occurrences.keys(), "data", "input"]);
  for (const each of body) {
    for (const side of equationOf(each) ?? []) if (isVariable(side)) safe.delete(side.name);
  }
  const bound = new Set<string>();
  let before = -1;
  while (bound.size !== before) {
    before = bound.size;
    for (const each of body) {
      if (equationOf(each) === undefined) continue;
      for (const name of boundBy(each, safe, arity)) {
        bound.add(name);
        safe.add(name);
      }
    }
  }
  for (const each of body)
    for (const output of outputsOf(each, arity)) variablesOf(output, BINDABLE, bound);
  return bound;
}

function outputsOf(expression: Expression, arity: Arity): readonly Term[] {
  if (expression.kind !== "term" || expression.term.kind !== "call") return [];
  if (equationOf(expression) !== undefined) return [];
  const takes = arity(dottedName(expression.term.operator) ?? []);
  return takes === undefined ? [] : expression.term.operands.slice(takes);
}
