/** Counts of tool calls over all gateways, for the breakers. */
import type { Millis } from "../guards/money.ts";
import type { Fenced, HolderId } from "./ids.ts";

export interface CounterKey {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  /** Start of its bucket, the gateway's wall clock rounded down. */
  readonly bucket: Millis;
}

/** One gateway's total of a bucket so far: a lost or repeated message changes nothing. */
export interface CounterTotal extends CounterKey {
  readonly total: number;
}

export interface CounterStore {
  /**
   * Sets this holder's totals (never lower than they are) and answers the sums over all holders of
   * the buckets that changed since `after`, with the number to ask with next time.
   */
  merge(
    holder: HolderId,
    totals: readonly CounterTotal[],
    after: number,
  ): Promise<
    { readonly kind: "ok"; readonly sums: readonly CounterTotal[]; readonly seq: number } | Fenced
  >;
  /** Forgets buckets that began before this. */
  prune(before: Millis): Promise<void>;
}
