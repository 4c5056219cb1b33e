/**
 * Puts the expressions of each body into an order in which every variable is bound before it is
 * needed, and reports those for which there is none. Within what that leaves open, the order of
 * the author stays.
 */
import type { LoadProblem } from "../errors.ts";
import type { Block, Body, Expression, Position, Rule, Term } from "../syntax/ast.ts";
import { type Arity, boundBy, isSubset, type Names } from "./bindings.ts";
import { closedOver } from "./closures.ts";
import { promoted } from "./promoted.ts";
import { writtenName } from "./scope.ts";
import { builtinName, INSERTIONS } from "./terms.ts";
import { BINDABLE, EVERYTHING, NEEDED, variablesOf, variablesOfExpression } from "./variables.ts";

/** Bound everywhere. */
export const DOCUMENTS: Names = new Set(["data", "input"]);

interface Unsafe {
  readonly expression: Expression;
  readonly names: Set<string>;
}

/** A line of a body with the variables that it has to have bound, and those its bodies use. */
interface Line {
  readonly expression: Expression;
  readonly needs: Names;
  readonly closesOver: Names;
}

interface Bound {
  readonly safe: Names;
  /** By the line itself. */
  readonly bound: Names;
  /** What anything in the body around needs. */
  readonly inBody: Names;
}

/** What it closes over has to be bound as well, if something in the body around binds that. */
function isReady({ closesOver, needs }: Line, { bound, inBody, safe }: Bound): boolean {
  for (const name of closesOver) if (inBody.has(name) && !safe.has(name)) return false;
  for (const name of needs) if (!safe.has(name) && !bound.has(name)) return false;
  return true;
}

const noLabel = (): string => "";

export class Safety {
  readonly #arity: Arity;
  readonly #problems: LoadProblem[];
  #label = noLabel;

  constructor(arity: Arity, problems: LoadProblem[]) {
    this.#arity = arity;
    this.#problems = problems;
  }

  /** `label` is added to what is reported: it tells the rule where the place alone does not. */
  rule(rule: Rule, label = noLabel): Rule {
    this.#label = label;
    const parameters = new Set(DOCUMENTS);
    for (const each of rule.head.parameters ?? []) variablesOf(each, BINDABLE, parameters);
    const before = this.#problems.length;
    const body = this.body(rule.body, parameters);
    if (this.#problems.length === before) this.#checkHead(rule, parameters);
    if (rule.otherwise === undefined) return { ...rule, body };
    return { ...rule, body, otherwise: this.rule(rule.otherwise, label) };
  }

  #checkHead(rule: Rule, parameters: Names): void {
    const inBody = new Set(parameters);
    for (const each of rule.body) variablesOfExpression(each, NEEDED, inBody);
    for (const term of [...rule.head.path, rule.head.value]) {
      for (const name of variablesOf(term, { ...NEEDED, closures: true })) {
        if (!inBody.has(name)) this.#report(name, term.at);
      }
    }
  }

  /** A whole body, of a rule or of a query. */
  body(body: Body, safe: Names): Body {
    const unsafe: Unsafe[] = [];
    const ordered = this.#ordered(body, safe, unsafe);
    this.#reportAll(unsafe);
    return ordered;
  }

  #ordered(body: Body, globals: Names, unsafe: Unsafe[]): Body {
    const ordered: Expression[] = [];
    const safe = new Set(globals);
    const all = body.map((expression) => this.#line(expression));
    const inBody = new Set<string>();
    for (const { needs } of all) for (const name of needs) inBody.add(name);
    let rest: readonly Line[] = all;
    for (;;) {
      const left = rest.filter((each) => {
        const bound = boundBy(each.expression, safe, this.#arity);
        if (!isReady(each, { safe, bound, inBody })) return true;
        for (const name of bound) safe.add(name);
        ordered.push(each.expression);
        return false;
      });
      if (left.length === rest.length) break;
      rest = left;
    }
    for (const each of rest) {
      unsafe.push({ expression: each.expression, names: this.#missing(each, safe) });
    }
    if (rest.length > 0) return body;
    return this.#closures(ordered, globals, unsafe);
  }

  #neededBy(body: Body): Names {
    const names = new Set<string>();
    for (const each of body) {
      variablesOfExpression(each, NEEDED, names);
      promoted(each, this.#arity, names);
    }
    return names;
  }

  #line(expression: Expression): Line {
    return {
      expression,
      needs: this.#neededBy([expression]),
      closesOver: closedOver(expression),
    };
  }

  #missing({ closesOver, expression, needs }: Line, safe: Names): Set<string> {
    const bound = boundBy(expression, safe, this.#arity);
    const missing = new Set<string>();
    for (const name of [...needs, ...closesOver]) {
      if (!safe.has(name) && !bound.has(name)) missing.add(name);
    }
    return missing;
  }

  /** The bodies within an expression know what the expressions before it bound. */
  #closures(ordered: Body, globals: Names, unsafe: Unsafe[]): Body {
    const known = new Set(globals);
    return ordered.map((expression) => {
      const checked = this.#closuresOf(expression, known, unsafe);
      variablesOfExpression(expression, NEEDED, known);
      promoted(expression, this.#arity, known);
      return checked;
    });
  }

  #closuresOf(expression: Expression, known: Names, unsafe: Unsafe[]): Expression {
    const term = (each: Term): Term => this.#term(each, expression, known, unsafe);
    const block = (each: Block): Block => ({
      ...each,
      body: this.#ordered(each.body, known, unsafe),
    });
    switch (expression.kind) {
      case "term":
        return { ...expression, term: this.#inserting(expression, known, unsafe) };
      case "every": {
        const own = new Set([...known, expression.value.name]);
        if (expression.key !== undefined) own.add(expression.key.name);
        return {
          ...expression,
          domain: term(expression.domain),
          body: this.#ordered(expression.body, own, unsafe),
        };
      }
      case "not-body":
        return { ...expression, body: block(expression.body) };
      case "and":
      case "or":
        return { ...expression, left: block(expression.left), right: block(expression.right) };
      default:
        return expression;
    }
  }

  #inserting(
    expression: Extract<Expression, { kind: "term" }>,
    known: Names,
    unsafe: Unsafe[],
  ): Term {
    const { term } = expression;
    if (!isInsertion(term)) return this.#term(term, expression, known, unsafe);
    const own: Unsafe[] = [];
    const checked = this.#term(term, expression, known, own);
    this.#undeclared(own);
    return checked;
  }

  /** What `print` and interpolations insert is evaluated by itself: nothing there declares it. */
  #undeclared(unsafe: readonly Unsafe[]): void {
    for (const { expression, names } of unsafe) {
      for (const name of names) {
        const written = writtenName(name);
        if (written === undefined && names.size > 1) continue;
        const message = `var ${written ?? "_"} is undeclared`;
        const hint = "give it a value first, in an expression of its own";
        this.#problems.push({ code: "rego_compile_error", message, at: expression.at, hint });
      }
    }
  }

