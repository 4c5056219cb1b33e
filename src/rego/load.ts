/**
 * Rego text to policies that can be evaluated. Whatever is wrong with it, and whatever this engine
 * leaves out, is found here, with its place; nothing is left to be found by a call.
 */
import { LIBRARY } from "./builtins/library.ts";
import { callProblems } from "./checks/call-problems.ts";
import { wrongCallsIn } from "./checks/calls.ts";
import { conflicts, documentConflicts } from "./checks/conflicts.ts";
import {
  importedName,
  importProblems,
  isHeldToV1,
  namesSomething,
  unusedImports,
} from "./checks/imports.ts";
import { type Dependencies, dependencies, ordered, recursionProblem } from "./checks/recursion.ts";
import { refusedIn } from "./checks/refused.ts";
import { wrongReplacementsIn } from "./checks/replacements.ts";
import { Compiled } from "./compile/compilation.ts";
import { LoadError, type LoadProblem } from "./errors.ts";
import { Memories } from "./evaluate/memory.ts";
import { Annotated } from "./metadata/annotated.ts";
import { withMetadata } from "./metadata/calls.ts";
import { atOnce, eachOf, type Pieces } from "./pieces.ts";
import type { Arity } from "./rewrite/bindings.ts";
import { Flattening } from "./rewrite/flatten.ts";
import { Hoisting } from "./rewrite/hoist.ts";
import { type Globals, Names } from "./rewrite/names.ts";
import { functionArity, growTree, type PlacedRule, type RuleNode } from "./rewrite/rule-tree.ts";
import { DOCUMENTS, Safety } from "./rewrite/safety.ts";
import { FreshNames } from "./rewrite/scope.ts";
import { standInOf } from "./rewrite/stand-in.ts";
import type { Body, Module, Rule, Term } from "./syntax/ast.ts";
import { Types } from "./types/check.ts";
import { EMPTY_OBJECT, type Value } from "./values/value.ts";

export interface LoadOptions {
  /** Unused imports are errors, too. */
  readonly strict?: boolean;
  /**
   * One document of YAML, as `Host` has it: metadata of the modules is read with it, and what is
   * wrong with it is told. Without it `rego.metadata` is not supported.
   */
  readonly parseYaml?: (text: string) => Value;
  /** `print` prints; otherwise its calls are left out, and undefined operands stop nothing. */
  readonly prints?: boolean;
  /** The base documents, where they are known: no rule may stand where one does. */
  readonly data?: Value;
  /** Evaluations can be told of lines and heads: `visit`. It costs a little even where none is. */
  readonly traced?: boolean;
}

/**
 * Throws `LoadError` with everything that is wrong at the first stage that finds something. All of
 * it is compiled, so that all of it is known to be sound.
 */
export function loadModules(modules: readonly Module[], options: LoadOptions = {}): Loaded {
  const loaded = atOnce(loadingModules(modules, options));
  atOnce(loaded.compiled.compiling([]));
  return loaded;
}

/** The same in pieces, a rule or a module at a time; what nobody asks for is never compiled. */
export function* loadingModules(
  modules: readonly Module[],
  options: LoadOptions = {},
): Pieces<Loaded> {
  const loading = new Loading(options);
  const { needs, tree } = yield* loading.rules(modules);
  const compiled = new Compiled({ tree, needs, library: LIBRARY }, options.traced === true);
  return { compiled, memories: new Memories(), query: (body) => loading.query(body, tree) };
}

export interface Loaded {
  readonly compiled: Compiled;
  readonly memories: Memories;
  /** A query made ready to be compiled. Throws `LoadError`. */
  query(body: Body): Body;
}

class Loading {
  readonly #options: LoadOptions;
  readonly #fresh = new FreshNames();
  readonly #problems: LoadProblem[] = [];
  readonly #types = new Types();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  *rules(modules: readonly Module[]): Pieces<{ tree: RuleNode; needs: Dependencies }> {
    this.#found(modules.flatMap(importProblems));
    const named = yield* this.#withMetadata(modules);
    const packages = modules.map((module) => module.package.slice(1));
    const heads = growTree(named, packages);
    const calls = yield* callProblems(named, heads);
    this.#found(calls.refused);
    const { data = EMPTY_OBJECT } = this.#options;
    this.#found([...conflicts(heads, modules), ...documentConflicts(heads, data)]);
    this.#found(calls.wrong);
    const flat = yield* this.#flat(named, heads);
    const safety = new Safety(this.#arity(heads), this.#problems);
    const label = rowLabels(flat);
    const safe = yield* eachOf(flat, (placed) => ({
      ...placed,
      rule: safety.rule(placed.rule, () => label(placed.rule)),
    }));
    this.#found([]);
    const hoisting = new Hoisting(this.#fresh);
    const hoisted = yield* eachOf(safe, (placed) => ({
      ...placed,
      rule: hoisting.rule(placed.rule),
    }));
    const tree = growTree(hoisted, packages);
    const needs = yield* dependencies(tree);
    const order = ordered(needs);
    if ("circle" in order) throw new LoadError(recursionProblem(order.circle));
    const held = new Set(modules.filter(isHeldToV1).map(({ file }) => file));
    this.#found([
      ...(yield* this.#types.checkRules(order.nodes.flatMap(({ rules }) => rules))),
      ...calls.deprecated.filter(({ at }) => held.has(at.file)),
    ]);
    return { tree, needs };
  }

