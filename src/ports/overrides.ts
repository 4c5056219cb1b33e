/** Limits of accounts that a person has raised, beside what the configuration says. */
import type { Millis } from "../guards/money.ts";
import type { AccountId } from "./ids.ts";
import type { AccountKey, AccountState } from "./ledger.ts";

export interface NewOverride {
  /** Chosen by whoever asks: a repeated one is a no-op. */
  readonly id: string;
  readonly account: AccountId;
  /** In the account's unit; null: what was raised before is withdrawn. */
  readonly limit: bigint | null;
  readonly reason: string;
  readonly by: string;
  readonly at: Millis;
  /** The review that it was decided in, if any. */
  readonly review: string | null;
}

/** With the account that it is of: its window is how long it holds. */
export interface Override extends NewOverride, AccountKey {
  readonly limit: bigint;
  readonly ends: Millis | null;
  /** What the configuration says by now. */
  readonly configured: bigint;
}

/**
 * The limit of an account is the larger of what its configuration says and what a person has raised
 * it to last. So a raise survives every reload, and ends with the account's window.
 */
export interface OverrideStore {
  /** Null: there is no such account, or its window is over; nothing happened. */
  raise(override: NewOverride): Promise<AccountState | null>;
  /** The newest of each open account, if that is no withdrawal; newest first. */
  list(limit: number): Promise<readonly Override[]>;
}
