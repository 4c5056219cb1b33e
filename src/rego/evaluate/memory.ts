/**
 * What built-ins make of texts that come again (patterns, keys), kept between evaluations.
 * Inputs choose some of those texts, so there is room for a number of them only, the last ones.
 */
const KEPT_MAX = 500;
const LENGTH_MAX = 4_096;

export interface Memory {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

class LastOnes implements Memory {
  readonly #kept = new Map<string, unknown>();

  get(key: string): unknown {
    return this.#kept.get(key);
  }

  set(key: string, value: unknown): void {
    if (key.length > LENGTH_MAX) return;
    this.#kept.set(key, value);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}

export class Memories {
  readonly #byName = new Map<string, Memory>();

  of(name: string): Memory {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const memory = new LastOnes();
    this.#byName.set(name, memory);
    return memory;
  }
}
