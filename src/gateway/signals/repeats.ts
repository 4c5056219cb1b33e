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
import { Runs, resultOf } from "./runs.ts";

/** Agents watched at once. */
const AGENTS_MAX = 100_000;
/** Tasks of one agent that a rule watches at once. */
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
  /** Made when there is a first: of most agents all of this stays small. By the rule's name. */
  runs: Map<string, Runs> | null;
  /** By the rule's name, then by the task. */
  standstills: Map<string, Newest<progress.Standstill>> | null;
  /** What changed since others were told, by the name of its share. */
  unshared: Map<string, stuck.Run> | null;
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
  /** In the order in which they were met: to keep the order of touch, a call would cost more. */
  readonly #agents = new Map<string, Watched>();
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

  /** Agents that are watched. */
  agents(): Iterable<string> {
    return this.#agents.keys();
  }

  /** Gives back what is older than every window of its rule, and the agent with its last. */
  prune(agent: string, rules: readonly BreakerRule[], now: Millis): void {
    const watched = this.#agents.get(agent);
    for (const [name, runs] of watched?.runs ?? []) {
      const rule = rules.find((one) => one.name === name);
      const isKnown = rule?.signal === "identical_calls";
      if (!isKnown || !runs.prune(now - rule.windowMs)) watched?.runs?.delete(name);
    }
    if (watched?.runs?.size === 0 && watched.standstills === null && watched.unshared === null) {
      this.#agents.delete(agent);
    }
  }

  /** The runs that are longest, over all gateways; a call that was made once is none. */
  most(
    agent: string,
    rules: readonly BreakerRule[],
    { max, storeNow }: Shown,
  ): readonly RepeatNow[] {
    const own = this.#agents.get(agent)?.runs ?? null;
    const all = rules.flatMap((rule) => {
      if (rule.signal !== "identical_calls") return [];
      const runs = own?.get(rule.name);
      const after = storeNow - rule.windowMs;
      const before = shareOf(rule, "");
      const elsewhere = this.#elsewhere
        .keysOf(agent, before)
        .map((key) => key.slice(before.length));
      return [...new Set([...(runs?.names() ?? []), ...elsewhere])].map((run) => {
        const known = runs?.get(run, rule) ?? null;
        const others = this.#ofOthers(agent, shareOf(rule, run), after);
        const calls = stuck.callsOf(known, rule, others);
        return { rule: rule.name, ...stuck.callOf(run), calls, limit: rule.above };
      });
    });
    return all.sort((one, other) => other.calls - one.calls).slice(0, max);
  }

  /** What others are to be told; told once. */
  shares(storeNow: Millis): readonly Share[] {
    const shares = [...this.#touched].flatMap((agent) => {
      const watched = this.#agents.get(agent);
      if (watched?.unshared === null || watched === undefined) return [];
      const most = [...watched.unshared];
      most.sort(([, a], [, b]) => callsIn(b.calls) - callsIn(a.calls));
      watched.unshared = null;
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
    watched.runs ??= new Map();
    const runs = inside(watched.runs, rule.name, () => new Runs());
    const key = stuck.runOf(call);
    const before = runs.get(key, rule);
    const elsewhere = this.#elsewhere.knows(agent)
      ? this.#ofOthers(agent, shareOf(rule, key), storeNow - rule.windowMs)
      : [];
    const result = resultOf(call.result);
    const [run, alarm] = stuck.observe(before, rule, { ...call, result, elsewhere }, now);
    if (run === null) return alarm;
    runs.set(key, run);
    if (before !== null || callsIn(run.calls) >= SHARED_CALLS_MIN) {
      watched.unshared ??= new Map();
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
    const watched = this.#of(call.agent);
    watched.standstills ??= new Map();
    const tasks = inside(watched.standstills, rule.name, () => new Newest(TASKS_MAX));
    const before = tasks.get(call.task) ?? null;
    const [standstill, alarm] = progress.observe(before, rule, call, now);
    if (standstill !== null) tasks.set(call.task, standstill);
    return alarm;
  }

  #of(agent: string): Watched {
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    const [oldest] = this.#agents.size >= AGENTS_MAX ? this.#agents.keys() : [];
    if (oldest !== undefined) this.#agents.delete(oldest);
    const watched: Watched = { runs: null, standstills: null, unshared: null };
    this.#agents.set(agent, watched);
    return watched;
  }
}

function inside<Value>(all: Map<string, Value>, name: string, make: () => Value): Value {
  const value = all.get(name) ?? make();
  all.set(name, value);
  return value;
}

function shareOf({ name }: StuckRule, run: string): string {
  return `call ${name} ${run}`;
}
