/**
 * Adapters by their settings. What a reload did not change is kept; what it replaced is closed once
 * no call can use it.
 */
export class Kept<Settings, Adapter extends { close(): Promise<void> }> {
  readonly #make: (settings: Settings) => Adapter;
  #open = new Map<string, Adapter>();
  readonly #retired = new Set<Adapter>();
  readonly #closing = new Set<Promise<void>>();

  constructor(make: (settings: Settings) => Adapter) {
    this.#make = make;
  }

  /** Those of a configuration, in its order; all others are retired. */
  of(all: readonly Settings[]): readonly (readonly [Settings, Adapter])[] {
    const next = new Map<string, Adapter>();
    const pairs = all.map((settings) => {
      const text = signature(settings);
      const adapter = this.#open.get(text) ?? this.#make(settings);
      next.set(text, adapter);
      return [settings, adapter] as const;
    });
    for (const [text, adapter] of this.#open) if (!next.has(text)) this.#retired.add(adapter);
    this.#open = next;
    return pairs;
  }

  /** Closes what was replaced and cannot be used any more; how many are left that can. */
  async closeRetired(inUse: ReadonlySet<unknown>): Promise<number> {
    const unused = [...this.#retired].filter((adapter) => !inUse.has(adapter));
    await Promise.all(unused.map((adapter) => this.#end(adapter)));
    return this.#retired.size;
  }

  async close(): Promise<void> {
    const left = [...this.#open.values(), ...this.#retired];
    this.#open.clear();
    await Promise.all([...this.#closing, ...left.map((adapter) => this.#end(adapter))]);
  }

  /** Known until it has ended: a gateway that stops meanwhile waits for it. */
  async #end(adapter: Adapter): Promise<void> {
    this.#retired.delete(adapter);
    const closing = adapter.close();
    this.#closing.add(closing);
    await closing.finally(() => this.#closing.delete(closing));
  }
}

/** Equal for settings that make the same adapter. Held in memory only: it has secrets in it. */
function signature(settings: unknown): string {
  return JSON.stringify(settings, (_, value: unknown) =>
    value instanceof Map ? [...value] : value,
  );
}
