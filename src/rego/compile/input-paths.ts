/** The parts of the input that policies name by constants: each has one number, wherever it is. */
import type { InputPath } from "../evaluate/environment.ts";
import { type Key, keyOf, type Value } from "../values/value.ts";

interface Branch {
  /** Undefined for the input itself. */
  readonly path: InputPath | undefined;
  readonly below: Map<Key, Branch>;
}

export class InputPaths {
  readonly #root: Branch = { path: undefined, below: new Map() };
  #numbers = 0;

  /** Of equal paths the same one, so that each part is found once. */
  at(path: readonly Value[]): InputPath | undefined {
    let branch = this.#root;
    for (const key of path) branch = branch.below.get(keyOf(key)) ?? this.#grow(branch, key);
    return branch.path;
  }

  #grow({ below, path: parent }: Branch, key: Value): Branch {
    const grown = { path: { number: this.#numbers, parent, key }, below: new Map() };
    this.#numbers += 1;
    below.set(keyOf(key), grown);
    return grown;
  }
}
