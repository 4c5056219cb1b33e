/** Puts terms beside types: whether they can meet, and what that says of their variables. */
import { isRoot } from "../rewrite/terms.ts";
import type { Term } from "../syntax/ast.ts";
import { keyOf } from "../values/value.ts";
import { fits } from "./fit.ts";
import { constantOf, partAt, valuesOf } from "./parts.ts";
import type { Scope } from "./scope.ts";
import { ANY, either, isUnknown, type Maybe, membersOf, type Type } from "./type.ts";

type Composite = Extract<Term, { readonly kind: "array" | "set" | "object" }>;

/**
 * Whether `term` can be of `type`. A variable of which nothing is known is of it from here on; with
 * `joins`, when the type is one of several, a variable may be of it beside what it was.
 */
export function takes(scope: Scope, term: Term, type: Maybe, joins = false): boolean {
  switch (term.kind) {
    case "array":
    case "set":
    case "object":
      return type !== undefined && compositeTakes(scope, term, type, joins);
    case "variable":
      if (isRoot(term)) return fits(scope.typeOf(term), type);
      return variableTakes(scope, term.name, type, joins);
    // Its own expression says what it answers.
    case "call":
      return true;
    case "scalar":
    case "template":
    case "ref":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension": {
      // Where nothing is known of it, what is wrong inside it has been said.
      const own = scope.typeOf(term);
      return own === undefined || fits(own, type);
    }
  }
}

function variableTakes(scope: Scope, name: string, type: Maybe, joins: boolean): boolean {
  const known = scope.variable(name);
  if (!joins && known !== undefined) return fits(known, type);
  scope.learn(name, joins ? either(known, type) : type);
  return true;
}

function compositeTakes(scope: Scope, term: Composite, type: Type, joins: boolean): boolean {
  if (type.kind === "any") {
    for (const inner of partsOf(term)) takes(scope, inner, ANY, true);
    return true;
  }
  if (type.kind === "union") {
    // Each of them may say something of the variables.
    const answers = membersOf(type).map((member) => takes(scope, term, member, true));
    return answers.includes(true);
  }
  if (type.kind !== term.kind) return false;
  switch (term.kind) {
    case "array":
      return arrayTakes(scope, term.elements, type, joins);
    case "set":
      return term.elements.every((each) => takes(scope, each, valuesOf(type), joins));
    case "object":
      return objectTakes(scope, term.entries, type, joins);
  }
}

function partsOf(term: Composite): readonly Term[] {
  return term.kind === "object" ? term.entries.flat() : term.elements;
}

function arrayTakes(scope: Scope, elements: readonly Term[], type: Type, joins: boolean): boolean {
  if (type.kind !== "array") return false;
  if (type.rest === undefined && type.elements.length !== elements.length) return false;
  return elements.every((each, i) => takes(scope, each, type.elements[i] ?? type.rest, joins));
}

function objectTakes(
  scope: Scope,
  entries: readonly (readonly [Term, Term])[],
  type: Type,
  joins: boolean,
): boolean {
  if (type.kind !== "object") return false;
  if (type.rest === undefined && type.properties.size !== entries.length) return false;
  return entries.every(([key, value]) => {
    const name = constantOf(key);
    // Which of the properties it is shows only when it is evaluated.
    if (name === undefined) {
      takes(scope, value, ANY, joins);
      return true;
    }
    const property = partAt(type, name);
    return property !== undefined && takes(scope, value, property, joins);
  });
}

/** Whether two terms can be equal. */
export function meet(scope: Scope, a: Term, b: Term): boolean {
  const [left, right] = [scope.typeOf(a), scope.typeOf(b)];
  if (!isUnknown(left) && !isUnknown(right)) return fits(left, right);
  if (!isUnknown(right)) return takes(scope, a, right);
  if (!isUnknown(left)) return takes(scope, b, left);
  if (a.kind === "array" && b.kind === "array") return arraysMeet(scope, a.elements, b.elements);
  if (a.kind === "object" && b.kind === "object") return objectsMeet(scope, a.entries, b.entries);
  if (isFree(b)) return meetsVariable(scope, a, b);
  return isFree(a) && meetsVariable(scope, b, a);
}

type Variable = Extract<Term, { readonly kind: "variable" }>;

function isFree(term: Term): term is Variable {
  return term.kind === "variable" && !isRoot(term);
}

/** Of neither everything is known. */
function meetsVariable(scope: Scope, term: Term, variable: Variable): boolean {
  if (term.kind === "ref") return takes(scope, variable, ANY);
  if (term.kind === "array" || term.kind === "object" || isFree(term)) {
    return takes(scope, term, ANY) && takes(scope, variable, scope.typeOf(term));
  }
  const type = scope.typeOf(term);
  return type !== undefined && takes(scope, variable, type);
}

function arraysMeet(scope: Scope, a: readonly Term[], b: readonly Term[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((each, i) => {
    const other = b[i];
    return other !== undefined && meet(scope, each, other);
  });
}

type Entries = readonly (readonly [Term, Term])[];

function objectsMeet(scope: Scope, a: Entries, b: Entries): boolean {
  if (a.length !== b.length) return false;
  const others = new Map(b.map(([key, value]) => [nameOf(key), value]));
  return a.every(([key, value]) => {
    const name = nameOf(key);
    const other = name === undefined ? undefined : others.get(name);
    return other !== undefined && meet(scope, value, other);
  });
}

/** By which two keys are known to be one. */
function nameOf(key: Term): string | undefined {
  if (key.kind === "variable") return `variable ${key.name}`;
  const constant = constantOf(key);
  if (constant === undefined) return undefined;
  const found = keyOf(constant);
  return `${typeof found} ${found}`;
}
