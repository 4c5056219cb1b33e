/** So many in a second and no more. */
import type { Millis } from "../guards/money.ts";

const SECOND_MS = 1_000;

export class Allowance {
  readonly #perSecond: number;
  #since: Millis = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** True while this second has some left; `now` is monotonic. */
  take(now: Millis): boolean {
    if (now - this.#since >= SECOND_MS) {
      this.#since = now;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#perSecond;
  }
}
