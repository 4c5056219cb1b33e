/** A term, two terms with `:=` or `=` between them, and what `with` replaces for an expression. */
import type { Expression, Position, With } from "./ast.ts";
import type { Parser } from "./parser.ts";
import { infixCall } from "./terms.ts";

export function expression(parser: Parser, at: Position): Expression {
  const left = parser.grammar.infix(parser, false);
  const assigns = parser.isAt(":=");
  if (!assigns && !parser.isAt("=")) {
    return { kind: "term", at, negated: false, with: [], term: left };
  }
  const operator = { name: assigns ? "assign" : "eq", at: parser.position };
  parser.advance();
  const term = infixCall(operator, left, parser.grammar.infix(parser, false));
  return { kind: "term", at, negated: false, with: [], term };
}

/** The `with` modifiers that stand here, if any. */
export function modifiers(parser: Parser): readonly With[] {
  const found: With[] = [];
  while (parser.isAtKeyword("with")) found.push(modifier(parser));
  return found;
}

function modifier(parser: Parser): With {
  const at = parser.position;
  parser.advance();
  if (!parser.isAtName()) throw parser.unexpected("expected ident");
  const target = parser.grammar.term(parser);
  if (target.kind !== "ref" && target.kind !== "variable") {
    throw parser.error("expected with target path", target.at);
  }
  if (!parser.takesKeyword("as")) throw parser.unexpected("expected as keyword");
  return { at, target, value: parser.grammar.infix(parser, false) };
}
