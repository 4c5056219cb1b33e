/** What people are to be told, until they were: exactly once in here, at least once out there. */
import type { Millis } from "../guards/money.ts";
import type { Fenced, HolderId } from "./ids.ts";

export interface NewNotice {
  readonly notifier: string;
  /** What it tells: one notifier has it once. */
  readonly subject: string;
  /** The review that it is about; "" for none. */
  readonly review: string;
  /** JSON, for whoever sends it. */
  readonly body: string;
}

export interface StoredNotice extends NewNotice {
  readonly at: Millis;
  /** So often it was tried. */
  readonly attempts: number;
}

/** A review of which something was not told yet, and up to which version it was; -1: nothing. */
export interface Untold {
  readonly review: string;
  readonly told: number;
}

/** The notices of one notifier that are due, oldest first. */
export interface ClaimedNotices {
  readonly notifier: string;
  /** Of the lease: raised whenever another gateway takes it over. */
  readonly number: number;
  readonly notices: readonly StoredNotice[];
}

/** What became of notices that went out together. */
export interface SettledNotices {
  readonly notifier: string;
  readonly number: number;
  readonly subjects: readonly string[];
  readonly became: NoticeOutcome;
}

export type NoticeOutcome =
  | { readonly kind: "sent" }
  /** `pauseMs`: nothing at all is due at this notifier before; null: only these wait. */
  | {
      readonly kind: "retry";
      readonly error: string;
      readonly afterMs: Millis;
      readonly pauseMs: Millis | null;
    }
  | { readonly kind: "given_up"; readonly error: string };

/** How a notifier stands, of what is still remembered. */
export interface NoticeCounts {
  readonly notifier: string;
  readonly pending: number;
  readonly sent: number;
  readonly givenUp: number;
  readonly lastSentAt: Millis | null;
  /** Of the attempt that failed last; null: none did, as far as is remembered. */
  readonly lastError: { readonly at: Millis; readonly error: string } | null;
}

/** All times are the store's. */
export interface NoticeStore {
  /** Reviews whose version is above what was told, oldest first. */
  untold(limit: number): Promise<readonly Untold[]>;
  /**
   * Inserts those that are not there yet, and marks the review as told up to this version, in one
   * transaction. A lower version than it is marked with changes no mark.
   */
  tell(
    notices: readonly NewNotice[],
    told: { readonly review: string; readonly version: number } | null,
  ): Promise<void>;
  /**
   * What is due at these notifiers, at most so many of each. A notifier with something due is
   * leased to this holder if nobody has it, or its holder is not live or has not claimed for
   * `NOTICE_LEASE_MS`; those that another has, and those that have nothing due, are left out.
   */
  claim(
    holder: HolderId,
    notifiers: readonly string[],
    limit: number,
  ): Promise<readonly ClaimedNotices[] | Fenced>;
  /** False: another number than the lease's, so another gateway has it now; nothing is changed. */
  settle(settled: SettledNotices): Promise<boolean>;
  counts(notifiers: readonly string[]): Promise<readonly NoticeCounts[]>;
  /**
   * Forgets what was told to be told before this, whatever became of it, but of reviews that are
   * open: what was told of them is not to be told again.
   */
  prune(before: Millis): Promise<void>;
}

/** Longer than any attempt: a gateway that lives and does not claim for so long is stuck. */
export const NOTICE_LEASE_MS: Millis = 60_000;
