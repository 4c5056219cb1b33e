/** A call that waits for a person is waited for, and asked for again once it was decided about. */
import { systemClock } from "../compose/process.ts";
import { DeniedError, type Refused } from "./denied.ts";
import { type Plane, refusedBy, send } from "./plane.ts";

/** Causes for which one call can wait in turn: a clutch, an approval, a budget, and again. */
const ROUNDS_MAX = 20;

/** What `ask` allows; rejects with a `DeniedError` if that is not so within `waitMs`. */
export async function allowed<Allowed extends object>(
  ask: () => Promise<Allowed | Refused>,
  plane: Plane,
  waitMs: number,
): Promise<Allowed> {
  const until = systemClock.monotonic() + waitMs;
  for (let round = 0; ; round += 1) {
    const answer = await ask();
    if (!("code" in answer)) return answer;
    const leftMs = until - systemClock.monotonic();
    if (answer.parked === null || leftMs <= 0 || round === ROUNDS_MAX) {
      throw new DeniedError(answer);
    }
    await decided(answer.parked.url, plane, leftMs);
  }
}

/** Returns when the call no longer waits, or after `leftMs`: asking again tells which. */
async function decided(path: string, plane: Plane, leftMs: number): Promise<void> {
  const over = new AbortController();
  const cancel = systemClock.after(leftMs, () => over.abort());
  try {
    while (await stillWaits(path, plane, over.signal));
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    cancel();
  }
}

async function stillWaits(path: string, plane: Plane, signal: AbortSignal): Promise<boolean> {
  const answer = await send(plane, { path, signal });
  // Forgotten: asking again says what holds now.
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw new DeniedError(refusedBy(answer));
  return answer.body.state === "parked";
}
