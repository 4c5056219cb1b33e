/** Terms whose variables are all bound: each becomes a function from a frame to its value. */
import { EvaluationError } from "../errors.ts";
import { chargeKey } from "../evaluate/size.ts";
import type { Body, Position, Term } from "../syntax/ast.ts";
import { equal, objectOf, setOf, type Value } from "../values/value.ts";
import type { Compilation, Frame, Get } from "./contract.ts";
import type { Scope } from "./scope.ts";

/** Whether every variable outside of the term's own bodies is bound. */
export function isGround(term: Term, scope: Scope): boolean {
  switch (term.kind) {
    case "scalar":
      return true;
    case "variable":
      return isDocument(term.name, scope) || scope.isBound(term.name);
    case "array":
    case "set":
      return term.elements.every((each) => isGround(each, scope));
    case "object":
      return term.entries.every(([key, value]) => isGround(key, scope) && isGround(value, scope));
    case "ref":
      return isGround(term.head, scope) && term.parts.every((part) => isGround(part, scope));
    default:
      return true;
  }
}

/** `input` and `data`, unless a variable of that name is bound. */
export function isDocument(name: string, scope: Scope): boolean {
  return (name === "data" || name === "input") && !scope.isBound(name);
}

/** The value of a literal without variables: made once, for it is always the same. */
export function constantOf(term: Term): Value | undefined {
  switch (term.kind) {
    case "scalar":
      return term.value;
    case "array":
    case "set": {
      const values = constantsOf(term.elements);
      if (values === undefined) return undefined;
      return term.kind === "array" ? values : setOf(values);
    }
    case "object": {
      const keys = constantsOf(term.entries.map(([key]) => key));
      const values = constantsOf(term.entries.map(([, value]) => value));
      if (keys === undefined || values === undefined) return undefined;
      return objectOf(keys.map((key, i) => [key, values[i] ?? null] as const));
    }
    default:
      return undefined;
  }
}

function constantsOf(terms: readonly Term[]): readonly Value[] | undefined {
  const values = terms.map(constantOf);
  const found = values.filter((value) => value !== undefined);
  return found.length === values.length ? found : undefined;
}

export function compileGet(term: Term, scope: Scope, compilation: Compilation): Get {
  const constant = constantOf(term);
  if (constant !== undefined) return () => constant;
  switch (term.kind) {
    case "variable":
      return variableGet(term.name, scope, compilation);
    case "array":
      return allOf(term.elements, scope, compilation);
    case "set":
      return setGet(term.elements, scope, compilation);
    case "object":
      return objectGet(term.entries, scope, compilation);
    case "ref":
      return compilation.groundReference(term, scope);
    case "array-comprehension":
      return gather(
        { terms: [term.term], body: term.body, make: (all) => all, keyed: false },
        scope,
        compilation,
      );
    case "set-comprehension":
      return gather(
        { terms: [term.term], body: term.body, make: setOf, keyed: true },
        scope,
        compilation,
      );
    case "object-comprehension":
      return gather(
        {
          terms: [term.key, term.value],
          body: term.body,
          make: objectOfPairs(term.at),
          keyed: true,
        },
        scope,
        compilation,
      );
    default:
      throw new TypeError(`a ${term.kind} was left for the compiler`);
  }
}

function variableGet(name: string, scope: Scope, compilation: Compilation): Get {
  if (!isDocument(name, scope)) {
    const slot = scope.slots.of(name);
    return (frame) => frame.slots[slot];
  }
  if (name === "input") return (frame) => frame.environment.input;
  return (frame) => compilation.root(frame.environment).value(frame.environment);
}

type Make = (values: readonly Value[]) => Value;

function setGet(elements: readonly Term[], scope: Scope, compilation: Compilation): Get {
  const gets = elements.map((each) => compilation.get(each, scope));
  return (frame) => {
    const values = valuesOf(gets, frame);
    if (values === undefined) return undefined;
    for (const value of values) chargeKey(value, frame.environment.budget);
    return setOf(values);
  };
}

