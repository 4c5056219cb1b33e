/**
 * What the store knows of the hours a week ago, for rules that ask for it; and hours of now, made
 * known for the week to come. Minutes are counted in the store anyway: an hour that is over, and
 * that no alarm can reach any more, is added up there, by whichever gateway is first.
 */
import { HOUR_MS, type Hour, hourOf, hoursBefore } from "../../guards/breaker/last-week.ts";
import { type Count, MEASURES } from "../../guards/breaker/measure.ts";
import {
  type BreakerRule,
  isLevelRule,
  type LevelRule,
  type LevelSignal,
  type Subject,
} from "../../guards/breaker/rules.ts";
import type { Millis } from "../../guards/money.ts";
import { MERGED_MAX } from "../../ports/counters.ts";
import type { CounterStore, CounterTotal, HourKey } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { Newest } from "../newest.ts";
import type { Tenure } from "../tenure.ts";

const MINUTE_MS: Millis = 60_000;
/** Twice the week that is asked for, and a day for whoever is late. */
const KEPT_MS: Millis = 15 * 24 * HOUR_MS;
/** Until counts of gateways whose clocks are apart, or that reach the store late, are in it. */
const LATE_MS: Millis = 2 * MINUTE_MS;
/** Minutes under alarm of all agents that are remembered, so that each is told once. */
const LEFT_OUT_MAX = 100_000;
/** After all numbers that the store gives: nothing is answered. */
const NOTHING_SINCE = Number.MAX_SAFE_INTEGER;

/** A rule whose line hangs on the week before. */
type WeekRule = LevelRule & { readonly above: { readonly kind: "last-week" } };

function isWeekRule(rule: BreakerRule): rule is WeekRule {
  return isLevelRule(rule) && rule.above.kind === "last-week";
}

export class LastWeek {
  readonly #store: CounterStore;
  readonly #log: Log;
  /** By their starts, then by whose they are. */
  readonly #hours = new Map<Millis, ReadonlyMap<string, Hour>>();
  /** Minutes that the store was told of, or is to be. */
  readonly #leftOut = new Newest<Millis>(LEFT_OUT_MAX);
  #untold: CounterTotal[] = [];
  /** Until when hours of a signal were added up. */
  readonly #summedUntil = new Map<LevelSignal, Millis>();

