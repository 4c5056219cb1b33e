/** Gathers what partial rules and rules with variables in their heads make: objects in objects. */
import { EvaluationError } from "../errors.ts";
import type { Position } from "../syntax/ast.ts";
import { equal, type Key, keyOf, objectOf, RegoSet, type Value } from "../values/value.ts";

type Branch =
  | { readonly kind: "object"; readonly entries: Map<Key, Entry> }
  | { readonly kind: "set"; readonly elements: Map<Key, Value> }
  | { readonly kind: "value"; readonly value: Value };

interface Entry {
  readonly key: Value;
  readonly branch: Branch;
}

export class Nest {
  #root: Branch | undefined;

  /** `value` at `path`; what is there already must be equal. */
  put(path: readonly Value[], value: Value, at: Position): void {
    const found = this.#reach(path, () => ({ kind: "value", value }), at);
    if (found.kind !== "value" || !equal(found.value, value)) throw conflict(at);
  }

  /** `element` in the set at `path`. */
  add(path: readonly Value[], element: Value, at: Position): void {
    const found = this.#reach(path, emptySet, at);
    if (found.kind !== "set") throw conflict(at);
    const key = keyOf(element);
    if (!found.elements.has(key)) found.elements.set(key, element);
  }

  /** What was gathered; `nothing` where that is nothing. */
  document(nothing: Value): Value {
    return this.#root === undefined ? nothing : documentOf(this.#root);
  }

  #reach(path: readonly Value[], last: () => Branch, at: Position): Branch {
    const kind = (depth: number): Branch => (depth === path.length ? last() : emptyObject());
    this.#root ??= kind(0);
    let branch = this.#root;
    for (let i = 0; i < path.length; i += 1) {
      const key = path[i] ?? null;
      if (branch.kind !== "object") throw conflict(at);
      const found = keyOf(key);
      const entry: Entry = branch.entries.get(found) ?? { key, branch: kind(i + 1) };
      branch.entries.set(found, entry);
      branch = entry.branch;
    }
    return branch;
  }
}

function emptyObject(): Branch {
  return { kind: "object", entries: new Map() };
}

function emptySet(): Branch {
  return { kind: "set", elements: new Map() };
}

function documentOf(branch: Branch): Value {
  switch (branch.kind) {
    case "value":
      return branch.value;
    case "set":
      return new RegoSet(branch.elements);
    case "object":
      return objectOf(
        [...branch.entries.values()].map(({ key, branch: each }) => [key, documentOf(each)]),
      );
  }
}

function conflict(at: Position): EvaluationError {
  return new EvaluationError("eval_conflict_error", "object keys must be unique", at);
}
