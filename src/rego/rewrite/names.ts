/**
 * Says for every name of a module what it means: a rule of the package, an import, `input`,
 * `data`, a built-in, or a variable. Afterwards each reference starts at `data`, at `input` or at a
 * variable, variables that were declared have unique names, and `:=` and `some` are gone.
 */
import type { LoadProblem } from "../errors.ts";
import type { Block, Body, Call, Expression, Position, Rule, Term } from "../syntax/ast.ts";
import { assignedPattern } from "./assigned.ts";
import { assignmentOf, declaredNames, ownInDomain } from "./declared.ts";
import { nameProblem } from "./name-problems.ts";
import { type FreshNames, Scopes } from "./scope.ts";
import {
  builtinName,
  equation,
  isVariable,
  mapExpression,
  mapTerm,
  reference,
  variable,
} from "./terms.ts";
import { BINDABLE, NEEDED, variablesOf } from "./variables.ts";

/** Whatever has a meaning throughout a module: its rules and imports, as paths. */
export type Globals = ReadonlyMap<string, readonly string[]>;

export interface NamesContext {
  readonly globals: Globals;
  readonly fresh: FreshNames;
  readonly problems: LoadProblem[];
  /** Whether `input` and `data` may be names of variables, as they may in v0. */
  readonly rootsMayBeShadowed: boolean;
  /** Told which global names are used. */
  readonly used: Set<string>;
}

const ROOTS: ReadonlySet<string> = new Set(["input", "data"]);

