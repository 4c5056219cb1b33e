/** How often something was within a window, in as many stretches of time as there is room for. */
import type { Millis } from "../money.ts";

/** At most `TALLY_MAX`, in order of their starts. */
export type Tally = readonly { readonly start: Millis; readonly calls: number }[];

export const TALLY_MAX = 60;

/** One more now; what is older than the window is left out. */
export function withOne(tally: Tally, windowMs: Millis, now: Millis): Tally {
  const grainMs = Math.ceil(windowMs / TALLY_MAX);
  const start = Math.floor(now / grainMs) * grainMs;
  const known = tally.find((one) => one.start === start);
  const rest = tally.filter((one) => one !== known && one.start > now - windowMs);
  return [...rest, { start, calls: (known?.calls ?? 0) + 1 }].slice(-TALLY_MAX);
}

export function callsIn(tally: Tally): number {
  return tally.reduce((sum, { calls }) => sum + calls, 0);
}
