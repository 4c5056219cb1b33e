/**
 * What policies are compiled to: closures that call the next one for each solution they find, with
 * a frame of variables between them. `true` means that enough was found and the search may end.
 */
import type { Environment } from "../evaluate/environment.ts";
import type { RuleNode } from "../rewrite/rule-tree.ts";
import type { Body, Expression, Position, Term } from "../syntax/ast.ts";
import type { Value } from "../values/value.ts";
import type { InputPaths } from "./input-paths.ts";
import type { Nest } from "./nest.ts";
import type { Place, Rules } from "./place.ts";
import type { Scope } from "./scope.ts";

/** The variables of one evaluation of a rule. */
export class Frame {
  environment: Environment;
  readonly slots: (Value | undefined)[];
  /** Of a function. */
  operands: readonly Value[] = NO_OPERANDS;
  /** Where a partial rule puts its solutions. */
  nest: Nest | undefined;

  #gathered: Value[][] | undefined;
  #around: Environment[] | undefined;

  /** `size`: of all the scopes that its steps were compiled in. */
  constructor(environment: Environment, size: number) {
    this.environment = environment;
    this.slots = new Array<Value | undefined>(size);
  }

  /** Elements that comprehensions gathered so far. */
  get gathered(): Value[][] {
    this.#gathered ??= [];
    return this.#gathered;
  }

  /** Environments around the `with`s that are being evaluated. */
  get around(): Environment[] {
    this.#around ??= [];
    return this.#around;
  }
}

const NO_OPERANDS: readonly Value[] = [];

/** Goes on from here. */
export type Step = (frame: Frame) => boolean;
/** Goes on with a value, if it fits. */
export type Match = (frame: Frame, value: Value) => boolean;
/** Goes on from a place in a document. */
export type Walk = (frame: Frame, at: Value | Place) => boolean;
/** The value of a term whose variables are all bound. */
export type Get = (frame: Frame) => Value | undefined;

/** What comes after, compiled once it is known which variables are bound by then. */
export type Then<T> = (scope: Scope) => T;

export type Reference = Extract<Term, { readonly kind: "ref" }>;

/** The parts of the compiler, which need one another. */
export interface Compilation {
  readonly tree: RuleNode;
  readonly inputPaths: InputPaths;
  readonly rules: Rules;
  readonly isTraced: boolean;
  body(body: Body, scope: Scope, then: Then<Step>): Step;
  expression(expression: Expression, scope: Scope, then: Then<Step>): Step;
  /** Every solution of a term, each with its value. */
  solve(term: Term, scope: Scope, then: Then<Match>): Step;
  /** A term without unbound variables and with one solution at most. */
  get(term: Term, scope: Scope): Get;
  match(pattern: Term, scope: Scope, then: Then<Step>): Match;
  /** The same of a reference. */
  groundReference(term: Reference, scope: Scope): Get;
  /** Every solution of a reference with variables to bind. */
  reference(term: Reference, scope: Scope, then: Then<Match>): Step;
  /** All documents. */
  root(environment: Environment): Place;
  callee(name: readonly string[], at: Position): CalledFunction;
}

/** A function of rules or a built-in. */
export interface CalledFunction {
  readonly name: string;
  readonly arity: number;
  /** With `with`s heeded. */
  call(environment: Environment, operands: readonly Value[], at: Position): Value | undefined;
  /** Several answers to one call; of relations only. */
  relation?(environment: Environment, operands: readonly Value[], at: Position): Iterable<Value>;
}
