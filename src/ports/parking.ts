/** Calls that wait for a person or a condition, durably; and tool calls that must not run twice. */
import type { Millis } from "../guards/money.ts";
import type { Fenced, HolderId } from "./ids.ts";

export type ParkCause = "clutch" | "approval" | "budget";

/**
 *   parked ──let go by its review──► let_go ──claim──► claimed ──answer──► done
 *     ▲  │                              ▲                 │  └─its holder was fenced─► unknown
 *     │  └─denied by its review─► denied└──unclaim────────┘
 *
 * While its clutch stops it, an unclaimed call is parked again, for the review that stands. A call
 * that may have been sent is parked, for a review `outcome_unknown`; from there and from unknown
 * only a person's `ran` (done) or `did_not_run` (let_go) leads on.
 */
export type ParkState = "parked" | "let_go" | "claimed" | "done" | "unknown" | "denied";

export interface NewParked {
  readonly call: string;
  readonly agent: string;
  readonly task: string;
  /** Id of the key it came with. */
  readonly key: string;
  readonly cause: ParkCause;
  /**
   * The review that lets it go. The store puts that in which stands for the agent, where the call
   * waits for the clutch.
   */
  readonly review: string;
  /** Equal for a request that is the same again. */
  readonly digest: string;
  /** What people are shown of it, as the caller wrote it. */
  readonly about: string;
  /** The complete request, encrypted by the caller. */
  readonly request: Uint8Array;
  readonly at: Millis;
}

export interface Parked extends Omit<NewParked, "request"> {
  readonly state: ParkState;
  /** Not claimed before: the pace of a resume. */
  readonly letGoAt: Millis | null;
  /** The gateway whose client waits for it; null: its client has gone. */
  readonly attached: HolderId | null;
  readonly claimedBy: HolderId | null;
  readonly attempt: number;
  /** What a reviewer said, for the agent. */
  readonly message: string | null;
  /** It may have been sent before it was parked: never let go by itself. */
  readonly maybeSent: boolean;
  /** A person has changed its arguments: its request is that of theirs, its digest the agent's. */
  readonly edited: boolean;
}

/** What a call that was let go waits for once more. */
export type ParkedAgain = Pick<NewParked, "cause" | "review">;

export interface ParkLimits {
  readonly callsPerAgent: number;
  readonly callsPerTask: number;
  readonly bytesPerAgent: number;
}

/** A call that a gateway let through as a new one. */
export interface LetThrough extends Pick<NewParked, "agent" | "key" | "task" | "digest"> {
  /** By the store's clock, as far as that gateway knows it. */
  readonly at: Millis;
}

export type ParkAnswer =
  | { readonly kind: "ok"; readonly parked: Parked }
  | { readonly kind: "full"; readonly limit: keyof ParkLimits; readonly max: number };

export type Claimed =
  /** `request` is what was parked. The same holder again: the same answer, the same attempt. */
  | { readonly kind: "claimed"; readonly parked: Parked; readonly request: Uint8Array }
  /** Not let go yet, or its clutch is disengaged again, or it is not its turn. */
  | { readonly kind: "waits"; readonly parked: Parked }
  | { readonly kind: "done"; readonly parked: Parked; readonly answer: Uint8Array | null }
  | { readonly kind: "denied" | "unknown"; readonly parked: Parked }
  | { readonly kind: "none" };

/**
 * A tool call with effect `write` that named itself. `at` tells two requests at one gateway apart:
 * the same claim again is the same request, one of another time waits for it.
 */
export interface CallClaim {
  readonly key: string;
  readonly task: string;
  readonly callId: string;
  /** Of tool and arguments: the same id with another is refused. */
  readonly digest: string;
  readonly at: Millis;
}

export type CallClaimed =
  | { readonly kind: "claimed" }
  /** It runs now, at some gateway. */
  | { readonly kind: "running" }
  | { readonly kind: "done"; readonly answer: Uint8Array | null }
  | { readonly kind: "unknown" }
  | { readonly kind: "other-digest" };

/** What became of a claimed call; carried by `flush`, in the transaction of its settlement. */
export type Answered =
  | {
      readonly kind: "parked";
      readonly call: string;
      readonly attempt: number;
      readonly answer: Uint8Array | null;
    }
  | { readonly kind: "claim"; readonly claim: CallClaim; readonly answer: Uint8Array | null };

export interface CallClaimStore {
  claimCall(holder: HolderId, claim: CallClaim): Promise<CallClaimed | Fenced>;
  /** It was not sent after all. Another claim than that which stands: a no-op. */
  unclaimCall(holder: HolderId, claim: CallClaim): Promise<void>;
}

export interface ParkingStore extends CallClaimStore {
  /**
   * Inserts as parked, or as let_go if what it waits for was lifted by now. By `call`: a repeated
   * one changes nothing. Only after it has answered may the client be told.
   */
  park(holder: HolderId, parked: NewParked, limits: ParkLimits): Promise<ParkAnswer | Fenced>;
  /**
   * Takes over the oldest detached call of this key, task and digest, if there is one: finished
   * ones too, whose answers nobody has had. One that is done without an answer has nothing to
   * give, unless a person says that it ran. `by` names the request that takes it over: asked again
   * with it, the answer is the same call, and not the next one.
   */
  attach(
    holder: HolderId,
    same: Pick<NewParked, "key" | "task" | "digest"> & { readonly by?: string },
  ): Promise<Parked | null | Fenced>;
  /**
   * Their clients have gone. What another gateway may have let through as well is parked from here
   * on, as `catchUp` says.
   */
  detach(holder: HolderId, calls: readonly string[]): Promise<void>;
  /**
   * This gateway knows what was changed up to this `changeSeq`. Before it did it let these calls
   * through: unfinished ones that others have parked, with the same key, task and digest, may be
   * the same calls, asked for again. Each of those whose client has ever gone is parked
   * (`maybeSent`), for the review `outcome_unknown` that stands for the copies of its agent, now,
   * or when its client goes; a claim under way stands, and it is parked when it is taken back. An
   * agent may repeat itself: while its first client waits, a call goes on. Once for each call,
   * whatever a person says of it.
   */
  catchUp(holder: HolderId, changeSeq: number, calls: readonly LetThrough[]): Promise<void>;
  /**
   * Needs: let go, its turn has come, the clutch engaged or probing with its task. Once its client
   * has ever gone, it also needs that every other live holder but who parked it has caught up with
   * the change that let it go; one that has never caught up with anything serves nobody yet.
   */
  claim(holder: HolderId, call: string): Promise<Claimed | Fenced>;
  /**
   * It was not sent after all: let_go again, or parked while its clutch stops it, or, with `again`,
   * for that review while it is open. Another attempt than the claim's: a no-op.
   */
  unclaim(holder: HolderId, call: string, attempt: number, again?: ParkedAgain): Promise<void>;
  /** Newest first. */
  list(filter: {
    readonly agent?: string;
    readonly review?: string;
    readonly call?: string;
    readonly states?: readonly ParkState[];
    readonly attached?: HolderId;
    readonly limit: number;
  }): Promise<readonly Parked[]>;
  /** What a call asks that waits, as it was sealed; null: it waits no more. */
  request(call: string): Promise<Uint8Array | null>;
  /**
   * Forgets what was finished before this: calls that are done or denied, reviews that are closed
   * and wait for none of their calls (those of trips: before `trips`), and done claims whose task
   * lives no more (a copy of such a call is refused by its task); and messages to agents
   * from before `trips`. Some at a time.
   */
  prune(before: Millis, trips: Millis): Promise<void>;
}
