/** So many at once, and after that so many a second. */
import type { Millis } from "../guards/money.ts";

const SECOND_MS = 1_000;

export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #lookedAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** True while there is some left; `now` is monotonic. */
  take(now: Millis): boolean {
    const refill = ((now - this.#lookedAt) / SECOND_MS) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + refill);
    this.#lookedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
