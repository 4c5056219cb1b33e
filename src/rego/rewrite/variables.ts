/** The variables of terms and bodies. */
import type { Body, Expression, Modified, Term, With } from "../syntax/ast.ts";
import { isRoot } from "./terms.ts";

/** Which variables of an expression are of interest. */
export interface Interest {
  /** Those in comprehensions, in the bodies of `every`, `not { }`, `and`, `or`. */
  readonly closures: boolean;
  /** The variable that a reference starts with. */
  readonly heads: boolean;
  /** Those in sets and in the keys of objects, which no pattern can bind. */
  readonly unbindable: boolean;
}

/** What has to be bound before an expression can be evaluated. */
export const NEEDED: Interest = { closures: false, heads: true, unbindable: true };
/** What an expression may bind. */
export const BINDABLE: Interest = { closures: false, heads: false, unbindable: false };
export const EVERYTHING: Interest = { closures: true, heads: true, unbindable: true };

export function variablesOf(term: Term, interest: Interest, into = new Set<string>()): Set<string> {
  switch (term.kind) {
    case "scalar":
      break;
    case "variable":
      into.add(term.name);
      break;
    case "ref":
      if (interest.heads || term.head.kind !== "variable") variablesOf(term.head, interest, into);
      for (const part of term.parts) variablesOf(part, interest, into);
      break;
    case "call":
      for (const operand of term.operands) variablesOf(operand, interest, into);
      break;
    case "array":
      for (const element of term.elements) variablesOf(element, interest, into);
      break;
    case "set":
      if (interest.unbindable) {
        for (const element of term.elements) variablesOf(element, interest, into);
      }
      break;
    case "object":
      for (const [key, value] of term.entries) {
        if (interest.unbindable) variablesOf(key, interest, into);
        variablesOf(value, interest, into);
      }
      break;
    default:
      if (interest.closures) variablesOfClosure(term, interest, into);
  }
  return into;
}

type Closure = Extract<
  Term,
  { kind: "array-comprehension" | "set-comprehension" | "object-comprehension" | "template" }
>;

function variablesOfClosure(term: Closure, interest: Interest, into: Set<string>): void {
  if (term.kind === "template") {
    for (const part of term.parts) {
      if (typeof part === "string") continue;
      if (part.kind !== "modified") variablesOf(part, interest, into);
      else for (const each of modifiedTerms(part)) variablesOf(each, interest, into);
    }
    return;
  }
  if (term.kind === "object-comprehension") {
    variablesOf(term.key, interest, into);
    variablesOf(term.value, interest, into);
  } else {
    variablesOf(term.term, interest, into);
  }
  variablesOfBody(term.body, interest, into);
}

function modifiedTerms({ term, with: withs }: Modified): readonly Term[] {
  return [term, ...withs.map(({ value }) => value)];
}

export function variablesOfBody(
  body: Body,
  interest: Interest,
  into = new Set<string>(),
): Set<string> {
  for (const expression of body) variablesOfExpression(expression, interest, into);
  return into;
}

export function variablesOfExpression(
  expression: Expression,
  interest: Interest,
  into = new Set<string>(),
): Set<string> {
  switch (expression.kind) {
    case "term":
      variablesOf(expression.term, interest, into);
      break;
    case "some":
      break;
    case "some-in":
      if (expression.key !== undefined) variablesOf(expression.key, interest, into);
      variablesOf(expression.value, interest, into);
      variablesOf(expression.domain, interest, into);
      break;
    case "every":
      variablesOf(expression.domain, interest, into);
      if (interest.closures) variablesOfBody(expression.body, interest, into);
      break;
    case "not-body":
      if (interest.closures) variablesOfBody(expression.body.body, interest, into);
      break;
    default:
      if (interest.closures) {
        variablesOfBody(expression.left.body, interest, into);
        variablesOfBody(expression.right.body, interest, into);
      }
  }
  for (const each of expression.with) variablesOfWith(each, interest, into);
  return into;
}

/** The heads of a target and of a value that is a reference name documents and functions. */
function variablesOfWith(each: With, interest: Interest, into: Set<string>): void {
  if (each.target.kind === "ref") {
    for (const part of each.target.parts) variablesOf(part, interest, into);
  }
  if (each.standsIn !== undefined) return;
  if (each.value.kind === "ref" && isRoot(each.value.head)) {
    for (const part of each.value.parts) variablesOf(part, interest, into);
  } else {
    variablesOf(each.value, interest, into);
  }
}
