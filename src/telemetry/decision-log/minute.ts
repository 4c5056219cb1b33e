/** Says how often something happened: at once the first time, and then once a minute. */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";

const EVERY_MS: Millis = 60_000;

export class OncePerMinute {
  readonly #clock: Clock;
  readonly #say: (count: number) => void;
  #untold = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, say: (count: number) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  happened(count: number): void {
    if (count <= 0) return;
    this.#untold += count;
    if (this.#cancel === null) this.#tell();
  }

  /** Says what is not said yet, and nothing later. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#untold > 0) this.#say(this.#untold);
    this.#untold = 0;
  }

  #tell(): void {
    this.#cancel = null;
    if (this.#untold === 0) return;
    const count = this.#untold;
    this.#untold = 0;
    this.#cancel = this.#clock.after(EVERY_MS, () => this.#tell());
    this.#say(count);
  }
}
