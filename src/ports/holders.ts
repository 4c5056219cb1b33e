/** Which processes share the store, and which of them are still there. */
import type { Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { AccountId, Fenced, HolderId } from "./ids.ts";
import type { PermitWant } from "./permits.ts";

export interface HolderInfo {
  readonly id: HolderId;
  readonly host: string;
  readonly pid: number;
  /** Start of the process, as its platform tells; with host and pid it names one process. */
  readonly pidStart: string;
  /** Digest of the configuration it runs. */
  readonly configuration: string;
  /** Digest of the encryption key, never the key. */
  readonly keyId: string;
}

export interface HolderRow extends HolderInfo {
  readonly state: "live" | "fenced" | "closed";
  readonly beatNo: number;
  readonly fencedAt: Millis | null;
}

export interface Beat {
  readonly kind: "ok";
  /** The store's wall clock. */
  readonly now: Millis;
  /** Changes when the store was restored or replaced: then nothing known of it holds. */
  readonly generation: string;
  /** Raised by every change to keys, flags, limits or the configuration. */
  readonly changeSeq: number;
  /** Digest of the configuration in force. */
  readonly configuration: string;
  readonly live: readonly { readonly id: HolderId; readonly beatNo: number }[];
  /** Open recalls of others. */
  readonly wants: readonly {
    readonly holder: HolderId;
    readonly account: AccountId;
    readonly amount: bigint;
  }[];
  /** See `Done`: to notice a store that lost commits, whether or not it is asked for money. */
  readonly doneNo: number;
  /** Permits that others were left short of. */
  readonly permitWants: readonly PermitWant[];
  /** Outcomes of its decisions that were reported elsewhere wait for its answer. */
  readonly outcomesWait: boolean;
}

export type Registered =
  | Beat
  /** Another configuration is in force and live holders run it. */
  | {
      readonly kind: "other-configuration";
      readonly configuration: string;
      readonly holders: readonly HolderRow[];
    }
  /** The store was written with another encryption key. */
  | { readonly kind: "other-key"; readonly keyId: string };

export interface Forfeit {
  readonly account: AccountId;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly amount: bigint;
}

export interface HolderStore {
  /**
   * Inserts a live holder. With no other live holder its configuration becomes the one in force.
   */
  register(holder: HolderInfo): Promise<Registered>;
  /** Raises `beatNo`. On a connection of its own: it never waits behind other work. */
  beat(id: HolderId): Promise<Beat | Fenced>;
  /**
   * Fences `id` if it is live and its `beatNo` is still `seen` (null: the process is proven gone):
   * what it held is forfeited, and its gap entry is owed (see `JournalStore.gaps`). Empty if there
   * was nothing to do. Its permits are used now, at the latest; calls it had claimed are unknown,
   * and its parked ones detached. Calls of others whose clients have ever gone may be what it sent
   * in its silence, if they arrived after its last beat or it had not caught up with what let them
   * go, so they are not let go by themselves (`maybeSent`). Both are in one review
   * `outcome_unknown` for each agent, whose subject is this holder.
   */
  fence(id: HolderId, seen: number | null): Promise<readonly Forfeit[]>;
  /**
   * A holder ends itself: live with every slice at zero, or fenced with all its calls flushed,
   * which gives what is left of its forfeits back. `held`: a live holder still holds something.
   * Permits and claims that a live one has kept go as in a fence.
   */
  close(id: HolderId): Promise<{ readonly kind: "closed" } | { readonly kind: "held" }>;
  /** Live ones first, then the newest; at least the last thousand. */
  list(): Promise<readonly HolderRow[]>;
  /**
   * Compare and set of the configuration in force; a live holder's row follows. `from` is not asked
   * for where no other live holder runs what is in force: who set it died, or never heard that it
   * was done, and nobody's change is passed over.
   */
  configure(id: HolderId, from: string, to: string): Promise<boolean>;
  /**
   * Calls on every change by others (wants, give-backs, keys, configuration, clutches, reviews,
   * outcomes); the answer stops it.
   */
  watch(changed: (what: "wants" | "room" | "changes" | "outcomes") => void): () => void;
}
