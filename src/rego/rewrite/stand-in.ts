/**
 * What a `with` puts in the place of a function by its name: another function, or a rule. It is
 * asked for when the function is called, if it ever is.
 */
import type { StandIn, Term, With } from "../syntax/ast.ts";
import { constantDataPath, functionArity, type RuleNode } from "./rule-tree.ts";
import { dottedName } from "./terms.ts";

interface KnownFunctions {
  arity(name: string): number | undefined;
}

export function standInOf(
  { target, value }: With,
  tree: RuleNode,
  builtins: KnownFunctions,
): StandIn | undefined {
  if (isFunction(value, tree, builtins)) return "function";
  const path = constantDataPath(value);
  const namesRules = path !== undefined && tree.find(path) !== undefined;
  return namesRules && isFunction(target, tree, builtins) ? "rule" : undefined;
}

function isFunction(term: Term, tree: RuleNode, builtins: KnownFunctions): boolean {
  const path = constantDataPath(term);
  if (path !== undefined) return functionArity(tree.find(path)) !== undefined;
  const name = dottedName(term);
  return name !== undefined && builtins.arity(name.join(".")) !== undefined;
}
