/**
 * The part of one account that this process holds, in the unit of its budget, and its books:
 *
 *     free + reserved + unflushed + (returned − what the store knows of it) = held
 *
 * `granted` and `returned` are running totals since the holder registered, so that an answer that
 * comes twice, late or never changes nothing.
 */
import type { Amount, Unit } from "./unit.ts";

export interface Slice {
  /** May be reserved. Never negative but by an overbill. */
  readonly free: Amount;
  /** Set aside for calls that have not settled. */
  readonly reserved: Amount;
  /** Drawn by settled calls that the store has not yet been told of. */
  readonly unflushed: Amount;
  /** Largest total seen granted by the store. */
  readonly granted: bigint;
  /** Own total of what was given back. */
  readonly returned: bigint;
}

/** The account as the store last told it. */
export interface Seen {
  readonly limit: bigint;
  readonly spent: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
  /** Set aside for what goes on costing after its call. */
  readonly committed: bigint;
}

export interface Purse {
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly slice: Slice;
  /** Set once this call was told that the store has not enough; null: not asked yet. */
  readonly seen: Seen | null;
}

export const EMPTY: Slice = { free: 0, reserved: 0, unflushed: 0, granted: 0n, returned: 0n };

/** What the store could still lease; negative after an overbill or a lowered limit. */
export function roomOf(seen: Seen): bigint {
  return hopeOf(seen) - seen.leased;
}

/** What could ever fit, once everything in flight has settled for nothing. */
export function hopeOf(seen: Seen): bigint {
  return seen.limit - seen.spent - seen.forfeited - seen.committed;
}

/** The store's answer to a lease. A total that is not above the one known is an old answer. */
export function receive(slice: Slice, granted: bigint): Slice {
  if (granted <= slice.granted) return slice;
  return { ...slice, free: slice.free + Number(granted - slice.granted), granted };
}

/** Sets money aside. The caller has seen that it is free. */
export function reserve(slice: Slice, amount: Amount): Slice {
  return { ...slice, free: slice.free - amount, reserved: slice.reserved + amount };
}

/** The store has set this aside for what the call goes on costing: it is no part of the slice. */
export function commit(slice: Slice, amount: Amount): Slice {
  return { ...slice, reserved: slice.reserved - amount };
}

/** The request never left: nothing was spent. */
export function drop(slice: Slice, reserved: Amount): Slice {
  return { ...slice, free: slice.free + reserved, reserved: slice.reserved - reserved };
}

/**
 * A call ends. What it drew leaves the slice; an overbill beyond the slice is in `charged` alone.
 */
export function settle(slice: Slice, reserved: Amount, charged: Amount): [Slice, Amount] {
  const drawn = Math.min(charged, reserved + Math.max(slice.free, 0));
  const after = {
    ...slice,
    free: slice.free + reserved - drawn,
    reserved: slice.reserved - reserved,
    unflushed: slice.unflushed + drawn,
  };
  return [after, drawn];
}

/** The store has these settlements. */
export function flushed(slice: Slice, drawn: Amount): Slice {
  return { ...slice, unflushed: slice.unflushed - drawn };
}

/** Puts part of what is free, at most all of it, on its way back to the store. */
export function giveBack(slice: Slice, amount: Amount): Slice {
  const given = Math.max(0, Math.min(amount, slice.free));
  return given === 0
    ? slice
    : { ...slice, free: slice.free - given, returned: slice.returned + BigInt(given) };
}
