/** A clock that stands still until a test moves it. */
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";

/** A timer that arms itself again at once would keep `advance` from ever ending. */
const TIMERS_RUN_MAX = 1_000_000;

interface Timer {
  readonly due: Millis;
  readonly run: () => void;
}

export interface TestClock extends Clock {
  /** Moves both clocks on, running the timers that fall due in the order of their times. */
  advance(ms: Millis): void;
  /** Moves the wall clock alone, as a correction of the system's time does. */
  step(ms: Millis): void;
  /** Timers that wait. */
  readonly waiting: number;
}

/** A manual clock whose wall begins at `wall` and whose monotonic clock begins at 0. */
export function testClock(wall: Millis = 1_800_000_000_000): TestClock {
  let elapsed = 0;
  let offset = wall;
  // In order of arming, so that two timers for one instant run as they were armed.
  const timers = new Set<Timer>();

  const next = (until: Millis): Timer | null => {
    let first: Timer | null = null;
    for (const timer of timers) {
      if (timer.due <= until && (first === null || timer.due < first.due)) first = timer;
    }
    return first;
  };

  return {
    wall: () => Math.floor(offset + elapsed),
    monotonic: () => elapsed,
    after(ms, run) {
      const timer = { due: elapsed + Math.max(ms, 0), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = elapsed + ms;
      for (let count = 0; count < TIMERS_RUN_MAX; count += 1) {
        const timer = next(until);
        if (timer === null) {
          elapsed = until;
          return;
        }
        timers.delete(timer);
        elapsed = Math.max(elapsed, timer.due);
        timer.run();
      }
      throw new Error(`More than ${TIMERS_RUN_MAX} timers ran in one advance`);
    },
    step(ms) {
      offset += ms;
    },
    get waiting() {
      return timers.size;
    },
  };
}
