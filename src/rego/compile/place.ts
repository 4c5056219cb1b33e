/**
 * A place below `data`: where there are rules further down, the rules' tree and the base document
 * lie over one another; elsewhere there is the base document alone. Its parts are found by the text
 * of their keys, as in OPA's store, where those of every other value are found by the keys.
 */
import type { Environment } from "../evaluate/environment.ts";
import { hasParts, lookup, someEntry } from "../evaluate/lookup.ts";
import { chargeKey } from "../evaluate/size.ts";
import type { RuleNode } from "../rewrite/rule-tree.ts";
import { Decimal } from "../values/number.ts";
import { compare, isList, keyOf, objectOf, RegoObject, type Value } from "../values/value.ts";

/** The values of rules, by the node at which they lie. */
export interface Rules {
  /** The document that the rules at this node and below it make; undefined: none. */
  document(node: RuleNode, environment: Environment): Value | undefined;
}

export class Place {
  /** Undefined where there are no rules below. */
  readonly node: RuleNode | undefined;
  readonly base: Value | undefined;
  readonly #rules: Rules;
  /** Where there are no rules below it is known only if `with` replaced something. */
  readonly #path: readonly Value[];

  constructor(
    node: RuleNode | undefined,
    base: Value | undefined,
    rules: Rules,
    path: readonly Value[] = node?.path ?? [],
  ) {
    this.node = node;
    this.base = base;
    this.#rules = rules;
    this.#path = path;
  }

  /** The part at `key`. */
  child(key: Value, environment: Environment): Value | Place | undefined {
    const base = this.base === undefined ? undefined : stored(this.base, key);
    const node = this.node?.child(key);
    if (node === undefined || isHidden(node.path, environment)) {
      return this.#below(key, base, environment);
    }
    if (node.rules.length > 0) return this.#rules.document(node, environment);
    return new Place(node, base, this.#rules);
  }

  /** What `with` put there is a value like any other. */
  #below(key: Value, base: Value | undefined, environment: Environment): Value | Place | undefined {
    if (environment.replaced.length === 0) return basePlace(base, this.#rules);
    const path = [...this.#path, key];
    return environment.isReplaced(path) ? base : basePlace(base, this.#rules, path);
  }

  /** All keys, in order. */
  keys(environment: Environment): readonly Value[] {
    const { base, node } = this;
    if (node === undefined && base !== undefined && isList(base)) return [...base.keys()];
    const keys = new Map(
      [...(node?.children.values() ?? [])]
        .filter((child) => !isHidden(child.path, environment))
        .map((child) => [keyOf(child.key), child.key] as const),
    );
    if (base instanceof RegoObject) {
      for (const key of base.keys()) keys.set(keyOf(key), key);
    }
    return [...keys.values()].sort(compare);
  }

  /** The whole document from here on: what is undefined in it is left out. */
  value(environment: Environment): Value {
    const { base, node } = this;
    if (base !== undefined && (node === undefined || !(base instanceof RegoObject))) return base;
    if (base === undefined && node !== undefined && environment.replaced.length === 0) {
      return madeByRules(node, this.#rules, environment);
    }
    const entries: [Value, Value][] = [];
    for (const key of this.keys(environment)) {
      const value = this.#whole(key, environment);
      if (value !== undefined) entries.push([key, value]);
    }
    return objectOf(entries);
  }

  /** What is below `key` in the rules and in the base document, which counts where both have it. */
  #whole(key: Value, environment: Environment): Value | undefined {
    const child = this.child(key, environment);
    if (child instanceof Place) return child.value(environment);
    const base = this.base === undefined ? undefined : stored(this.base, key);
    if (child === undefined) return base;
    return base === undefined ? child : merged(child, base);
  }
}

/** Most places have rules and nothing else. */
function madeByRules(node: RuleNode, rules: Rules, environment: Environment): RegoObject {
  const entries: [Value, Value][] = [];
  for (const child of node.ordered()) {
    const value =
      child.rules.length > 0
        ? rules.document(child, environment)
        : madeByRules(child, rules, environment);
    if (value !== undefined) entries.push([child.key, value]);
  }
  return objectOf(entries);
}

function merged(under: Value, over: Value): Value {
  if (!(under instanceof RegoObject && over instanceof RegoObject)) return over;
  let whole = under;
  for (const [key, value] of over.entries()) {
    const below = under.get(key);
    whole = whole.with(key, below === undefined ? value : merged(below, value));
  }
  return whole;
}

/** A part of a base document; what has parts itself is a place. */
export function basePlace(
  base: Value | undefined,
  rules: Rules,
  path?: readonly Value[],
): Value | Place | undefined {
  return base === undefined || !hasParts(base) ? base : new Place(undefined, base, rules, path);
}

/** The keys of base documents are texts: numbers find what is written like them. */
export function stored(base: Value, key: Value): Value | undefined {
  const text = keyText(key);
  if (text === undefined) return undefined;
  if (base instanceof RegoObject) return base.get(text);
  return isList(base) && INDEX.test(text) ? base[Number(text)] : undefined;
}

function keyText(key: Value): string | undefined {
  if (typeof key === "string") return key;
  if (typeof key === "number") return String(key);
  return key instanceof Decimal ? key.text : undefined;
}

const INDEX = /^[+-]?[0-9]{1,18}(\.0*)?$/;

function isHidden(path: readonly Value[], environment: Environment): boolean {
  return environment.replaced.length > 0 && environment.isReplaced(path);
}

export function childOf(
  at: Value | Place,
  key: Value,
  environment: Environment,
): Value | Place | undefined {
  chargeKey(key, environment.budget);
  return at instanceof Place ? at.child(key, environment) : lookup(at, key);
}

/** Calls `each` with every key and part until it answers true; whether it did. */
export function someChild(
  at: Value | Place,
  environment: Environment,
  each: (key: Value, part: Value | Place) => boolean,
): boolean {
  if (!(at instanceof Place)) return someEntry(at, each);
  return at.keys(environment).some((key) => {
    const part = at.child(key, environment);
    return part !== undefined && each(key, part);
  });
}
