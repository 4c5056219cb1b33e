/** What may not be an operand of `and`, `or` and `not`, though it reads like one. */
import type { Body, Expression, Position } from "./ast.ts";
import type { Parser } from "./parser.ts";

export interface Operand {
  readonly at: Position;
  readonly body: Body;
  /** Whether it was written in braces. */
  readonly braced: boolean;
}

/** `{a | b}` is a body that holds a union here, and looks like a comprehension. */
export function assertBody(parser: Parser, { at, body, braced }: Operand): void {
  const [first] = body;
  if (!braced || first === undefined || !isUnion(first)) return;
  const message =
    "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, " +
    "not as a comprehension";
  const hint = "write `({… | …})` for the comprehension, or `{(… | …)}` for the set union";
  throw parser.error(message, at, hint);
}

/** A union that no parentheses are around. */
function isUnion(expression: Expression): boolean {
  if (expression.kind !== "term") return false;
  const { term, at, negated } = expression;
  if (term.kind !== "call" || !term.infix || term.operator.kind !== "variable") return false;
  const isBare = negated || (term.at.row === at.row && term.at.col === at.col);
  return term.operator.name === "or" && isBare;
}

/** `print` always succeeds: an operand of nothing else could never fail. */
export function assertMayFail(parser: Parser, { body }: Operand, operator: string): void {
  const [first] = body;
  if (first === undefined || !body.every(isPrint)) return;
  const message = `operand of \`${operator}\` cannot consist only of calls to \`print\``;
  const hint = "move it out of the operand, or add an expression that can fail";
  throw parser.error(message, first.at, hint);
}

function isPrint(expression: Expression): boolean {
  if (expression.kind !== "term" || expression.negated) return false;
  const { term } = expression;
  if (term.kind !== "call" || term.operator.kind !== "variable") return false;
  return term.operator.name === "print";
}
