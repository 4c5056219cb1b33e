/**
 * Where the rules are: a tree by the constant beginning of their heads, `data` at its root.
 * `p.q[x].r` of package `a` lies at data.a.p.q.
 */
import type { Rule, Term } from "../syntax/ast.ts";
import { Decimal } from "../values/number.ts";
import { regoText } from "../values/text.ts";
import { compare, type Key, keyOf, type Value } from "../values/value.ts";

/** A rule with where it comes from and its whole head. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly file: string;
  /** After `data`: package, name and the rest of the head, as terms. */
  readonly path: readonly Term[];
}

export class RuleNode {
  readonly path: readonly Value[];
  readonly children = new Map<Key, RuleNode>();
  readonly rules: PlacedRule[] = [];
  #ordered: readonly RuleNode[] | undefined;

  constructor(path: readonly Value[]) {
    this.path = path;
  }

  child(key: Value): RuleNode | undefined {
    return this.children.get(treeKey(key));
  }

  /** The node at a path of constants, or undefined where there are no rules. */
  find(path: readonly Value[]): RuleNode | undefined {
    let node: RuleNode | undefined = this;
    for (const key of path) node = node?.child(key);
    return node;
  }

  /** Whether there are rules at this path, on its way or below it. */
  leadsToRules([key, ...rest]: readonly Value[]): boolean {
    if (key === undefined || this.rules.length > 0) return true;
    return this.child(key)?.leadsToRules(rest) ?? false;
  }

  grow(key: Value): RuleNode {
    const found = this.child(key);
    if (found !== undefined) return found;
    const grown = new RuleNode([...this.path, key]);
    this.children.set(treeKey(key), grown);
    this.#ordered = undefined;
    return grown;
  }

  /** The children in the order of their keys; of equal keys the last. */
  ordered(): readonly RuleNode[] {
    this.#ordered ??= [
      ...new Map([...this.children.values()].map((each) => [keyOf(each.key), each])).values(),
    ].sort((a, b) => compare(a.key, b.key));
    return this.#ordered;
  }

  /** Of the root null. */
  get key(): Value {
    return this.path.at(-1) ?? null;
  }

  /** This node and all below it. */
  *all(): Iterable<RuleNode> {
    yield this;
    for (const child of this.children.values()) yield* child.all();
  }
}

/** Of a number its digits: `p[1.0]` and `p[1]` are rules at two places. */
function treeKey(key: Value): Key {
  return key instanceof Decimal ? keyOf([key.text]) : keyOf(key);
}

/** `packages`, as paths below `data`, are there even where they have no rules. */
export function growTree(
  rules: readonly PlacedRule[],
  packages: readonly (readonly string[])[],
): RuleNode {
  const root = new RuleNode([]);
  for (const path of packages) {
    let node = root;
    for (const key of path) node = node.grow(key);
  }
  for (const placed of rules) {
    let node = root;
    for (const key of constantPrefix(placed.path)) node = node.grow(key);
    node.rules.push(placed);
  }
  return root;
}

/** The values of the terms before the first that is not constant. */
export function constantPrefix(path: readonly Term[]): readonly Value[] {
  const prefix: Value[] = [];
  for (const term of path) {
    if (term.kind !== "scalar") break;
    prefix.push(term.value);
  }
  return prefix;
}

/** The path of a reference below `data`, up to its first part that is not constant. */
export function dataPath(term: Term): readonly Value[] | undefined {
  if (term.kind === "variable") return term.name === "data" ? [] : undefined;
  if (term.kind !== "ref" || term.head.kind !== "variable" || term.head.name !== "data") {
    return undefined;
  }
  return constantPrefix(term.parts);
}

/** The path of a reference below `data` that is constant to its end. */
export function constantDataPath(term: Term): readonly Value[] | undefined {
  const path = dataPath(term);
  const length = term.kind === "ref" ? term.parts.length : 0;
  return path?.length === length ? path : undefined;
}

/**
 * How many parameters a function of rules has; undefined for what is no function. `f()` can be
 * called, and is a rule like any other besides.
 */
export function functionArity(node: RuleNode | undefined): number | undefined {
  return node?.rules[0]?.rule.head.parameters?.length;
}

/** `data.agent.authz.allow`, `data.p["odd key"]` */
export function nameOf(node: RuleNode): string {
  return node.path.reduce<string>((name, key) => {
    const plain = typeof key === "string" && /^[A-Za-z_][A-Za-z_0-9]*$/.test(key);
    return plain ? `${name}.${key}` : `${name}[${regoText(key)}]`;
  }, "data");
}
