/** References to what can never be there. On the way, what they say of the variables in them. */
import type { LoadProblem } from "../errors.ts";
import type { Expression, Term } from "../syntax/ast.ts";
import { keyOf } from "../values/value.ts";
import { everythingAt, type Place } from "./documents.ts";
import { fits } from "./fit.ts";
import { takes } from "./learn.ts";
import { constantOf, isEmpty, keysOf, partAt, valuesOf } from "./parts.ts";
import {
  functionAsReference,
  noSuchKey,
  nothingInside,
  undefinedReference,
  wrongKey,
} from "./problems.ts";
import type { Reference } from "./reference-text.ts";
import type { Scope } from "./scope.ts";
import { ANY, type Maybe, STRING, type Type } from "./type.ts";
import { bodiesOf, innerTerms, termsOf } from "./walk.ts";

/** In an expression, and in the bodies inside it that are not those of comprehensions. */
export function checkReferences(scope: Scope, expression: Expression): readonly LoadProblem[] {
  const here = scope.at(expression);
  const problems: LoadProblem[] = [];
  inTerms(here, termsOf(expression), problems);
  for (const body of bodiesOf(expression)) {
    for (const each of body) problems.push(...checkReferences(here, each));
  }
  return problems;
}

function inTerms(scope: Scope, terms: readonly Term[], problems: LoadProblem[]): void {
  for (const term of terms) {
    const problem = term.kind === "ref" ? checkReference(scope, term) : undefined;
    if (problem === undefined) inTerms(scope, innerTerms(term), problems);
    else problems.push(problem);
  }
}

function checkReference(scope: Scope, reference: Reference): LoadProblem | undefined {
  if (scope.typeOf(reference)?.kind === "function") return functionAsReference(reference);
  const mistake = mistakeIn(scope, reference);
  if (mistake === undefined) return undefined;
  return undefinedReference(scope.subjects.written(reference), mistake);
}

/** What is wrong with a reference, in words; undefined: nothing. */
type Mistake = string | undefined;

function mistakeIn(scope: Scope, { head, parts }: Reference): Mistake {
  const { documents } = scope;
  const isData = head.kind === "variable" && head.name === "data";
  if (isData && documents !== undefined && !documents.isEmpty) {
    return inDocuments(scope, parts, documents.data);
  }
  // `some x in 5` is such a reference: it finds nothing, which OPA lets pass.
  const start = scope.subjects.isScalar(head) ? ANY : typeOfHead(scope, head);
  return alongType(scope, start, parts);
}

/** A variable of which nothing is known is referred to: whatever it is, it is something. */
function typeOfHead(scope: Scope, head: Term): Type {
  const type = scope.typeOf(head);
  if (type === undefined) takes(scope, head, ANY);
  return type ?? ANY;
}

/** As many parts follow `data` before there can be a rule: they are names. */
const PACKAGE_PARTS = 2;

/** Down to where a rule makes something, and on through that. */
function inDocuments(scope: Scope, parts: readonly Term[], data: Place): Mistake {
  let place = data;
  for (const [i, part] of parts.entries()) {
    if (i < PACKAGE_PARTS && !canBeName(part)) {
      return wrongKey(scope.typeOf(part), STRING);
    }
    const key = constantOf(part);
    // A text is always a key there; what else may be is dear to say for a large package.
    if (typeof key !== "string" && !isComposite(part)) {
      const keys = keysOf(everythingAt(place));
      if (!keyFits(scope, part, keys)) return wrongKey(scope.typeOf(part), keys);
    }
    const next = key === undefined ? undefined : place.below.get(keyOf(key));
    // No rule makes it: if it is there at all, it is among the base documents.
    if (next === undefined) return alongType(scope, ANY, parts);
    if (next.type !== undefined) {
      return alongType(scope, next.type, parts.slice(i + 1));
    }
    place = next;
  }
  return undefined;
}

/** Base documents may have any keys: whether it is one of a rule is seen further on. */
function isComposite(part: Term): boolean {
  return part.kind === "array" || part.kind === "set" || part.kind === "object";
}

function canBeName(part: Term): boolean {
  const constant = constantOf(part);
  return constant === undefined || typeof constant === "string";
}

/** The rest of a reference, from something of a type on. */
function alongType(scope: Scope, start: Type, parts: readonly Term[]): Mistake {
  let type = start;
  for (const part of parts) {
    if (isEmpty(type)) return insideEmpty(scope, type, part);
    const keys = keysOf(type);
    if (keys === undefined) return nothingInside(type);
    if (part.kind === "scalar") {
      const found = partAt(type, part.value);
      if (found === undefined) return noSuchKey(part.value, type);
      type = found;
    } else {
      if (!keyFits(scope, part, keys)) return wrongKey(scope.typeOf(part), keys);
      type = valuesOf(type) ?? ANY;
    }
  }
  return undefined;
}

/** A name is missing there for certain; to look through what is empty is no mistake. */
function insideEmpty(scope: Scope, type: Type, part: Term): Mistake {
  if (part.kind === "scalar") return noSuchKey(part.value, type);
  if (part.kind !== "variable") return undefined;
  // Only arrays say what their keys are.
  const keys = keysOf(type) ?? ANY;
  return keyFits(scope, part, keys) ? undefined : wrongKey(scope.typeOf(part), keys);
}

/** Whether a part that is no constant can be one of the keys. */
function keyFits(scope: Scope, part: Term, keys: Maybe): boolean {
  switch (part.kind) {
    case "variable":
    case "array":
    case "set":
    case "object":
      return takes(scope, part, keys);
    case "scalar":
      return true;
    case "ref":
    case "call":
    case "template":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension": {
      const type = scope.typeOf(part);
      return type === undefined || fits(type, keys);
    }
  }
}
