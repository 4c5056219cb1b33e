/**
 * Where everything that must outlive a process is kept, behind small ports with one adapter object
 * for all of them. Every method is one transaction: it is durable before its answer is given, and it
 * rejects only with `StoreUnreachable` (which leaves open whether it happened; every method may be
 * repeated). Amounts are nano-USD as `bigint`. Protocol: chapter 11 of the design, "Transactions".
 */
import type { Millis } from "../guards/money.ts";

/** One boot of one process, or what a fenced process becomes: 128 random bits in hex. */
export type HolderId = string;
/** Number of an account in its store. */
export type AccountId = number;

export class StoreUnreachable extends Error {
  override readonly name = "StoreUnreachable";
}

export interface Store {
  readonly ledger: LedgerStore;
  readonly holders: HolderStore;
  readonly journal: JournalStore;
  readonly registry: Registry;
  readonly tasks: TaskStore;
  /** Releases connections and locks. Nothing in flight is waited for longer than two seconds. */
  close(): Promise<void>;
}

// ── Money ───────────────────────────────────────────────────────────────────────────────────────

export interface AccountKey {
  readonly budget: string;
  /** Value of the scope: an agent's id, a task's id, …; "" for a budget with one account. */
  readonly scope: string;
  /** Start of the window, 0 for windows without one (task, lifetime). */
  readonly starts: Millis;
}

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
  /** False once a later window of the same budget and scope exists, or its task has ended. */
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

export type Fenced = { readonly kind: "fenced" };
export type Granted = {
  readonly kind: "ok";
  readonly granted: readonly Total[];
  readonly accounts: readonly AccountState[];
};
/** Nothing changed. `accounts` are those asked for, as they stand. */
export type Short = { readonly kind: "short"; readonly accounts: readonly AccountState[] };

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
}

/**
 * The ledger. `committed = spent + leased + forfeited` never passes `limit` by a lease.
 */
export interface LedgerStore {
  /** Makes accounts that are missing (keeping those that stand, limits included), and closes older windows. */
  open(specs: readonly AccountSpec[]): Promise<readonly AccountState[]>;
  /** All or nothing: every account open and `least − granted ≤ limit − committed`, else `short` and no trace. */
  lease(holder: HolderId, wants: readonly Want[]): Promise<Granted | Short | Fenced>;
  /** `total` is everything returned since the holder registered; a total not above the known one is a no-op. */
  giveBack(holder: HolderId, returned: readonly Total[]): Promise<{ readonly kind: "ok" } | Fenced>;
  /**
   * Settles calls, each once by its id: from `leased` of a live holder, from `forfeited` of a fenced
   * one. Journal entries and the anchor go in the same transaction, each once by writer and number.
   * `closed`: nothing was written, for a closed holder can owe nothing.
   */
  flush(
    holder: HolderId,
    batch: Batch,
  ): Promise<{ readonly kind: "ok" } | { readonly kind: "closed" }>;
  /** Replaces this holder's open recalls: it needs `amount` more of each account. Others see it at once by `watch`. */
  want(
    holder: HolderId,
    wants: readonly { readonly account: AccountId; readonly amount: bigint }[],
  ): Promise<void>;
  /** Sets the limit of every open account of a budget. Usage stays. A holder's slice is not taken away. */
  editLimit(budget: string, limit: bigint): Promise<void>;
  accounts(filter: AccountFilter): Promise<readonly AccountState[]>;
  /** Closes the accounts whose scope is this task: no lease any more; flush and give back go on. */
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

// ── Holders ─────────────────────────────────────────────────────────────────────────────────────

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
  /** This holder's last flush number and granted totals, to notice a store that lost commits. */
  readonly flushNo: number;
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
  readonly amount: bigint;
}

export interface HolderStore {
  /** Inserts a live holder. With no other live holder its configuration becomes the one in force. */
  register(holder: HolderInfo): Promise<Registered>;
  /** Raises `beatNo`. On a connection of its own: it never waits behind other work. */
  beat(id: HolderId): Promise<Beat | Fenced>;
  /**
   * Fences `id` if it is live and its `beatNo` is still `seen` (null: the process is proven gone):
   * what it held is forfeited. Empty if there was nothing to do.
   */
  fence(id: HolderId, seen: number | null): Promise<readonly Forfeit[]>;
  /**
   * A holder ends itself: live with every slice at zero, or fenced with all its calls flushed, which
   * gives what is left of its forfeits back. `held`: a live holder still holds something.
   */
  close(id: HolderId): Promise<{ readonly kind: "closed" } | { readonly kind: "held" }>;
  list(): Promise<readonly HolderRow[]>;
  /** Compare and set of the configuration in force; a live holder's row follows. */
  configure(id: HolderId, from: string, to: string): Promise<boolean>;
  /** Calls on every change by others (wants, give-backs, keys, configuration); the answer stops it. */
  watch(changed: (what: "wants" | "room" | "changes") => void): () => void;
}

// ── Journal ─────────────────────────────────────────────────────────────────────────────────────

