/** What a variant has come to: the upstream's count beside the gateways' books. */
import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Gateway } from "../gateways.ts";
import type { Counter } from "./counter.ts";
import type { Ends } from "./storm.ts";
import { CALL_PICO } from "./variants.ts";

const PICO_A_NANO = 1_000n;
/** Idle money goes back after 2 s; what a dead process held is charged after its expiry of 12 s. */
const QUIET_MS = 40_000;
const LOOK_MS = 200;

/** Nano-USD of one budget. */
export interface Books {
  readonly limit: bigint;
  readonly spent: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
}

interface BudgetView {
  readonly name: string;
  readonly limit_usd: string;
  readonly spent_usd: string;
  readonly leased_usd: string;
  readonly forfeited_usd: string;
}

/** The numbers of one variant, as they are printed. */
export interface Result {
  /** Calls that the budget was made for. */
  readonly cap_calls: number;
  /** Calls that the upstream was sent and billed. */
  readonly admitted: number;
  readonly past_cap: number;
  /** Calls that the rest of the budget could still pay. */
  readonly unused: number;
  readonly wrongly_refused: number;
  readonly limit_usd: string;
  readonly billed_usd: string;
  /** What the gateways' books say was spent. */
  readonly charged_usd: string;
  readonly forfeited_usd: string;
  /** The upstream billed more than the books know of: money was lost. */
  readonly uncharged_usd: string;
  readonly refused: number;
  readonly again: number;
}

/** The books of a budget once nobody holds any of it. */
export async function closedBooks(gateway: Gateway, budget: string): Promise<Books> {
  const until = performance.now() + QUIET_MS;
  for (;;) {
    const books = await booksOf(gateway, budget);
    if (books !== null && books.leased === 0n) return books;
    if (performance.now() > until) {
      throw new Error(`${budget} is not at rest after ${QUIET_MS} ms`);
    }
    await sleep(LOOK_MS);
  }
}

/** Null: no call has drawn on it yet. */
async function booksOf(gateway: Gateway, budget: string): Promise<Books | null> {
  const views = await ask<readonly BudgetView[]>(gateway, "GET", "/api/v1/budgets");
  const view = views.find(({ name }) => name === budget);
  if (view === undefined) return null;
  return {
    limit: nano(view.limit_usd),
    spent: nano(view.spent_usd),
    leased: nano(view.leased_usd),
    forfeited: nano(view.forfeited_usd),
  };
}

/**
 * The most of a budget that was forfeited at any time. While a process sleeps, what it holds is
 * charged; when it wakes and closes its books, the rest of that is there again.
 */
export class Forfeits {
  readonly #gateway: () => Gateway;
  readonly #most = new Map<string, bigint>();
  #watching = true;
  readonly #ended: Promise<void>;

  constructor(gateway: () => Gateway, budgets: readonly string[]) {
    this.#gateway = gateway;
    this.#ended = this.#watch(budgets);
  }

  async #watch(budgets: readonly string[]): Promise<void> {
    while (this.#watching) {
      for (const budget of budgets) await this.look(budget);
      await sleep(LOOK_MS);
    }
  }

  async look(budget: string): Promise<void> {
    const forfeited = (await booksOf(this.#gateway(), budget))?.forfeited ?? 0n;
    if (forfeited > this.mostOf(budget)) this.#most.set(budget, forfeited);
  }

  mostOf(budget: string): bigint {
    return this.#most.get(budget) ?? 0n;
  }

  async end(): Promise<void> {
    this.#watching = false;
    await this.#ended;
  }
}

/** Calls that were refused although what was not spent in the end would have paid for them. */
export function wronglyRefused(ends: Ends, unused: bigint): number {
  const refused = [...ends.refusedPico, ...ends.neverPico];
  return refused.filter((pico) => pico / PICO_A_NANO <= unused).length + ends.late;
}

/** Nano-USD that nobody was billed for and nobody has forfeited. */
export function unusedOf(counter: Counter, books: Books): bigint {
  const billed = counter.billedPico / PICO_A_NANO;
  const known = books.spent + books.forfeited;
  // Without a forfeit only the upstream's own count is believed.
  const gone = books.forfeited === 0n || billed > known ? billed : known;
  return gone > books.limit ? 0n : books.limit - gone;
}

export interface Judged {
  readonly calls: number;
  readonly counter: Counter;
  readonly books: Books;
  readonly ends: Ends;
  readonly wrongly: number;
}

export function resultOf({ books, calls, counter, ends, wrongly }: Judged): Result {
  const billed = counter.billedPico / PICO_A_NANO;
  const known = books.spent + books.forfeited;
  const unused = unusedOf(counter, books);
  // Where a model is no longer trusted one call needs more than the budget was made for.
  const [callPico = CALL_PICO] = [...ends.refusedPico, ...ends.neverPico];
  const onePico = counter.variant.overbills ? callPico : CALL_PICO;
  const uncharged = billed > known ? billed - known : 0n;
  return {
    cap_calls: calls,
    admitted: counter.admitted,
    past_cap: counter.pastCap,
    unused: Math.round((Number(unused * PICO_A_NANO) / Number(onePico)) * 1000) / 1000,
    wrongly_refused: wrongly,
    limit_usd: usd(books.limit),
    billed_usd: usd(billed),
    charged_usd: usd(books.spent),
    forfeited_usd: usd(books.forfeited),
    uncharged_usd: usd(uncharged),
    refused: ends.refusedPico.length,
    again: ends.again,
  };
}

/** Everything together; `unused` is the worst of all. */
export function totalOf(results: ReadonlyMap<string, Result>) {
  const all = [...results.values()];
  const sum = (pick: (result: Result) => number) => all.reduce((sum, one) => sum + pick(one), 0);
  return {
    cap_calls: sum((one) => one.cap_calls),
    admitted: sum((one) => one.admitted),
    past_cap: sum((one) => one.past_cap),
    unused: Math.max(0, ...all.map((one) => one.unused)),
    wrongly_refused: sum((one) => one.wrongly_refused),
    variants: Object.fromEntries(results),
  };
}

const NANO_PLACES = 9;

function nano(text: string): bigint {
  const [whole = "0", part = ""] = text.split(".");
  return BigInt(whole + part.padEnd(NANO_PLACES, "0"));
}

function usd(amount: bigint): string {
  const digits = amount.toString().padStart(NANO_PLACES + 1, "0");
  const whole = digits.slice(0, -NANO_PLACES);
  const part = digits.slice(-NANO_PLACES).replace(/0+$/, "");
  return part === "" ? whole : `${whole}.${part}`;
}
