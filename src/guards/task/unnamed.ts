/** The task that calls of one key share on one day of the calendar when they name none. */
import type { Millis } from "../money.ts";

/** Longer than any such day: it is not ended as idle before, for nothing could replace it. */
export const UNNAMED_MS: Millis = 25 * 3_600_000;
