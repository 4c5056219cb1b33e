/**
 * Which rules of a place can hold at all, by the constants that their bodies compare parts of the
 * input with. Those comparisons come first, as in OPA: a rule for another tool is never looked at,
 * and what else is wrong in its body does not matter.
 */
import type { Environment, InputPath } from "../evaluate/environment.ts";
import { hasParts } from "../evaluate/lookup.ts";
import { constantDataPath, type RuleNode } from "../rewrite/rule-tree.ts";
import { equation, equationOf, isVariable, variable } from "../rewrite/terms.ts";
import { EVERYTHING, variablesOf, variablesOfExpression } from "../rewrite/variables.ts";
import type { Body, Expression, Term } from "../syntax/ast.ts";
import { type Key, keyOf, type Value } from "../values/value.ts";
import type { Compilation } from "./contract.ts";

/** `input.a.b == value` */
interface Guard {
  readonly line: Expression;
  readonly path: readonly Value[];
  readonly value: Value;
}

export interface Indexed<T> {
  readonly body: Body;
  /** Compiles what the index answers with, given the line of the body that the index decides. */
  item(decided: Expression | undefined): T;
}

/**
 * The body with what its index would ask before everything else: comparisons of parts of the input
 * with constants, then the other parts of base documents that it needs. Neither can fail.
 */
export function guardsFirst(body: Body, tree: RuleNode, parameters: readonly Term[] = []): Body {
  const guards = body.filter((each) => guardOf(each) !== undefined);
  const lookups = new Lookups(tree, parameters);
  for (const each of body) if (!guards.includes(each)) lookups.meet(each);
  const first = new Set([...guards, ...lookups.moved]);
  return [...guards, ...lookups.all, ...body.filter((each) => !first.has(each))];
}

/** The lines of a body that only look base documents up. */
class Lookups {
  /** Those lines, and others for what is looked up elsewhere. */
  readonly all: Expression[] = [];
  readonly moved = new Set<Expression>();
  readonly #tree: RuleNode;
  /** Variables that are parameters or were looked up. */
  readonly #known: Set<string>;
  /** Variables of the lines before. */
  readonly #met: Set<string>;

  constructor(tree: RuleNode, parameters: readonly Term[]) {
    this.#tree = tree;
    this.#known = new Set(parameters.flatMap((each) => (isVariable(each) ? [each.name] : [])));
    this.#met = new Set(parameters.flatMap((each) => [...variablesOf(each, EVERYTHING)]));
  }

