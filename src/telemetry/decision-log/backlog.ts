/** What waits, oldest first, within bounds: what is beyond them goes, from its oldest end. */

export interface Bounds {
  readonly items: number;
  readonly bytes: number;
}

interface Held<Item> {
  readonly item: Item;
  readonly bytes: number;
}

export class Backlog<Item> {
  readonly #max: Bounds;
  #held: Held<Item>[] = [];
  #bytes = 0;

  constructor(max: Bounds) {
    this.#max = max;
  }

  get length(): number {
    return this.#held.length;
  }

  /** How many had to go for it. */
  push(item: Item, bytes: number): number {
    this.#held.push({ item, bytes });
    this.#bytes += bytes;
    return this.#cut();
  }

  /** The oldest, within these bounds; one at least, where any waits. */
  take(max: Bounds): readonly Held<Item>[] {
    let count = 0;
    let bytes = 0;
    for (const held of this.#held) {
      if (count >= max.items || (count > 0 && bytes + held.bytes > max.bytes)) break;
      count += 1;
      bytes += held.bytes;
    }
    this.#bytes -= bytes;
    return this.#held.splice(0, count);
  }

  /** What was taken, where it was. How many had to go. */
  putBack(taken: readonly Held<Item>[]): number {
    this.#held.unshift(...taken);
    this.#bytes += taken.reduce((sum, { bytes }) => sum + bytes, 0);
    return this.#cut();
  }

  /** All of it: how many there were. */
  clear(): number {
    const count = this.#held.length;
    this.#held = [];
    this.#bytes = 0;
    return count;
  }

  #cut(): number {
    let gone = 0;
    while (this.#held.length > this.#max.items || this.#bytes > this.#max.bytes) {
      this.#bytes -= this.#held.shift()?.bytes ?? 0;
      gone += 1;
    }
    return gone;
  }
}
