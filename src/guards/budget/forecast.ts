/**
 * What an account will have spent when its window ends, if it goes on as it does. For people to
 * look at: nothing is decided by it, and no cap is passed because it says so.
 */
import type { Millis } from "../money.ts";

export interface Course {
  readonly limit: bigint;
  readonly spent: bigint;
  readonly starts: Millis;
  /** Null: its window has no end. */
  readonly ends: Millis | null;
  /** What calls have spent of it since then; null: that is not known. */
  readonly recent: { readonly spent: bigint; readonly since: Millis } | null;
  /** What commitments that draw on it cost an hour. */
  readonly perHour: bigint;
}

export type Forecast =
  | { readonly kind: "none"; readonly because: "no-end" | "too-early" }
  | {
      readonly kind: "reckoned";
      readonly spent: bigint;
      /** When that is more than the limit: the moment it is reached. Null: not in this window. */
      readonly passesAt: Millis | null;
      readonly by: "last-day" | "window";
    };

/** Of how much is looked at for what comes; a younger window is looked at whole. */
export const LOOKED_AT_MS: Millis = 24 * 3_600_000;
const HOUR_MS: Millis = 3_600_000;
/** In its first part a window says too little: one call of a minute would be thousands a day. */
const EARLY_MS: Millis = HOUR_MS;
/** A forecast stays the same for so long, unless something is spent. */
const STEP_MS: Millis = 60_000;

/** Linear on purpose: whoever doubts it can reckon it again from the numbers beside it. */
export function forecastOf(course: Course, at: Millis): Forecast {
  const { ends, limit, spent, starts } = course;
  const now = Math.floor(at / STEP_MS) * STEP_MS;
  if (ends === null) return { kind: "none", because: "no-end" };
  if (now - starts < EARLY_MS) return { kind: "none", because: "too-early" };
  const { amount, by, overMs } = paceOf(course, now);
  const left = BigInt(Math.max(0, ends - now));
  const total = spent + roundedUp(amount * left, BigInt(overMs));
  const room = limit - spent;
  const isPassed = room > 0n && total > limit;
  const passesAt = isPassed ? now + Number(roundedUp(room * BigInt(overMs), amount)) : null;
  return { kind: "reckoned", spent: total, passesAt, by };
}

/** So much in so long. */
interface Pace {
  readonly amount: bigint;
  readonly overMs: Millis;
  readonly by: "last-day" | "window";
}

function paceOf({ perHour, recent, spent, starts }: Course, now: Millis): Pace {
  const isYoung = now - starts <= LOOKED_AT_MS;
  if (recent === null || isYoung || now - recent.since < EARLY_MS) {
    return { amount: spent, overMs: now - starts, by: "window" };
  }
  // What goes on costing is in no call; before it was charged it is not in `recent`.
  const overMs = now - recent.since;
  const running = roundedUp(perHour * BigInt(overMs), BigInt(HOUR_MS));
  return { amount: recent.spent + running, overMs, by: "last-day" };
}

function roundedUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}
