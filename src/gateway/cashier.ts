/**
 * Admission and settlement on the accounts that this process holds. The rules are in
 * `guards/budget`; here is the shell around them: finding accounts, leasing when a slice is short,
 * waiting a bounded moment where only other calls stand in the way.
 */
import { noteDemand } from "../guards/budget/demand.ts";
import { drop, settle } from "../guards/budget/slice.ts";
import type { Amount, Amounts } from "../guards/budget/unit.ts";
import type { Decision } from "../guards/decide.ts";
import type { States } from "../guards/facts.ts";
import type { Millis } from "../guards/money.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import type { Clock } from "../ports/clock.ts";
import type { AccountSpec, LedgerStore } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { type Account, accountFrom, wake } from "./account.ts";
import { Attempt } from "./attempt.ts";
import type { Flusher } from "./flush.ts";
import { type Leased, Leasing } from "./leasing.ts";
import { accountKey, retire, type Tenure } from "./tenure.ts";
import { Wants } from "./wants.ts";

/** How long a call may wait for what other calls hold before it is told to come back. */
const WAIT_MS = 250;
/** Attempts of one call: each follows a lease, a refund or a recall. */
const ROUNDS_MAX = 1_000;
/** While one account of a call is opened, the window of another can end. */
const OPENINGS_MAX = 10;
/** What a refusal that may be over soon tells the client to wait. */
const RETRY_MS = 1_000;
/** Calls that may wait at once; beyond it they are told to come back at once. */
const WAITERS_MAX = 10_000;

/** What a call had reserved, and what it is charged; null: it was never sent. */
export interface Ended {
  readonly reserved: Amounts;
  readonly charged: Amounts | null;
  /** The charge is not what somebody billed, but what could be known of it. */
  readonly estimated: boolean;
}

/** Asks the guards once, on the states that this process holds now. */
export type Ask = (states: States) => Decision;

export class Cashier {
  readonly #ledger: LedgerStore;
  readonly #clock: Clock;
  readonly #flusher: Flusher;
  readonly #wants: Wants;
  readonly #leasing: Leasing;
  #waiting = 0;
  #recalling = false;

