/** Something that is done once a second, and never beside itself: the second begins at its end. */
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";

const SECOND_MS: Millis = 1_000;

export class EverySecond {
  readonly #clock: Clock;
  readonly #tick: () => Promise<void>;
  #cancel: () => void = () => {};
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  /** `tick` never rejects. */
  constructor(clock: Clock, tick: () => Promise<void>) {
    this.#clock = clock;
    this.#tick = tick;
  }

  start(): void {
    this.#cancel = this.#clock.after(SECOND_MS, () => {
      this.#running = this.#tick().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }
}
