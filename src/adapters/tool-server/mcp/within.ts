import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";

/** Waits for something that does not reject, but no longer than this. */
export function within(clock: Clock, ms: Millis, done: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stopTimer = clock.after(ms, resolve);
    void done.then(() => {
      stopTimer();
      resolve();
    });
  });
}
