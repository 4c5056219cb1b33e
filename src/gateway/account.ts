/** One account as this process holds it: its purse, and when and by whom it is wanted. */

import type { Window } from "../guards/budget/budget.ts";
import { type Demand, QUIET } from "../guards/budget/demand.ts";
import { EMPTY, type Purse, roomOf, type Seen } from "../guards/budget/slice.ts";
import type { Amount } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { AccountId, AccountState } from "../ports/store.ts";

export interface Account {
  readonly id: AccountId;
  readonly window: Window;
  readonly starts: Millis;
  /** End of the window, exclusive; null: none. */
  readonly ends: Millis | null;
  /** The slice and its names; `seen` is always null here and is set for one attempt of one call. */
  purse: Purse;
  /** What the store last said of it, and when (monotonic); -Infinity after any hint of a change. */
  view: Seen;
  viewedAt: Millis;
  demand: Demand;
  /**
   * A lease failed and may be done all the same, until then (monotonic) even later: the store is
   * asked what it granted, at least once after it. -Infinity: there is nothing to ask.
   */
  unsureUntil: Millis;
  /** A lease under way; whoever is short of this account waits for it and asks again. */
  leasing: Promise<unknown> | null;
  /** What the calls need that wait for it. */
  queued: Amount;
  /** Calls that wait for a refund, in order. */
  readonly waiters: Set<() => void>;
  /** Another process asked for it back: until then (monotonic) nothing free is kept. */
  wantedUntil: Millis;
  /** The largest `returned` that the store has confirmed. */
  returnedKnown: bigint;
  usedAt: Millis;
  /** No lease will be asked for any more: its window or its task is over. */
  over: boolean;
}

export function accountFrom(state: AccountState, now: Millis): Account {
  const { budget, scope, unit } = state;
  return {
    id: state.id,
    window: state.window,
    starts: state.starts,
    ends: state.ends,
    purse: { budget, scope, unit, slice: EMPTY, seen: null },
    view: state,
    viewedAt: now,
    demand: QUIET,
    unsureUntil: Number.NEGATIVE_INFINITY,
    leasing: null,
    queued: 0,
    waiters: new Set(),
    wantedUntil: Number.NEGATIVE_INFINITY,
    returnedKnown: 0n,
    usedAt: now,
    over: !state.open,
  };
}

/** Whether the store may have granted more than is known here. */
export function isUnsure(account: Account): boolean {
  return account.unsureUntil > Number.NEGATIVE_INFINITY;
}

/** Lets the calls that wait for this account look again. */
export function wake(account: Account): void {
  for (const waiter of [...account.waiters]) waiter();
}

/** What the budget still has for new calls, as this process knows it. */
export function remainingOf(account: Account): bigint {
  return roomOf(account.view) + BigInt(account.purse.slice.free);
}
