import { systemClock } from "../adapters/clock/system.ts";

/** The date that dated prices go by. */
export function todayText(): string {
  return new Date(systemClock.wall()).toISOString().slice(0, 10);
}
