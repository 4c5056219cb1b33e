/** What people decide on reviews, and of limits, as they ask a running gateway for it. */
import type { Millis } from "../guards/money.ts";
import type { AccountState, Review, ReviewDecision } from "../ports/store.ts";

export interface DecisionAsked {
  readonly review: string;
  /** Of the review that was looked at. */
  readonly version: number;
  readonly decision: Exclude<ReviewDecision["decision"], "calm">;
  readonly task: string | null;
  /** A parked call, or the `call_id` that names one. */
  readonly call: string | null;
  readonly reason: string;
  /** For the agent; null: whose call is denied is told the reason, others nothing. */
  readonly message: string | null;
  /** Of the budget that it is about, a decimal in its unit. */
  readonly limit: string | null;
  /** In the place of those of the call. */
  readonly arguments: Readonly<Record<string, unknown>> | null;
}

/** A limit that a person raises by itself. */
export interface RaiseAsked {
  readonly budget: string;
  readonly scope: string;
  /** A decimal in the budget's unit; null: what was raised is withdrawn. */
  readonly limit: string | null;
  readonly reason: string;
}

export type RaiseOutcome =
  | { readonly kind: "ok"; readonly account: AccountState }
  | { readonly kind: "no-budget"; readonly budgets: readonly string[] }
  | { readonly kind: "nothing"; readonly because: string };

/** What a tool call asks that waits. */
export interface ParkedArguments {
  readonly call: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What is proposed, by whom. */
export interface ProposalState extends Omit<DecisionAsked, "review" | "version"> {
  readonly by: string;
  readonly at: Millis;
}

export interface NoteAsked {
  /** Of the trip. */
  readonly review: string;
  /** The name under which it is known as an incident. */
  readonly incident: string;
  readonly text: string;
}

export type DecisionOutcome =
  /** Done, or kept until another person says the same. */
  | { readonly kind: "ok" | "proposed"; readonly review: Review }
  | { readonly kind: "conflict"; readonly version: number }
  | { readonly kind: "no-review" }
  | { readonly kind: "no-task"; readonly agent: string }
  | { readonly kind: "nothing"; readonly because: string };
