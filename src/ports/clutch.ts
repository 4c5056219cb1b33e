/** The clutches of the agents, and the queue of reviews that people decide. */
import type { Clutch } from "../guards/clutch/clutch.ts";
import type { Millis } from "../guards/money.ts";
import type { AccountId } from "./ids.ts";

export type ReviewKind = "trip" | "pause" | "approval" | "budget" | "outcome_unknown";

export interface NewReview {
  /** Chosen by whoever opens it: a repeated one is a no-op, also after it was decided. */
  readonly id: string;
  readonly kind: ReviewKind;
  readonly agent: string;
  /** What it is about, besides the agent: a budget's account, a call; "" for the whole agent. */
  readonly subject: string;
  /** One sentence, for people. */
  readonly reason: string;
  /** The numbers that tripped it and the last calls: JSON. */
  readonly evidence: string;
  readonly at: Millis;
}

export interface Review extends Omit<NewReview, "at"> {
  readonly openedAt: Millis;
  /**
   * Raised by every decision, and by a trip that ends a probe; a decision names the one it was made
   * on.
   */
  readonly version: number;
  readonly state: "open" | "closed";
  /** Calls of this review that are parked now. */
  readonly parked: number;
  readonly decisions: readonly Decided[];
}

export interface Decided {
  /**
   * `note`: nothing was decided, and `reason` is what somebody wrote. `proposed`: somebody would
   * decide this, and waits for another person to say the same.
   */
  readonly decision: ReviewDecision["decision"] | "note" | "proposed";
  readonly by: string;
  readonly reason: string;
  readonly at: Millis;
  readonly task: string | null;
  readonly call: string | null;
  readonly message: string | null;
  /** Of what is proposed. */
  readonly proposal: Proposal | null;
}

export interface Proposal {
  /** Of the decision that proposed it. */
  readonly id: string;
  /** Equal for two who say the same. */
  readonly digest: string;
  /** What is proposed, encrypted by the caller. */
  readonly sealed: string;
  /** The version of the review that it made: while that stands, it may be agreed to. */
  readonly version: number;
}

/**
 * What a person decides.
 *
 *   resume   the clutch is engaged, all its parked calls are let go, one every `paceMs`; closes
 *   probe    the clutch is probing with `task`, whose parked calls are let go; stays open
 *            (a task that has none is probed by the calls that come)
 *   change   as `resume`, and of an approval as `approve`, with its `change` made first
 *   approve  the call of an approval is let go, once; closes; no clutch is moved
 *   deny     one parked call is denied with `message`; stays open, an approval closes
 *   end      the parked calls of `task` are denied, whose end the caller has written; stays open
 *   calm     the probe stayed calm: as `resume`, by the gateway, and only while it is probing
 *   ran, did_not_run   what became of a call whose outcome is unknown: done, or let go again
 *
 * `ran` and `did_not_run` name a parked call, or a claim by its `callId` (and its `task`, where two
 * have the same). A review `outcome_unknown` closes with the last of its calls, not by `resume`.
 * Calls that were let go before, and still wait for their turn, come first in a `resume`.
 *
 * The `message` of a denial or of `ran` is the answer of those calls. That of `resume`, `probe`,
 * `approve` and `change` is told to the model of the `task`, or of each task that has a call parked
 * for the review; with neither there is nobody to tell, and nothing is done.
 *
 * With `second` it takes two: the first one's word is kept as `proposed`, and only another person's
 * on the version that this made, with an equal digest, is done. Whoever says something else then
 * has proposed that instead.
 */
export interface ReviewDecision {
  /** Chosen by whoever asks: a repeated one is a no-op. */
  readonly id: string;
  readonly review: string;
  /** The version that was seen; another one is a conflict. */
  readonly version: number;
  readonly decision:
    | "resume"
    | "probe"
    | "change"
    | "approve"
    | "deny"
    | "end"
    | "calm"
    | "ran"
    | "did_not_run";
  readonly by: string;
  readonly reason: string;
  readonly at: Millis;
  readonly task: string | null;
  readonly call: string | null;
  readonly message: string | null;
  readonly paceMs: Millis;
  readonly change?: Change;
  readonly second?: Omit<Proposal, "id" | "version">;
}

export interface Change {
  /** As an override by this decision: see `OverrideStore`. */
  readonly raise?: { readonly account: AccountId; readonly limit: bigint };
  readonly edit?: Edit;
}

/** Other arguments for a tool call that waits for the review. */
export interface Edit {
  readonly call: string;
  readonly request: Uint8Array;
  readonly about: string;
  /** Of the review, in place of what stood there; null: it stays. */
  readonly evidence: string | null;
}

/** What a person wrote about a review. */
export interface Note extends Pick<ReviewDecision, "id" | "review" | "by" | "at"> {
  readonly text: string;
}

export type ReviewAnswer =
  | { readonly kind: "ok"; readonly review: Review }
  | { readonly kind: "proposed"; readonly review: Review }
  | { readonly kind: "conflict"; readonly review: Review }
  /** Nothing to do this to: no such review, or it is closed, or it has no such call. */
  | { readonly kind: "nothing"; readonly because: string };

export interface ClutchRow {
  readonly agent: string;
  readonly clutch: Clutch;
}

export interface ClutchStore {
  /**
   * Trip or pause: opens the review and disengages the clutch, in one transaction that raises
   * `changeSeq`. While the clutch is disengaged already, the review that stands is answered and
   * gains nothing but the new one's reason among its `evidence`; while it is probing, the same
   * review gets the clutch back to disengaged. A copy that comes after the resume is a no-op.
   */
  trip(review: NewReview): Promise<Review>;
  /**
   * Opens a review that moves no clutch; one stands for each open kind, agent and subject, and is
   * answered to whoever asks for another.
   */
  open(review: NewReview): Promise<Review>;
  decide(decision: ReviewDecision): Promise<ReviewAnswer>;
  /**
   * Keeps it with the review's decisions, once for each id, whether that is open or closed; it
   * changes nothing else. Null: there is no such review.
   */
  note(note: Note): Promise<Review | null>;
  /** All that are not engaged. */
  clutches(): Promise<readonly ClutchRow[]>;
  reviews(filter: {
    readonly state?: "open" | "closed";
    readonly agent?: string;
    readonly kind?: ReviewKind;
    readonly id?: string;
    /** Newest first. */
    readonly limit: number;
  }): Promise<readonly Review[]>;
}
