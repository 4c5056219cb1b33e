/** Rules that need themselves, by whatever way, dynamic references and functions included. */
import type { LoadProblem } from "../errors.ts";
import type { Pieces } from "../pieces.ts";
import { isComprehension } from "../rewrite/hoist.ts";
import { constantPrefix, nameOf, type RuleNode } from "../rewrite/rule-tree.ts";
import { isRoot } from "../rewrite/terms.ts";
import type { Body, Rule, Term } from "../syntax/ast.ts";
import { bodiesOf, innerTerms, termsOf } from "../types/walk.ts";

/** Which nodes the rules of each node refer to. */
export type Dependencies = ReadonlyMap<RuleNode, ReadonlySet<RuleNode>>;

export function* dependencies(tree: RuleNode): Pieces<Dependencies> {
  const found = new Map<RuleNode, ReadonlySet<RuleNode>>();
  for (const node of tree.all()) {
    if (node.rules.length === 0) continue;
    const needed = new Set<RuleNode>();
    for (const { rule } of node.rules) ofRule(rule, tree, needed);
    found.set(node, needed);
    yield;
  }
  return found;
}

/** The nodes that a term refers to, and those that they need. */
export function neededFor(term: Term, tree: RuleNode, needs: Dependencies): Set<RuleNode> {
  const needed = new Set<RuleNode>();
  ofTerm(term, tree, needed);
  // A set goes on with what is added to it meanwhile.
  for (const node of needed) for (const other of needs.get(node) ?? []) needed.add(other);
  return needed;
}

function ofRule(rule: Rule, tree: RuleNode, needed: Set<RuleNode>): void {
  for (const term of [...rule.head.path, ...(rule.head.parameters ?? []), rule.head.value]) {
    ofTerm(term, tree, needed);
  }
  ofBody(rule.body, tree, needed);
  if (rule.otherwise !== undefined) ofRule(rule.otherwise, tree, needed);
}

function ofBody(body: Body, tree: RuleNode, needed: Set<RuleNode>): void {
  for (const expression of body) {
    for (const term of termsOf(expression)) ofTerm(term, tree, needed);
    for (const inner of bodiesOf(expression)) ofBody(inner, tree, needed);
    for (const { target, value } of expression.with) {
      ofTerm(target, tree, needed);
      ofTerm(value, tree, needed);
    }
  }
}

function ofTerm(term: Term, tree: RuleNode, needed: Set<RuleNode>): void {
  if (term.kind === "ref" && isRoot(term.head)) {
    reach(tree, term, needed);
    for (const part of term.parts) ofTerm(part, tree, needed);
    return;
  }
  if (term.kind === "variable" && term.name === "data") all(tree, needed);
  if (term.kind === "call") ofTerm(term.operator, tree, needed);
  if (isComprehension(term)) ofBody(term.body, tree, needed);
  for (const inner of partsOf(term)) ofTerm(inner, tree, needed);
}

function partsOf(term: Term): readonly Term[] {
  if (!isComprehension(term)) return innerTerms(term);
  return term.kind === "object-comprehension" ? [term.key, term.value] : [term.term];
}

function reach(tree: RuleNode, term: Extract<Term, { kind: "ref" }>, needed: Set<RuleNode>): void {
  if (term.head.kind !== "variable" || term.head.name !== "data") return;
  const path = constantPrefix(term.parts);
  let start: RuleNode | undefined = tree;
  let depth = 0;
  while (depth < path.length && start !== undefined && start.rules.length === 0) {
    start = start.child(path[depth] ?? null);
    depth += 1;
  }
  let nodes: readonly RuleNode[] = start === undefined ? [] : [start];
  for (const part of term.parts.slice(depth)) {
    nodes = nodes.flatMap((node) => {
      if (node.rules.length > 0) {
        all(node, needed);
        return [];
      }
      if (part.kind !== "scalar") return [...node.children.values()];
      const child = node.child(part.value);
      return child === undefined ? [] : [child];
    });
  }
  for (const node of nodes) all(node, needed);
}

function all(node: RuleNode, needed: Set<RuleNode>): void {
  for (const each of node.all()) if (each.rules.length > 0) needed.add(each);
}

/** A node that is being looked at, and what of its needs is still to be. */
interface Open {
  readonly node: RuleNode;
  readonly needs: Iterator<RuleNode>;
}

/** Each node after those it needs; or the first circle that was found. */
export function ordered(
  needs: Dependencies,
): { readonly nodes: readonly RuleNode[] } | { readonly circle: readonly RuleNode[] } {
  const done = new Set<RuleNode>();
  const path: Open[] = [];
  const onPath = new Set<RuleNode>();
  const open = (node: RuleNode): void => {
    path.push({ node, needs: (needs.get(node) ?? new Set()).values() });
    onPath.add(node);
  };
  for (const start of needs.keys()) {
    if (!done.has(start)) open(start);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.needs.next();
      if (next.done === true) {
        path.pop();
        onPath.delete(last.node);
        done.add(last.node);
      } else if (onPath.has(next.value)) {
        return { circle: circleFrom(next.value, path) };
      } else if (!done.has(next.value)) open(next.value);
    }
  }
  return { nodes: [...done] };
}

function circleFrom(node: RuleNode, path: readonly Open[]): readonly RuleNode[] {
  const nodes = path.map((each) => each.node);
  return [...nodes.slice(nodes.indexOf(node)), node];
}

export function recursionProblem(circle: readonly RuleNode[]): readonly LoadProblem[] {
  const [first] = circle;
  const rule = first?.rules[0]?.rule;
  if (first === undefined || rule === undefined) return [];
  return [
    {
      code: "rego_recursion_error",
      message: `rule ${nameOf(first)} is recursive: ${circle.map(nameOf).join(" -> ")}`,
      at: rule.at,
      hint: "a rule may not need its own value, not even by way of others",
    },
  ];
}
