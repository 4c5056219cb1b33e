/** `some` and `every`. */
import type { Expression, Term, Variable } from "./ast.ts";
import { modifiers } from "./expressions.ts";
import { isDocument } from "./ground.ts";
import type { Parser } from "./parser.ts";
import { variable } from "./terms.ts";

export function some(parser: Parser): Expression {
  const at = parser.position;
  parser.advance();
  const mark = parser.mark();
  const tried = parser.attempt(() => parser.grammar.infix(parser, false));
  if ("made" in tried && tried.made.kind === "call") {
    const walked = membership(tried.made);
    if (walked === undefined) {
      throw parser.unexpected("expected `x in xs` or `x, y in xs` expression");
    }
    return { kind: "some-in", at, negated: false, with: modifiers(parser), ...walked };
  }
  parser.reset(mark);
  return { kind: "some", at, negated: false, with: [], names: names(parser) };
}

interface Walked {
  readonly key?: Term;
  readonly value: Term;
  readonly domain: Term;
}

/** What `x in xs` and `k, v in xs` walk through; undefined for another term. */
function membership(term: Term): Walked | undefined {
  if (term.kind !== "call" || !term.infix || term.operator.kind !== "ref") return undefined;
  const [first, second, third] = term.operands;
  if (first === undefined || second === undefined) return undefined;
  if (third === undefined) return { value: first, domain: second };
  return { key: first, value: second, domain: third };
}

function names(parser: Parser): readonly Variable[] {
  const found: Variable[] = [];
  do {
    if (!parser.isAtName()) throw parser.unexpected("expected var");
    found.push(variable(parser));
  } while (parser.takes(","));
  return found;
}

export function every(parser: Parser): Expression {
  const at = parser.position;
  parser.advance();
  const walked = membership(parser.grammar.infix(parser, false));
  if (walked === undefined) {
    throw parser.unexpected("expected `x[, y] in xs { ... }` expression");
  }
  const { key, value, domain } = walked;
  if (key !== undefined && !isNamed(key)) {
    throw parser.error("expected key to be a variable", key.at);
  }
  if (!isNamed(value)) {
    throw parser.error("expected value to be a variable", value.at);
  }
  if (!parser.takes("{")) throw parser.unexpected("missing body");
  const body = parser.grammar.body(parser, "}");
  const names = key === undefined ? { value } : { key, value };
  const common = { at, negated: false, with: modifiers(parser) } as const;
  return { kind: "every", ...common, ...names, domain, body };
}

function isNamed(term: Term): term is Variable {
  return term.kind === "variable" && !isDocument(term.name);
}
