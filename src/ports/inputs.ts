/**
 * What calls asked, beside the journal: sealed, for a while, and erased without breaking its chain.
 * The journal itself holds digests alone.
 */
import type { Millis } from "../guards/money.ts";

/** Most that one reading answers. */
export const INPUTS_READ_MAX = 1_000;

export interface CallInput {
  /** The decision that it was asked by: one input for each. */
  readonly decision: string;
  readonly agent: string;
  readonly at: Millis;
  /** Encrypted by the gateway: the store cannot read it. */
  readonly sealed: Uint8Array;
}

export interface InputQuery {
  readonly agent: string;
  readonly from: Millis;
  /** Only those after this position, in the store's order. */
  readonly after: number;
  /** At most `INPUTS_READ_MAX` are answered, whatever it is. */
  readonly limit: number;
}

export type PlacedInput = CallInput & { readonly position: number };

export interface InputStore {
  /** Each decision's once: what is written again changes nothing. */
  write(inputs: readonly CallInput[]): Promise<void>;
  /** The oldest of them first. */
  read(query: InputQuery): Promise<readonly PlacedInput[]>;
  /** Forgets those from before this. */
  prune(before: Millis): Promise<void>;
}
