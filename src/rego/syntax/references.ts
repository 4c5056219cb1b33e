/** What follows a term without a blank: `.name`, `[term]` and `(operands)`. */
import { LoadError } from "../errors.ts";
import type { Term } from "./ast.ts";
import { termList } from "./collections.ts";
import type { Parser } from "./parser.ts";

/**
 * `head` and all that belongs to it; the head alone when nothing does. Of a rule's head the first
 * part may stand behind a blank.
 */
export function reference(parser: Parser, head: Term, place: "term" | "head" = "term"): Term {
  const depth = parser.enter();
  let start = head;
  let parts: Term[] = [];
  let first = place === "head";
  for (;;) {
    const follows = (sign: string) => (first ? parser.isAt(sign) : parser.touches(sign));
    if (follows(".") || follows("[")) {
      if (parts.length === 0) assertMayBegin(parser, start);
      parts.push(part(parser));
    } else if (follows("(") && (start.kind !== "call" || parts.length > 0)) {
      if (parts.length === 0) assertMayBegin(parser, start);
      parser.enter();
      start = call(parser, withParts(start, parts), place);
      parts = [];
    } else break;
    first = false;
  }
  parser.leave(depth);
  return withParts(start, parts);
}

function withParts(head: Term, parts: readonly Term[]): Term {
  return parts.length === 0 ? head : { kind: "ref", at: head.at, head, parts };
}

function assertMayBegin(parser: Parser, { kind, at }: Term): void {
  if (kind !== "scalar" && kind !== "template" && kind !== "ref") return;
  throw parser.error(`illegal ref (head cannot be ${kind})`, at);
}

function part(parser: Parser): Term {
  if (parser.takes(".")) return namedPart(parser);
  parser.advance();
  const inner = parser.grammar.infix(parser, false);
  parser.expect("]", "expected ]");
  return inner;
}

/** Keywords are names here. */
export function namedPart(parser: Parser): Term {
  const { kind, text, spaced } = parser.token;
  if (kind !== "name" || spaced) throw parser.unexpected("expected identifier");
  const at = parser.position;
  parser.advance();
  return { kind: "scalar", at, value: text };
}

function call(parser: Parser, operator: Term, place: "term" | "head"): Term {
  assertNamesFunction(operator, place);
  parser.advance();
  const operands = parser.isAt(")") ? [] : termList(parser, ")");
  parser.expect(")", "expected )");
  if (isSetOf(operator, operands)) return { kind: "set", at: operator.at, elements: [] };
  return { kind: "call", at: operator.at, operator, operands, infix: false };
}

/** `set()` is the empty set: `{}` is an object. */
function isSetOf(operator: Term, operands: readonly Term[]): boolean {
  return operator.kind === "variable" && operator.name === "set" && operands.length === 0;
}

/** OPA reads a call of anything, and then finds no function of that name. */
function assertNamesFunction(operator: Term, place: "term" | "head"): void {
  const { kind, at } = operator;
  if (kind === "variable") return;
  const named = kind === "ref" && operator.head.kind === "variable";
  if (named && operator.parts.every(isText)) return;
  if (named && place === "head") {
    const message = "a function whose name is more than texts";
    const hint = "name it with dots between its parts, such as `lib.f(x)`";
    throw new LoadError([{ code: "rego_unsupported_error", message, at, hint }]);
  }
  const message = "undefined function: what is called is not a name";
  throw new LoadError([{ code: "rego_type_error", message, at }]);
}

function isText(term: Term): boolean {
  return term.kind === "scalar" && typeof term.value === "string";
}
