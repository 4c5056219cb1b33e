/**
 * What calls have cost, by the time at which they were settled: of each account by hours and days,
 * and of each agent by days. It is added up from entries of the journal, in whatever order they are
 * read, and is for looking at: what budgets go by are the sums in their accounts.
 */
import type { Event, LegNumbers } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";

export const HOUR_MS: Millis = 3_600_000;
export const DAY_MS: Millis = 24 * HOUR_MS;
/** Accounts at once; what draws on more is not looked at, and that is said. */
export const ACCOUNTS_MAX = 10_000;
/** Hours are for windows of a day, and for the last day of longer ones. */
const HOURS_KEPT_MS: Millis = 2 * DAY_MS;
/** Of longer windows a month is shown. */
export const DAYS_KEPT_MS: Millis = 32 * DAY_MS;

export type Settled = Extract<Event, { kind: "call.settled" }>;
/** What an account is known by in an entry. */
export type SpentOf = Pick<LegNumbers, "budget" | "scope" | "unit" | "window">;

/** Spent from then on, for an hour or a day. */
export interface Bar {
  readonly at: Millis;
  readonly spent: bigint;
}

/** Sums by the start of their time. */
type Sums = Map<Millis, bigint>;

interface Series {
  readonly of: SpentOf;
  readonly hours: Sums;
  readonly days: Sums;
}

/** An account of a window that is not over. */
type IsCurrent = (account: SpentOf, now: Millis) => boolean;

export class Spending {
  readonly #isCurrent: IsCurrent;
  readonly #accounts = new Map<string, Series>();
  readonly #agents = new Map<string, Sums>();
  #hour: Millis = 0;

  constructor(isCurrent: IsCurrent) {
    this.#isCurrent = isCurrent;
  }

  add({ agent, charged, legs }: Settled, at: Millis, now: Millis): void {
    this.turn(now);
    if (agent !== null && at >= floorOf(now, DAY_MS)) this.#addAgent(agent, charged, at);
    for (const leg of legs) {
      if (!this.#isCurrent(leg, now) || !this.knows(leg)) continue;
      const { hours, days } = this.#of(leg);
      const amount = BigInt(leg.charged ?? 0);
      if (now - at < HOURS_KEPT_MS) addTo(hours, floorOf(at, HOUR_MS), amount);
      addTo(days, floorOf(at, DAY_MS), amount);
    }
  }

  /** Once an hour what nobody is shown any more is forgotten. */
  turn(now: Millis): void {
    const hour = floorOf(now, HOUR_MS);
    if (hour <= this.#hour) return;
    this.#hour = hour;
    for (const [agent, days] of this.#agents) {
      forget(days, floorOf(now, DAY_MS));
      if (days.size === 0) this.#agents.delete(agent);
    }
    for (const [name, { days, hours, of }] of this.#accounts) {
      forget(hours, now - HOURS_KEPT_MS);
      forget(days, now - DAYS_KEPT_MS);
      if (!this.#isCurrent(of, now)) this.#accounts.delete(name);
    }
  }

  /** False: there were too many accounts when it was drawn on first. */
  knows(account: SpentOf): boolean {
    return this.#accounts.size < ACCOUNTS_MAX || this.#accounts.has(nameOf(account));
  }

  /** Since midnight, UTC; nano-USD. */
  todayOf(agent: string, now: Millis): bigint {
    return this.#agents.get(agent)?.get(floorOf(now, DAY_MS)) ?? 0n;
  }

  /** Oldest first. Where nothing was spent there is no bar. */
  hoursOf(account: SpentOf): readonly Bar[] {
    return barsOf(this.#accounts.get(nameOf(account))?.hours);
  }

  daysOf(account: SpentOf): readonly Bar[] {
    return barsOf(this.#accounts.get(nameOf(account))?.days);
  }

  #addAgent(agent: string, charged: number, at: Millis): void {
    const days: Sums = this.#agents.get(agent) ?? new Map();
    this.#agents.set(agent, days);
    addTo(days, floorOf(at, DAY_MS), BigInt(charged));
  }

  #of({ budget, scope, unit, window }: SpentOf): Series {
    const of = { budget, scope, unit, window };
    const series = this.#accounts.get(nameOf(of)) ?? { of, hours: new Map(), days: new Map() };
    this.#accounts.set(nameOf(of), series);
    return series;
  }
}

export function floorOf(at: Millis, stepMs: Millis): Millis {
  return Math.floor(at / stepMs) * stepMs;
}

function nameOf({ budget, scope, unit, window }: SpentOf): string {
  return JSON.stringify([budget, scope, unit, window]);
}

function addTo(sums: Sums, at: Millis, amount: bigint): void {
  sums.set(at, (sums.get(at) ?? 0n) + amount);
}

function forget(sums: Sums, before: Millis): void {
  for (const at of sums.keys()) if (at < floorOf(before, HOUR_MS)) sums.delete(at);
}

function barsOf(sums: Sums | undefined): readonly Bar[] {
  const bars = [...(sums ?? [])].map(([at, spent]) => ({ at, spent }));
  return bars.sort((one, other) => one.at - other.at);
}
