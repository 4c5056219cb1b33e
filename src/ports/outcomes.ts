/**
 * Outcomes of decisions on their way from the gateway that was told to the one that decided, which
 * alone has the money of the call. Nothing is kept here while a decision waits for its outcome.
 */
import type { Millis } from "../guards/money.ts";
import type { HolderId } from "./ids.ts";

export interface ReportedOutcome {
  /** Chosen by the gateway that was told: a repeated one is a no-op. */
  readonly id: string;
  /** The decision, who reports on it, and what; encrypted by the caller. */
  readonly body: Uint8Array;
}

export interface AnsweredOutcome {
  readonly id: string;
  /** Of the gateway that decided; `gone`: it is not live any more and has said nothing. */
  readonly answer: "taken" | "ended" | "gone";
}

export interface OutcomeStore {
  /**
   * Hands it to the live holder whose id begins like this, which hears of it by `watch`
   * ("outcomes") and with its next beat. False: there is none.
   */
  put(idBegins: string, outcome: ReportedOutcome): Promise<boolean>;
  /** What waits for this holder's answer, oldest first. */
  waiting(holder: HolderId, limit: number): Promise<readonly ReportedOutcome[]>;
  /** Of those that wait for this holder, others are left alone; who asked hears of it as above. */
  answer(
    holder: HolderId,
    answered: readonly { readonly id: string; readonly answer: "taken" | "ended" }[],
  ): Promise<void>;
  /** Those among these that have an answer. */
  answers(ids: readonly string[]): Promise<readonly AnsweredOutcome[]>;
  /** Their answers were heard. */
  forget(ids: readonly string[]): Promise<void>;
  /** Forgets what was put before this, by the store's clock, answered or not. */
  prune(before: Millis): Promise<void>;
}
