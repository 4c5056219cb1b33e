/**
 * What proves that nothing more of a dead process can be billed, so that a forfeit may be given
 * back down to what its bill shows, and no cap is passed by it.
 */
import type { Millis } from "../money.ts";

/** `none`: an operator forced it, and the budget may be overspent by what was released. */
export type Evidence = "gone" | "none";

/**
 * A process that ran another configuration had time-outs that nobody knows any more: so long no
 * provider works on one call.
 */
export const UNKNOWN_TIMEOUT_MS: Millis = 24 * 3_600_000;

/** A holder, as far as anybody knows. */
export interface Remains {
  readonly state: "live" | "fenced" | "closed";
  readonly fencedAt: Millis | null;
  /** Its process is proven not to run any more. */
  readonly isGone: boolean;
  /** The longest that it could wait for a provider. */
  readonly timeoutMs: Millis;
}

export type Proof =
  | { readonly kind: "gone" }
  /** It could still write, or settle late: it has not been fenced. */
  | { readonly kind: "not-fenced" }
  /** It may only be stopped, and would go on where it was. */
  | { readonly kind: "may-run" }
  /** What it had sent may still be worked on, and billed. */
  | { readonly kind: "too-soon"; readonly waitMs: Millis };

/** Is this holder proven to be gone for good, and everything it had sent with it? */
export function proofOf(remains: Remains, now: Millis): Proof {
  const { fencedAt, isGone, state, timeoutMs } = remains;
  if (state !== "fenced" || fencedAt === null) return { kind: "not-fenced" };
  if (!isGone) return { kind: "may-run" };
  const waitMs = fencedAt + timeoutMs - now;
  return waitMs > 0 ? { kind: "too-soon", waitMs } : { kind: "gone" };
}
