/**
 * `a or b`, `a and b` and bodies of `not`, where they are imported. Operands are expressions
 * without `with`, bodies in braces, or either in parentheses; `and` binds tighter.
 */
import type { Block, Expression, Position } from "./ast.ts";
import { expression, modifiers } from "./expressions.ts";
import { assertBody, assertMayFail, type Operand } from "./operands.ts";
import type { Parser } from "./parser.ts";

function isActive(parser: Parser): boolean {
  return parser.isKeyword("and") || parser.isKeyword("or");
}

function isAtOperator(parser: Parser): boolean {
  return parser.isAtKeyword("and") || parser.isAtKeyword("or");
}

/** An expression whose first operand is in braces or parentheses; undefined where none is. */
export function groupedStart(parser: Parser): Expression | undefined {
  if (!isActive(parser)) return undefined;
  if (parser.isAt("(")) {
    const found = group(parser, false);
    return found === undefined ? undefined : continued(parser, found);
  }
  if (!parser.isAt("{")) return undefined;
  const mark = parser.mark();
  const tried = parser.attempt(() => braced(parser));
  if ("made" in tried && isAtOperator(parser)) return continued(parser, tried.made);
  parser.reset(mark);
  return undefined;
}

function braced(parser: Parser): Operand {
  const at = parser.position;
  parser.advance();
  return { at, body: parser.grammar.body(parser, "}"), braced: true };
}

/** The operators behind a first operand, if any, and the `with` of the whole. */
function continued(parser: Parser, first: Operand): Expression {
  const whole = isAtOperator(parser) ? disjunction(parser, first) : first;
  return withModifiers(parser, only(parser, whole));
}

function only(parser: Parser, { at, body }: Operand): Expression {
  const [first] = body;
  if (first === undefined) throw parser.error("found empty body", at);
  return first;
}

function withModifiers(parser: Parser, made: Expression): Expression {
  if (!parser.isAtKeyword("with")) return made;
  if (made.with.length > 0) throw parser.unexpected("the expression has a `with` already");
  return { ...made, with: modifiers(parser) };
}

/** What follows an expression that stands alone: it may be the first operand. */
export function joined(parser: Parser, first: Expression, inBraces = false): Expression {
  if (!isAtOperator(parser)) return first;
  if (first.with.length > 0) throw withOnOperand(parser, first);
  if (inBraces) throw valueInBraces(parser, first);
  return continued(parser, { at: first.at, body: [first], braced: false });
}

function withOnOperand(parser: Parser, { at }: Expression) {
  const { text } = parser.token;
  const message = `\`with\` modifier is not allowed on operand of \`${text}\``;
  return parser.error(message, at, "wrap the operand in `(...)` or `{...}`");
}

/** Braces that hold no body, before an operator. */
function valueInBraces(parser: Parser, { at, kind, ...rest }: Expression) {
  const term = kind === "term" && "term" in rest ? rest.term : undefined;
  if (term?.kind === "object" && term.entries.length === 0) {
    return parser.error("found empty body", at);
  }
  const { text } = parser.token;
  const message = `operand of \`${text}\` cannot begin with \`{\` unless the braces hold a body`;
  return parser.error(message, at, `wrap the operand to keep the value: \`({…}) ${text} …\``);
}

function disjunction(parser: Parser, first: Operand): Operand {
  const depth = parser.enter();
  let left = conjunction(parser, first);
  while (parser.takesKeyword("or")) {
    parser.enter();
    const right = conjunction(parser, operand(parser));
    left = pair(parser, "or", { left, right });
  }
  parser.leave(depth);
  return left;
}

function conjunction(parser: Parser, first: Operand): Operand {
  const depth = parser.enter();
  let left = first;
  while (parser.takesKeyword("and")) {
    parser.enter();
    left = pair(parser, "and", { left, right: operand(parser) });
  }
  parser.leave(depth);
  return left;
}

interface Sides {
  readonly left: Operand;
  readonly right: Operand;
}

function pair(parser: Parser, kind: "and" | "or", { left, right }: Sides): Operand {
  for (const side of [left, right]) {
    assertBody(parser, side);
    assertMayFail(parser, side, kind);
  }
  const { at } = left;
  const sides = { left: blockOf(left), right: blockOf(right) };
  return { at, body: [{ kind, at, negated: false, with: [], ...sides }], braced: false };
}

function blockOf({ body, braced: explicit }: Operand): Block {
  return { explicit, body };
}

function operand(parser: Parser): Operand {
  if (parser.isAt("{")) return braced(parser);
  const at = parser.position;
  const negated = !parser.beginsReference() && parser.takesKeyword("not");
  if (negated && parser.notBodies) return single(negatedOperand(parser, at));
  const grouped = !negated && parser.isAt("(") ? group(parser, true) : undefined;
  if (grouped !== undefined) return grouped;
  const made = expression(parser, parser.position);
  return single({ ...made, negated });
}

function single(made: Expression): Operand {
  return { at: made.at, body: [made], braced: false };
}

/** Behind a `not` that takes a body: braces, a group, or one expression. */
function negatedOperand(parser: Parser, at: Position): Expression {
  if (parser.isAt("{")) {
    const inner = braced(parser);
    assertBody(parser, inner);
    return notBody(at, blockOf(inner));
  }
  const grouped = parser.isAt("(") ? group(parser, true) : undefined;
  if (grouped !== undefined) return notBody(at, blockOf(grouped));
  return notBody(at, { explicit: false, body: [expression(parser, parser.position)] });
}

function notBody(at: Position, body: Block): Expression {
  return { kind: "not-body", at, negated: false, with: [], body };
}

/** A whole expression that begins with such a `not`, which was passed. */
export function negation(parser: Parser, at: Position): Expression {
  const inner = negatedOperand(parser, at);
  const made = withModifiers(parser, inner);
  return joined(parser, made);
}

/**
 * `(a or b)`, `(not a)`, `(a with x as y)`; undefined, and nothing passed, where the parentheses
 * are around a term.
 */
function group(parser: Parser, isOperand: boolean): Operand | undefined {
  const mark = parser.mark();
  const at = parser.position;
  const depth = parser.enter();
  parser.advance();
  if (isOperand && parser.isAt(")")) throw parser.error("empty parenthesized group", at);
  const tried = parser.attempt(() => operand(parser));
  const found = "made" in tried ? grouping(parser, tried.made, isOperand) : undefined;
  parser.leave(depth);
  if (found === undefined) parser.reset(mark);
  return found === undefined ? undefined : { ...found, at };
}

/** What is in the parentheses after its first operand, and the closing one. */
function grouping(parser: Parser, first: Operand, isOperand: boolean): Operand | undefined {
  if (isAtOperator(parser)) {
    const whole = withModifiers(parser, only(parser, disjunction(parser, first)));
    close(parser);
    return single(whole);
  }
  if (first.braced) return undefined;
  const inner = only(parser, first);
  if (parser.isAtKeyword("with")) {
    const made = withModifiers(parser, inner);
    if (isAtOperator(parser)) throw withOnOperand(parser, made);
    close(parser);
    return isOperand || isAtOperator(parser) ? single(made) : undefined;
  }
  if (inner.kind === "term" && !inner.negated) return undefined;
  close(parser);
  return first;
}

function close(parser: Parser): void {
  parser.expect(")", "expected ) to close parenthesized group");
}
