/**
 * One holder's time in this process: from its registration until it is fenced or closed. Calls
 * settle into the tenure that admitted them, also after it was fenced, so that what they cost is
 * found in what was forfeited.
 */
import type { Amount } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { AccountId, AccountKey, Answered, HolderId, Settlement } from "../ports/store.ts";
import type { Journal } from "../telemetry/journal.ts";
import type { Account } from "./account.ts";
import type { Pool } from "./pool.ts";

/**
 * Both clocks when the last answered heartbeat was sent: a stopped process or a sleeping machine
 * shows.
 */
export interface Mark {
  readonly wall: Millis;
  readonly monotonic: Millis;
}

export interface PendingSettlement {
  readonly settlement: Settlement;
  readonly drawn: readonly (readonly [Account, Amount])[];
}

export class Tenure {
  readonly id: HolderId;
  readonly journal: Journal;
  /**
   * The window in force of each budget, scope, unit and kind of window. Those of a unit or kind
   * that is no longer configured stay: a budget may go back to it, and goes on with the totals that
   * the store knows.
   */
  readonly accounts = new Map<string, Account>();
  /** Windows and tasks that are over, until everything of them is settled and given back. */
  readonly retired = new Set<Account>();
  /** Permits of rate limits, by agent and tool. */
  readonly pools = new Map<string, Pool>();
  /** What this process still needs of accounts that others hold: open recalls. */
  readonly wanting = new Map<AccountId, bigint>();
  settlements: PendingSettlement[] = [];
  /** What became of parked and named calls, for the flush that has their settlements. */
  answers: Answered[] = [];
  /** Parked calls whose turn somebody here has, or asks for. */
  readonly turns = new Set<string>();
  flushing: Promise<boolean> | null = null;
  callsInFlight = 0;
  /** The most that the store has said it has done for this holder: it can never again say less. */
  doneNo = 0;
  /** It has said less. */
  storeLostCommits = false;
  /** The store no longer knows this holder as live. */
  fenced = false;
  /** The last change that the store was told it knows of, with what it let through before. */
  caughtUp: number | null = null;
  /** It follows one that was fenced, and takes no calls before it has caught up. */
  readonly follows: boolean;
  /** When the last heartbeat was sent that was answered. */
  sent: Mark;
  /** And the last one that told of nothing which was not read here: a trip may be among the rest. */
  read: Mark;

  constructor(id: HolderId, journal: Journal, sent: Mark, follows = false) {
    this.id = id;
    this.follows = follows;
    this.journal = journal;
    this.sent = sent;
    this.read = sent;
  }

  /**
   * What the store says it has done, in an answer that was asked for when `before` was known.
   * `least` is what it has done since then at least: the request itself, if it was one that counts.
   */
  hear(doneNo: number, before: number, least: 0 | 1): void {
    if (doneNo < before + least) this.storeLostCommits = true;
    this.doneNo = Math.max(this.doneNo, doneNo);
  }

  /** Everything that the store has not been told yet. */
  get hasPending(): boolean {
    const { answers, journal, settlements } = this;
    return settlements.length > 0 || journal.waiting > 0 || answers.length > 0;
  }

  *allAccounts(): Iterable<Account> {
    yield* this.accounts.values();
    yield* this.retired;
  }
}

/**
 * The longest that either clock says has passed: a clock set back is ignored, one set forward
 * fences.
 */
export function elapsed(mark: Mark, now: Mark): Millis {
  return Math.max(now.monotonic - mark.monotonic, now.wall - mark.wall);
}

/** Takes an account out of use: what is free goes back, what is in flight settles here. */
export function retire(tenure: Tenure, account: Account): void {
  account.over = true;
  tenure.retired.add(account);
  const key = accountKey({ ...account.purse, window: account.window });
  if (tenure.accounts.get(key) === account) tenure.accounts.delete(key);
}

export function accountKey(of: Omit<AccountKey, "starts">): string {
  return `${of.window}\u0000${of.unit}\u0000${of.budget}\u0000${of.scope}`;
}
