/** Hours of one agent or tool as a replay comes by them: what the store adds up of minutes. */
import type { Millis } from "../money.ts";
import { HOUR_MS, type Hour, hoursBefore } from "./last-week.ts";
import { type Amount, NOTHING, sumOf } from "./measure.ts";

const MINUTE_MS: Millis = 60_000;

export class PastHours {
  readonly #minutes = new Map<Millis, Amount>();
  readonly #leftOut = new Set<Millis>();
  /** Those that were asked for: a week later nothing of them changes. */
  readonly #hours = new Map<Millis, Hour | null>();
  #first = Number.POSITIVE_INFINITY;

  add(at: Millis, amount: Amount): void {
    const minute = minuteOf(at);
    this.#first = Math.min(this.#first, minute);
    this.#minutes.set(minute, sumOf([this.#minutes.get(minute) ?? NOTHING, amount]));
  }

  /** An alarm teaches nothing. */
  leaveOut(from: Millis, until: Millis): void {
    for (let minute = minuteOf(from); minute <= until; minute += MINUTE_MS) {
      this.#leftOut.add(minute);
    }
  }

  /** What is known of the hours that are asked for now. */
  before(now: Millis, windowMs: Millis): readonly Hour[] {
    return hoursBefore(now, windowMs).flatMap((start) => {
      const hour = this.#hours.get(start) ?? this.#hourOf(start);
      this.#hours.set(start, hour);
      return hour ?? [];
    });
  }

  #hourOf(start: Millis): Hour | null {
    const all = Array.from({ length: HOUR_MS / MINUTE_MS }, (_, no) => start + no * MINUTE_MS);
    const known = all.filter((minute) => this.#minutes.has(minute) && !this.#leftOut.has(minute));
    const [first] = known;
    if (first === undefined) return null;
    const begun = this.#first < start ? start : first;
    const taught = all.filter((minute) => minute >= begun && !this.#leftOut.has(minute));
    const amounts = known.map((minute) => this.#minutes.get(minute) ?? NOTHING);
    return { start, minutes: taught.length, ...sumOf(amounts) };
  }
}

function minuteOf(at: Millis): Millis {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