  constructor(ledger: LedgerStore, clock: Clock, log: Log, flusher: Flusher) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#flusher = flusher;
    this.#leasing = new Leasing(ledger, clock);
    this.#wants = new Wants(ledger, log);
  }

  /** Live processes on this store, this one included. */
  get holders(): number {
    return this.#leasing.holders;
  }

  set holders(count: number) {
    this.#leasing.holders = count;
  }

  /** The accounts of one call, opened where this process meets them for the first time. */
  accountsFor(
    tenure: Tenure,
    specs: readonly AccountSpec[],
  ): readonly Account[] | Promise<readonly Account[]> {
    const accounts = specs.map((spec) => this.#find(tenure, spec));
    return accounts.every((account) => account !== null) ? accounts : this.#open(tenure, specs);
  }

  async #open(tenure: Tenure, specs: readonly AccountSpec[]): Promise<readonly Account[]> {
    for (let opening = 0; opening < OPENINGS_MAX; opening += 1) {
      const missing = specs.filter((spec) => this.#find(tenure, spec) === null);
      for (const state of await this.#ledger.open(missing)) {
        this.#install(tenure, accountFrom(state, this.#clock.monotonic()));
      }
      const accounts = specs.map((spec) => this.#find(tenure, spec));
      if (accounts.every((account) => account !== null)) return accounts;
    }
    throw new Error("accounts ended faster than they could be opened");
  }

  #find(tenure: Tenure, spec: AccountSpec): Account | null {
    const account = tenure.accounts.get(accountKey(spec));
    // The window in force never goes back: a clock that does is asked for the later one.
    return account !== undefined && account.starts >= spec.starts ? account : null;
  }

  #install(tenure: Tenure, account: Account): void {
    const key = accountKey({ ...account.purse, window: account.window });
    const before = tenure.accounts.get(key);
    if (before !== undefined && before.starts >= account.starts) return;
    if (before !== undefined) retire(tenure, before);
    tenure.accounts.set(key, account);
  }

  /**
   * Asks the guards until they allow or refuse; what they allow is reserved when this answers. At
   * once, where what this process holds is enough.
   */
  admit(tenure: Tenure, ask: Ask, accounts: readonly Account[]): Decision | Promise<Decision> {
    const decision = ask({ purses: accounts.map(({ purse }) => purse) });
    if (decision.verdict.kind !== "allow") return this.#insist(tenure, ask, accounts, decision);
    this.#keep(accounts, decision, decision.verdict.bounds.reserve);
    return decision;
  }

  async #insist(
    tenure: Tenure,
    ask: Ask,
    accounts: readonly Account[],
    first: Decision,
  ): Promise<Decision> {
    const attempt = new Attempt(accounts, this.#clock.monotonic() + WAIT_MS);
    try {
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const decision = round === 0 ? first : ask({ purses: attempt.purses() });
        const { verdict } = decision;
        if (verdict.kind === "allow") {
          this.#keep(accounts, decision, verdict.bounds.reserve);
          return decision;
        }
        if (verdict.kind === "short-of-permits" || verdict.kind === "park") return decision;
        if (verdict.kind === "deny") {
          if (verdict.code !== "budget.contended" && verdict.code !== "budget.exhausted") {
            return decision;
          }
          if (attempt.last || !(await this.#waitFor(tenure, attempt, verdict.code)))
            return decision;
          continue;
        }
        const leased = await this.#leasing.lease(tenure, attempt, verdict.need);
        const ended = endedBy(leased, accounts);
        if (ended !== null) return { ...decision, verdict: ended };
      }
      return {
        states: { purses: [] },
        verdict: deny("budget.contended", {}, RETRY_MS),
        answers: [],
      };
    } finally {
      this.#wants.drop(tenure, attempt);
    }
  }

  #keep(accounts: readonly Account[], decision: Decision, reserve: Amounts): void {
    const now = this.#clock.monotonic();
    accounts.forEach((account, index) => {
      const purse = decision.states.purses[index];
      if (purse === undefined) throw new Error("the guards lost a purse");
      account.purse = purse.seen === null ? purse : { ...purse, seen: null };
      account.demand = noteDemand(account.demand, reserve[purse.unit], now);
      account.usedAt = now;
    });
  }

  /** Waits for a refund or a give-back; false when nothing is worth waiting for. */
  async #waitFor(tenure: Tenure, attempt: Attempt, code: string): Promise<boolean> {
    const { accounts, deadline } = attempt;
    // Spent in the store's books, and nothing of ours in flight could change that.
    if (code === "budget.exhausted") return false;
    const waitMs = deadline - this.#clock.monotonic();
    attempt.forget();
    attempt.last = waitMs <= 0 || this.#waiting >= WAITERS_MAX;
    if (tenure.settlements.length > 0) {
      // What has settled here may leave nothing to wait for: the store's books are to say so.
      if (await this.#flusher.flush(tenure)) this.#forgetViews(accounts);
      return true;
    }
    if (attempt.last) return true;
    if (this.holders > 1) this.#wants.add(tenure, attempt);
    await this.#sleep(accounts, waitMs);
    return true;
  }

  #forgetViews(accounts: readonly Account[]): void {
    for (const account of accounts) account.viewedAt = Number.NEGATIVE_INFINITY;
  }

  /** A call ends: its slices, and what the store is to be told. Once for each call. */
  settle(tenure: Tenure, call: string, accounts: readonly Account[], end: Ended): void {
    const { charged, estimated, reserved } = end;
    const drawn = accounts.map((account): readonly [Account, Amount] => {
      const { slice, unit } = account.purse;
      const [after, amount] =
        charged === null
          ? [drop(slice, reserved[unit]), 0]
          : settle(slice, reserved[unit], charged[unit]);
      account.purse = { ...account.purse, slice: after };
      if (account.waiters.size > 0) wake(account);
      return [account, amount];
    });
    if (charged !== null && accounts.length > 0) {
      const legs = drawn.map(([{ id, purse }, amount]) => {
        return { account: id, drawn: BigInt(amount), charged: BigInt(charged[purse.unit]) };
      });
      tenure.settlements.push({ settlement: { call, legs, estimated }, drawn });
    }
    if (this.holders > 1) this.#returnWanted(tenure, accounts);
  }

  /** While another process wants an account, a refund on it is not kept. */
  #returnWanted(tenure: Tenure, accounts: readonly Account[]): void {
    const now = this.#clock.monotonic();
    if (!accounts.some((account) => now < account.wantedUntil)) return;
    void this.recall(tenure);
  }

  /** Another process needs what this one does not: its books are settled and the rest goes back. */
  async recall(tenure: Tenure): Promise<void> {
    if (this.#recalling) return;
    this.#recalling = true;
    try {
      await this.#flusher.flush(tenure);
      await this.#flusher.giveBack(tenure, "wanted");
    } finally {
      this.#recalling = false;
    }
  }

  #sleep(accounts: readonly Account[], waitMs: Millis): Promise<void> {
    this.#waiting += 1;
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        for (const account of accounts) account.waiters.delete(done);
        this.#waiting -= 1;
        resolve();
      };
      const cancel = this.#clock.after(waitMs, done);
      for (const account of accounts) account.waiters.add(done);
    });
  }
}

/** What ends an attempt however much money there is: this process, or an account, is out of use. */
function endedBy(leased: Leased, accounts: readonly Account[]): Denial | null {
  if (leased === "fenced") return deny("gateway.fenced", {}, RETRY_MS);
  if (leased !== "over") return null;
  const over = accounts.find((account) => account.over);
  const { budget = "", scope = "" } = over?.purse ?? {};
  // Its next window is there already, by the store's clock: a moment later ours says so too.
  if (over?.ends !== null) return deny("budget.contended", { budget, scope }, RETRY_MS);
  return deny("task.ended", { budget, scope });
}
