/** What happened, chained and signed, as it is kept. */
import type { Millis } from "../guards/money.ts";
import type { Forfeit } from "./holders.ts";
import type { HolderId } from "./ids.ts";

/**
 * One link of the chain of one writer (a holder). Hashes: `guards`-free, see `telemetry/chain.ts`.
 */
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
  /** Null: entries about no agent. */
  readonly agent?: string | null;
  readonly task?: string;
  readonly code?: string;
  readonly decision?: string;
  readonly kind?: string;
  readonly writer?: string;
  readonly from?: Millis;
  readonly to?: Millis;
  /** Only entries after this position, in the store's order. */
  readonly after?: number;
  /** Only entries up to this position. */
  readonly upTo?: number;
  /** `newest`: the last `limit` ones (still in the store's order). */
  readonly take: "oldest" | "newest";
  readonly limit: number;
}

/** A holder that was fenced, as its fence left it: what it held then, whatever settled since. */
export interface Gap {
  readonly holder: HolderId;
  readonly forfeits: readonly Forfeit[];
}

/** What happened, as it is read. */
export interface JournalReader {
  read(query: JournalQuery): Promise<readonly (JournalEntry & { readonly position: number })[]>;
  anchors(
    after: number,
    limit: number,
  ): Promise<readonly (Anchor & { readonly position: number })[]>;
}

/** Flushes write it, with the money that entries speak of; gap entries alone come by themselves. */
export interface JournalStore extends JournalReader {
  /**
   * Holders that were fenced and of which no gap entry is written yet, oldest first, closed ones
   * too. A fence leaves this with the fence itself.
   */
  gaps(limit: number): Promise<readonly Gap[]>;
  /**
   * Writes the gap entry of a holder, once: false, and nothing is written, if it was written before
   * or none is owed.
   */
  writeGap(holder: HolderId, entry: JournalEntry): Promise<boolean>;
}
