import type { Clutch } from "../../../guards/clutch/clutch.ts";
import type { Commitment } from "../../../guards/commitment/commitment.ts";
import type { Millis } from "../../../guards/money.ts";
import type {
  AgentMessage,
  CallClaim,
  CounterKey,
  Decided,
  HolderId,
  HourTotal,
  NewNotice,
  NewOverride,
  NewReview,
  Parked,
  PermitKey,
  ReportedOutcome,
  Review,
  Share,
} from "../../../ports/store.ts";

/** What holders share beside money: permits, clutches, reviews, parked calls, claims, counts. */
export interface SharedWork {
  /** By agent, server, tool and what they bound. */
  readonly limits: Map<string, CallLimit>;
  /** By agent; an agent without one is engaged. */
  readonly clutches: Map<string, Clutch>;
  readonly reviews: Map<string, ReviewRow>;
  /** Ids of reviews that were asked for while another stood for the same, and which. */
  readonly merged: Map<string, string>;
  /** Ids of decisions, and of which review. */
  readonly decided: Map<string, string>;
  /** By call, in the order in which they came. */
  readonly parked: Map<string, ParkedRow>;
  /** By key, task and call id. */
  readonly claims: Map<string, ClaimRow>;
  /** By agent, server, tool and bucket. */
  readonly counters: Map<string, CounterRow>;
  /** By hour, then by its key as JSON. */
  readonly hours: Map<Millis, Map<string, HourTotal>>;
  readonly shares: Map<string, ShareRow>;
  /** By agent. */
  readonly toolsMet: Map<string, Set<string>>;
  /** By id, in the order in which they came. */
  readonly commitments: Map<string, CommitmentRow>;
  /** By id, in the order in which they came. */
  readonly outcomes: Map<string, OutcomeRow>;
  /** By notifier and subject, in the order in which they came. */
  readonly notices: Map<string, NoticeRow>;
  /** By decision and task, in the order in which they came. */
  readonly messages: Map<string, AgentMessage>;
  /** By id, in the order in which they came. */
  readonly overrides: Map<string, NewOverride>;
  /** By name. */
  readonly notifiers: Map<string, NotifierRow>;
}

export interface NoticeRow {
  readonly notice: NewNotice;
  readonly at: Millis;
  state: "pending" | "sent" | "given_up";
  attempts: number;
  nextAt: Millis;
  finishedAt: Millis | null;
  failed: { readonly at: Millis; readonly error: string } | null;
}

export interface NotifierRow {
  holder: HolderId;
  number: number;
  claimedAt: Millis;
  pausedUntil: Millis;
}

export interface OutcomeRow {
  readonly outcome: ReportedOutcome;
  readonly holder: HolderId;
  readonly at: Millis;
  answer: "taken" | "ended" | null;
}

export interface CommitmentRow {
  commitment: Commitment;
  readonly openedBy: HolderId;
}

export interface CallLimit extends PermitKey {
  readonly permits: PermitRow[];
  /** What holders were left short of. */
  readonly wants: Map<HolderId, number>;
}

export interface PermitRow {
  readonly no: number;
  number: number;
  holder: HolderId | null;
  lastUse: Millis | null;
}

export interface ReviewRow extends Omit<NewReview, "at" | "evidence"> {
  evidence: string;
  readonly openedAt: Millis;
  version: number;
  state: Review["state"];
  closedAt: Millis | null;
  readonly reasons: string[];
  readonly decisions: Decided[];
  /** The version up to which people were told of it. */
  told: number;
}

export interface ParkedRow {
  parked: Parked;
  request: Uint8Array;
  answer: Uint8Array | null;
  /** By the store's clock, as everything that it compares. */
  readonly arrivedAt: Millis;
  readonly parkedBy: HolderId;
  finishedAt: Millis | null;
  /** The request that took it over last. */
  by: string | null;
  /** Its client has gone once, whoever has it now. */
  wasLeft: boolean;
  /** The change that every gateway is to know before it goes on without its first client. */
  seq: number;
  copied: Copied;
}

/** Whether another gateway may have let it through as well; a person's word settles it. */
export type Copied = "no" | "maybe" | "settled";

export interface ClaimRow {
  readonly claim: CallClaim;
  readonly agent: string;
  readonly holder: HolderId;
  state: "claimed" | "done" | "unknown";
  answer: Uint8Array | null;
  review: string | null;
  finishedAt: Millis | null;
}

export interface CounterRow extends CounterKey {
  readonly totals: Map<HolderId, number>;
  /** The number of its last change. */
  changed: number;
}

export interface ShareRow extends Share {
  readonly holder: HolderId;
  readonly changed: number;
}

/** Nothing was shared yet. */
export function sharedWork(): SharedWork {
  return {
    limits: new Map(),
    clutches: new Map(),
    reviews: new Map(),
    merged: new Map(),
    decided: new Map(),
    parked: new Map(),
    claims: new Map(),
    counters: new Map(),
    hours: new Map(),
    shares: new Map(),
    toolsMet: new Map(),
    commitments: new Map(),
    outcomes: new Map(),
    notices: new Map(),
    messages: new Map(),
    overrides: new Map(),
    notifiers: new Map(),
  };
}
