/**
 * The calls that wait here with their clients. Thousands may, for minutes: so nothing is kept of
 * the road that brought them here, and one timer is there for all of them.
 *
 *   looks ──nothing yet──► sleeps ──its time has come | woken──► looks
 *     └──its waiting is over──► gone from here
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";

/** Of many that sleep until almost the same moment none is looked for more often than this. */
const TIMER_MS_MIN: Millis = 5;
const NEVER: Millis = Number.POSITIVE_INFINITY;

export interface Held {
  /** The call's row in the store. */
  readonly parked: string;
  /** Monotonic: until when it sleeps; null while it looks. Only written here. */
  nextAt: Millis | null;
  /** Something may have changed since its look began. Only written here. */
  isStale: boolean;
  /** Until when it sleeps; null: its waiting is over. Never rejects. */
  look(): Promise<Millis | null>;
  /** After it was held: its waiting is over. Never rejects. */
  goOn(): Promise<void>;
}

export class HeldCalls {
  readonly #clock: Clock;
  readonly #all = new Set<Held>();
  #timerAt = NEVER;
  #cancelTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** Looks at once; false: its waiting is over already, and it is not held. */
  async hold(one: Held): Promise<boolean> {
    this.#all.add(one);
    return this.#keeps(one);
  }

  wake(one: Held): void {
    if (!this.#all.has(one)) return;
    if (one.nextAt === null) one.isStale = true;
    else void this.#lookAgain(one);
  }

  /** Those of which it is true; without a question all. */
  wakeAll(matters: (one: Held) => boolean = () => true): void {
    for (const one of this.#all) if (matters(one)) this.wake(one);
  }

  async #lookAgain(one: Held): Promise<void> {
    if (!(await this.#keeps(one))) await one.goOn();
  }

  async #keeps(one: Held): Promise<boolean> {
    one.nextAt = null;
    let until: Millis | null;
    do {
      one.isStale = false;
      until = await one.look();
    } while (until !== null && one.isStale);
    one.nextAt = until;
    if (until === null) this.#all.delete(one);
    else this.#armFor(until);
    return until !== null;
  }

  #armFor(at: Millis): void {
    if (at >= this.#timerAt) return;
    this.#cancelTimer();
    this.#timerAt = at;
    const delayMs = Math.max(at - this.#clock.monotonic(), 0);
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#wakeDue());
  }

  #wakeDue(): void {
    const now = this.#clock.monotonic();
    let next = NEVER;
    this.#timerAt = NEVER;
    for (const one of this.#all) {
      if (one.nextAt === null) continue;
      if (one.nextAt <= now) this.wake(one);
      else next = Math.min(next, one.nextAt);
    }
    this.#armFor(Math.max(next, now + TIMER_MS_MIN));
  }
}
