/**
 * What agents do, as the breakers see it: counted here, put together over all gateways once a
 * second, and held to the rules. Nothing of it is on the path of a call but to count.
 */

import { bucketMsOf } from "../../guards/breaker/buckets.ts";
import { COUNTS, type Count, MEASURES } from "../../guards/breaker/measure.ts";
import * as firsts from "../../guards/breaker/new-tools.ts";
import {
  type Alarm,
  type BreakerRule,
  isRelative,
  type Subject,
} from "../../guards/breaker/rules.ts";
import type { Millis } from "../../guards/money.ts";
import type { ToolId } from "../../guards/tool/tool.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CounterStore, ToolMet } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { Newest } from "../newest.ts";
import type { Tenure } from "../tenure.ts";
import { type Change, Counts } from "./counts.ts";
import { Elsewhere } from "./elsewhere.ts";
import { LastWeek, reachOf as reachOfHours } from "./last-week.ts";
import { Levels, type SignalRules } from "./levels.ts";
import { type Repeated, Repeats } from "./repeats.ts";
import { TaskCalls } from "./task-calls.ts";
import { TaskTotals } from "./task-totals.ts";

const PRUNE_MS: Millis = 60_000;
/** Of what may be at several gateways; what a task of a day ago took still counts with it. */
const SHARES_KEPT_MS: Millis = 24 * 3_600_000;
/** So many changes are held to the rules before others get their turn. */
const SLICE = 500;
/** Tools that the store is asked about at a time; the rest a second later. */
const MET_MAX = 1_000;
/** Agents whose new tools are remembered. */
const FIRSTS_MAX = 100_000;

