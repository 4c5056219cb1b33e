/** `=`: what is bound on one side is matched with the other, which may be a pattern. */

import { chargeReading } from "../evaluate/size.ts";
import { isComprehension } from "../rewrite/hoist.ts";
import { dataPath } from "../rewrite/rule-tree.ts";
import { BINDABLE, variablesOf } from "../rewrite/variables.ts";
import type { Term, Variable } from "../syntax/ast.ts";
import { equal, isList, RegoObject, type Value } from "../values/value.ts";
import type { Compilation, Get, Match, Step, Then } from "./contract.ts";
import type { Scope } from "./scope.ts";
import { isGround } from "./terms.ts";

type Pair = readonly [Term, Term];

/** Makes all pairs equal, in an order in which each has a side that can be evaluated. */
export function unify(
  pairs: readonly Pair[],
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  const pair = pairs.find((each) => isReady(each, scope));
  if (pair === undefined) {
    if (pairs.length > 0) throw new TypeError(`nothing binds a side of "=" at ${where(pairs)}`);
    return then(scope);
  }
  const rest = pairs.filter((each) => each !== pair);
  return unifyPair(pair, scope, compilation, (after) => unify(rest, after, compilation, then));
}

function where(pairs: readonly Pair[]): string {
  const { file, row } = pairs[0]?.[0].at ?? { file: "", row: 0 };
  return `${file}:${row}`;
}

function isReady([left, right]: Pair, scope: Scope): boolean {
  return isSource(left, scope) || isSource(right, scope) || isNest(left, right);
}

/** What can be evaluated here: bound terms, and references that bind variables on their way. */
function isSource(term: Term, scope: Scope): boolean {
  if (term.kind === "ref") return isGround(term.head, scope);
  return isGround(term, scope);
}

function isNest(left: Term, right: Term): boolean {
  return (
    (left.kind === "array" && right.kind === "array") ||
    (left.kind === "object" && right.kind === "object")
  );
}

function unifyPair(
  [left, right]: Pair,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  if (isGround(left, scope) && isGround(right, scope)) {
    const [first, second] =
      isComprehension(left) && right.kind === "ref" ? [right, left] : [left, right];
    return compareBoth(compilation.get(first, scope), compilation.get(second, scope), then(scope));
  }
  const parts = pairsOf(left, right);
  if (parts === "unlike") return () => false;
  if (parts !== undefined) return unify(parts, scope, compilation, then);
  const [source, pattern] = sourceFirst([left, right], scope, compilation);
  if (isGround(source, scope) && isUnbound(pattern, scope)) {
    const get = compilation.get(source, scope);
    return bindStep(get, scope.slots.of(pattern.name), then(scope.bind([pattern.name])));
  }
  return compilation.solve(source, scope, (after) => compilation.match(pattern, after, then));
}

/** A variable that is given its value here. */
export function isUnbound(term: Term, scope: Scope): term is Variable {
  return term.kind === "variable" && !isGround(term, scope);
}

/** Most lines only give a variable its value: that is one step, not a search with a match. */
export function bindStep(get: Get, slot: number, next: Step): Step {
  return (frame) => {
    const value = get(frame);
    if (value === undefined) return false;
    frame.slots[slot] = value;
    return next(frame);
  };
}

/**
 * A side that is bound is evaluated first; else one that binds its variables on its way. A
 * reference to rules on the left is always first: they may be in conflict, whatever is right of it.
 */
function sourceFirst([left, right]: Pair, scope: Scope, { tree }: Compilation): Pair {
  const path = dataPath(left);
  if (path !== undefined && isSource(left, scope) && tree.leadsToRules(path)) return [left, right];
  if (isGround(left, scope)) return [left, right];
  if (isGround(right, scope) || !isSource(left, scope)) return [right, left];
  return [left, right];
}

function compareBoth(left: Get, right: Get, next: Step): Step {
  return (frame) => {
    const a = left(frame);
    if (a === undefined) return false;
    const b = right(frame);
    if (b === undefined) return false;
    chargeReading(a, frame.environment.budget);
    return equal(a, b) && next(frame);
  };
}

