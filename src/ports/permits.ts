/**
 * Limits on calls of tools over all gateways: each of R calls in W, or of R calls at once, is R
 * permits, which gateways own.
 */
import type { Millis } from "../guards/money.ts";
import type { Fenced, HolderId } from "./ids.ts";

/** A limit is named for whose calls it bounds, not for its numbers: those may be edited. */
export interface PermitKey {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  /** How often calls go out, or how many are out at once: two limits of one tool. */
  readonly bounds: "rate" | "concurrency";
}

export interface PermitWish extends PermitKey {
  /** Permits 0 … `requests` − 1 are in use; others are never given. */
  readonly requests: number;
  /** How many more this holder wants, at most. */
  readonly most: number;
}

export interface Permit {
  readonly no: number;
  /** One higher at every change of owner. */
  readonly number: number;
  /**
   * How long ago it was last used at the latest, by protocol time when the answer was made; null:
   * never used since it was made.
   */
  readonly ageMs: Millis | null;
}

export interface Returned extends PermitKey {
  readonly no: number;
  readonly number: number;
  /** Since its last use, as its owner measured; null: it never used it. */
  readonly idleMs: Millis | null;
}

export interface PermitsTaken {
  readonly kind: "ok";
  /** All that this holder owns of this limit now, new ones included. */
  readonly owned: readonly Permit[];
  /** Permits of this limit that nobody owns. */
  readonly unowned: number;
}

/** A holder that asked for more than there was; it stands until it asks again or gives back. */
export interface PermitWant extends PermitKey {
  readonly holder: HolderId;
  readonly most: number;
}

export interface PermitStore {
  /**
   * Gives unowned permits, longest unused first, and makes the rows of a limit that are missing.
   * While another live holder owns or wants some of the limit, nobody is given more than makes
   * ⌈requests / 2⌉ in all. Whoever is left short is a `PermitWant`, which the others hear of by
   * `watch` ("wants") and with their next heartbeat. Permits of `no ≥ requests` are not given.
   */
  take(holder: HolderId, wish: PermitWish): Promise<PermitsTaken | Fenced>;
  /** Owner and number must match, else that one is a no-op: a late copy changes nothing. */
  give(holder: HolderId, returned: readonly Returned[]): Promise<{ readonly kind: "ok" } | Fenced>;
}
