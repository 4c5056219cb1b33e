/** Rules that cannot stand beside one another, whatever their bodies say. */
import type { LoadProblem } from "../errors.ts";
import { constantPrefix, nameOf, type PlacedRule, type RuleNode } from "../rewrite/rule-tree.ts";
import type { Module } from "../syntax/ast.ts";
import { RegoObject, type Value } from "../values/value.ts";

export function conflicts(tree: RuleNode, modules: readonly Module[]): readonly LoadProblem[] {
  const found = [...tree.all()].flatMap(conflictsAt);
  return [...found, ...modules.flatMap((module) => packageConflicts(module, tree))];
}

function conflictsAt(node: RuleNode): readonly LoadProblem[] {
  const [first] = node.rules;
  if (first === undefined) return [];
  const name = nameOf(node);
  const problem = (message: string, hint: string): readonly LoadProblem[] => [
    { code: "rego_type_error", message, at: first.rule.at, hint },
  ];
  const below = rulesBelow(node);
  if (below.length > 0 && node.rules.some(isWhole)) {
    const others = below.map(({ rule }) => `${rule.at.file}:${rule.at.row}`).join(", ");
    return problem(
      `rule ${name} conflicts with the rules below it (${others})`,
      "a rule has one value: give the rules below it another name",
    );
  }
  if (node.rules.some((rule) => !isWhole(rule)) && below.some(isFunction)) {
    return problem(`rule ${name} conflicts with a function below it`, "rename the function");
  }
  if (kindsOf(node.rules).size > 1) {
    return problem(
      `conflicting rules ${name} found`,
      "one name is either a value, a set, an object, or a function of one number of parameters",
    );
  }
  return severalDefaults(node, name);
}

function severalDefaults(node: RuleNode, name: string): readonly LoadProblem[] {
  const defaults = node.rules.filter(({ rule }) => rule.isDefault);
  const [, second] = defaults;
  if (second === undefined) return [];
  const places = defaults.map(({ rule }) => `${rule.at.file}:${rule.at.row}`).join(", ");
  const message = `multiple default rules ${name} found at ${places}`;
  return [{ code: "rego_type_error", message, at: second.rule.at, hint: "keep one of them" }];
}

/** What a rule makes of its name; rules of different kinds cannot share one. */
function kindsOf(rules: readonly PlacedRule[]): ReadonlySet<string> {
  return new Set(
    rules.map((placed) => {
      const { head } = placed.rule;
      const dynamic = isWhole(placed) ? "" : " below";
      return `${head.kind}${dynamic} of ${head.parameters?.length ?? 0}`;
    }),
  );
}

/** Whether the rule is at its node itself, not somewhere below it. */
function isWhole({ path }: PlacedRule): boolean {
  return constantPrefix(path).length === path.length;
}

function isFunction({ rule }: PlacedRule): boolean {
  return rule.head.parameters !== undefined;
}

function rulesBelow(node: RuleNode): readonly PlacedRule[] {
  return [...node.children.values()].flatMap((child) =>
    [...child.all()].flatMap(({ rules }) => rules),
  );
}

/** A package cannot have the name of a rule of the package around it. */
function packageConflicts(module: Module, tree: RuleNode): readonly LoadProblem[] {
  const node = tree.find(module.package.slice(1));
  const whole = node?.rules.find((placed) => isWhole(placed));
  if (node === undefined || whole === undefined) return [];
  const message =
    `package ${module.package.slice(1).join(".")} conflicts with rule ${nameOf(node)} ` +
    `defined at ${whole.rule.at.file}:${whole.rule.at.row}`;
  return [{ code: "rego_type_error", message, at: module.packageAt, hint: "rename one of them" }];
}

/** A rule where a document stands, or below one that has no members: one would hide the other. */
export function documentConflicts(tree: RuleNode, data: Value): readonly LoadProblem[] {
  const [first] = tree.rules;
  if (first !== undefined) return [documentConflict(first)];
  if (!(data instanceof RegoObject)) return rulesBelow(tree).slice(0, 1).map(documentConflict);
  return [...tree.children.values()].flatMap((child) => {
    const document = data.get(child.path.at(-1) ?? null);
    return document === undefined ? [] : documentConflicts(child, document);
  });
}

function documentConflict({ path, rule }: PlacedRule): LoadProblem {
  return {
    code: "rego_compile_error",
    message: `conflicting rule for data path ${constantPrefix(path).map(String).join("/")} found`,
    at: rule.at,
    hint: "rename the rule, or take the document at its path out of the data files",
  };
}
