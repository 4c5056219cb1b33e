/**
 * Tells the store what was spent and what happened, in batches that may be repeated after any
 * failure.
 */
import { flushed, giveBack, receive } from "../guards/budget/slice.ts";
import type { Clock } from "../ports/clock.ts";
import type { Answered, HolderStore, LedgerStore } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { type Account, isUnsure, wake } from "./account.ts";
import type { Tenure } from "./tenure.ts";

/** One transaction's worth: keeps a heartbeat from waiting behind a long one. */
const SETTLEMENTS_A_BATCH = 2_000;
const ENTRIES_A_BATCH = 4_000;
/** Each may carry the answer of a call. */
const ANSWERS_A_BATCH = 50;
const ANSWER_BYTES_A_BATCH = 16 * 1024 * 1024;
/** An account that no call has touched for so long gives back what is free. */
const IDLE_MS = 2_000;

export class Flusher {
  readonly #ledger: LedgerStore;
  readonly #holders: HolderStore;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(ledger: LedgerStore, holders: HolderStore, clock: Clock, log: Log) {
    this.#ledger = ledger;
    this.#holders = holders;
    this.#clock = clock;
    this.#log = log;
  }

  /** Everything that was pending when this was called is in the store, or the answer is false. */
  async flush(tenure: Tenure): Promise<boolean> {
    if (tenure.flushing !== null && !(await tenure.flushing)) return false;
    if (!tenure.hasPending) return true;
    tenure.flushing ??= this.#drain(tenure).finally(() => {
      tenure.flushing = null;
    });
    return tenure.flushing;
  }

  /** What is pending now, and no more: under load there is always something new. */
  async #drain(tenure: Tenure): Promise<boolean> {
    let settlementsLeft = tenure.settlements.length;
    let entriesLeft = tenure.journal.waiting;
    let answersLeft = tenure.answers.length;
    while (settlementsLeft > 0 || entriesLeft > 0 || answersLeft > 0) {
      const answers = firstOf(tenure.answers);
      const taken = tenure.settlements.slice(0, SETTLEMENTS_A_BATCH);
      const { entries, anchor } = tenure.journal.take(ENTRIES_A_BATCH);
      const settlements = taken.map(({ settlement }) => settlement);
      const before = tenure.doneNo;
      try {
        const answer = await this.#ledger.flush(tenure.id, {
          ...{ settlements, entries, anchor },
          ...(answers.length === 0 ? {} : { answers }),
        });
        if (answer.kind === "closed") this.#log.error("a closed holder still had something to say");
        else tenure.hear(answer.doneNo, before, 1);
      } catch (error) {
        this.#log.warn("the store did not take a batch; it is kept and offered again", { error });
        return false;
      }
      settlementsLeft -= taken.length;
      answersLeft -= answers.length;
      tenure.answers = tenure.answers.slice(answers.length);
      for (const one of answers) if (one.kind === "parked") tenure.turns.delete(one.call);
      entriesLeft -= Math.max(1, entries.length + (anchor === null ? 0 : 1));
      tenure.journal.flushed();
      tenure.settlements = tenure.settlements.slice(taken.length);
      for (const { drawn } of taken) {
        for (const [account, amount] of drawn) {
          account.purse = { ...account.purse, slice: flushed(account.purse.slice, amount) };
        }
      }
    }
    return true;
  }

  /**
   * Gives back what is free and not needed here; what the store did not confirm is offered again.
   */
  async giveBack(tenure: Tenure, which: "idle" | "wanted" | "all"): Promise<boolean> {
    if (!(await this.#learn(tenure))) return false;
    const now = this.#clock.monotonic();
    const owing: Account[] = [];
    for (const account of tenure.allAccounts()) {
      if (which === "all" || isDue(account, which, now)) {
        const { purse } = account;
        account.purse = { ...purse, slice: giveBack(purse.slice, purse.slice.free) };
      }
      if (account.purse.slice.returned > account.returnedKnown) owing.push(account);
    }
    return owing.length === 0 ? true : this.#return(tenure, owing);
  }

  /** What was granted without our hearing of it: asking for what we know of answers the total. */
  async #learn(tenure: Tenure): Promise<boolean> {
    const now = this.#clock.monotonic();
    const unsure = [...tenure.allAccounts()].filter(isUnsure);
    if (unsure.length === 0) return true;
    const wants = unsure.map(({ id, purse: { slice } }) => {
      return { account: id, least: slice.granted, most: slice.granted };
    });
    const before = tenure.doneNo;
    try {
      const answer = await this.#ledger.lease(tenure.id, wants);
      if (answer.kind === "fenced") tenure.fenced = true;
      else tenure.hear(answer.doneNo, before, answer.kind === "ok" ? 1 : 0);
      for (const { account: id, total } of answer.kind === "ok" ? answer.granted : []) {
        const account = unsure.find((one) => one.id === id);
        if (account === undefined) continue;
        account.purse = { ...account.purse, slice: receive(account.purse.slice, total) };
        if (now >= account.unsureUntil) account.unsureUntil = Number.NEGATIVE_INFINITY;
      }
      return answer.kind === "ok";
    } catch (error) {
      this.#log.warn("the store did not say what it granted; it is asked again", { error });
      return false;
    }
  }

  async #return(tenure: Tenure, owing: readonly Account[]): Promise<boolean> {
    const totals = owing.map((account) => ({
      account: account.id,
      total: account.purse.slice.returned,
    }));
    const before = tenure.doneNo;
    try {
      const answer = await this.#ledger.giveBack(tenure.id, totals);
      if (answer.kind === "fenced") {
        tenure.fenced = true;
        return false;
      }
      tenure.hear(answer.doneNo, before, 1);
    } catch (error) {
      this.#log.warn("the store did not take back what is free; it is offered again", { error });
      return false;
    }
    owing.forEach((account, index) => {
      account.returnedKnown = totals[index]?.total ?? account.returnedKnown;
      account.viewedAt = Number.NEGATIVE_INFINITY;
      wake(account);
    });
    return true;
  }

  /** Ends a tenure whose calls have all settled: its holder holds nothing any more. */
  async close(tenure: Tenure): Promise<boolean> {
    if (tenure.callsInFlight > 0 || !(await this.flush(tenure))) return false;
    if (!tenure.fenced && !(await this.giveBack(tenure, "all"))) return false;
    try {
      return (await this.#holders.close(tenure.id)).kind === "closed";
    } catch (error) {
      this.#log.warn("the store did not close the holder; it is asked again", { error });
      return false;
    }
  }
}

/** At least one, and no more than one transaction takes well. */
function firstOf(answers: readonly Answered[]): readonly Answered[] {
  let bytes = 0;
  const within = (answer: Answered): boolean => {
    bytes += answer.answer?.byteLength ?? 0;
    return bytes <= ANSWER_BYTES_A_BATCH;
  };
  const beyond = answers.slice(1, ANSWERS_A_BATCH).findIndex((answer) => !within(answer));
  return answers.slice(0, beyond < 0 ? ANSWERS_A_BATCH : beyond + 1);
}

function isDue(account: Account, which: "idle" | "wanted", now: number): boolean {
  if (account.purse.slice.free <= 0) return false;
  if (which === "wanted") return now < account.wantedUntil;
  return account.over || now - account.usedAt > IDLE_MS;
}