/** Two arrays or two objects piece by piece; `unlike` when no values can make them equal. */
function pairsOf(left: Term, right: Term): readonly Pair[] | "unlike" | undefined {
  if (left.kind === "array" && right.kind === "array") {
    if (left.elements.length !== right.elements.length) return "unlike";
    return left.elements.flatMap((element, i) => {
      const other = right.elements[i];
      return other === undefined ? [] : [[element, other] as const];
    });
  }
  if (left.kind !== "object" || right.kind !== "object") return undefined;
  if (left.entries.length !== right.entries.length) return "unlike";
  const pairs: Pair[] = [];
  for (const [key, value] of left.entries) {
    if (key.kind !== "scalar") return undefined;
    const other = right.entries.find(
      ([each]) => each.kind === "scalar" && equal(each.value, key.value),
    );
    if (other === undefined) return "unlike";
    pairs.push([value, other[1]]);
  }
  return pairs;
}

/** Goes on where a value fits the pattern, whose variables are bound then. */
export function compileMatch(
  pattern: Term,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Match {
  if (isGround(pattern, scope)) return matchGround(compilation.get(pattern, scope), then(scope));
  switch (pattern.kind) {
    case "variable": {
      const slot = scope.slots.of(pattern.name);
      const next = then(scope.bind([pattern.name]));
      return (frame, value) => {
        frame.slots[slot] = value;
        return next(frame);
      };
    }
    case "array":
      return matchArray(pattern.elements, scope, compilation, then);
    case "object":
      return matchObject(pattern.entries, scope, compilation, then);
    default:
      return matchSolutions(pattern, scope, compilation, then);
  }
}

function matchGround(get: Get, next: Step): Match {
  return (frame, value) => {
    const other = get(frame);
    if (other === undefined) return false;
    chargeReading(other, frame.environment.budget);
    return equal(value, other) && next(frame);
  };
}

function matchArray(
  elements: readonly Term[],
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Match {
  const slot = scope.slots.fresh();
  const parts = elements.map(
    (pattern, i): Part => ({
      pattern,
      part: (whole) => (isList(whole) ? whole[i] : undefined),
    }),
  );
  const step = matchParts({ parts, slot }, scope, compilation, then);
  return (frame, value) => {
    if (!isList(value) || value.length !== elements.length) return false;
    frame.slots[slot] = value;
    return step(frame);
  };
}

/** The keys of a pattern are bound; the object has just those. */
function matchObject(
  entries: readonly (readonly [Term, Term])[],
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Match {
  const slot = scope.slots.fresh();
  const parts = entries.map(([key, pattern]): Part => {
    const get = compilation.get(key, scope);
    return {
      pattern,
      part: (whole, frame) => {
        const at = get(frame);
        return whole instanceof RegoObject && at !== undefined ? whole.get(at) : undefined;
      },
    };
  });
  const step = matchParts({ parts, slot }, scope, compilation, then);
  return (frame, value) => {
    if (!(value instanceof RegoObject) || value.size !== entries.length) return false;
    frame.slots[slot] = value;
    return step(frame);
  };
}

interface Part {
  readonly pattern: Term;
  readonly part: (whole: Value | undefined, frame: Parameters<Step>[0]) => Value | undefined;
}

function matchParts(
  { parts: [first, ...rest], slot }: { readonly parts: readonly Part[]; readonly slot: number },
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  if (first === undefined) return then(scope);
  const match = compilation.match(first.pattern, scope, (after) =>
    matchParts({ parts: rest, slot }, after, compilation, then),
  );
  return (frame) => {
    const value = first.part(frame.slots[slot], frame);
    return value !== undefined && match(frame, value);
  };
}

/** A reference with variables to bind: each of its solutions that equals the value. */
function matchSolutions(
  pattern: Term,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Match {
  const slot = scope.slots.fresh();
  const step = compilation.solve(pattern, scope, (after) => {
    const next = then(after.bind(variablesOf(pattern, BINDABLE)));
    return (frame, value) => {
      const wanted = frame.slots[slot];
      return wanted !== undefined && equal(wanted, value) && next(frame);
    };
  });
  return (frame, value) => {
    frame.slots[slot] = value;
    return step(frame);
  };
}
