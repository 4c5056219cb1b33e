/** Gets what an attempt is short of from the store: all or none, one lease an account at a time. */
import { aheadOf } from "../guards/budget/demand.ts";
import { hopeOf, receive, roomOf } from "../guards/budget/slice.ts";
import type { Amounts } from "../guards/budget/unit.ts";
import type { Clock } from "../ports/clock.ts";
import type { LedgerStore, Want } from "../ports/store.ts";
import type { Account } from "./account.ts";
import type { Attempt } from "./attempt.ts";
import { retire, type Tenure } from "./tenure.ts";

/**
 * A spent budget stays spent until its limit changes, which wakes us; asked again at the latest
 * then.
 */
const SPENT_VIEW_MS = 1_000;
/** While others hold the rest, their refunds come at any moment. */
const HELD_VIEW_MS = 50;

/** A request whose sender gave up is done within this time, or never. */
const UNSURE_MS = 10_000;

/** `ok`: ask the guards again. `over`: an account takes no leases any more. */
export type Leased = "ok" | "short" | "fenced" | "over";

export class Leasing {
  readonly #ledger: LedgerStore;
  readonly #clock: Clock;
  /** Live processes on this store, this one included. */
  holders = 1;

  constructor(ledger: LedgerStore, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Leases what the call is short of, all accounts or none; one lease an account at a time. */
  async lease(tenure: Tenure, attempt: Attempt, need: Amounts): Promise<Leased> {
    attempt.need = need;
    if (tenure.fenced) return "fenced";
    const lacking = attempt.accounts.filter(({ purse }) => purse.slice.free < need[purse.unit]);
    // The store may still know money of it that was given back here: none of it may be taken up
    // again.
    if (lacking.some(({ over }) => over)) return "over";
    if (this.#areKnownShort(lacking, need, attempt)) {
      attempt.ask(lacking);
      return "short";
    }
    const busy = lacking.find((account) => account.leasing !== null);
    if (busy?.leasing) {
      // The next lease asks for all who wait: one for each would be a queue of as many.
      for (const account of lacking) account.queued += need[account.purse.unit];
      await busy.leasing.finally(() => {
        for (const account of lacking) account.queued -= need[account.purse.unit];
      });
      return "ok";
    }
    return this.#take(lacking, () => this.#ask(tenure, attempt, lacking, need));
  }

  /** Whoever waits for a lease that fails fails with it: the store is not asked by each in turn. */
  async #take(lacking: readonly Account[], ask: () => Promise<Leased>): Promise<Leased> {
    const asking = ask();
    for (const account of lacking) account.leasing = asking;
    try {
      return await asking;
    } finally {
      for (const account of lacking) account.leasing = null;
    }
  }

  async #ask(
    tenure: Tenure,
    attempt: Attempt,
    lacking: readonly Account[],
    need: Amounts,
  ): Promise<Leased> {
    const wants = lacking.map((account) => this.#want(account, need));
    const before = tenure.doneNo;
    const answer = await this.#sent(lacking, this.#ledger.lease(tenure.id, wants));
    if (answer.kind === "fenced") {
      tenure.fenced = true;
      return "fenced";
    }
    tenure.hear(answer.doneNo, before, answer.kind === "ok" ? 1 : 0);
    const now = this.#clock.monotonic();
    for (const account of lacking) {
      const state = answer.accounts.find(({ id }) => id === account.id);
      if (state === undefined) continue;
      account.view = state;
      account.viewedAt = now;
      if (!state.open) retire(tenure, account);
    }
    for (const { account: id, total } of answer.kind === "ok" ? answer.granted : []) {
      const account = lacking.find((one) => one.id === id);
      if (account === undefined) continue;
      account.purse = { ...account.purse, slice: receive(account.purse.slice, total) };
    }
    if (lacking.some(({ over }) => over)) return "over";
    if (answer.kind === "ok") return "ok";
    attempt.ask(lacking);
    return "short";
  }

  /** A lease that failed may be done all the same: what it granted is to be found out later. */
  async #sent<Answer>(lacking: readonly Account[], answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      const until = this.#clock.monotonic() + UNSURE_MS;
      for (const account of lacking) account.unsureUntil = until;
      throw error;
    }
  }

  #want(account: Account, amounts: Amounts): Want {
    const { slice, unit } = account.purse;
    const need = amounts[unit];
    const wanted = this.#clock.monotonic() < account.wantedUntil;
    const least = slice.granted + BigInt(Math.max(0, need - slice.free));
    const room = roomOf(account.view);
    const ahead = wanted ? 0 : aheadOf(account.demand, need, room, this.holders);
    return { account: account.id, least, most: least + BigInt(Math.max(ahead, account.queued)) };
  }

  /** All of them decide the refusal, so nothing may be said of one by what it was long ago. */
  #areKnownShort(lacking: readonly Account[], need: Amounts, attempt: Attempt): boolean {
    const since = this.#clock.monotonic() - SPENT_VIEW_MS;
    if (lacking.some(({ viewedAt }) => viewedAt <= since)) return false;
    return lacking.some((account) => this.#knownShort(account, need, attempt));
  }

  /**
   * What the store said a moment ago still decides, so a storm of refusals does not become one of
   * leases.
   */
  #knownShort(account: Account, amounts: Amounts, attempt: Attempt): boolean {
    const need = amounts[account.purse.unit];
    const lacking = BigInt(Math.max(0, Math.ceil(need - account.purse.slice.free)));
    if (lacking <= roomOf(account.view)) return false;
    if (BigInt(need) > hopeOf(account.view)) return true;
    // The last word is what the store said after the wait, whichever call had asked it.
    if (attempt.last) return account.viewedAt >= attempt.deadline;
    return this.#clock.monotonic() - account.viewedAt < HELD_VIEW_MS;
  }
}
