/** The variables of the bodies within an expression, whose values those bodies close over. */
import type { Expression, Term } from "../syntax/ast.ts";
import { EVERYTHING, variablesOf, variablesOfBody } from "./variables.ts";

export function closedOver(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  switch (expression.kind) {
    case "term":
      ofTerm(expression.term, names);
      break;
    case "every":
      ofTerm(expression.domain, names);
      variablesOfBody(expression.body, EVERYTHING, names);
      break;
    case "not-body":
      variablesOfBody(expression.body.body, EVERYTHING, names);
      break;
    case "and":
    case "or":
      variablesOfBody(expression.left.body, EVERYTHING, names);
      variablesOfBody(expression.right.body, EVERYTHING, names);
      break;
    default:
  }
  return names;
}

function ofTerm(term: Term, names: Set<string>): void {
  switch (term.kind) {
    case "array":
    case "set":
      for (const element of term.elements) ofTerm(element, names);
      return;
    case "object":
      for (const entry of term.entries) for (const each of entry) ofTerm(each, names);
      return;
    case "call":
      for (const operand of term.operands) ofTerm(operand, names);
      return;
    case "ref":
      for (const each of [term.head, ...term.parts]) ofTerm(each, names);
      return;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      variablesOf(term, EVERYTHING, names);
      return;
    default:
  }
}