export interface SignalParts {
  readonly store: CounterStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class Signals {
  readonly counts: Counts;
  readonly lastWeek: LastWeek;
  readonly levels: Levels;
  readonly #parts: SignalParts;
  readonly #elsewhere = new Elsewhere();
  readonly repeats = new Repeats(this.#elsewhere);
  readonly tasks = new TaskTotals(this.#elsewhere);
  readonly taskCalls = new TaskCalls(this.#elsewhere);
  /** By agent and rule: when tools were called for the first time. */
  readonly #firsts = new Newest<firsts.Firsts>(FIRSTS_MAX);
  readonly #unmet: ToolMet[] = [];
  #sharedSeq = 0;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: SignalParts) {
    this.#parts = parts;
    this.counts = new Counts(parts.store, parts.log);
    this.lastWeek = new LastWeek(parts.store, parts.log);
    this.levels = new Levels(this.lastWeek);
  }

  /** So much more of an agent (its tool is empty), or of one of its tools. */
  count(subject: Subject, what: Count, now: Millis, n = 1): void {
    this.counts.add(subject, what, now, n);
  }

  /** One that is granted to the agent: it may be the first of its kind. */
  meet(agent: string, { server, tool }: ToolId): void {
    const counted = this.counts.of({ agent, server, tool });
    if (counted.isMet) return;
    counted.isMet = true;
    this.#unmet.push(counted.subject);
  }

  repeated(call: Repeated, rules: readonly BreakerRule[], storeNow: Millis): Alarm | null {
    return this.repeats.observe(call, rules, { now: this.#parts.clock.monotonic(), storeNow });
  }

  /** A task has ended, here: its tokens are part of what is usual. */
  taskEnded(agent: string, task: string, now: Millis): void {
    const tokens = this.tasks.end(agent, task, now);
    if (tokens === null) return;
    const subject = { agent, server: "", tool: "" };
    this.count(subject, "tokens", now, tokens);
    this.count(subject, "tasks", now);
  }

  /** Once a second: puts together, looks, and answers the alarms. Never rejects. */
  async tick(tenure: Tenure, rules: SignalRules, now: Millis): Promise<readonly Alarm[]> {
    const alarms: Alarm[] = [];
    await this.lastWeek.read(rules.allBreakers, now);
    for await (const changes of this.counts.changes(tenure, now)) {
      for (const change of changes) {
        alarms.push(...this.levels.tell(change, rules, now));
        this.#teach(change, rules, now);
      }
      if (changes.length >= SLICE) await this.#pause();
    }
    const hot = this.levels.takeHot();
    for (const [no, counted] of hot.entries()) {
      alarms.push(...this.levels.tick(counted, rules, now));
      if (no % SLICE === SLICE - 1) await this.#pause();
    }
    alarms.push(...(await this.#meetNew(rules, now)));
    await this.lastWeek.tell(tenure);
    await this.#share(tenure, now);
    await this.#prune(rules, now);
    return alarms;
  }

  /** An agent goes on: what goes on with it is a new alarm. */
  rearm(agent: string, rules: SignalRules, now: Millis): void {
    this.levels.rearm(this.counts.ofAgent(agent), rules, now);
    this.repeats.forget(agent);
  }

  #teach({ at, counts, of }: Change, rules: SignalRules, now: Millis): void {
    const { tasks: count, tokens } = counts;
    if (count === undefined && tokens === undefined) return;
    const { agent } = of.subject;
    const some = { at, count: count ?? 0, tokens: tokens ?? 0 };
    this.tasks.teach(agent, some, rules.breakersOf(agent), now);
  }

  /** Those that the store has never seen are new, whichever gateway they are called at. */
  async #meetNew(rules: SignalRules, now: Millis): Promise<readonly Alarm[]> {
    const asked = this.#unmet.splice(0, MET_MAX);
    if (asked.length === 0) return [];
    try {
      const met = await this.#parts.store.meet(asked, now);
      return met.flatMap((tool) => this.#first(tool, rules.breakersOf(tool.agent), now));
    } catch (error) {
      this.#parts.log.warn("the store did not say which tools are new; it is asked again", {
        error,
      });
      this.#unmet.unshift(...asked);
      return [];
    }
  }

  #first(met: firsts.NewTool, rules: readonly BreakerRule[], now: Millis): readonly Alarm[] {
    return rules.flatMap((rule) => {
      if (rule.signal !== "new_tools") return [];
      const name = JSON.stringify([met.agent, rule.name]);
      const [after, alarm] = firsts.observe(this.#firsts.get(name) ?? [], rule, met, now);
      this.#firsts.set(name, after);
      return alarm ?? [];
    });
  }

  async #share(tenure: Tenure, now: Millis): Promise<void> {
    const shares = [this.repeats, this.tasks, this.taskCalls].flatMap((one) => one.shares(now));
    try {
      const answer = await this.#parts.store.share(tenure.id, shares, this.#sharedSeq);
      if (answer.kind === "fenced") {
        tenure.fenced = true;
        return;
      }
      this.#sharedSeq = answer.seq;
      this.#elsewhere.take(answer.others);
    } catch (error) {
      this.#parts.log.warn("the store did not share what repeats; this gateway sees its own", {
        error,
      });
    }
  }

  async #prune(rules: SignalRules, now: Millis): Promise<void> {
    if (now - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = now;
    this.#elsewhere.prune(now - SHARES_KEPT_MS);
    let no = 0;
    for (const counted of this.counts.all()) {
      no += 1;
      if (no % SLICE === 0) await this.#pause();
      const isOpen = this.counts.isOpen(counted, now);
      if (!this.levels.isInUse(counted, rules, now) && !isOpen) this.counts.forget(counted);
    }
    await this.#pruneRepeats(rules);
    const { log, store } = this.#parts;
    try {
      // Before their minutes are forgotten.
      await this.lastWeek.sum(rules.allBreakers, now);
      for (const what of COUNTS) await store.prune([what], now - reachOf(what, rules.allBreakers));
      await store.pruneShares(now - SHARES_KEPT_MS);
    } catch (error) {
      log.warn("the store did not forget old counts; it is asked again", { error });
    }
  }

  async #pruneRepeats(rules: SignalRules): Promise<void> {
    let no = 0;
    for (const agent of this.repeats.agents()) {
      this.repeats.prune(agent, rules.breakersOf(agent), this.#parts.clock.monotonic());
      no += 1;
      if (no % SLICE === 0) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(0, resolve);
    });
  }
}

/** How far back any rule looks at what is counted. */
function reachOf(what: Count, rules: readonly BreakerRule[]): Millis {
  const reaches = rules.flatMap((rule) => {
    if (!(rule.signal in MEASURES) || typeof rule.above === "number") return [];
    // `as`: it was just looked for.
    const { beside, count } = MEASURES[rule.signal as keyof typeof MEASURES];
    if ((what !== beside && what !== count) || !isRelative(rule.above)) return [];
    return [rule.above.overMs + 2 * bucketMsOf(rule.above)];
  });
  return Math.max(3 * PRUNE_MS, reachOfHours(rules, what), ...reaches);
}