  meet(expression: Expression): void {
    if (!expression.negated && expression.with.length === 0) this.#take(expression);
    variablesOfExpression(expression, EVERYTHING, this.#met);
  }

  #take(expression: Expression): void {
    if (this.#isLookup(expression)) {
      this.all.push(expression);
      this.moved.add(expression);
      return;
    }
    const base = neededBy(expression, this.#tree);
    if (base === undefined) return;
    this.all.push(equation(unseen(this.all.length, base), base, base.at));
  }

  /** `x = input.a`, `[x, 1] = input.a`, or `x == "a"` of a known `x`. */
  #isLookup(expression: Expression): boolean {
    const [left, right] = equationOf(expression) ?? [];
    if (left === undefined || right === undefined) return false;
    const [side, base] = isStored(left, this.#tree) ? [right, left] : [left, right];
    if (isStored(base, this.#tree)) return this.#isNew(side);
    const [name, constant] = isVariable(side) ? [side, base] : [base, side];
    return isVariable(name) && this.#known.has(name.name) && constant.kind === "scalar";
  }

  /** Variables that no line before has, alone or in an array; they are known then. */
  #isNew(side: Term): boolean {
    const parts = side.kind === "array" ? side.elements : [side];
    const names = parts.flatMap((part) => (isVariable(part) ? [part.name] : []));
    if (!parts.every((part) => part.kind === "scalar" || isVariable(part))) return false;
    if (names.some((name) => this.#met.has(name))) return false;
    for (const name of names) this.#known.add(name);
    return true;
  }
}

/**
 * Of `x = input.a`, where `x` was there before, and of `input.a`, which may be false, only that
 * there is an `input.a` comes first.
 */
function neededBy(expression: Expression, tree: RuleNode): Term | undefined {
  const [left, right] = equationOf(expression) ?? [];
  if (left === undefined || right === undefined) {
    if (expression.kind !== "term" || !isStored(expression.term, tree)) return undefined;
    return expression.term;
  }
  if (isVariable(left)) return isStored(right, tree) ? right : undefined;
  return isVariable(right) && isStored(left, tree) ? left : undefined;
}

/** A variable that no policy can name, for a value that is only looked for. */
function unseen(number: number, { at }: Term): Term {
  return variable(`$needed${number}`, at);
}

/** A part of the input or of the base documents, by constants and without rules on its way. */
function isStored(term: Term, tree: RuleNode): boolean {
  if (term.kind !== "ref" || term.head.kind !== "variable") return false;
  if (!term.parts.every((part) => part.kind === "scalar")) return false;
  const path = constantDataPath(term);
  return path === undefined ? term.head.name === "input" : !tree.leadsToRules(path);
}

export class RuleIndex<T> {
  readonly #path: InputPath | undefined;
  /** In the order of the rules: those for one constant, with all that name none. */
  readonly #byConstant = new Map<Key, readonly T[]>();
  readonly #others: readonly T[];

  constructor(rules: readonly Indexed<T>[], compilation: Compilation) {
    const guards = rules.map(({ body }) => body.flatMap((each) => guardOf(each) ?? []));
    const used = mostUsed(guards.flat());
    this.#path = used === undefined ? undefined : compilation.inputPaths.at(used);
    const path = pathKey(used ?? []);
    const items = rules.map(({ item }, i) => {
      const guard = guards[i]?.find((each) => pathKey(each.path) === path);
      return { key: guard && keyOf(guard.value), item: item(guard?.line) };
    });
    const itemsFor = (key: Key | undefined): readonly T[] =>
      items.flatMap((each) => (each.key === undefined || each.key === key ? [each.item] : []));
    this.#others = itemsFor(undefined);
    for (const { key } of items) {
      if (key !== undefined) this.#byConstant.set(key, itemsFor(key));
    }
  }

  /** The rules whose comparison with the most used part of the input holds, and all others. */
  candidates(environment: Environment): readonly T[] {
    if (this.#path === undefined) return this.#others;
    const at = environment.part(this.#path);
    // What has parts equals no constant, and is dear to find.
    if (at === undefined || hasParts(at)) return this.#others;
    return this.#byConstant.get(keyOf(at)) ?? this.#others;
  }
}

function guardOf(expression: Expression): Guard | undefined {
  if (expression.negated || expression.with.length > 0) return undefined;
  const [left, right] = equationOf(expression) ?? [];
  if (left === undefined || right === undefined) return undefined;
  return guard(expression, left, right) ?? guard(expression, right, left);
}

function guard(line: Expression, reference: Term, constant: Term): Guard | undefined {
  if (constant.kind !== "scalar" || reference.kind !== "ref") return undefined;
  if (reference.head.kind !== "variable" || reference.head.name !== "input") return undefined;
  const path: Value[] = [];
  for (const part of reference.parts) {
    if (part.kind !== "scalar") return undefined;
    path.push(part.value);
  }
  return { line, path, value: constant.value };
}

function pathKey(path: readonly Value[]): Key {
  return keyOf(path);
}

/** The path that most guards are about; undefined where an index would not pay. */
function mostUsed(guards: readonly Guard[]): readonly Value[] | undefined {
  const uses = new Map<Key, { readonly path: readonly Value[]; count: number }>();
  for (const { path } of guards) {
    const known = uses.get(pathKey(path)) ?? { path, count: 0 };
    known.count += 1;
    uses.set(pathKey(path), known);
  }
  const [most] = [...uses.values()].sort((a, b) => b.count - a.count);
  return most !== undefined && most.count > 1 ? most.path : undefined;
}