  #term(term: Term, around: Expression, known: Names, unsafe: Unsafe[]): Term {
    const inner = (each: Term): Term => this.#term(each, around, known, unsafe);
    switch (term.kind) {
      case "array":
      case "set":
        return { ...term, elements: term.elements.map(inner) };
      case "object":
        return {
          ...term,
          entries: term.entries.map(([key, value]) => [inner(key), inner(value)] as const),
        };
      case "call":
        return { ...term, operands: term.operands.map(inner) };
      case "ref":
        return { ...term, head: inner(term.head), parts: term.parts.map(inner) };
      case "array-comprehension":
      case "set-comprehension":
      case "object-comprehension": {
        const heads = term.kind === "object-comprehension" ? [term.key, term.value] : [term.term];
        const inBody = new Set([...known, ...this.#neededBy(term.body)]);
        const names = new Set<string>();
        for (const head of heads) variablesOf(head, EVERYTHING, names);
        if (!isSubset(names, inBody)) {
          const missing = new Set([...names].filter((name) => !inBody.has(name)));
          unsafe.push({ expression: around, names: missing });
        }
        return { ...term, body: this.#ordered(term.body, known, unsafe) };
      }
      default:
        return term;
    }
  }

  /** The variables that their author wrote; where there are none of those, the expression. */
  #reportAll(unsafe: readonly Unsafe[]): void {
    const before = this.#problems.length;
    const assigned = new Set(unsafe.flatMap(({ expression }) => assignedBy(expression)));
    const others = unsafe.some(({ names }) =>
      [...names].some((name) => writtenName(name) !== undefined && !assigned.has(name)),
    );
    const seen = new Set<string>();
    for (const { expression, names } of unsafe) {
      for (const name of names) {
        if (seen.has(name) || (others && assigned.has(name))) continue;
        seen.add(name);
        this.#report(name, expression.at);
      }
    }
    if (unsafe.length === 0 || this.#problems.length > before) return;
    for (const { expression } of unsafe.slice(0, 1)) {
      this.#problems.push({
        code: "rego_unsafe_var_error",
        message: `expression is unsafe${this.#label()}`,
        at: expression.at,
        hint: "bind each `_` and each variable outside of `not` and of calls first",
      });
    }
  }

  #report(name: string, at: Position): void {
    const written = writtenName(name);
    if (written === undefined) return;
    const keyword = KEYWORDS.has(written);
    this.#problems.push({
      code: "rego_unsafe_var_error",
      message: `var ${written} is unsafe${this.#label()}`,
      at,
      hint: keyword
        ? `\`import future.keywords.${written}\` to import a future keyword`
        : "give it a value in an expression that is neither negated nor a call's input",
    });
  }
}

const KEYWORDS: Names = new Set(["in", "every", "contains", "if", "not", "and", "or"]);

function assignedBy(expression: Expression): readonly string[] {
  if (expression.kind !== "term" || expression.assigned !== true) return [];
  if (expression.term.kind !== "call") return [];
  const [left] = expression.term.operands;
  return left === undefined ? [] : [...variablesOf(left, EVERYTHING)];
}

function isInsertion(term: Term): boolean {
  return term.kind === "call" && INSERTIONS.has(builtinName(term.operator));
}
