/**
 * Evaluates references and comprehensions before the call that uses them, as OPA does: in `not
 * f(input.x)` a missing `x` makes the whole line undefined, not true. What stands on a side of `=`
 * stays there, but for what is nested in it.
 */
import type { Body, Comprehension, Expression, Rule, Term } from "../syntax/ast.ts";
import type { FreshNames } from "./scope.ts";
import { builtinName, equation, equationOf, variable } from "./terms.ts";

export class Hoisting {
  readonly #fresh: FreshNames;

  constructor(fresh: FreshNames) {
    this.#fresh = fresh;
  }

  rule(rule: Rule): Rule {
    const hoisted = { ...rule, body: this.body(rule.body) };
    if (rule.otherwise === undefined) return hoisted;
    return { ...hoisted, otherwise: this.rule(rule.otherwise) };
  }

  body(body: Body): Body {
    return body.flatMap((expression) => {
      const before: Expression[] = [];
      const hoisted = this.#expression(expression, before);
      return [...before, hoisted];
    });
  }

  #expression(expression: Expression, before: Expression[]): Expression {
    switch (expression.kind) {
      case "term":
        return { ...expression, term: this.#whole(expression, before) };
      case "every":
        return {
          ...expression,
          domain: this.#nested(expression.domain, expression, before),
          body: this.body(expression.body),
        };
      case "not-body":
        return { ...expression, body: this.#block(expression.body) };
      case "and":
      case "or":
        return {
          ...expression,
          left: this.#block(expression.left),
          right: this.#block(expression.right),
        };
      default:
        return expression;
    }
  }

  #block<B extends { readonly body: Body }>(block: B): B {
    return { ...block, body: this.body(block.body) };
  }

  #whole(expression: Extract<Expression, { kind: "term" }>, before: Expression[]): Term {
    const term = asEquation(expression.term);
    if (term.kind !== "call") return this.#side(term, expression, before);
    const sides = equationOf({ ...expression, term }) !== undefined;
    const operands = term.operands.map((operand) =>
      sides ? this.#side(operand, expression, before) : this.#nested(operand, expression, before),
    );
    return { ...term, operands };
  }

  /** A reference or a comprehension may stay here; the parts of the reference may not. */
  #side(term: Term, around: Expression, before: Expression[]): Term {
    if (term.kind === "ref") {
      return { ...term, parts: term.parts.map((part) => this.#nested(part, around, before)) };
    }
    if (isComprehension(term)) return { ...term, body: this.body(term.body) };
    return this.#nested(term, around, before);
  }

  #nested(term: Term, around: Expression, before: Expression[]): Term {
    switch (term.kind) {
      case "array":
      case "set":
        return {
          ...term,
          elements: term.elements.map((each) => this.#nested(each, around, before)),
        };
      case "object":
        return {
          ...term,
          entries: term.entries.map(
            ([key, value]) =>
              [this.#nested(key, around, before), this.#nested(value, around, before)] as const,
          ),
        };
      case "scalar":
      case "variable":
        return isDocument(term) ? this.#bound(term, around, before) : term;
      default:
        return this.#bound(this.#side(term, around, before), around, before);
    }
  }

  #bound(term: Term, around: Expression, before: Expression[]): Term {
    const local = variable(this.#fresh.make(), term.at);
    before.push({ ...equation(local, term, term.at), with: around.with });
    return local;
  }
}

/** `a == b` as a line of its own is `a = b` from here on: it binds nothing, as was checked. */
function asEquation(term: Term): Term {
  if (term.kind !== "call" || !term.infix || term.operands.length !== 2) return term;
  if (builtinName(term.operator) !== "equal") return term;
  return { ...term, operator: variable("eq", term.operator.at) };
}

/** `input` and `data` themselves are references, too. */
function isDocument(term: Term): boolean {
  return term.kind === "variable" && (term.name === "input" || term.name === "data");
}

export function isComprehension(term: Term): term is Comprehension {
  return (
    term.kind === "array-comprehension" ||
    term.kind === "set-comprehension" ||
    term.kind === "object-comprehension"
  );
}
