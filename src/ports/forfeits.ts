/** What processes that died had held: charged, until an operator releases it. */
import type { Evidence } from "../guards/budget/release.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { HolderRow } from "./holders.ts";
import type { AccountId, HolderId } from "./ids.ts";

/** A fenced holder's forfeit on one account that is open. */
export interface ForfeitRow {
  readonly holder: HolderRow;
  readonly account: AccountId;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly starts: Millis;
  readonly ends: Millis | null;
  readonly amount: bigint;
}

/** Which forfeits; what is left out does not narrow them. */
export interface ForfeitFilter {
  readonly holder?: HolderId;
  readonly budget?: string;
  readonly scope?: string;
  readonly unit?: Unit;
  readonly limit: number;
}

export interface ReleaseWanted {
  /** Given by who asks: the same one again changes nothing. */
  readonly id: string;
  readonly forfeits: ForfeitFilter & { readonly holder: HolderId };
  /**
   * Stays charged of each forfeit: what the provider's bill shows of that process. Unless it is 0
   * the forfeits are of one unit, which is its own.
   */
  readonly billed: bigint;
  readonly evidence: Evidence;
  readonly operator: string;
  readonly reason: string;
}

/** One account's part of a release, as it is kept. */
export interface Release {
  readonly id: string;
  readonly holder: HolderId;
  readonly account: AccountId;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  /** What was given back; `billed` is what stayed charged. */
  readonly amount: bigint;
  readonly billed: bigint;
  readonly evidence: Evidence;
  readonly operator: string;
  readonly reason: string;
  readonly at: Millis;
}

export type Released =
  | { readonly kind: "released"; readonly releases: readonly Release[] }
  /** That id was used before: this is what was done then, and nothing was done now. */
  | { readonly kind: "already"; readonly releases: readonly Release[] }
  /** `fence`: the holder is live, closed or unknown. `nothing`: no forfeit is above `billed`. */
  | { readonly kind: "refused"; readonly missing: "fence" | "nothing" };

/**
 * Forfeits on open accounts: those of windows and tasks that are over buy nothing any more.
 */
export interface ForfeitStore {
  /** The newest fences first, and of each holder the accounts as they were opened. */
  list(filter: ForfeitFilter): Promise<readonly ForfeitRow[]>;
  /**
   * Lowers each of these forfeits that is above `billed` to it, and keeps a row of each. A
   * settlement that comes later is spent in full all the same.
   */
  release(wanted: ReleaseWanted): Promise<Released>;
  /** Newest first. */
  releases(filter: { readonly id?: string; readonly limit: number }): Promise<readonly Release[]>;
}
