/** Money that goes on being spent after its call: what is set aside for it, durably. */
import type { Commitment, CommitmentState, Step } from "../guards/commitment/commitment.ts";
import type { Millis } from "../guards/money.ts";
import type { Fenced, HolderId } from "./ids.ts";
import type { AccountState, Done } from "./ledger.ts";

/** Whose commitments share `max_active` places. */
export interface CommitmentKey {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
}

export interface NewCommitment
  extends CommitmentKey,
    Pick<Commitment, "id" | "task" | "key" | "nanoUsdPerHour" | "horizonMs" | "holds"> {
  /** Places of this agent and tool. */
  readonly activeMax: number;
}

export type CommitmentOpened =
  /** Also where it was there before, as it stands then. */
  | (Done & { readonly kind: "opened"; readonly commitment: Commitment })
  /** Nothing changed. */
  | { readonly kind: "full"; readonly active: number }
  /** The holder has not that much of an account: its books are not the store's. */
  | { readonly kind: "not-held" };

export type CommitmentMoved =
  | { readonly kind: "ok"; readonly commitment: Commitment }
  /** It was changed since: as it stands. */
  | { readonly kind: "conflict"; readonly commitment: Commitment }
  /** More was to be set aside than an account has, or than one that is closed gives. */
  | { readonly kind: "short"; readonly accounts: readonly AccountState[] }
  | { readonly kind: "none" };

export interface CommitmentFilter extends Partial<CommitmentKey> {
  readonly id?: string;
  /** As JSON. */
  readonly service?: string;
  readonly states?: readonly CommitmentState[];
  /** Only those that somebody is to look at now, longest due first; else the newest first. */
  readonly due?: boolean;
  readonly limit: number;
}

export interface Commitments {
  /** The store's wall clock. */
  readonly now: Millis;
  readonly commitments: readonly Commitment[];
}

/**
 * Commitments. What they hold of an account is its `committed`, always, and a fence or a close of
 * the holder that opened one leaves it `unknown` and due, if its call was not heard of by then.
 */
export interface CommitmentStore {
  /**
   * Opens one in a live holder's name, in a place of its agent and tool. What it holds is drawn
   * from the holder's slices, where it was reserved: so no account has more set aside than before.
   * Again by the same id: no change.
   */
  open(holder: HolderId, opening: NewCommitment): Promise<CommitmentOpened | Fenced>;
  /**
   * Compare and set: `next` names the version that it was made of. Charges are spent, whatever the
   * limit says, and what it holds may only grow within what an open account has left. Room that it
   * leaves is told to whoever watches.
   */
  move(step: Step): Promise<CommitmentMoved>;
  /** Places that are taken. */
  count(key: CommitmentKey): Promise<number>;
  list(filter: CommitmentFilter): Promise<Commitments>;
  /** Forgets those that ended before this. */
  prune(before: Millis): Promise<void>;
}
