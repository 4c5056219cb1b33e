/**
 * What is kept of calls beside their path, in a store and for a while. A call costs one push;
 * writing is done every second. Nothing of a call hangs on it: what finds no room is left out,
 * counted and told.
 */
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import { StoreUnreachable } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";

const PRUNE_MS: Millis = 60_000;

export interface AsideParts<Item> {
  /** For the log: `inputs of calls`. */
  readonly what: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What may wait while the store is away. */
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** What is written at once. */
  readonly writtenMax: number;
  /** Of them no more than so many bytes, or one item. */
  readonly writtenBytesMax: number;
  /** Rejects with `StoreUnreachable`: then they are offered again. */
  write(items: readonly Item[]): Promise<void>;
  prune(before: Millis): Promise<void>;
}

export class Aside<Item extends { readonly bytes: number }> {
  readonly #parts: AsideParts<Item>;
  #pending: Item[] = [];
  #bytes = 0;
  #dropped = 0;
  #writing: Promise<void> | null = null;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: AsideParts<Item>) {
    this.#parts = parts;
  }

  /** False: there is no room for it. */
  push(item: Item): boolean {
    const { bytesMax, itemsMax } = this.#parts;
    if (this.#pending.length >= itemsMax || this.#bytes + item.bytes > bytesMax) {
      this.#dropped += 1;
      return false;
    }
    this.#bytes += item.bytes;
    this.#pending.push(item);
    return true;
  }

  /** Rejects if the store cannot be asked: what is pending is offered again. */
  async tick(keepMs: Millis, now: Millis): Promise<void> {
    const { clock, log, what } = this.#parts;
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      log.warn(`${what} were not kept: too many waited for the store`, { dropped });
      this.#dropped = 0;
    }
    await this.write();
    const monotonic = clock.monotonic();
    if (monotonic - this.#prunedAt < Math.min(PRUNE_MS, keepMs)) return;
    this.#prunedAt = monotonic;
    await this.#parts.prune(now - keepMs);
  }

  /** Everything that is pending now. */
  async write(): Promise<void> {
    // What came since that began is not in it.
    await this.#writing;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  /** What is pending at a stop. Never rejects: a gateway that stops does not wait for evidence. */
  async stop(): Promise<void> {
    try {
      await this.write();
    } catch (error) {
      this.#parts.log.warn(`the last ${this.#parts.what} were not kept`, { error });
    }
  }

  async #drain(): Promise<void> {
    for (let left = this.#pending.length; left > 0; ) {
      const taken = this.#next(left);
      await this.#writeOnce(taken);
      left -= taken.length;
      this.#pending = this.#pending.slice(taken.length);
      this.#bytes -= taken.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }

  #next(most: number): readonly Item[] {
    const { writtenBytesMax, writtenMax } = this.#parts;
    let bytes = 0;
    const over = this.#pending.findIndex((item, at) => {
      bytes += item.bytes;
      return at > 0 && bytes > writtenBytesMax;
    });
    return this.#pending.slice(0, Math.min(most, writtenMax, over < 0 ? most : over));
  }

  /** What could never be written is left out: all that comes after it would wait for ever. */
  async #writeOnce(items: readonly Item[]): Promise<void> {
    try {
      await this.#parts.write(items);
    } catch (error) {
      if (error instanceof StoreUnreachable) throw error;
      const { log, what } = this.#parts;
      log.error(`some ${what} were left out: writing them failed`, { error, lost: items.length });
    }
  }
}
