/**
 * How much to lease beyond the need of the moment. What a process holds is lost to the budget if it
 * dies, so a slice is small: about 100 ms of demand, at least a few calls where there is plenty,
 * and never more than a small part of what the account still has.
 */
import type { Millis } from "../money.ts";
import type { Amount } from "./unit.ts";

export interface Demand {
  /** Reserved since `since`, for the rate. */
  readonly amount: Amount;
  readonly since: Millis;
  /** A millisecond, of the last whole stretch. */
  readonly rate: number;
}

export const QUIET: Demand = { amount: 0, since: 0, rate: 0 };

const STRETCH_MS = 500;
const AHEAD_MS = 100;
const CALLS_AHEAD = 8;
/** No holder leases more than this part of the room beyond its need, shared among all. */
const ROOM_SHARE = 16;

export function noteDemand(demand: Demand, amount: Amount, now: Millis): Demand {
  const age = now - demand.since;
  if (age < STRETCH_MS) return { ...demand, amount: demand.amount + amount };
  const idle = age > 4 * STRETCH_MS;
  return { amount, since: now, rate: idle ? 0 : demand.amount / age };
}

/** Extra to ask for, given the room that was last seen and how many processes share it. */
export function aheadOf(demand: Demand, need: Amount, room: bigint, holders: number): Amount {
  const share = Number(room) / (ROOM_SHARE * Math.max(1, holders));
  if (share <= 0) return 0;
  return Math.floor(Math.min(share, Math.max(demand.rate * AHEAD_MS, CALLS_AHEAD * need)));
}
