/** Terms: what stands alone, and what infix operators put together. */
import type { Value } from "../values/value.ts";
import type { Position, Term, Variable } from "./ast.ts";
import { array, setOrObject } from "./collections.ts";
import { number } from "./numbers.ts";
import type { Parser } from "./parser.ts";
import { reference } from "./references.ts";
import { template } from "./templates.ts";

/** Operators and their built-ins; the more binding ones have the higher level. */
const OPERATORS: ReadonlyMap<string, { readonly name: string; readonly level: number }> = new Map([
  ["==", { name: "equal", level: 0 }],
  ["!=", { name: "neq", level: 0 }],
  ["<", { name: "lt", level: 0 }],
  ["<=", { name: "lte", level: 0 }],
  [">", { name: "gt", level: 0 }],
  [">=", { name: "gte", level: 0 }],
  ["|", { name: "or", level: 1 }],
  ["&", { name: "and", level: 2 }],
  ["+", { name: "plus", level: 3 }],
  ["-", { name: "minus", level: 3 }],
  ["*", { name: "mul", level: 4 }],
  ["/", { name: "div", level: 4 }],
  ["%", { name: "rem", level: 4 }],
]);

/** `x in xs` binds least of all, then comparisons. */
export function infix(parser: Parser, inList: boolean): Term {
  const depth = parser.enter();
  const left = binary(parser, 0);
  let whole = inList ? undefined : keyedMembership(parser, left);
  if (whole === undefined) {
    parser.readKeywordAsName();
    whole = left;
  }
  while (parser.isAtKeyword("in")) {
    parser.enter();
    whole = membership(parser, [whole]);
  }
  parser.leave(depth);
  return whole;
}

/** `k, v in xs`; where it turns out to be something else nothing is passed. */
function keyedMembership(parser: Parser, key: Term): Term | undefined {
  if (!parser.isAt(",")) return undefined;
  const mark = parser.mark();
  const tried = parser.attempt(() => {
    parser.advance();
    return binary(parser, 0);
  });
  if ("made" in tried && parser.isAtKeyword("in")) return membership(parser, [key, tried.made]);
  parser.reset(mark);
  return undefined;
}

function membership(parser: Parser, elements: readonly [Term] | readonly [Term, Term]): Term {
  const at = parser.position;
  parser.advance();
  const name = elements.length === 1 ? "member_2" : "member_3";
  const operator: Term = {
    kind: "ref",
    at,
    head: { kind: "variable", at, name: "internal" },
    parts: [{ kind: "scalar", at, value: name }],
  };
  const operands = [...elements, binary(parser, 0)];
  return { kind: "call", at: elements[0].at, operator, operands, infix: true };
}

/** A chain of operators of at least this level, each applied to all that is left of it. */
function binary(parser: Parser, level: number): Term {
  let left = parser.grammar.term(parser);
  for (;;) {
    const operator = parser.token.kind === "sign" ? OPERATORS.get(parser.token.text) : undefined;
    if (operator === undefined || operator.level < level) return left;
    parser.enter();
    const at = parser.position;
    parser.advance();
    left = infixCall({ name: operator.name, at }, left, binary(parser, operator.level + 1));
  }
}

export function infixCall(
  operator: { readonly name: string; readonly at: Position },
  left: Term,
  right: Term,
): Term {
  const name: Variable = { kind: "variable", ...operator };
  return { kind: "call", at: left.at, operator: name, operands: [left, right], infix: true };
}

/** One term with the references and calls that follow it. */
export function term(parser: Parser): Term {
  const depth = parser.enter();
  const made = parser.once(() =>
    parser.isAt("-") ? negative(parser) : reference(parser, primary(parser)),
  );
  parser.leave(depth);
  return made;
}

/** `-5` is a number, `-x` is `0 - x`. */
function negative(parser: Parser): Term {
  const at = parser.position;
  parser.advance();
  if (!parser.isAtName() && !parser.isAtKeyword("contains")) {
    return reference(parser, number(parser, { at, sign: "-" }));
  }
  const zero: Term = { kind: "scalar", at, value: 0 };
  const operand = reference(parser, variable(parser));
  const operator: Variable = { kind: "variable", at, name: "minus" };
  return { kind: "call", at, operator, operands: [zero, operand], infix: true };
}

function primary(parser: Parser): Term {
  const { kind, text } = parser.token;
  if (kind === "name") return named(parser);
  if (kind === "text") return scalar(parser, text);
  if (kind === "template") return template(parser);
  if (kind === "number" || parser.isAt(".")) {
    return number(parser, { at: parser.position, sign: "" });
  }
  if (parser.isAt("[")) return array(parser);
  if (parser.isAt("{")) return setOrObject(parser);
  if (parser.isAt("(")) return parenthesized(parser);
  throw parser.unexpected();
}

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["null", null],
  ["true", true],
  ["false", false],
]);

function named(parser: Parser): Term {
  if (parser.isAtName() || parser.isAtKeyword("contains")) return variable(parser);
  const { text } = parser.token;
  const constant = CONSTANTS.get(text);
  if (constant !== undefined) return scalar(parser, constant);
  if ((text === "and" || text === "or") && isOpening(parser)) return variable(parser);
  throw parser.unexpected();
}

/** `and(x, y)` and `or(x, y)` are the functions, whatever was imported. */
function isOpening(parser: Parser): boolean {
  const { kind, text, spaced } = parser.following;
  return kind === "sign" && text === "(" && !spaced;
}

function scalar(parser: Parser, value: Value): Term {
  const at = parser.position;
  parser.advance();
  return { kind: "scalar", at, value };
}

export function variable(parser: Parser): Variable {
  const at = parser.position;
  const { text } = parser.advance();
  return { kind: "variable", at, name: text === "_" ? parser.wildcard() : text };
}

function parenthesized(parser: Parser): Term {
  parser.advance();
  const inner = parser.grammar.infix(parser, false);
  parser.expect(")", "non-terminated expression");
  return inner;
}
