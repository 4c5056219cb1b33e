/** Which names a body declares, wherever in it: there they never mean a rule or an import. */
import type { LoadProblem } from "../errors.ts";
import type { Body, Expression, Term } from "../syntax/ast.ts";
import { builtinName } from "./terms.ts";
import { BINDABLE, NEEDED, variablesOf } from "./variables.ts";

export function declaredNames(body: Body, into = new Set<string>()): Set<string> {
  for (const expression of body) declaredBy(expression, into);
  return into;
}

function declaredBy(expression: Expression, into: Set<string>): void {
  switch (expression.kind) {
    case "term":
      declaredByTerm(expression.term, into);
      break;
    case "some":
      for (const { name } of expression.names) into.add(name);
      break;
    case "some-in":
      if (expression.key !== undefined) variablesOf(expression.key, BINDABLE, into);
      variablesOf(expression.value, BINDABLE, into);
      break;
    case "every":
      declaredNames(expression.body, into);
      break;
    case "not-body":
      declaredNames(expression.body.body, into);
      break;
    default:
      declaredNames(expression.left.body, into);
      declaredNames(expression.right.body, into);
  }
}

function declaredByTerm(term: Term, into: Set<string>): void {
  const assigned = assignmentOf(term);
  if (assigned !== undefined) variablesOf(assigned[0], BINDABLE, into);
}

/** The two sides of `a := b`. */
export function assignmentOf(term: Term): readonly [Term, Term] | undefined {
  if (term.kind !== "call" || !term.infix || builtinName(term.operator) !== "assign") {
    return undefined;
  }
  const [left, right] = term.operands;
  return left === undefined || right === undefined ? undefined : [left, right];
}

/** In a domain a name that nobody declared before is the variable of its own `every`. */
export function ownInDomain(
  domain: Term,
  variables: readonly { readonly name: string }[],
): readonly LoadProblem[] {
  const inDomain = variablesOf(domain, NEEDED);
  return variables
    .filter(({ name }) => inDomain.has(name))
    .map(({ name }) => ({
      code: "rego_unsafe_var_error",
      message: `var ${name} is unsafe`,
      at: domain.at,
    }));
}
