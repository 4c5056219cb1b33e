/** `$"…{term}…"`: the texts, and the terms whose values go between them. */
import type { Expression, TemplatePart, Term } from "./ast.ts";
import type { Parser } from "./parser.ts";

export function template(parser: Parser): Term {
  const at = parser.position;
  if (parser.dialect === "v0") {
    throw parser.error("template strings are not supported by current capabilities", at);
  }
  const parts: TemplatePart[] = [];
  for (;;) {
    const { kind, text, last } = parser.token;
    if (kind !== "template") throw parser.unexpected("expected template-string part");
    parser.advance();
    if (text !== "") parts.push(text);
    if (last === true) return { kind: "template", at, parts };
    parts.push(inserted(parser));
    parser.expect("}", "expected } to end template string expression");
  }
}

/** Only what has a value can be inserted. */
function inserted(parser: Parser): TemplatePart {
  const expression = parser.grammar.literal(parser);
  const problem = problemOf(expression);
  if (problem !== undefined) {
    throw parser.error(`unexpected ${problem} in template-string expression`, expression.at);
  }
  if (expression.kind !== "term") {
    throw parser.error("invalid template-string expression", expression.at);
  }
  const { at, term } = expression;
  if (expression.with.length === 0) return term;
  return { kind: "modified", at, term, with: expression.with };
}

function problemOf(expression: Expression): string | undefined {
  if (expression.negated) return "negation ('not')";
  if (expression.kind === "every") return "'every'";
  if (expression.kind === "some" || expression.kind === "some-in") return "'some'";
  if (expression.kind !== "term" || expression.term.kind !== "call") return undefined;
  const { operator } = expression.term;
  if (operator.kind !== "variable") return undefined;
  if (operator.name === "eq") return "unification ('=')";
  return operator.name === "assign" ? "assignment (':=')" : undefined;
}
