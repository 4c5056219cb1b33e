/**
 * What the control plane asks of a running gateway. Amounts are in their unit, money in nano-USD;
 * who did something is the name of the operator whose token it was. A method rejects only when the
 * store cannot be reached.
 */
import type { Issue } from "../config/configuration.ts";
import type { AgentSignals } from "../guards/breaker/standing.ts";
import type { Proof } from "../guards/budget/release.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Clutch } from "../guards/clutch/clutch.ts";
import type { Commitment } from "../guards/commitment/commitment.ts";
import type { EventKind } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type {
  AccountState,
  ForfeitRow,
  InputQuery,
  JournalEntry,
  JournalQuery,
  KeyRecord,
  ModelFlag,
  Override,
  Parked,
  ParkState,
  Release,
  Review,
  Role,
  TaskRecord,
} from "../ports/store.ts";
import type { Verified } from "../telemetry/verify.ts";
import type {
  DecisionAsked,
  DecisionOutcome,
  NoteAsked,
  ParkedArguments,
  ProposalState,
  RaiseAsked,
  RaiseOutcome,
} from "./decisions.ts";
import type { BudgetHistory, BudgetState, DecisionRecords, Readiness, Status } from "./known.ts";
import type { AccountName, ManifestState, OverviewState } from "./overview-state.ts";

export type * from "./decisions.ts";
export type * from "./known.ts";
export type * from "./transcripts.ts";

import type { NotifierOperations } from "./notifier-operations.ts";
import type { TranscriptOperations } from "./transcripts.ts";

export interface Operator {
  readonly name: string;
  readonly role: Role;
  /** When the token, or the session, ends by itself; null: never. */
  readonly expiresAt: Millis | null;
}

export interface SignedIn {
  readonly operator: Operator;
  /** What the browser is to send: letters, digits, `-` and `_`. */
  readonly cookie: string;
}

export type Reloaded =
  | { readonly kind: "ok"; readonly from: string; readonly to: string }
  | { readonly kind: "unchanged"; readonly configuration: string }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] }
  /** Another gateway of the store could not take it, or changed it first. */
  | { readonly kind: "refused"; readonly because: string };

export type KeyWanted =
  | { readonly kind: "agent"; readonly agent: string; readonly expiresInMs: Millis | null }
  | {
      readonly kind: "operator";
      readonly name: string;
      readonly role: Role;
      readonly expiresInMs: Millis | null;
    };

export type KeyMade =
  /** The secret is shown this once. */
  | { readonly kind: "ok"; readonly secret: string; readonly key: KeyRecord }
  | { readonly kind: "no-agent"; readonly agents: readonly string[] };

export interface ForfeitState extends ForfeitRow {
  readonly proof: Proof;
}

export interface Forfeits {
  readonly forfeits: readonly ForfeitState[];
  /** Newest first. */
  readonly releases: readonly Release[];
}

export interface ReleaseAsked {
  readonly id: string;
  readonly holder: string;
  /** Null: every one. */
  readonly budget: string | null;
  readonly scope: string | null;
  /** What was billed is of this unit, and nothing else is released; null: nothing was, of any. */
  readonly unit: Unit | null;
  readonly billed: bigint;
  readonly withoutEvidence: boolean;
  readonly reason: string;
}

export type ReleaseOutcome =
  | { readonly kind: "released" | "already"; readonly releases: readonly Release[] }
  | { readonly kind: "no-forfeit" }
  | { readonly kind: "unproven"; readonly proof: Proof }
  /** No forfeit is above what was billed; `most` is the largest. */
  | { readonly kind: "all-billed"; readonly unit: Unit; readonly most: bigint };

export interface AgentState {
  readonly agent: string;
  readonly clutch: Clutch;
  /** Calls that wait at this gateway with their connection. */
  readonly held: number;
}

export type Paused =
  /** `unstored`: stopped at this gateway, and the store has not taken it yet. */
  | {
      readonly kind: "ok";
      readonly agents: readonly AgentState[];
      readonly unstored: readonly string[];
    }
  | { readonly kind: "no-agent"; readonly unknown: string; readonly agents: readonly string[] };

export interface ReviewFilter {
  readonly state?: "open" | "closed";
  readonly agent?: string;
  readonly kind?: Review["kind"];
  readonly id?: string;
  readonly limit: number;
}

/** What was taken away of an incident. */
export interface Exported {
  readonly agent: string;
  readonly incident: string;
  readonly calls: number;
  /** Arguments that were opened for it. */
  readonly inputs: number;
}

export interface ParkedFilter {
  readonly review: string;
  /** Without it: in any. */
  readonly states?: readonly ParkState[];
  readonly limit: number;
}

/** Of one agent, or about none of them, from one instant to before another. */
export interface Span {
  readonly agent: string | null;
  /** Without it: of any. */
  readonly kind?: EventKind;
  /** The oldest ones where there are more than the limit, instead of the newest. */
  readonly take?: JournalQuery["take"];
  readonly from: Millis;
  readonly to: Millis;
  readonly limit: number;
}