  constructor(store: CounterStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Those that are known and that a rule may ask for now, oldest first. */
  of(subject: Subject, signal: LevelSignal): readonly Hour[] {
    const key = keyOf({ ...subject, signal });
    const hours = [...this.#hours.values()].flatMap((known) => known.get(key) ?? []);
    return hours.sort((one, other) => one.start - other.start);
  }

  /** Reads the hours that the rules ask for, where that was not done. Never rejects. */
  async read(rules: readonly BreakerRule[], now: Millis): Promise<void> {
    const asking = rules.filter(isWeekRule);
    const windowMs = Math.max(0, ...asking.map((rule) => rule.windowMs));
    const wanted = asking.length === 0 ? [] : hoursBefore(now, windowMs);
    for (const start of this.#hours.keys()) if (!wanted.includes(start)) this.#hours.delete(start);
    try {
      for (const start of wanted) {
        if (!this.#hours.has(start)) this.#hours.set(start, await this.#readHour(start));
      }
    } catch (error) {
      const says = "the store did not say what was a week ago; it is asked again";
      this.#log.warn(says, { error });
    }
  }

  /**
   * All that is since shortly before it rose is not what is usual, as with every baseline. Called
   * while there is an alarm; longer ago than it takes to have one, it was called before.
   */
  leaveOut(subject: Subject, rule: LevelRule, since: Millis, now: Millis): void {
    if (!isWeekRule(rule)) return;
    const { forMs, signal, windowMs } = rule;
    const from = Math.max(since - windowMs, now - windowMs - forMs - LATE_MS);
    const what = leftOutOf(signal);
    for (let bucket = minuteOf(from); bucket <= now; bucket += MINUTE_MS) {
      const { agent, server, tool } = subject;
      const key = keyOf({ ...subject, signal: `${what} ${bucket}` });
      if (this.#leftOut.get(key) !== undefined) continue;
      this.#leftOut.set(key, bucket);
      const total = { agent, server, tool, what, bucket, total: 1 };
      if (this.#untold.length < LEFT_OUT_MAX) this.#untold.push(total);
    }
  }

  /** Tells the store of minutes that are left out. Never rejects. */
  async tell(tenure: Tenure): Promise<void> {
    try {
      while (this.#untold.length > 0) {
        const some = this.#untold.slice(0, MERGED_MAX);
        const answer = await this.#store.merge(tenure.id, some, NOTHING_SINCE);
        if (answer.kind === "fenced") {
          tenure.fenced = true;
          return;
        }
        this.#untold = this.#untold.slice(some.length);
      }
    } catch (error) {
      const says = "the store did not hear which minutes teach nothing; it is told again";
      this.#log.warn(says, { error });
    }
  }

  /** Adds up hours that are over for good, and forgets old ones. Rejects where the store does. */
  async sum(rules: readonly BreakerRule[], now: Millis): Promise<void> {
    for (const [key, bucket] of this.#leftOut.entries()) {
      if (bucket < now - reachOf(rules)) this.#leftOut.delete(key);
    }
    const asking = rules.filter(isWeekRule);
    const until = hourOf(now - heldMsOf(asking));
    for (const signal of new Set(asking.map((rule) => rule.signal))) {
      const from = this.#summedUntil.get(signal) ?? 0;
      if (from < until) await this.#sumHours(signal, { from, until });
      this.#summedUntil.set(signal, until);
    }
    await this.#store.pruneHours(now - KEPT_MS);
    await this.#store.prune(LEVEL_SIGNALS.map(leftOutOf), now - reachOf(rules));
  }

  async #sumHours(
    signal: LevelSignal,
    span: { readonly from: Millis; readonly until: Millis },
  ): Promise<void> {
    const { beside, count, of } = MEASURES[signal];
    const sum = { signal, of, count, beside, leftOut: leftOutOf(signal) };
    let after: string | null = "";
    while (after !== null) after = await this.#store.sumHours(sum, span, after);
  }

  async #readHour(start: Millis): Promise<ReadonlyMap<string, Hour>> {
    const known = new Map<string, Hour>();
    let page = await this.#store.hours(start, null);
    while (page.length > 0) {
      for (const { beside, count, minutes, ...key } of page) {
        known.set(keyOf(key), { start, count, beside, minutes });
      }
      page = await this.#store.hours(start, page.at(-1) ?? null);
    }
    return known;
  }
}

/** `as`: the keys of the table are the signals that have a level, and of tasks another. */
const LEVEL_SIGNALS = (Object.keys(MEASURES) as (keyof typeof MEASURES)[]).filter(
  (signal) => signal !== "tokens_per_task",
);

/** How far back minutes are counted for rules that will ask for their hours. */
export function reachOf(rules: readonly BreakerRule[], what?: Count): Millis {
  const asking = rules.filter(isWeekRule).filter(({ signal }) => {
    const { beside, count } = MEASURES[signal];
    return what === undefined || what === count || what === beside;
  });
  return asking.length === 0 ? 0 : HOUR_MS + heldMsOf(rules.filter(isWeekRule)) + LATE_MS;
}

/** So long after its end an alarm may still reach back into an hour. */
function heldMsOf(asking: readonly WeekRule[]): Millis {
  return LATE_MS + Math.max(0, ...asking.map(({ forMs, windowMs }) => forMs + windowMs));
}

function leftOutOf(signal: LevelSignal): string {
  return `left out of ${signal}`;
}

function minuteOf(at: Millis): Millis {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}

function keyOf({ agent, server, signal, tool }: HourKey): string {
  return [agent, server, tool, signal].join("\u0000");
}
