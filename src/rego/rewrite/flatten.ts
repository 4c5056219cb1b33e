/**
 * Makes every call an expression of its own: `f(g(x)) == 1` becomes `g(x, a); f(a, b); b == 1`.
 * What heads, comprehensions and `with` would evaluate moves into the body before or behind it, so
 * that afterwards they only name variables. Interpolations become calls, too.
 */
import type {
  Body,
  Call,
  Comprehension,
  Expression,
  Head,
  Position,
  Rule,
  StandIn,
  Term,
  With,
} from "../syntax/ast.ts";
import { isEvaluated, isPlain } from "./evaluated.ts";
import type { FreshNames } from "./scope.ts";
import { builtinName, equation, isVariable, PRINT, TEMPLATE, variable } from "./terms.ts";

export interface FlattenContext {
  readonly fresh: FreshNames;
  /** Whether calls of `print` stay; else they are left out. */
  readonly prints: boolean;
  /** What a `with` puts in the place of a function by its name, which is then not evaluated. */
  standInOf(replacement: With): StandIn | undefined;
}

/** A term and the expressions that must hold before it can be used. */
interface Flat {
  readonly before: readonly Expression[];
  readonly term: Term;
}

export class Flattening {
  readonly #context: FlattenContext;

  constructor(context: FlattenContext) {
    this.#context = context;
  }

  rule(rule: Rule): Rule {
    const { head, body } = this.#head(rule.head);
    const flat = { ...rule, head, body: [...this.body(rule.body), ...body] };
    if (rule.otherwise === undefined) return flat;
    return { ...flat, otherwise: this.rule(rule.otherwise) };
  }