export interface Around {
  /** Oldest first; where there are more than the limit, the newest. */
  readonly entries: readonly StoredEntry[];
  /** Nothing of it is left out, or was thrown away before. */
  readonly whole: boolean;
}

export interface CommitmentAsked {
  readonly agent?: string;
  /** Those that have ended too. */
  readonly all: boolean;
  readonly limit: number;
}

export interface CommitmentRow {
  readonly commitment: Commitment;
  /** On which something is set aside for it. */
  readonly accounts: readonly AccountState[];
}

export type CommitmentOutcome =
  | { readonly kind: "ended"; readonly commitment: Commitment }
  /** Its call is in flight. */
  | { readonly kind: "opening" }
  /** There is none, or it has ended. */
  | { readonly kind: "none" };

/** What a call asked, opened. */
export interface InputRow {
  readonly position: number;
  readonly at: Millis;
  readonly decision: string;
  /** As `gateway/inputs.ts` wrote it: JSON. */
  readonly said: string;
}

export type StoredEntry = JournalEntry & { readonly position: number };

export interface Operations extends NotifierOperations, TranscriptOperations {
  /** Whose token it is; null if it is no operator's, or expired or revoked. */
  authenticate(token: string): Promise<Operator | null>;
  /** As `authenticate`, for a browser: it is not to keep the token. */
  signIn(token: string): Promise<SignedIn | null>;
  /** Whose cookie it is; null if it is none of ours, or its session or token has ended. */
  session(cookie: string): Promise<Operator | null>;
  readiness(): Readiness;
  status(): Promise<Status>;
  /** Text for a scrape. */
  metrics(): Promise<string>;
  budgets(): Promise<readonly BudgetState[]>;
  /** Null: it has no open account. */
  budgetHistory(account: AccountName): Promise<BudgetHistory | null>;
  /** Null if nothing is known of it. */
  decision(id: string): Promise<DecisionRecords | null>;
  journal(query: JournalQuery): Promise<readonly StoredEntry[]>;
  around(span: Span): Promise<Around>;
  verifyJournal(): Promise<Verified>;
  /** What calls of an agent asked, where that is kept: oldest first. */
  inputs(query: InputQuery): Promise<readonly InputRow[]>;
  reload(by: string): Promise<Reloaded>;
  keys(all: boolean): Promise<readonly KeyRecord[]>;
  createKey(wanted: KeyWanted, by: string): Promise<KeyMade>;
  /** False if there is none, or it was revoked before. */
  revokeKey(id: string, by: string): Promise<boolean>;
  tasks(filter: {
    readonly agent?: string;
    readonly alive?: boolean;
    readonly limit: number;
  }): Promise<readonly TaskRecord[]>;
  /** As failed. False if there is none, or it had ended. */
  endTask(agent: string, id: string, by: string): Promise<boolean>;
  agents(): readonly AgentState[];
  overview(): Promise<OverviewState>;
  /** Null: there is no such agent. */
  manifest(agent: string): ManifestState | null;
  /** How it stands to its breakers; null: there is no such agent. */
  signals(agent: string): AgentSignals | null;
  /** Null: all of the configuration. */
  pause(agents: readonly string[] | null, reason: string, by: string): Promise<Paused>;
  /** Newest first. */
  reviews(filter: ReviewFilter): Promise<readonly Review[]>;
  decideReview(asked: DecisionAsked, by: string): Promise<DecisionOutcome>;
  /** Keeps what somebody wrote of a trip; null if there is no such trip. */
  noteIncident(note: NoteAsked, by: string): Promise<Review | null>;
  /** Writes down who took it. */
  exportedIncident(exported: Exported, by: string): void;
  /** What a tool call that waits for this review asks; null: it does not. */
  parkedArguments(review: string, call: string, by: string): Promise<ParkedArguments | null>;
  /** What somebody would decide of it, and another may agree to; null: nothing. */
  proposal(review: Review): ProposalState | null;
  /** Decisions that take two people. */
  twoPeople(): readonly string[];
  /** When an approval that was asked for then is denied, if nobody gives it. */
  expiry(review: Review): Millis | null;
  /** Calls that wait for this review, or did; newest first. */
  parked(filter: ParkedFilter): Promise<readonly Parked[]>;
  /** Limits that people have raised, newest first. */
  overrides(): Promise<readonly Override[]>;
  raiseLimit(asked: RaiseAsked, by: string): Promise<RaiseOutcome>;
  forfeits(): Promise<Forfeits>;
  /** Once for each id. */
  releaseForfeits(asked: ReleaseAsked, by: string): Promise<ReleaseOutcome>;
  /** Newest first. */
  commitments(asked: CommitmentAsked): Promise<readonly CommitmentRow[]>;
  /** A person says that it is gone. */
  endCommitment(id: string, reason: string, by: string): Promise<CommitmentOutcome>;
  flags(): Promise<readonly ModelFlag[]>;
  clearFlag(flag: {
    readonly provider: string;
    readonly model: string;
    readonly by: string;
    readonly reason: string;
  }): Promise<boolean>;
}