export class Names {
  readonly #context: NamesContext;
  readonly #scopes: Scopes;
  /** Names that are declared somewhere in the bodies around the current place. */
  readonly #hidden: ReadonlySet<string>[] = [];
  readonly #map = {
    term: (term: Term): Term => this.#term(term),
    body: (body: Body): Body => this.#body(body),
  };

  readonly #assigning = {
    declare: (name: string, at: Position): string => this.#declare(name, "assigned", at),
    key: (term: Term): Term => this.#term(term),
    problem: (at: Position, message: string): void => this.#problem(at, message),
  };

  constructor(context: NamesContext) {
    this.#context = context;
    this.#scopes = new Scopes(context.fresh, context.problems);
  }

  /** The rule and what follows it by `else`, which has its parameters. */
  rule(rule: Rule, parameters = rule.head.parameters): Rule {
    const own = this.#scopes.within(() => this.#ownRule(rule, parameters));
    if (rule.otherwise === undefined) return own;
    return { ...own, otherwise: this.rule(rule.otherwise, parameters) };
  }

  #ownRule(rule: Rule, parameters: readonly Term[] | undefined): Rule {
    const names = this.#parameterNames(parameters ?? []);
    for (const name of names) this.#scopes.declare(name, "argument", rule.head.at);
    return this.#hiding(new Set([...names, ...declaredNames(rule.body)]), () => {
      const body = this.#body(rule.body);
      const { head } = rule;
      const path = head.path.map(this.#map.term);
      const mapped = { ...head, path, value: this.#term(head.value) };
      if (parameters === undefined) return { ...rule, body, head: mapped };
      return { ...rule, body, head: { ...mapped, parameters: parameters.map(this.#map.term) } };
    });
  }

  /** A body that stands alone, such as a query. */
  query(body: Body): Body {
    return this.#scopes.within(() => this.#hiding(declaredNames(body), () => this.#body(body)));
  }

  #parameterNames(parameters: readonly Term[]): ReadonlySet<string> {
    const names = new Set<string>();
    for (const parameter of parameters) {
      for (const name of variablesOf(parameter, BINDABLE)) {
        if (ROOTS.has(name)) this.#shadowed("args", name, parameter.at, "variable");
        names.add(name);
      }
    }
    return names;
  }

  #hiding<T>(names: ReadonlySet<string>, inside: () => T): T {
    this.#hidden.push(names);
    const result = inside();
    this.#hidden.pop();
    return result;
  }

  #body(body: Body): Body {
    return body.flatMap((expression) => this.#expression(expression));
  }

  #expression(expression: Expression): Expression[] {
    switch (expression.kind) {
      case "some":
        for (const { name, at } of expression.names) this.#declare(name, "declared", at);
        return [];
      case "some-in":
        return [this.#someIn(expression)];
      case "every":
        return [this.#every(expression)];
      case "not-body":
        return [
          this.#withs({ ...expression, body: this.#block(expression.body, "negated expression") }),
        ];
      case "and":
      case "or": {
        const where = `implicit ${expression.kind} operand`;
        const left = this.#block(expression.left, where);
        return [this.#withs({ ...expression, left, right: this.#block(expression.right, where) })];
      }
      case "term":
        return [this.#assignment(expression) ?? mapExpression(expression, this.#map)];
    }
  }

  /** Only a block in braces may declare variables. */
  #block(block: Block, where: string): Block {
    if (block.explicit) {
      return { ...block, body: this.#scopes.within(() => this.#body(block.body)) };
    }
    for (const each of block.body) {
      if (each.kind === "term" && assignmentOf(each.term) !== undefined) {
        this.#problem(each.at, `cannot assign vars inside ${where}`);
      }
    }
    return { ...block, body: this.#body(block.body) };
  }

  #withs<E extends Expression>(expression: E): E {
    return {
      ...expression,
      with: expression.with.map((each) => ({
        ...each,
        target: this.#target(each.target),
        value: this.#term(each.value),
      })),
    };
  }

  /** `input` as a target is the document, even where a variable has that name. */
  #target(target: Term): Term {
    if (isVariable(target) && target.name === "input") return target;
    if (target.kind === "ref" && isVariable(target.head) && target.head.name === "input") {
      return { ...target, parts: target.parts.map(this.#map.term) };
    }
    return this.#term(target);
  }

  #assignment(expression: Extract<Expression, { kind: "term" }>): Expression | undefined {
    const sides = assignmentOf(expression.term);
    if (sides === undefined) return undefined;
    if (expression.negated) {
      this.#problem(expression.at, "cannot assign vars inside negated expression");
    }
    const right = this.#term(sides[1]);
    const withs = this.#withs(expression).with;
    const left = assignedPattern(sides[0], this.#assigning);
    const assigned = equation(left, right, expression.at);
    return { ...assigned, with: withs, negated: expression.negated, ...ASSIGNED };
  }

  /** `some k, v in xs` is `v = xs[k]` with new variables. */
  #someIn(expression: Extract<Expression, { kind: "some-in" }>): Expression {
    const { at } = expression;
    const domain = this.#term(expression.domain);
    const key = expression.key ?? variable(this.#context.fresh.make(), at);
    const own = new Set([
      ...variablesOf(expression.value, BINDABLE),
      ...variablesOf(key, BINDABLE),
    ]);
    const inDomain = variablesOf(expression.domain, NEEDED);
    for (const name of own) {
      if (inDomain.has(name)) this.#problem(at, `var ${name} assigned before`);
    }
    if (expression.key === undefined && isVariable(key)) own.delete(key.name);
    for (const name of own) this.#declare(name, "declared", at);
    const index = expression.key === undefined ? key : this.#term(key);
    const element: Term =
      domain.kind === "ref"
        ? { ...domain, parts: [...domain.parts, index] }
        : { kind: "ref", at: domain.at, head: domain, parts: [index] };
    const found = equation(this.#term(expression.value), element, at);
    return this.#withs({ ...found, with: expression.with });
  }

  #every(expression: Extract<Expression, { kind: "every" }>): Expression {
    const domain = this.#term(expression.domain);
    const names = [expression.value, ...(expression.key === undefined ? [] : [expression.key])];
    this.#context.problems.push(...ownInDomain(domain, names));
    const own = this.#hiding(new Set(names.map(({ name }) => name)), () =>
      this.#scopes.within(() => {
        const [value = expression.value, key] = names.map((each) => ({
          ...each,
          name: this.#declare(each.name, "declared", each.at),
        }));
        return { value, ...(key === undefined ? {} : { key }), body: this.#body(expression.body) };
      }),
    );
    return this.#withs({ ...expression, ...own, domain });
  }

  #declare(name: string, how: "assigned" | "declared", at: Position): string {
    if (name.startsWith("$")) return name;
    if (ROOTS.has(name) && !this.#context.rootsMayBeShadowed) {
      this.#shadowed("variables", name, at, "variable");
    }
    return this.#scopes.declare(name, how, at);
  }

  #shadowed(what: string, name: string, at: Position, kind: string): void {
    this.#problem(at, `${what} must not shadow ${name} (use a different ${kind} name)`);
  }

  #term(term: Term): Term {
    switch (term.kind) {
      case "variable":
        return this.#variable(term.name, term.at);
      case "ref":
        return this.#reference(term);
      case "call":
        return this.#call(term);
      case "array-comprehension":
      case "set-comprehension":
      case "object-comprehension":
        return this.#hiding(declaredNames(term.body), () =>
          this.#scopes.within(() => mapTerm(term, this.#map)),
        );
      default:
        return mapTerm(term, this.#map);
    }
  }

  #variable(name: string, at: Position): Term {
    const local = this.#scopes.lookup(name);
    if (local !== undefined) return variable(local, at);
    const path = this.#global(name);
    if (path !== undefined) return reference(path, at);
    if (ROOTS.has(name)) return variable(name, at);
    return variable(this.#scopes.see(name, at), at);
  }

  #global(name: string): readonly string[] | undefined {
    if (this.#hidden.some((names) => names.has(name))) return undefined;
    const path = this.#context.globals.get(name);
    if (path !== undefined) this.#context.used.add(name);
    return path;
  }

  #reference(term: Extract<Term, { kind: "ref" }>): Term {
    const head = this.#term(term.head);
    const parts = term.parts.map(this.#map.term);
    if (head.kind !== "ref") return { ...term, head, parts };
    return { ...term, head: head.head, parts: [...head.parts, ...parts] };
  }

  #call(call: Call): Term {
    return {
      ...call,
      operator: this.#operator(call),
      operands: call.operands.map(this.#map.term),
    };
  }

  #operator({ operator, infix, at }: Call): Term {
    if (infix) return operator;
    const head = operator.kind === "ref" ? operator.head : operator;
    if (!isVariable(head)) return operator;
    const path = this.#global(head.name);
    const local = path === undefined ? this.#scopes.lookup(head.name) : undefined;
    if (local !== undefined && local !== head.name) {
      this.#problem(at, `called function ${builtinName(operator)} shadowed`);
    }
    if (path === undefined) return operator;
    const parts = operator.kind === "ref" ? operator.parts : [];
    const resolved = reference(path, operator.at);
    return resolved.kind === "ref"
      ? { ...resolved, parts: [...resolved.parts, ...parts] }
      : resolved;
  }

  #problem(at: Position, message: string): void {
    this.#context.problems.push(nameProblem(at, message));
  }
}

const ASSIGNED = { assigned: true } as const;