/** The values of all, or undefined where one has none. */
export function valuesOf(gets: readonly Get[], frame: Frame): readonly Value[] | undefined {
  const values = new Array<Value>(gets.length);
  for (let i = 0; i < gets.length; i += 1) {
    const value = gets[i]?.(frame);
    if (value === undefined) return undefined;
    values[i] = value;
  }
  return values;
}

/** The same of terms: their constants are there already, and few terms are something else. */
export function allOf(
  terms: readonly Term[],
  scope: Scope,
  compilation: Compilation,
): (frame: Frame) => readonly Value[] | undefined {
  const known = terms.map(constantOf);
  const constants = known.map((value) => value ?? null);
  const open = terms.flatMap((term, at) =>
    known[at] === undefined ? [{ at, get: compilation.get(term, scope) }] : [],
  );
  const [first, second] = open;
  if (first === undefined) return () => constants;
  if (second === undefined) return besideConstants(constants, first);
  return (frame) => {
    const values = constants.slice();
    for (const { at, get } of open) {
      const value = get(frame);
      if (value === undefined) return undefined;
      values[at] = value;
    }
    return values;
  };
}

interface Open {
  readonly at: number;
  readonly get: Get;
}

function besideConstants(
  constants: readonly Value[],
  { at, get }: Open,
): (frame: Frame) => readonly Value[] | undefined {
  return (frame) => {
    const value = get(frame);
    if (value === undefined) return undefined;
    const values = constants.slice();
    values[at] = value;
    return values;
  };
}

function objectGet(
  entries: readonly (readonly [Term, Term])[],
  scope: Scope,
  compilation: Compilation,
): Get {
  const gets = entries.map(
    ([key, value]) => [compilation.get(key, scope), compilation.get(value, scope)] as const,
  );
  const make = (frame: Frame): Value | undefined => {
    const pairs: [Value, Value][] = [];
    for (const [getKey, getValue] of gets) {
      const key = getKey(frame);
      const value = getValue(frame);
      if (key === undefined || value === undefined) return undefined;
      chargeKey(key, frame.environment.budget);
      pairs.push([key, value]);
    }
    return objectOf(pairs);
  };
  return make;
}

interface Gathering {
  readonly terms: readonly Term[];
  readonly body: Body;
  readonly make: Make;
  /** Whether the first term of each solution becomes a key. */
  readonly keyed: boolean;
}

/** Runs the body to its end and makes a value of the terms' values at each solution. */
function gather(
  { body, keyed, make, terms }: Gathering,
  scope: Scope,
  compilation: Compilation,
): Get {
  const list = scope.slots.list();
  const run = compilation.body(body, scope, (inner) => {
    const gets = terms.map((term) => compilation.get(term, inner));
    return (frame) => {
      frame.environment.budget.spend(1);
      const values = valuesOf(gets, frame);
      if (values === undefined) return false;
      if (keyed) chargeKey(values[0] ?? null, frame.environment.budget);
      frame.gathered[list]?.push(...values);
      return false;
    };
  });
  return (frame) => {
    const own: Value[] = [];
    frame.gathered[list] = own;
    run(frame);
    return make(own);
  };
}

/** Keys and values that follow one another; a key with two values is an error. */
function objectOfPairs(at: Position): Make {
  return (values) => {
    const pairs: [Value, Value][] = [];
    for (let i = 0; i + 1 < values.length; i += 2) {
      pairs.push([values[i] ?? null, values[i + 1] ?? null]);
    }
    const object = objectOf(pairs);
    if (object.size === pairs.length) return object;
    for (const [key, value] of pairs) {
      if (!equal(object.get(key) ?? null, value)) {
        throw new EvaluationError("eval_conflict_error", "object keys must be unique", at);
      }
    }
    return object;
  };
}
