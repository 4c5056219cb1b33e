/** What is inside an expression and a term, one level at a time. */
import { isComprehension } from "../rewrite/hoist.ts";
import type { Body, Comprehension, Expression, TemplatePart, Term, With } from "../syntax/ast.ts";

/** Of an expression itself: not of the bodies inside it, and not what its `with` brings. */
export function termsOf(expression: Expression): readonly Term[] {
  switch (expression.kind) {
    case "term":
      return [expression.term];
    case "some-in": {
      const { key, value, domain } = expression;
      return key === undefined ? [value, domain] : [key, value, domain];
    }
    case "every":
      return [expression.domain];
    case "some":
    case "not-body":
    case "and":
    case "or":
      return [];
  }
}

/** The bodies inside an expression that are not those of comprehensions. */
export function bodiesOf(expression: Expression): readonly Body[] {
  switch (expression.kind) {
    case "every":
      return [expression.body];
    case "not-body":
      return [expression.body.body];
    case "and":
    case "or":
      return [expression.left.body, expression.right.body];
    case "term":
    case "some":
    case "some-in":
      return [];
  }
}

/** The terms in a term; of a comprehension none, for they belong to its body. */
export function innerTerms(term: Term): readonly Term[] {
  switch (term.kind) {
    case "ref":
      return [term.head, ...term.parts];
    case "call":
      return term.operands;
    case "array":
    case "set":
      return term.elements;
    case "object":
      return term.entries.flat();
    case "template":
      return term.parts.flatMap(templateTerms);
    case "scalar":
    case "variable":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return [];
  }
}

function templateTerms(part: TemplatePart): readonly Term[] {
  if (typeof part === "string") return [];
  return part.kind === "modified" ? [part.term] : [part];
}

/** What the `with`s in an interpolation replace. */
export function replacementsIn(term: Term): readonly With[] {
  if (term.kind !== "template") return [];
  return term.parts.flatMap((part) =>
    typeof part !== "string" && part.kind === "modified" ? part.with : [],
  );
}

/** The names of the variables in a term. */
export function variablesIn(term: Term): readonly string[] {
  return term.kind === "variable" ? [term.name] : innerTerms(term).flatMap(variablesIn);
}

/** The outermost comprehensions in an expression and in the bodies inside it. */
export function comprehensionsIn(
  expression: Expression,
  into: Comprehension[] = [],
): readonly Comprehension[] {
  for (const term of termsOf(expression)) comprehensionsInTerm(term, into);
  for (const body of bodiesOf(expression)) for (const each of body) comprehensionsIn(each, into);
  return into;
}

function comprehensionsInTerm(term: Term, into: Comprehension[]): void {
  if (isComprehension(term)) into.push(term);
  else for (const inner of innerTerms(term)) comprehensionsInTerm(inner, into);
}
