/**
 * Watches what single tasks do again and again. What other gateways see of the same calls is told
 * to the rules, and what this one sees is for others to be told.
 */
import * as progress from "../../guards/breaker/no-progress.ts";
import type { Alarm, BreakerRule, NoProgressRule, StuckRule } from "../../guards/breaker/rules.ts";
import type { RepeatNow } from "../../guards/breaker/standing.ts";
import * as stuck from "../../guards/breaker/stuck.ts";
import { callsIn } from "../../guards/breaker/tally.ts";
import type { Millis } from "../../guards/money.ts";
import type { Share } from "../../ports/store.ts";
import { Newest } from "../newest.ts";
import type { Elsewhere } from "./elsewhere.ts";

/** Agents watched at once. */
const AGENTS_MAX = 100_000;
/** Different calls of one agent that a rule watches at once, and its tasks. */
const RUNS_MAX = 128;
const TASKS_MAX = 128;
/** Runs of one agent that others are told of in one second. */
const SHARES_MAX = 32;
/** One call is not yet a run. */
const SHARED_CALLS_MIN = 2;

/** Of a call of a tool, what is looked at. */
export interface Repeated {
  readonly agent: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  /** Of the arguments. */
  readonly digest: string;
  /** Digest of the result, or the kind of the fault in its place; null: it was refused. */
  readonly result: string | null;
  readonly repeatsMax: number | null;
  /** What it reads is new to the task, or what it writes; null: it was refused. */
  readonly news: string | null;
}

interface Watched {
  /** By the rule's name, then by the run. */
  readonly runs: Map<string, Newest<stuck.Run>>;
  /** By the rule's name, then by the task. */
  readonly standstills: Map<string, Newest<progress.Standstill>>;
  /** What changed since others were told, by the name of its share. */
  readonly unshared: Map<string, stuck.Run>;
}

interface Shown {
  readonly max: number;
  readonly storeNow: Millis;
}

/** On which clocks it is seen: the run's own, and the store's for others. */
export interface Times {
  readonly now: Millis;
  readonly storeNow: Millis;
}

export class Repeats {
  readonly #agents = new Newest<Watched>(AGENTS_MAX);
  readonly #elsewhere: Elsewhere;
  readonly #touched = new Set<string>();

  constructor(elsewhere: Elsewhere) {
    this.#elsewhere = elsewhere;
  }

  /** The first alarm, if there is one. */
  observe(call: Repeated, rules: readonly BreakerRule[], times: Times): Alarm | null {
    let first: Alarm | null = null;
    for (const rule of rules) {
      if (rule.signal === "identical_calls") first ??= this.#run(call, rule, times);
      if (rule.signal === "no_progress") first ??= this.#standstill(call, rule, times);
    }
    return first;
  }

  /** What was counted before says nothing about what comes. */
  forget(agent: string): void {
    this.#agents.delete(agent);
    this.#touched.delete(agent);
    this.#elsewhere.forget(agent);
  }

  /** The runs that are longest, over all gateways. */
  most(
    agent: string,
    rules: readonly BreakerRule[],
    { max, storeNow }: Shown,
  ): readonly RepeatNow[] {
    const own = this.#agents.get(agent)?.runs;
    const all = rules.flatMap((rule) => {
      if (rule.signal !== "identical_calls") return [];
      const runs = own?.get(rule.name);
      const after = storeNow - rule.windowMs;
      const before = shareOf(rule, "");
      const elsewhere = this.#elsewhere
        .keysOf(agent, before)
        .map((key) => key.slice(before.length));
      return [...new Set([...(runs?.keys() ?? []), ...elsewhere])].map((run) => {
        const known = runs?.get(run);
        const others = this.#ofOthers(agent, shareOf(rule, run), after);
        const calls = stuck.callsOf(known ?? null, rule, others);
        return { rule: rule.name, ...stuck.callOf(run), calls, limit: rule.above };
      });
    });
    return all.sort((one, other) => other.calls - one.calls).slice(0, max);
  }

  /** What others are to be told; told once. */
  shares(storeNow: Millis): readonly Share[] {
    const shares = [...this.#touched].flatMap((agent) => {
      const unshared = this.#agents.get(agent)?.unshared;
      if (unshared === undefined) return [];
      const most = [...unshared].sort(([, a], [, b]) => callsIn(b.calls) - callsIn(a.calls));
      unshared.clear();
      return most.slice(0, SHARES_MAX).map(([key, { calls, result }]) => ({
        ...{ agent, key, kind: result ?? "", value: callsIn(calls), at: storeNow },
      }));
    });
    this.#touched.clear();
    return shares;
  }

  #run(call: Repeated, rule: StuckRule, { now, storeNow }: Times): Alarm | null {
    const { agent } = call;
    const watched = this.#of(agent);
    const runs = watched.runs.get(rule.name) ?? new Newest<stuck.Run>(RUNS_MAX);
    watched.runs.set(rule.name, runs);
    const key = stuck.runOf(call);
    const before = runs.get(key) ?? null;
    const elsewhere = this.#elsewhere.knows(agent)
      ? this.#ofOthers(agent, shareOf(rule, key), storeNow - rule.windowMs)
      : [];
    const [run, alarm] = stuck.observe(before, rule, { ...call, elsewhere }, now);
    if (run === null) return alarm;
    runs.set(key, run);
    if (before !== null || callsIn(run.calls) >= SHARED_CALLS_MIN) {
      watched.unshared.set(shareOf(rule, key), run);
      this.#touched.add(agent);
    }
    return alarm;
  }

  #ofOthers(agent: string, share: string, after: Millis): readonly stuck.Elsewhere[] {
    const others = this.#elsewhere.of(agent, share, after);
    return others.map(({ kind, value }) => ({ result: kind === "" ? null : kind, calls: value }));
  }

  #standstill(call: Repeated, rule: NoProgressRule, { now }: Times): Alarm | null {
    const { standstills } = this.#of(call.agent);
    const tasks = standstills.get(rule.name) ?? new Newest<progress.Standstill>(TASKS_MAX);
    standstills.set(rule.name, tasks);
    const before = tasks.get(call.task) ?? null;
    const [standstill, alarm] = progress.observe(before, rule, call, now);
    if (standstill !== null) tasks.set(call.task, standstill);
    return alarm;
  }

  #of(agent: string): Watched {
    const known = this.#agents.get(agent) ?? {
      ...{ runs: new Map(), standstills: new Map(), unshared: new Map() },
    };
    this.#agents.set(agent, known);
    return known;
  }
}

function shareOf({ name }: StuckRule, run: string): string {
  return `call ${name} ${run}`;
}
