/**
 * What was spent when, read from the journal for who looks: what is new since the last look, and
 * each time a piece more of what was before. So a look has a bounded cost however long the journal
 * is, and what was spent before the pieces that were read is said to be unknown.
 */
import type { Gateway } from "../gateway/gateway.ts";
import type { Budget } from "../guards/budget/budget.ts";
import { windowAt } from "../guards/budget/draws.ts";
import type { Millis } from "../guards/money.ts";
import type { JournalEntry, JournalReader } from "../ports/store.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import { DAYS_KEPT_MS, type Settled, Spending, type SpentOf } from "../telemetry/spending.ts";

/** Entries read in one piece: some milliseconds of this process, which has calls to decide. */
const PAGE = 200;
/** Entries of before that one look reads. */
const BEFORE_MAX = 10_000;
/** Who has not looked for more entries than this begins anew with the newest. */
export const NEW_MAX = 20_000;
/** Gateways write once a second, and their clocks differ a little. */
const DISORDER_MS: Millis = 120_000;

export interface SpendingSource {
  readonly journal: Pick<JournalReader, "read">;
  /** Writes what is not written yet. */
  readonly flush: () => Promise<unknown>;
  readonly now: () => Millis;
  /** Those in force. */
  readonly budgets: () => readonly Budget[];
}

export function knownSpendingOf(gateway: Gateway): KnownSpending {
  const { clock, flusher, holding, store } = gateway;
  return new KnownSpending({
    journal: store.journal,
    flush: () => flusher.flush(holding.tenure),
    now: () => clock.wall(),
    budgets: () => gateway.rules.configuration.budgets,
  });
}

export class KnownSpending {
  readonly #source: SpendingSource;
  #spending: Spending;
  /** Positions: every entry between them was read, both included. */
  #first = 1;
  #last: number | null = null;
  /** Of the oldest entry that was read. */
  #since: Millis = Number.POSITIVE_INFINITY;
  #reading: Promise<void> = Promise.resolve();
  #isDamaged = false;

  constructor(source: SpendingSource) {
    this.#source = source;
    this.#spending = this.#nothing();
  }

  /** One look after the other. Rejects when the store cannot be read. */
  async look(): Promise<Spending> {
    const next = () => this.#read();
    this.#reading = this.#reading.then(next, next);
    await this.#reading;
    return this.#spending;
  }

  /** Every call that was settled since then has been read. */
  hasAllSince(at: Millis): boolean {
    if (this.#isDamaged) return false;
    return this.#since === Number.NEGATIVE_INFINITY || this.#since + DISORDER_MS <= at;
  }

  async #read(): Promise<void> {
    const { flush, journal, now } = this.#source;
    await flush();
    const [newest] = await journal.read({ take: "newest", limit: 1 });
    const head = newest?.position ?? 0;
    if (this.#last === null || head - this.#last > NEW_MAX) this.#begin(head);
    this.#spending.turn(now());
    await this.#readNew(head);
    await this.#readBefore();
  }

  #begin(head: number): void {
    this.#spending = this.#nothing();
    this.#first = head + 1;
    this.#last = head;
    this.#since = Number.POSITIVE_INFINITY;
  }

  async #readNew(head: number): Promise<void> {
    let last = this.#last ?? head;
    while (last < head) {
      const upTo = Math.min(head, last + PAGE);
      await this.#add(last, upTo);
      last = upTo;
      this.#last = last;
    }
  }

  async #readBefore(): Promise<void> {
    for (let read = 0; read < BEFORE_MAX && !this.#isOver(); read += PAGE) {
      const after = Math.max(0, this.#first - 1 - PAGE);
      const oldest = await this.#add(after, this.#first - 1);
      this.#first = after + 1;
      if (oldest !== null) this.#since = Math.min(this.#since, oldest);
    }
    if (this.#since === Number.NEGATIVE_INFINITY) return;
    // Older entries that were thrown away are as unknown as those that were not read.
    const isAll = this.#first === 1 && (await this.#hasFirst());
    if (isAll) this.#since = Number.NEGATIVE_INFINITY;
  }

  #isOver(): boolean {
    return this.#first === 1 || this.#since < this.#source.now() - DAYS_KEPT_MS;
  }

  async #hasFirst(): Promise<boolean> {
    const [oldest] = await this.#source.journal.read({ take: "oldest", limit: 1 });
    return oldest === undefined || oldest.position === 1;
  }

  /** The time of the oldest entry there; null: there is none. */
  async #add(after: number, upTo: number): Promise<Millis | null> {
    const { journal, now } = this.#source;
    const limit = upTo - after;
    const entries = await journal.read({ after, upTo, take: "oldest", limit });
    for (const entry of entries) {
      const event = this.#settledIn(entry);
      if (event !== null) this.#spending.add(event, entry.at, now());
    }
    return entries.reduce<Millis | null>((least, { at }) => Math.min(least ?? at, at), null);
  }

  /**
   * One that cannot be read is for who verifies the journal. Budgets are shown all the same, and
   * nothing is said any more that wants every call.
   */
  #settledIn(entry: JournalEntry): Settled | null {
    if (entry.kind !== "call.settled") return null;
    try {
      const event = eventOf(entry);
      return event.kind === "call.settled" ? event : null;
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      this.#isDamaged = true;
      return null;
    }
  }

  #nothing(): Spending {
    return new Spending((account, now) => this.#isCurrent(account, now));
  }

  /** Tasks are many and short: what they spent is in their accounts. */
  #isCurrent({ budget, unit, window }: SpentOf, now: Millis): boolean {
    const found = this.#source.budgets().find(({ name }) => name === budget);
    if (found === undefined || found.unit !== unit || found.each === "task") return false;
    return window >= windowAt(found.window, now).starts;
  }
}
