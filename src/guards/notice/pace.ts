/**
 * When a notice is tried again, and how many messages go out.
 *
 *   pending ──sent──► sent
 *      │  ▲
 *      │  └─fault: tried again after 1 s, 2 s, 4 s … 5 min─┐
 *      ├───────────────────────────────────────────────────┘
 *      └──refused by the far end, or faults for 24 h──► given up
 */
import type { Millis } from "../money.ts";

export const RETRY_FIRST_MS: Millis = 1_000;
export const RETRY_MAX_MS: Millis = 300_000;
/** Nobody reads of yesterday's trip what the dashboard says better. */
export const GIVE_UP_MS: Millis = 24 * 3_600_000;
/** Messages of one notifier in a minute, the last of which says what all others would have. */
export const MESSAGES_A_MINUTE = 20;
/** A far end that asks for more is not believed: its notices would be given up first. */
export const RETRY_AFTER_MAX_MS: Millis = 3_600_000;

/**
 * Twice as long each time, less up to half of it by chance, so that many do not come at once.
 * `chance` is from 0 to 1.
 */
export function retryMs(attempts: number, chance: number): Millis {
  const doublings = Math.min(Math.max(attempts - 1, 0), 30);
  const longest = Math.min(RETRY_FIRST_MS * 2 ** doublings, RETRY_MAX_MS);
  return Math.round(longest * (1 - chance / 2));
}

/** How many of those that are due are told one by one, and whether the rest are told together. */
export interface Plan {
  readonly single: number;
  readonly folded: boolean;
}

/** `sent`: messages in the minute before. The last one of a minute tells whatever is left. */
export function planOf(due: number, sent: number): Plan {
  const room = Math.max(MESSAGES_A_MINUTE - sent, 0);
  if (due <= room) return { single: due, folded: false };
  return { single: Math.max(room - 1, 0), folded: room > 0 };
}
