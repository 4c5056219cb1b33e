/** The task that calls of one key share on one day of the calendar when they name none. */
import type { Millis } from "../money.ts";

/** Shared tasks cannot be named by an agent, or it would open them outside its limits. */
export const UNNAMED_PREFIX = "unnamed:";

/** A task that a key shares for a day. */
export function isUnnamed(id: string): boolean {
  return id.startsWith(UNNAMED_PREFIX);
}

/** Longer than any such day: it is not ended as idle before, for nothing could replace it. */
export const UNNAMED_MS: Millis = 25 * 3_600_000;
