/** References: `input.a[b]`, `x[0]`, `data.lib.p[y].z`. */
import type { Environment } from "../evaluate/environment.ts";
import { constantPrefix } from "../rewrite/rule-tree.ts";
import { BINDABLE, variablesOf } from "../rewrite/variables.ts";
import type { Term } from "../syntax/ast.ts";
import type { Value } from "../values/value.ts";
import type { Compilation, Frame, Get, Match, Reference, Step, Then, Walk } from "./contract.ts";
import { basePlace, childOf, Place, someChild, stored } from "./place.ts";
import type { Scope } from "./scope.ts";
import { isDocument, isGround } from "./terms.ts";

/** Where a reference starts, and the parts that are still to be walked from there. */
interface Start {
  readonly at: (frame: Frame) => Value | Place | undefined;
  readonly parts: readonly Term[];
}

export function groundReference(term: Reference, scope: Scope, compilation: Compilation): Get {
  const { at, parts } = startOf(term, scope, compilation);
  const keys = parts.map((part) => (part.kind === "scalar" ? part.value : undefined));
  const constants = keys.filter((key) => key !== undefined);
  const walk =
    constants.length === keys.length
      ? walkConstants(at, constants)
      : walkParts(at, parts, scope, compilation);
  return (frame) => {
    const found = walk(frame);
    return found instanceof Place ? found.value(frame.environment) : found;
  };
}

type Find = (frame: Frame) => Value | Place | undefined;

function walkConstants(start: Find, keys: readonly Value[]): Find {
  if (keys.length === 0) return start;
  return (frame) => {
    let at = start(frame);
    for (let i = 0; i < keys.length && at !== undefined; i += 1) {
      at = childOf(at, keys[i] ?? null, frame.environment);
    }
    return at;
  };
}

function walkParts(
  start: Find,
  parts: readonly Term[],
  scope: Scope,
  compilation: Compilation,
): Find {
  const gets = parts.map((part) => compilation.get(part, scope));
  return (frame) => {
    let at = start(frame);
    for (const get of gets) {
      const key = get(frame);
      if (at === undefined || key === undefined) return undefined;
      at = childOf(at, key, frame.environment);
    }
    return at;
  };
}

function startOf(term: Reference, scope: Scope, compilation: Compilation): Start {
  const { head, parts } = term;
  if (head.kind === "variable" && isDocument(head.name, scope)) {
    if (head.name === "input") return startInInput(parts, compilation);
    return startInData(parts, compilation);
  }
  return { at: compilation.get(head, scope), parts };
}

/** The constant parts are found once in an evaluation. */
function startInInput(parts: readonly Term[], compilation: Compilation): Start {
  const constants = constantPrefix(parts);
  const path = compilation.inputPaths.at(constants);
  return { at: ({ environment }) => environment.part(path), parts: parts.slice(constants.length) };
}

/** Follows the constant parts as far as there are rules, once and for all. */
function startInData(parts: readonly Term[], compilation: Compilation): Start {
  let node = compilation.tree;
  const path: Value[] = [];
  for (const part of parts) {
    if (part.kind !== "scalar") break;
    const child = node.child(part.value);
    if (child === undefined) break;
    node = child;
    path.push(part.value);
    if (node.rules.length > 0) break;
  }
  const found = node;
  const beside = found.rules.length > 0 ? [] : constantPrefix(parts.slice(path.length));
  const whole = [...path, ...beside];
  const isWhole = whole.length === parts.length;
  const fast = (environment: Environment): Value | Place | undefined => {
    if (found.rules.length > 0) return compilation.rules.document(found, environment);
    const base = baseAt(environment.data, whole);
    if (beside.length === 0) return new Place(found, base, compilation.rules);
    return isWhole ? base : basePlace(base, compilation.rules);
  };
  return {
    parts: parts.slice(whole.length),
    at: ({ environment }) =>
      environment.replaced.length === 0
        ? fast(environment)
        : walkFromRoot(compilation.root(environment), whole, environment),
  };
}

function baseAt(data: Value, path: readonly Value[]): Value | undefined {
  let at: Value | undefined = data;
  for (const key of path) {
    if (at === undefined) return undefined;
    at = stored(at, key);
  }
  return at;
}

function walkFromRoot(
  root: Place,
  path: readonly Value[],
  environment: Environment,
): Value | Place | undefined {
  let at: Value | Place | undefined = root;
  for (const key of path) {
    if (at === undefined) return undefined;
    at = childOf(at, key, environment);
  }
  return at;
}

/** Every solution of a reference whose parts have variables to bind. */
export function eachOfReference(
  term: Reference,
  scope: Scope,
  compilation: Compilation,
  then: Then<Match>,
): Step {
  const { at, parts } = startOf(term, scope, compilation);
  const walk = walkEach(parts, scope, compilation, then);
  return (frame) => {
    const start = at(frame);
    return start !== undefined && walk(frame, start);
  };
}

function walkEach(
  [part, ...rest]: readonly Term[],
  scope: Scope,
  compilation: Compilation,
  then: Then<Match>,
): Walk {
  if (part === undefined) {
    const match = then(scope);
    return (frame, at) => match(frame, at instanceof Place ? at.value(frame.environment) : at);
  }
  if (isGround(part, scope)) {
    const get = compilation.get(part, scope);
    const next = walkEach(rest, scope, compilation, then);
    return (frame, at) => {
      const key = get(frame);
      const child = key === undefined ? undefined : childOf(at, key, frame.environment);
      return child !== undefined && next(frame, child);
    };
  }
  if (part.kind === "variable") {
    const slot = scope.slots.of(part.name);
    const next = walkEach(rest, scope.bind([part.name]), compilation, then);
    return (frame, at) =>
      someChild(at, frame.environment, (key, child) => {
        frame.environment.budget.spend(1);
        frame.slots[slot] = key;
        return next(frame, child);
      });
  }
  return walkPattern([part, rest], scope, compilation, then);
}

/** A part such as `p[[x, 1]]`: every key that fits. */
function walkPattern(
  [part, rest]: readonly [Term, readonly Term[]],
  scope: Scope,
  compilation: Compilation,
  then: Then<Match>,
): Walk {
  const after = scope.bind(variablesOf(part, BINDABLE));
  const next = walkEach(rest, after, compilation, then);
  const match = compilation.match(part, scope, () => () => true);
  return (frame, at) =>
    someChild(at, frame.environment, (key, child) => {
      frame.environment.budget.spend(1);
      return match(frame, key) && next(frame, child);
    });
}