/** One link of the chain of one writer (a holder). Hashes: `guards`-free, see `telemetry/chain.ts`. */
export interface JournalEntry {
  readonly writer: HolderId;
  /** From 1, without gaps for one writer. */
  readonly no: number;
  readonly at: Millis;
  /** Name of the event, noun first: `call.settled`. */
  readonly kind: string;
  readonly decision: string | null;
  readonly agent: string | null;
  readonly task: string | null;
  readonly code: string | null;
  /** The event as JSON text, exactly as hashed. */
  readonly body: string;
  /** Hex SHA-256 over the hash before and this entry. */
  readonly hash: string;
}

/** Heads of the chains that a writer knew, signed with the journal's key. */
export interface Anchor {
  readonly writer: HolderId;
  /** From 1, without gaps for one writer. */
  readonly no: number;
  readonly at: Millis;
  /** `writer → [no, hash]` as JSON text, exactly as signed. */
  readonly heads: string;
  readonly mac: string;
}

export interface JournalQuery {
  readonly agent?: string;
  readonly task?: string;
  readonly code?: string;
  readonly decision?: string;
  readonly kind?: string;
  readonly writer?: string;
  readonly from?: Millis;
  readonly to?: Millis;
  /** Only entries after this position, in the store's order. */
  readonly after?: number;
  /** `newest`: the last `limit` ones (still in the store's order). */
  readonly take: "oldest" | "newest";
  readonly limit: number;
}

export interface JournalStore {
  read(query: JournalQuery): Promise<readonly (JournalEntry & { readonly position: number })[]>;
  anchors(
    after: number,
    limit: number,
  ): Promise<readonly (Anchor & { readonly position: number })[]>;
}

// ── Keys, flags, tasks ──────────────────────────────────────────────────────────────────────────

export type Role = "viewer" | "operator" | "admin";

export interface KeyRecord {
  /** Public id, `key_…`. */
  readonly id: string;
  /** Hex SHA-256 of the secret; the secret itself is nowhere. */
  readonly hash: string;
  /** An agent's key, one for a single task of it, or an operator's token. */
  readonly holder:
    | { readonly kind: "agent"; readonly agent: string }
    | { readonly kind: "task"; readonly agent: string; readonly task: string }
    | { readonly kind: "operator"; readonly name: string; readonly role: Role };
  readonly createdAt: Millis;
  readonly expiresAt: Millis | null;
  readonly revokedAt: Millis | null;
}

/** A provider's model that billed above what it was asked, reserved at its maximum from then on. */
export interface ModelFlag {
  readonly provider: string;
  readonly model: string;
  readonly what: "output" | "input";
  readonly since: Millis;
  /** Call that showed it. */
  readonly call: string;
}

export interface Registry {
  createKey(key: KeyRecord): Promise<void>;
  /** False if there is no such key, or it was revoked before. */
  revokeKey(id: string, at: Millis): Promise<boolean>;
  /** All that are not revoked, or all. */
  keys(all: boolean): Promise<readonly KeyRecord[]>;
  keyByHash(hash: string): Promise<KeyRecord | null>;
  flag(flag: ModelFlag): Promise<void>;
  clearFlag(provider: string, model: string): Promise<boolean>;
  flags(): Promise<readonly ModelFlag[]>;
}

export type TaskEnd = "ok" | "failed" | "unknown";

export interface TaskRecord {
  /** As the agent names it; unique for that agent. */
  readonly id: string;
  readonly agent: string;
  readonly parent: string | null;
  readonly depth: number;
  readonly openedAt: Millis;
  readonly lastSeenAt: Millis;
  readonly endedAt: Millis | null;
  readonly outcome: TaskEnd | null;
}

export interface TaskLimits {
  /** Tasks that an agent may open in any hour; unnamed ones are not counted. */
  readonly newPerHour: number;
  readonly aliveMax: number;
  readonly depthMax: number;
  readonly childrenMax: number;
}

export interface TaskOpen {
  readonly id: string;
  readonly agent: string;
  readonly parent: string | null;
  readonly at: Millis;
  /** The shared task of a key and day: never counted against `newPerHour`. */
  readonly unnamed: boolean;
  readonly limits: TaskLimits;
}

export type TaskOpened =
  /** Made now, or there before (also when it has ended: see `endedAt`). */
  | { readonly kind: "ok"; readonly task: TaskRecord; readonly made: boolean }
  | { readonly kind: "too-many"; readonly limit: keyof TaskLimits; readonly max: number }
  | { readonly kind: "no-parent" };

export interface TaskStore {
  /** Counts and inserts in one transaction, so that two gateways cannot pass a limit together. */
  open(task: TaskOpen): Promise<TaskOpened>;
  /** False if there is none or it had ended. Ends its descendants with it. */
  end(agent: string, id: string, outcome: TaskEnd, at: Millis): Promise<boolean>;
  /** Totals: `lastSeenAt` never goes back. */
  touch(
    seen: readonly { readonly agent: string; readonly id: string; readonly at: Millis }[],
  ): Promise<void>;
  /** Ends as unknown what was not seen since `before`; the answer says which. At most `limit` at once. */
  endIdle(agent: string, before: Millis, at: Millis, limit: number): Promise<readonly string[]>;
  find(agent: string, id: string): Promise<TaskRecord | null>;
  list(filter: {
    readonly agent?: string;
    readonly alive?: boolean;
    readonly limit: number;
  }): Promise<readonly TaskRecord[]>;
}
