/** Checks the expressions of a body, in their order: each says something for those after it. */
import type { LoadProblem } from "../errors.ts";
import type { Body, Call, Comprehension, Expression, Position, Term } from "../syntax/ast.ts";
import { fits } from "./fit.ts";
import { meet, takes } from "./learn.ts";
import { keysOf, valuesOf } from "./parts.ts";
import { matchError, typeError, undefinedFunction, wrongOperands } from "./problems.ts";
import { referenceText } from "./reference-text.ts";
import { checkReferences } from "./references.ts";
import type { Scope } from "./scope.ts";
import { signatureOf } from "./signature.ts";
import {
  ANY,
  arrayType,
  type FunctionType,
  isUnknown,
  type Maybe,
  objectType,
  setType,
} from "./type.ts";
import { typeText } from "./type-text.ts";
import { comprehensionsIn } from "./walk.ts";

export function checkBody(scope: Scope, body: Body): readonly LoadProblem[] {
  return body.flatMap((expression) => checkExpression(scope, expression));
}

function checkExpression(scope: Scope, expression: Expression): readonly LoadProblem[] {
  const here = scope.at(expression);
  scope.subjects.note(expression);
  const within = [
    ...comprehensionsIn(expression).flatMap((each) => checkComprehension(here, each)),
    ...checkReferences(scope, expression),
  ];
  const own = checkReplacements(scope, expression) ?? checkMeaning(here, expression);
  if (own === undefined) return within;
  // What is wrong inside leaves a part unknown, and that is no mistake of its own.
  return within.length > 0 && own.isFollowing ? within : [...within, own.problem];
}

/** What is wrong with an expression as a whole. */
interface Finding {
  readonly problem: LoadProblem;
  /** Something in it was unknown, so it may only follow from what is wrong inside. */
  readonly isFollowing: boolean;
}

function finding(problem: LoadProblem, types: readonly Maybe[]): Finding {
  return { problem, isFollowing: types.some(isUnknown) };
}

function checkComprehension(outer: Scope, term: Comprehension): readonly LoadProblem[] {
  const scope = outer.inner();
  const problems = checkBody(scope, term.body);
  if (problems.length === 0) outer.learnComprehension(term, typeOfComprehension(scope, term));
  return problems;
}

function typeOfComprehension(scope: Scope, term: Comprehension): Maybe {
  switch (term.kind) {
    case "array-comprehension":
      return arrayType([], scope.typeOf(term.term));
    case "set-comprehension":
      return setType(scope.typeOf(term.term));
    case "object-comprehension":
      return objectType([], { key: scope.typeOf(term.key), value: scope.typeOf(term.value) });
  }
}

/** A function stands in for another only when it can be called as that one is. */
function checkReplacements(scope: Scope, { with: replacements }: Expression): Finding | undefined {
  for (const { at, target, value } of replacements) {
    const [old, replacement] = [functionNamed(scope, target), functionNamed(scope, value)];
    if (old?.kind !== "function" || replacement?.kind !== "function") continue;
    if (fits(old, replacement)) continue;
    const hint = `${typeText(replacement)} cannot stand in for ${typeText(old)}`;
    return finding(typeError(at, `${referenceText(target)}: arity mismatch`, hint), []);
  }
  return undefined;
}

/** The type of what a name of a function stands for, a built-in or one of a rule. */
function functionNamed(scope: Scope, name: Term): Maybe {
  return signatureOf(referenceText(name)) ?? scope.typeOf(name);
}

function checkMeaning(scope: Scope, expression: Expression): Finding | undefined {
  if (expression.kind !== "term" || expression.term.kind !== "call") return undefined;
  return checkCall(scope, expression.at, expression.term);
}

function checkCall(scope: Scope, at: Position, call: Call): Finding | undefined {
  const name = referenceText(call.operator);
  const [first, second, third] = call.operands;
  if (EQUALITIES.has(name) && call.operands.length === 2 && first && second) {
    return checkEqual(scope, at, [first, second]);
  }
  let found: Finding | undefined;
  if (name === "internal.member_2" && first && second) {
    found = checkMember(scope, at, { key: undefined, value: first, collection: second });
  }
  if (name === "internal.member_3" && first && second && third) {
    found = checkMember(scope, at, { key: first, value: second, collection: third });
  }
  return found ?? checkOperands(scope, at, call);
}

const EQUALITIES: ReadonlySet<string> = new Set(["eq", "equal", "assign"]);

function checkEqual(
  scope: Scope,
  at: Position,
  [a, b]: readonly [Term, Term],
): Finding | undefined {
  const [left, right] = [scope.typeOf(a), scope.typeOf(b)];
  if (meet(scope, a, b)) return undefined;
  return finding(matchError(at, left, right), [left, right]);
}

interface Membership {
  readonly key: Term | undefined;
  readonly value: Term;
  readonly collection: Term;
}

/** `in` is declared to take anything; what may be in a collection its own type says. */
function checkMember(scope: Scope, at: Position, member: Membership): Finding | undefined {
  const collection = scope.typeOf(member.collection);
  const values = valuesOf(collection);
  // `in` is false for what has no elements, and no mistake.
  if (values === undefined) return undefined;
  const { key, value } = member;
  const wrong = key === undefined ? undefined : checkElement(scope, at, [key, keysOf(collection)]);
  return wrong ?? checkElement(scope, at, [value, values]);
}

function checkElement(
  scope: Scope,
  at: Position,
  [term, type]: readonly [Term, Maybe],
): Finding | undefined {
  if (isUnknown(type)) return undefined;
  const have = scope.typeOf(term);
  const isPossible = isUnknown(have) || fits(have, type);
  if (isPossible && takes(scope, term, type)) return undefined;
  return finding(matchError(at, have, type), [have, type]);
}

function checkOperands(scope: Scope, at: Position, call: Call): Finding | undefined {
  const name = referenceText(call.operator);
  const type = functionNamed(scope, call.operator);
  if (type?.kind === "any") return undefined;
  if (type?.kind !== "function") return finding(undefinedFunction(at, name), []);
  const before = call.operands.map((each) => scope.typeOf(each));
  const isTaken = call.operands.every((operand, i) => {
    const wanted = wantedAt(type, i);
    const have = before[i];
    return (isUnknown(have) || fits(have, wanted)) && takes(scope, operand, wanted);
  });
  if (isTaken) return undefined;
  const have = call.operands.map((each) => scope.typeOf(each));
  return finding(wrongOperands(at, name, have, type), have);
}

/** What stands after the operands takes the answer. */
function wantedAt({ parameters, more, result }: FunctionType, i: number): Maybe {
  if (i < parameters.length) return parameters[i];
  return more ?? result ?? ANY;
}
