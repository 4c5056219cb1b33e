/**
 * Finds in rewritten rules what can never work, as OPA does at load: operands that no function of
 * that name takes, comparisons of what is never equal, references to what is never there. Each rule
 * is checked after those it refers to, so that the types of what they make are known; where the
 * input or the base documents may have something, anything may be there.
 */
import type { LoadProblem } from "../errors.ts";
import { eachOf, type Pieces } from "../pieces.ts";
import { constantPrefix, type PlacedRule } from "../rewrite/rule-tree.ts";
import type { Body, Position, Rule, Term } from "../syntax/ast.ts";
import { Documents } from "./documents.ts";
import { checkBody } from "./expressions.ts";
import { Scope } from "./scope.ts";
import { ANY, functionType, type Maybe, objectType, setType } from "./type.ts";
import { variablesIn } from "./walk.ts";

/** What is known of the documents that rules make. */
export class Types {
  readonly #documents = new Documents();

  /** The rules as they were rewritten, each after those it refers to. */
  *checkRules(order: readonly PlacedRule[]): Pieces<readonly LoadProblem[]> {
    const found = yield* eachOf(order, ({ rule, path }) => this.#checkChain(rule, path));
    return onceEach(found.flat().sort((a, b) => byPosition(a.at, b.at)));
  }

  /** A query of those rules, rewritten as well. */
  checkQuery(body: Body): readonly LoadProblem[] {
    return checkBody(Scope.of(this.#documents), body);
  }

  /** A rule and those that follow it by `else`: all of them make the same document. */
  #checkChain(rule: Rule, path: readonly Term[]): readonly LoadProblem[] {
    const problems = checkRule(this.#documents, rule, path);
    if (rule.otherwise === undefined) return problems;
    return [...problems, ...this.#checkChain(rule.otherwise, path)];
  }
}

function checkRule(
  documents: Documents,
  rule: Rule,
  path: readonly Term[],
): readonly LoadProblem[] {
  const scope = Scope.of(documents);
  const problems = checkBody(scope, rule.body);
  const start = constantPrefix(path);
  // What is wrong with it is said here, and not again wherever it is referred to.
  const made = problems.length > 0 ? ANY : typeOfRule(scope, rule, path.slice(start.length));
  if (made !== undefined) documents.add(start, made);
  return problems;
}

/** What a rule makes at the constant beginning of its path. */
function typeOfRule(scope: Scope, { head }: Rule, keys: readonly Term[]): Maybe {
  if (head.parameters !== undefined) return typeOfFunction(scope, head.parameters, head.value);
  const value = scope.typeOf(head.value);
  if (value === undefined) return undefined;
  const made: Maybe = head.kind === "set" ? setType(value) : value;
  return keys.reduceRight<Maybe>((inner, key) => {
    const outer = scope.typeOf(key);
    if (inner === undefined || outer === undefined) return undefined;
    return objectType([], { key: outer, value: inner });
  }, made);
}

function typeOfFunction(scope: Scope, parameters: readonly Term[], value: Term): Maybe {
  // Whatever the body says nothing of may be anything.
  for (const name of parameters.flatMap(variablesIn)) {
    if (scope.variable(name) === undefined) scope.learn(name, ANY);
  }
  const types = parameters.map((parameter) => scope.typeOf(parameter));
  return functionType({ parameters: types, more: undefined, result: scope.typeOf(value) });
}

/** One line may have become several, each with the same `with`. */
function onceEach(sorted: readonly LoadProblem[]): readonly LoadProblem[] {
  return sorted.filter(({ at, message }, i) => {
    const before = sorted[i - 1];
    return before?.message !== message || byPosition(before.at, at) !== 0;
  });
}

/** As a reader goes through the files, not as rules depend on each other. */
function byPosition(a: Position, b: Position): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.row - b.row || a.col - b.col;
}
