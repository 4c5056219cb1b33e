/** Goes through a whole rule: for checks that look at each call, line or `with`, wherever it is. */
import { isComprehension } from "../rewrite/hoist.ts";
import type { Body, Call, Expression, Position, Rule, Term, With } from "../syntax/ast.ts";
import { bodiesOf, innerTerms, replacementsIn, termsOf } from "../types/walk.ts";

/** A call and where it stands. */
export interface CallPlace {
  readonly call: Call;
  readonly at: Position;
  /** It stands alone, so that one more operand may take its answer. */
  readonly isWhole: boolean;
}

export interface Visitor {
  rule?(rule: Rule): void;
  expression?(expression: Expression): void;
  call?(place: CallPlace): void;
  replacement?(replacement: With): void;
}

/** Several that look at calls and at `with`s. */
export function allOf(visitors: readonly Pick<Visitor, "call" | "replacement">[]): Visitor {
  return {
    call: (place) => {
      for (const each of visitors) each.call?.(place);
    },
    replacement: (replacement) => {
      for (const each of visitors) each.replacement?.(replacement);
    },
  };
}

/** The rule, and those that follow it by `else`. */
export function visitRule(rule: Rule, visitor: Visitor): void {
  visitor.rule?.(rule);
  const { path, parameters = [], value } = rule.head;
  for (const term of [...path, ...parameters, value]) visitTerm(term, visitor);
  visitBody(rule.body, visitor);
  if (rule.otherwise !== undefined) visitRule(rule.otherwise, visitor);
}

/** A body that stands alone, such as a query. */
export function visitBody(body: Body, visitor: Visitor): void {
  for (const expression of body) visitExpression(expression, visitor);
}

function visitExpression(expression: Expression, visitor: Visitor): void {
  visitor.expression?.(expression);
  for (const term of termsOf(expression)) {
    if (term.kind === "call") visitCall(term, visitor, expression.at);
    else visitTerm(term, visitor);
  }
  for (const body of bodiesOf(expression)) visitBody(body, visitor);
  visitReplacements(expression.with, visitor);
}

function visitCall(call: Call, visitor: Visitor, at: Position): void {
  visitor.call?.({ call, at, isWhole: true });
  for (const operand of call.operands) visitTerm(operand, visitor);
}

function visitReplacements(replacements: readonly With[], visitor: Visitor): void {
  for (const each of replacements) {
    visitor.replacement?.(each);
    visitTerm(each.target, visitor);
    visitTerm(each.value, visitor);
  }
}

function visitTerm(term: Term, visitor: Visitor): void {
  if (term.kind === "call") visitor.call?.({ call: term, at: term.at, isWhole: false });
  for (const inner of innerTerms(term)) visitTerm(inner, visitor);
  visitReplacements(replacementsIn(term), visitor);
  if (!isComprehension(term)) return;
  visitBody(term.body, visitor);
  const made = term.kind === "object-comprehension" ? [term.key, term.value] : [term.term];
  for (const each of made) visitTerm(each, visitor);
}
