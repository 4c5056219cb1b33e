/** What the variables that rewriting made stand for, so that messages show what was written. */
import { writtenName } from "../rewrite/scope.ts";
import { equationOf, isVariable, mapTerm, type TermMap } from "../rewrite/terms.ts";
import type { Expression, Term } from "../syntax/ast.ts";
import type { Reference } from "./reference-text.ts";

export class Subjects {
  readonly #terms = new Map<string, Term>();
  readonly #map: TermMap = { term: (term) => this.#written(term), body: (body) => body };

  /** Remembers `x` of `x = term` and of `f(term, x)`, if it is a variable that nobody wrote. */
  note(expression: Expression): void {
    const sides = equationOf(expression);
    if (sides !== undefined) return this.#noteOne(...sides);
    if (expression.kind !== "term" || expression.term.kind !== "call") return;
    const { operands } = expression.term;
    const last = operands.at(-1);
    if (last === undefined) return;
    this.#noteOne(last, { ...expression.term, operands: operands.slice(0, -1) });
  }

  #noteOne(made: Term, term: Term): void {
    if (!isVariable(made) || writtenName(made.name) !== undefined) return;
    if (!this.#terms.has(made.name)) this.#terms.set(made.name, term);
  }

  /** Whether a variable stands for a number, a text or the like that was written in its place. */
  isScalar(term: Term): boolean {
    return isVariable(term) && this.#terms.get(term.name)?.kind === "scalar";
  }

  written(reference: Reference): Reference {
    const { head, parts } = reference;
    return { ...reference, head: this.#written(head), parts: parts.map(this.#map.term) };
  }

  #written(term: Term): Term {
    const known = isVariable(term) ? this.#terms.get(term.name) : undefined;
    return mapTerm(known ?? term, this.#map);
  }
}
