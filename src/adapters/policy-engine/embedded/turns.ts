/** Long work in the gateway's own thread, a little at a time: calls go on in between. */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../ports/clock.ts";
import type { Pieces } from "../../../rego/index.ts";

/** How long it keeps the thread; a piece that takes longer is not cut. */
const TURN_MS = 2;

export async function inTurns<T>(pieces: Pieces<T>, clock: Clock): Promise<T> {
  for (;;) {
    const until = clock.monotonic() + TURN_MS;
    do {
      const next = pieces.next();
      if (next.done === true) return next.value;
    } while (clock.monotonic() < until);
    await setImmediate();
  }
}
