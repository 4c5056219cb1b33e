/**
 * What budgets count, between processes and crashes: accounts, leases, settlements. Every amount is
 * of the unit of its account.
 */
import type { Window } from "../guards/budget/budget.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { AccountId, Fenced, HolderId } from "./ids.ts";
import type { Anchor, JournalEntry } from "./journal.ts";
import type { Answered } from "./parking.ts";

export interface AccountKey {
  readonly budget: string;
  /** Value of the scope: an agent's id, a task's id, …; "" for a budget with one account. */
  readonly scope: string;
  /** A budget that is given another unit has other accounts: dollars are never added to tokens. */
  readonly unit: Unit;
  /**
   * The kind of window: a day's account and a month's are two, so that neither is a later window of
   * the other, and what was spent on the one is not taken off the other.
   */
  readonly window: Window;
  /** Start of the window, 0 for windows without one (task, lifetime). */
  readonly starts: Millis;
}

/** The open accounts of a budget that a limit is for. */
export type Limited = Pick<AccountSpec, "budget" | "unit" | "window" | "limit">;

export interface AccountSpec extends AccountKey {
  /** End of the window, exclusive; null for windows without one. */
  readonly ends: Millis | null;
  readonly limit: bigint;
}

export interface AccountState extends AccountSpec {
  readonly id: AccountId;
  readonly spent: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
  /** Set aside for commitments; see `CommitmentStore`. */
  readonly committed: bigint;
  /** False once there is a later window of its budget, scope, unit and kind, or its task ended. */
  readonly open: boolean;
}

export interface Want {
  readonly account: AccountId;
  /** Smallest total granted (since the holder registered) that will do. */
  readonly least: bigint;
  /** The total granted that would be welcome; ≥ least. */
  readonly most: bigint;
}

export interface Total {
  readonly account: AccountId;
  readonly total: bigint;
}

/**
 * How much the ledger has done for this holder: raised by every lease that is granted, give-back
 * and flush, in their transaction. So a store that answers one of them with no more than was known
 * when it was asked has lost commits.
 */
export interface Done {
  readonly doneNo: number;
}

export type Granted = Done & {
  readonly kind: "ok";
  readonly granted: readonly Total[];
  readonly accounts: readonly AccountState[];
};
/** Nothing changed, `doneNo` neither. `accounts` are those asked for, as they stand. */
export type Short = Done & { readonly kind: "short"; readonly accounts: readonly AccountState[] };

export interface Leg {
  readonly account: AccountId;
  /** Taken from the holder's slice. */
  readonly drawn: bigint;
  /** What the call cost; above `drawn` only where the provider overbilled. */
  readonly charged: bigint;
}

export interface Settlement {
  readonly call: string;
  readonly legs: readonly Leg[];
  readonly estimated: boolean;
}

export interface Batch {
  readonly settlements: readonly Settlement[];
  readonly entries: readonly JournalEntry[];
  readonly anchor: Anchor | null;
  /** What became of parked and claimed calls; of a claim that is not this holder's, nothing. */
  readonly answers?: readonly Answered[];
}

/**
 * The ledger. `spent + leased + forfeited + committed` never passes `limit` by a lease.
 */
export interface LedgerStore {
  /**
   * Makes accounts that are missing (keeping those that stand, limits included), and closes older
   * windows of their unit and kind. Accounts of others stay as they are: a budget may go back to
   * them.
   */
  open(specs: readonly AccountSpec[]): Promise<readonly AccountState[]>;
  /**
   * All or nothing: every account open and `least − granted` within what its limit has left, else
   * `short` and no trace.
   */
  lease(holder: HolderId, wants: readonly Want[]): Promise<Granted | Short | Fenced>;
  /**
   * `total` is everything returned since the holder registered; a total not above the known one is
   * a no-op.
   */
  giveBack(
    holder: HolderId,
    returned: readonly Total[],
  ): Promise<(Done & { readonly kind: "ok" }) | Fenced>;
  /**
   * Settles calls, each once by its id: from `leased` of a live holder, from `forfeited` of a
   * fenced one. Journal entries and the anchor go in the same transaction, each once by writer and
   * number. `closed`: nothing was written, for a closed holder can owe nothing.
   */
  flush(
    holder: HolderId,
    batch: Batch,
  ): Promise<(Done & { readonly kind: "ok" }) | { readonly kind: "closed" }>;
  /**
   * Replaces this holder's open recalls: it needs `amount` more of each account. Others see it at
   * once by `watch`.
   */
  want(
    holder: HolderId,
    wants: readonly { readonly account: AccountId; readonly amount: bigint }[],
  ): Promise<void>;
  /**
   * Sets the limit of every open account of a budget, unit and kind of window: what is a limit for
   * a month never was one for a day. What a person has raised stays raised. Usage stays. A holder's
   * slice is not taken away. `of` is the
   * digest of the configuration that says so: nothing happens unless that is in force, for a copy
   * that comes late is of one that may not be.
   */
  editLimit(limited: Limited, of?: string): Promise<void>;
  accounts(filter: AccountFilter): Promise<readonly AccountState[]>;
  /**
   * Closes the accounts whose scope is this task, of every kind: no lease any more; flush and give
   * back go on.
   */
  closeScope(budgets: readonly string[], scope: string): Promise<void>;
}

export interface AccountFilter {
  /** Only open ones, unless false. */
  readonly open?: boolean;
  readonly budget?: string;
  readonly scope?: string;
  readonly ids?: readonly AccountId[];
  /** At most this many, newest first. */
  readonly limit: number;
}
