/** Which variables an expression binds once others are bound: what decides the order of a body. */
import type { Expression, Term } from "../syntax/ast.ts";
import { equal } from "../values/value.ts";
import { isComprehension } from "./hoist.ts";
import { dottedName, equationOf, isVariable } from "./terms.ts";
import { BINDABLE, NEEDED, variablesOf, variablesOfExpression } from "./variables.ts";

export type Names = ReadonlySet<string>;

/** How many operands a function takes, by its dotted name; undefined for what is no function. */
export type Arity = (name: readonly string[]) => number | undefined;

const NOTHING: Names = new Set();

/** What `expression` binds when `safe` is bound, `safe` not among it. */
export function boundBy(expression: Expression, safe: Names, arity: Arity): Names {
  if (expression.negated || !withsAreSafe(expression, safe)) return NOTHING;
  if (expression.kind === "every") return boundByTerms([expression.domain], safe);
  if (expression.kind !== "term") return NOTHING;
  const sides = equationOf(expression);
  if (sides !== undefined) return boundByEquation(expression, sides, safe);
  if (expression.term.kind !== "call") return boundByTerms([expression.term], safe);
  return boundByCall(expression.term, safe, arity);
}

function withsAreSafe({ with: withs }: Expression, safe: Names): boolean {
  if (withs.length === 0) return true;
  const around: Expression = {
    kind: "some",
    names: [],
    negated: false,
    with: withs,
    at: { file: "", row: 0, col: 0 },
  };
  return isSubset(variablesOfExpression(around, NEEDED), safe);
}

export function isSubset(names: Names, of: Names): boolean {
  for (const name of names) if (!of.has(name)) return false;
  return true;
}

/** A reference whose start is bound binds the variables that it is looked up by. */
function boundByTerms(terms: readonly Term[], safe: Names): Set<string> {
  const bound = new Set<string>();
  for (const term of terms) references(term, safe, bound);
  for (const name of safe) bound.delete(name);
  return bound;
}

function references(term: Term, safe: Names, bound: Set<string>): void {
  switch (term.kind) {
    case "ref":
      if (!isVariable(term.head) || !safe.has(term.head.name)) return;
      for (const part of term.parts) variablesOf(part, { ...NEEDED, heads: false }, bound);
      return;
    case "array":
    case "set":
      for (const element of term.elements) references(element, safe, bound);
      return;
    case "object":
      for (const [key, value] of term.entries) {
        references(key, safe, bound);
        references(value, safe, bound);
      }
      return;
    case "call":
      for (const operand of term.operands) references(operand, safe, bound);
      return;
    default:
  }
}

function boundByCall(call: Extract<Term, { kind: "call" }>, safe: Names, arity: Arity): Names {
  const takes = arity(dottedName(call.operator) ?? []);
  if (takes === undefined) return NOTHING;
  const bound = boundByTerms([call], safe);
  const outputs = call.operands.slice(takes);
  if (outputs.length === 0) return bound;
  for (const input of call.operands.slice(0, takes)) {
    for (const name of variablesOf(input, BINDABLE)) {
      if (!safe.has(name) && !bound.has(name)) return NOTHING;
    }
  }
  for (const output of outputs) variablesOf(output, BINDABLE, bound);
  for (const name of safe) bound.delete(name);
  return bound;
}

function boundByEquation(
  expression: Expression,
  [left, right]: readonly [Term, Term],
  safe: Names,
): Names {
  const known = new Set([...safe, ...boundByTerms([left, right], safe)]);
  // What `:=` assigns is never the source of its own right side.
  if (expression.kind === "term" && expression.assigned === true) {
    for (const name of variablesOf(left, BINDABLE)) known.delete(name);
  }
  const unified = new Unified(known);
  unified.unify(left, right);
  for (const name of unified.names) known.add(name);
  for (const name of safe) known.delete(name);
  return known;
}

/** Which variables are bound when two terms are made equal. */
class Unified {
  readonly names = new Set<string>();
  readonly #safe: Names;
  /** Variables that are bound once all of theirs are. */
  readonly #waiting = new Map<string, Set<string>>();

  constructor(safe: Names) {
    this.#safe = safe;
  }

  unify(a: Term, b: Term): void {
    if (a.kind === "variable") this.#variable(a.name, b);
    else if (b.kind === "variable") this.#variable(b.name, a);
    else if (a.kind === "array" && b.kind === "array") this.#pairs(a.elements, b.elements);
    else if (a.kind === "object" && b.kind === "object") this.#objects(a, b);
    else if (this.#isSource(a) || gathers(a, b)) this.#bindAll(b);
    else if (this.#isSource(b) || (isComprehension(b) && a.kind === "array")) this.#bindAll(a);
  }

  #pairs(left: readonly Term[], right: readonly Term[]): void {
    if (left.length !== right.length) return;
    for (const [i, element] of left.entries()) {
      const other = right[i];
      if (other !== undefined) this.unify(element, other);
    }
  }

  #objects(a: Extract<Term, { kind: "object" }>, b: Extract<Term, { kind: "object" }>): void {
    if (a.entries.length !== b.entries.length) return;
    for (const [key, value] of a.entries) {
      const other = b.entries.find(([otherKey]) => sameConstant(key, otherKey));
      if (other !== undefined) this.unify(value, other[1]);
    }
  }

  #variable(name: string, other: Term): void {
    if (other.kind === "variable") {
      if (this.#isBound(other.name)) this.#bind(name);
      else if (this.#isBound(name)) this.#bind(other.name);
      else this.#wait([name], [other.name]);
      if (!this.#isBound(name)) this.#wait([other.name], [name]);
    } else if (other.kind === "array" || other.kind === "object") {
      this.#composite(name, other);
    } else if (other.kind === "ref" ? this.#isSource(other) : other.kind !== "call") {
      this.#bind(name);
    }
  }

  /** A bound variable binds all of a pattern; an unbound one is bound once all of it is. */
  #composite(name: string, pattern: Term): void {
    if (this.#isBound(name)) return this.#bindAll(pattern);
    const needed = [...variablesOf(pattern, BINDABLE)].filter((each) => !this.#isBound(each));
    if (needed.length === 0) this.#bind(name);
    else this.#wait([name], needed);
  }

  #wait(names: readonly string[], needed: readonly string[]): void {
    for (const name of names) {
      const waits = this.#waiting.get(name) ?? new Set();
      for (const each of needed) waits.add(each);
      this.#waiting.set(name, waits);
    }
  }

  #isBound(name: string): boolean {
    return this.#safe.has(name) || this.names.has(name);
  }

  #isSource(term: Term): boolean {
    return term.kind === "ref" && isVariable(term.head) && this.#safe.has(term.head.name);
  }

  #bindAll(pattern: Term): void {
    for (const name of variablesOf(pattern, BINDABLE)) this.#bind(name);
  }

  #bind(name: string): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    const pattern = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const part of [...pattern]) this.#bind(part);
    for (const [waiting, needed] of [...this.#waiting]) {
      needed.delete(name);
      if (needed.size > 0) continue;
      this.#waiting.delete(waiting);
      this.#bind(waiting);
    }
  }
}

/** A comprehension on the left binds only a pattern of its own kind; on the right, any array. */
function gathers(left: Term, pattern: Term): boolean {
  return (
    (left.kind === "array-comprehension" && pattern.kind === "array") ||
    (left.kind === "object-comprehension" && pattern.kind === "object")
  );
}

function sameConstant(a: Term, b: Term): boolean {
  if (a.kind === "variable" && b.kind === "variable") return a.name === b.name;
  return a.kind === "scalar" && b.kind === "scalar" && equal(a.value, b.value);
}
