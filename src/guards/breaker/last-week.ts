/**
 * What was in the same hour of the day a week ago, in UTC. Of a window that reaches over the turn
 * of an hour each of the two hours counts by how much of the window is in it: at the end of a busy
 * hour its calls are not held to the quiet one that begins.
 */
import type { Millis } from "../money.ts";
import { type Amount, figureOf, type Measure, sumOf } from "./measure.ts";

/** What is known of an hour. */
export interface Hour extends Amount {
  readonly start: Millis;
  /** So many of it: those with an alarm are left out, and those before the first call ever. */
  readonly minutes: number;
}

const MINUTE_MS: Millis = 60_000;
export const HOUR_MS: Millis = 60 * MINUTE_MS;
export const WEEK_MS: Millis = 7 * 24 * HOUR_MS;
/** Of an hour with less: it may be the beginning of something that only grows to its size. */
const LONG_MINUTES = 10;

export interface Usual {
  /** In the signal's own unit. */
  readonly usual: number;
  /** Enough to judge by. */
  readonly isLong: boolean;
}

/** Starts of the hours that the window was in a week before now, oldest first. */
export function hoursBefore(now: Millis, windowMs: Millis): readonly Millis[] {
  const [from, until] = [hourOf(now - WEEK_MS - windowMs), hourOf(now - WEEK_MS)];
  return from === until ? [until] : [from, until];
}

export function hourOf(at: Millis): Millis {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

/** Null: nothing is known of any of them. */
export function usualOf(
  hours: readonly Hour[],
  measure: Measure,
  { now, windowMs }: { readonly now: Millis; readonly windowMs: Millis },
): Usual | null {
  const until = now - WEEK_MS;
  const parts = hours.flatMap(({ beside, count, minutes, start }) => {
    const withinMs = Math.min(until, start + HOUR_MS) - Math.max(until - windowMs, start);
    if (withinMs <= 0 || minutes <= 0) return [];
    const share = withinMs / (minutes * MINUTE_MS);
    return [{ withinMs, minutes, count: count * share, beside: beside * share }];
  });
  const overMs = parts.reduce((sum, { withinMs }) => sum + withinMs, 0);
  const usual = overMs === 0 ? null : figureOf(measure, sumOf(parts), overMs);
  if (usual === null) return null;
  return { usual, isLong: parts.every(({ minutes }) => minutes >= LONG_MINUTES) };
}
