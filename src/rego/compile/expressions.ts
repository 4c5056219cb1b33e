/** The lines of a body, each compiled to a step that goes on to the next. */
import { hasParts, someEntry } from "../evaluate/lookup.ts";
import { equationOf } from "../rewrite/terms.ts";
import type { Block, Body, Expression, Term } from "../syntax/ast.ts";
import { callStep } from "./calls.ts";
import type { Compilation, Frame, Get, Match, Step, Then } from "./contract.ts";
import { unify } from "./patterns.ts";
import type { Scope } from "./scope.ts";
import { isGround } from "./terms.ts";
import { withStep } from "./withs.ts";

const FOUND: Then<Step> = () => () => true;

export function compileBody(
  [first, ...rest]: Body,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  if (first === undefined) return then(scope);
  return compilation.expression(first, scope, (after) =>
    compileBody(rest, after, compilation, then),
  );
}

export function compileExpression(
  expression: Expression,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  const step = compileParts(expression, scope, compilation, then);
  if (!compilation.isTraced) return step;
  const { at } = expression;
  return (frame) => {
    frame.environment.visit?.(at);
    return step(frame);
  };
}

function compileParts(
  expression: Expression,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  if (expression.with.length > 0) {
    const bare = { ...expression, with: [] };
    return withStep(expression.with, scope, compilation, {
      inside: (inner) => compileParts(bare, scope, compilation, inner),
      then,
    });
  }
  if (!expression.negated) return compileKind(expression, scope, compilation, then);
  const holds = compileKind({ ...expression, negated: false }, scope, compilation, FOUND);
  return unless(holds, then(scope));
}

function unless(holds: Step, next: Step): Step {
  return (frame) => !holds(frame) && next(frame);
}

function compileKind(
  expression: Expression,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  switch (expression.kind) {
    case "term":
      return compileTerm(expression, scope, compilation, then);
    case "every":
      return compileEvery(expression, scope, compilation, then);
    case "not-body":
      return unless(holdsStep(expression.body, scope, compilation), then(scope));
    case "and":
    case "or": {
      const left = holdsStep(expression.left, scope, compilation);
      const right = holdsStep(expression.right, scope, compilation);
      const next = then(scope);
      if (expression.kind === "and") return (frame) => left(frame) && right(frame) && next(frame);
      return (frame) => (left(frame) || right(frame)) && next(frame);
    }
    default:
      throw new TypeError(`a ${expression.kind} was left for the compiler`);
  }
}

/** Whether a block has a solution; its variables are its own. */
function holdsStep({ body }: Block, scope: Scope, compilation: Compilation): Step {
  return compilation.body(body, scope, FOUND);
}

function compileTerm(
  expression: Extract<Expression, { kind: "term" }>,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  const sides = equationOf(expression);
  if (sides !== undefined) return unify([sides], scope, compilation, then);
  if (expression.term.kind === "call") return callStep(expression.term, scope, compilation, then);
  return compilation.solve(expression.term, scope, (after) => whereTrue(then(after)));
}

/** Everything but false counts. */
function whereTrue(next: Step): Match {
  return (frame, value) => value !== false && next(frame);
}

/** All solutions of a term: one where it is ground, else those of its reference. */
export function compileSolve(
  term: Term,
  scope: Scope,
  compilation: Compilation,
  then: Then<Match>,
): Step {
  if (!isGround(term, scope) && term.kind === "ref") {
    return compilation.reference(term, scope, then);
  }
  return once(compilation.get(term, scope), then(scope));
}

function once(get: Get, match: Match): Step {
  return (frame) => {
    const value = get(frame);
    return value !== undefined && match(frame, value);
  };
}

/** Holds where its body has a solution for every element; over what has no parts it does not. */
function compileEvery(
  { key, value, domain, body }: Extract<Expression, { kind: "every" }>,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  const names = key === undefined ? [value.name] : [value.name, key.name];
  const keySlot = key === undefined ? undefined : scope.slots.of(key.name);
  const valueSlot = scope.slots.of(value.name);
  const holds = compilation.body(body, scope.bind(names), FOUND);
  const next = then(scope);
  const get = compilation.get(domain, scope);
  const fails = (frame: Frame) => (at: Parameters<Match>[1], element: Parameters<Match>[1]) => {
    if (keySlot !== undefined) frame.slots[keySlot] = at;
    frame.slots[valueSlot] = element;
    return !holds(frame);
  };
  return (frame) => {
    const all = get(frame);
    if (all === undefined || !hasParts(all)) return false;
    return !someEntry(all, fails(frame)) && next(frame);
  };
}
