/** Which variables are bound at a point of a rule, and in which slot of its frame each one is. */

class Slots {
  readonly #byName = new Map<string, number>();
  #next = 0;
  #lists = 0;
  #withs = 0;

  of(name: string): number {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const slot = this.fresh();
    this.#byName.set(name, slot);
    return slot;
  }

  /** How many there are by now: to be asked once all is compiled. */
  get size(): number {
    return this.#next;
  }

  fresh(): number {
    this.#next += 1;
    return this.#next - 1;
  }

  list(): number {
    this.#lists += 1;
    return this.#lists - 1;
  }

  environment(): number {
    this.#withs += 1;
    return this.#withs - 1;
  }
}

export class Scope {
  readonly slots: Slots;
  readonly #bound: ReadonlySet<string>;

  private constructor(slots: Slots, bound: ReadonlySet<string>) {
    this.slots = slots;
    this.#bound = bound;
  }

  static empty(): Scope {
    return new Scope(new Slots(), new Set());
  }

  isBound(name: string): boolean {
    return this.#bound.has(name);
  }

  bind(names: Iterable<string>): Scope {
    return new Scope(this.slots, new Set([...this.#bound, ...names]));
  }
}
