/** Bodies: expressions on lines of their own or with `;` between them. */
import type { Body, Expression, Position } from "./ast.ts";
import { every, some } from "./declarations.ts";
import { expression, modifiers } from "./expressions.ts";
import { groupedStart, joined, negation } from "./logic.ts";
import type { Parser } from "./parser.ts";

/** Up to the sign `end`, which is passed. */
export function body(parser: Parser, end: string): Body {
  const depth = parser.enter();
  if (parser.isAt(end)) throw parser.error("found empty body");
  const expressions = [parser.grammar.literal(parser)];
  while (!parser.isAt(end)) {
    if (!parser.takes(";") && !parser.token.newline) {
      throw parser.unexpected(`expected \\n or ; or ${end}`);
    }
    expressions.push(parser.grammar.literal(parser));
  }
  parser.advance();
  parser.leave(depth);
  return expressions;
}

/** One expression with all that belongs to it, which begins where its text does. */
export function literal(parser: Parser): Expression {
  const at = parser.position;
  const made = { ...unplaced(parser, at), at };
  if (made.kind !== "not-body" || made.body.explicit) return made;
  return { ...made, body: { ...made.body, body: made.body.body.map((each) => ({ ...each, at })) } };
}

function unplaced(parser: Parser, at: Position): Expression {
  const grouped = groupedStart(parser);
  if (grouped !== undefined) return grouped;
  if (parser.beginsReference()) {
    parser.readThisAsName();
    return plain(parser, false);
  }
  const negated = parser.takesKeyword("not");
  if (negated && parser.notBodies) return negation(parser, at);
  if (parser.isAtKeyword("some") || parser.isAtKeyword("every")) {
    if (negated) throw parser.unexpected(`illegal negation of '${parser.token.text}'`);
    return parser.isAtKeyword("some") ? some(parser) : every(parser);
  }
  return plain(parser, negated);
}

function plain(parser: Parser, negated: boolean): Expression {
  const inBraces = parser.isAt("{");
  const made = expression(parser, parser.position);
  return joined(parser, { ...made, negated, with: modifiers(parser) }, inBraces && !negated);
}
