/**
 * Adapters by their settings. What a reload did not change is kept; what it replaced is closed once
 * no call can use it.
 */
export class Kept<Settings, Adapter extends { close(): Promise<void> }> {
  readonly #make: (settings: Settings) => Adapter;
  #open = new Map<string, Adapter>();
  readonly #retired = new Set<Adapter>();

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

  async closeRetired(inUse: ReadonlySet<unknown>): Promise<void> {
    for (const adapter of this.#retired) {
      if (inUse.has(adapter)) continue;
      this.#retired.delete(adapter);
      await adapter.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values(), ...this.#retired].map((one) => one.close()));
  }
}

/** Equal for settings that make the same adapter. Held in memory only: it has secrets in it. */
function signature(settings: unknown): string {
  return JSON.stringify(settings, (_, value: unknown) =>
    value instanceof Map ? [...value] : value,
  );
}