  query(body: Body, tree: RuleNode): Body {
    const names = new Names({
      globals: new Map(),
      fresh: this.#fresh,
      problems: this.#problems,
      rootsMayBeShadowed: false,
      used: new Set(),
    });
    const named = names.query(body);
    this.#found(refusedIn(named));
    this.#found([...wrongReplacementsIn(named, tree), ...wrongCallsIn(named, tree)]);
    const flat = this.#flattening(tree).body(named);
    const safe = new Safety(this.#arity(tree), this.#problems).body(flat, DOCUMENTS);
    this.#found([]);
    const hoisted = new Hoisting(this.#fresh).body(safe);
    this.#found(this.#types.checkQuery(hoisted));
    return hoisted;
  }

  /** Throws what this stage and those before it found. */
  #found(problems: readonly LoadProblem[]): void {
    const all = [...this.#problems.splice(0), ...problems];
    if (all.length > 0) throw new LoadError(all);
  }

  /** Rules with their names resolved, and with what they ask of their own metadata. */
  *#withMetadata(modules: readonly Module[]): Pieces<readonly PlacedRule[]> {
    const { parseYaml } = this.#options;
    const annotated = parseYaml === undefined ? undefined : new Annotated(modules, parseYaml);
    const named = yield* eachOf(modules, (module) =>
      this.#named(module, modules).map((placed) => ({
        ...placed,
        rule: withMetadata(placed.rule, module, annotated),
      })),
    );
    return named.flat();
  }

  #named(module: Module, modules: readonly Module[]): readonly PlacedRule[] {
    const used = new Set<string>();
    const names = new Names({
      globals: globalsOf(module, modules),
      fresh: this.#fresh,
      problems: this.#problems,
      rootsMayBeShadowed: !isHeldToV1(module),
      used,
    });
    const rules = module.rules.map((rule) => this.#placed(names.rule(rule), module));
    if (this.#options.strict === true) this.#problems.push(...unusedImports(module, used));
    return rules;
  }

  #placed(rule: Rule, module: Module): PlacedRule {
    const { at, name, path } = rule.head;
    const before = [...module.package.slice(1), name].map(
      (value): Term => ({ kind: "scalar", value, at }),
    );
    return { rule, file: module.file, path: [...before, ...path] };
  }

  /** Heads are flattened with their rules: what follows the name is taken from them again. */
  #flat(rules: readonly PlacedRule[], tree: RuleNode): Pieces<readonly PlacedRule[]> {
    const flattening = this.#flattening(tree);
    return eachOf(rules, (placed) => {
      const rule = flattening.rule(placed.rule);
      const before = placed.path.slice(0, placed.path.length - rule.head.path.length);
      return { ...placed, rule, path: [...before, ...rule.head.path] };
    });
  }

  #flattening(tree: RuleNode): Flattening {
    return new Flattening({
      fresh: this.#fresh,
      prints: this.#options.prints === true,
      standInOf: (each) => standInOf(each, tree, LIBRARY),
    });
  }

  #arity(tree: RuleNode): Arity {
    return (name) =>
      name[0] === "data" ? functionArity(tree.find(name.slice(1))) : LIBRARY.arity(name.join("."));
  }
}

/** ` in rule p` for rules that share their line with rules of other names. */
function rowLabels(rules: readonly PlacedRule[]): (rule: Rule) => string {
  const place = ({ at }: Rule): string => `${at.file}:${at.row}`;
  const namesByPlace = (): ReadonlyMap<string, ReadonlySet<string>> => {
    const names = new Map<string, Set<string>>();
    for (const { rule } of rules) {
      const known = names.get(place(rule)) ?? new Set();
      names.set(place(rule), known.add(writtenHead(rule)));
    }
    return names;
  };
  let names: ReturnType<typeof namesByPlace> | undefined;
  return (rule) => {
    names ??= namesByPlace();
    const isShared = (names.get(place(rule))?.size ?? 0) > 1;
    return isShared ? ` in rule ${writtenHead(rule)}` : "";
  };
}

function writtenHead({ head }: Rule): string {
  const parts = head.path.map((part) => (part.kind === "scalar" ? String(part.value) : "_"));
  return [head.name, ...parts].join(".");
}

/** The rules of the package, wherever they are, and the imports of this module. */
function globalsOf(module: Module, modules: readonly Module[]): Globals {
  const globals = new Map<string, readonly string[]>();
  for (const each of modules) {
    if (!isSamePackage(each, module)) continue;
    for (const { head } of each.rules) globals.set(head.name, [...module.package, head.name]);
  }
  for (const each of module.imports) {
    if (namesSomething(each)) globals.set(importedName(each), each.path);
  }
  return globals;
}

function isSamePackage({ package: a }: Module, { package: b }: Module): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}