  #head(head: Head): { readonly head: Head; readonly body: Body } {
    const body: Expression[] = [];
    const take = (term: Term, keep: (term: Term) => boolean): Term => {
      const flat = this.#term(term);
      body.push(...flat.before);
      if (keep(flat.term)) return flat.term;
      const bound = this.#bound(flat.term);
      body.push(...bound.before);
      return bound.term;
    };
    const path = head.path.map((term) => take(term, isPlain));
    const parameters = head.parameters?.map((term) => take(term, isEvaluated));
    const value = take(head.value, isEvaluated);
    const flat = { ...head, path, value };
    return { head: parameters === undefined ? flat : { ...flat, parameters }, body };
  }

  body(body: Body): Body {
    return body.flatMap((expression) => this.#expression(expression));
  }

  #expression(line: Expression): Expression[] {
    const expression = isPrint(line) ? this.#print(line) : line;
    if (expression === undefined) return [];
    const { before, withs } = this.#withs(expression.with);
    const flat = this.#kind({ ...expression, with: withs });
    return [...before, ...flat];
  }

  #withs(withs: readonly With[]): {
    readonly before: readonly Expression[];
    readonly withs: readonly With[];
  } {
    const before: Expression[] = [];
    const flat = withs.map((each) => {
      const standsIn = this.#context.standInOf(each);
      if (standsIn !== undefined) return { ...each, standsIn };
      const value = this.#value(each.value);
      before.push(...value.before);
      return { ...each, value: value.term };
    });
    return { before, withs: flat };
  }

  #kind(expression: Expression): Expression[] {
    switch (expression.kind) {
      case "term":
        return this.#termExpression(expression);
      case "every": {
        const domain = this.#bound(expression.domain);
        const before = domain.before.flatMap((each) =>
          this.#expression({ ...each, with: expression.with }),
        );
        return [
          ...before,
          { ...expression, domain: domain.term, body: this.body(expression.body) },
        ];
      }
      case "not-body":
        return [{ ...expression, body: this.#block(expression.body) }];
      case "and":
      case "or":
        return [
          {
            ...expression,
            left: this.#block(expression.left),
            right: this.#block(expression.right),
          },
        ];
      default:
        return [expression];
    }
  }

  #block<B extends { readonly body: Body }>(block: B): B {
    return { ...block, body: this.body(block.body) };
  }

  /** A call stays where it is; only its operands are taken apart. */
  #termExpression(expression: Extract<Expression, { kind: "term" }>): Expression[] {
    const { term } = expression;
    const flat = term.kind === "call" ? this.#operands(term) : this.#term(term);
    const before = flat.before.map((each) => ({ ...each, with: expression.with }));
    return [...before, { ...expression, term: flat.term }];
  }

  #operands(call: Call): Flat {
    const operands = call.operands.map((operand) => this.#term(operand));
    return {
      before: operands.flatMap(({ before }) => before),
      term: { ...call, operands: operands.map(({ term }) => term) },
    };
  }

  /** Flat, and a variable or a literal without references in it. */
  #value(term: Term): Flat {
    const flat = this.#term(term);
    if (isEvaluated(flat.term)) return flat;
    const bound = this.#bound(flat.term);
    return { before: [...flat.before, ...bound.before], term: bound.term };
  }

  /** A new variable that equals the term. */
  #bound(term: Term): Flat {
    const local = variable(this.#context.fresh.make(), term.at);
    return { before: [equation(local, term, term.at)], term: local };
  }

  #term(term: Term): Flat {
    switch (term.kind) {
      case "scalar":
      case "variable":
        return { before: [], term };
      case "call":
        return this.#call(term);
      case "ref":
        return this.#reference(term);
      case "array":
      case "set": {
        const elements = term.elements.map((each) => this.#term(each));
        const flat = elements.map((each) => each.term);
        return {
          before: elements.flatMap(({ before }) => before),
          term: { ...term, elements: flat },
        };
      }
      case "object":
        return this.#object(term);
      case "template":
        return this.#call(this.#template(term));
      default:
        return { before: [], term: this.#comprehension(term) };
    }
  }

  #call(call: Call): Flat {
    const { before, term } = this.#operands(call);
    if (term.kind !== "call") return { before, term };
    const output = variable(this.#context.fresh.make(), call.at);
    const valued: Expression = {
      kind: "term",
      at: call.at,
      negated: false,
      with: [],
      term: { ...term, operands: [...term.operands, output] },
    };
    return { before: [...before, valued], term: output };
  }

  #reference(term: Extract<Term, { kind: "ref" }>): Flat {
    const head = this.#term(term.head);
    const parts = term.parts.map((part) => this.#term(part));
    const before = [...head.before, ...parts.flatMap((part) => part.before)];
    const flatParts = parts.map((part) => part.term);
    if (isVariable(head.term)) {
      return { before, term: { ...term, head: head.term, parts: flatParts } };
    }
    const bound = this.#bound(head.term);
    return {
      before: [...before, ...bound.before],
      term: { ...term, head: bound.term, parts: flatParts },
    };
  }

  #object(term: Extract<Term, { kind: "object" }>): Flat {
    const before: Expression[] = [];
    const entries = term.entries.map(([key, value]) => {
      const flatKey = this.#term(key);
      const flatValue = this.#term(value);
      before.push(...flatKey.before, ...flatValue.before);
      return [flatKey.term, flatValue.term] as const;
    });
    return { before, term: { ...term, entries } };
  }

  #comprehension(term: Comprehension): Term {
    const body: Expression[] = [];
    const take = (each: Term): Term => {
      const value = this.#value(each);
      body.push(...value.before);
      return value.term;
    };
    const own = this.body(term.body);
    if (term.kind === "object-comprehension") {
      const key = take(term.key);
      return { ...term, key, value: take(term.value), body: [...own, ...body] };
    }
    const value = take(term.term);
    return { ...term, term: value, body: [...own, ...body] };
  }

  /** Each operand is the set of its values, for one that is undefined must not stop the body. */
  #print(expression: TermExpression): Expression | undefined {
    const { term, at } = expression;
    if (!this.#context.prints || term.kind !== "call") return undefined;
    const elements = term.operands.map((each) => this.#setOf(each, each.at));
    const operator: Term = variable(PRINT, at);
    const operands: readonly Term[] = [{ kind: "array", elements, at }];
    return { ...expression, term: { ...term, operator, operands } };
  }

  /** Each `{x}` is the set of its values: none where it is undefined. */
  #template({ parts, at }: Extract<Term, { kind: "template" }>): Call {
    const elements = parts.map((part): Term => {
      if (typeof part === "string") return { kind: "scalar", value: part, at };
      if (part.kind === "modified") return this.#setOf(part.term, part.at, part.with);
      if (isVariable(part)) return { kind: "set", elements: [part], at: part.at };
      return this.#setOf(part, part.at);
    });
    const operator: Term = variable(TEMPLATE, at);
    return {
      kind: "call",
      infix: false,
      at,
      operator,
      operands: [{ kind: "array", elements, at }],
    };
  }

  #setOf(term: Term, at: Position, withs: readonly With[] = []): Term {
    const local = variable(this.#context.fresh.make(), at);
    const holds = { ...equation(local, term, at), with: withs };
    return { kind: "set-comprehension", at, term: local, body: [holds] };
  }
}

type TermExpression = Extract<Expression, { kind: "term" }>;

function isPrint(line: Expression): line is TermExpression {
  return (
    line.kind === "term" &&
    line.term.kind === "call" &&
    !line.term.infix &&
    builtinName(line.term.operator) === "print"
  );
}
