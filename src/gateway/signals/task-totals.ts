/** The tokens of the tasks that are at this gateway, held to those of tasks that ended before. */
import { NO_HISTORY } from "../../guards/breaker/buckets.ts";
import type { Alarm, BreakerRule, TaskTokensRule } from "../../guards/breaker/rules.ts";
import type { TaskNow } from "../../guards/breaker/standing.ts";
import * as spike from "../../guards/breaker/task-tokens.ts";
import type { Millis } from "../../guards/money.ts";
import type { Share } from "../../ports/store.ts";
import { Newest } from "../newest.ts";
import type { Elsewhere } from "./elsewhere.ts";

/** Agents, and tasks of all of them, that are watched at once. */
const AGENTS_MAX = 100_000;
const TASKS_MAX = 200_000;
/** What another gateway said of a task is of use until it says more, at most so long. */
const SHARE_MS: Millis = 24 * 3_600_000;

interface Total {
  readonly agent: string;
  readonly task: string;
  tokens: number;
  /** Names of rules that it was above. */
  readonly alarmed: Set<string>;
}

interface TokensOf {
  readonly agent: string;
  readonly task: string;
  readonly tokens: number;
}

export class TaskTotals {
  readonly #elsewhere: Elsewhere;
  readonly #totals = new Newest<Total>(TASKS_MAX);
  /** Of tasks that ended: by agent, then by the rule's name. */
  readonly #ended = new Newest<Map<string, spike.EndedTasks>>(AGENTS_MAX);
  readonly #unshared = new Set<Total>();

  constructor(elsewhere: Elsewhere) {
    this.#elsewhere = elsewhere;
  }

  /** So many more; the alarms of those that are too many. */
  add(
    { agent, task, tokens }: TokensOf,
    rules: readonly BreakerRule[],
    now: Millis,
  ): readonly Alarm[] {
    const name = nameOf(agent, task);
    const total = this.#totals.get(name) ?? newTotal(agent, task);
    total.tokens += tokens;
    this.#totals.set(name, total);
    this.#unshared.add(total);
    const all = { agent, task, tokens: this.#sum(total, now) };
    return rules.flatMap((rule) => {
      if (rule.signal !== "tokens_per_task" || total.alarmed.has(rule.name)) return [];
      const tasks = this.#ended.get(agent)?.get(rule.name) ?? NO_HISTORY;
      const alarm = spike.alarmOf(all, rule, spike.lineOf(tasks, rule, now));
      if (alarm !== null) total.alarmed.add(rule.name);
      return alarm ?? [];
    });
  }

  /** Tokens of a task that ends, of all gateways; null: none, or none that may teach. */
  end(agent: string, task: string, now: Millis): number | null {
    const name = nameOf(agent, task);
    const total = this.#totals.get(name) ?? newTotal(agent, task);
    this.#totals.delete(name);
    this.#unshared.delete(total);
    const tokens = this.#sum(total, now);
    return total.alarmed.size > 0 || tokens === 0 ? null : tokens;
  }

  /** So many tasks ended, here or elsewhere, with so many tokens together. */
  teach(
    agent: string,
    some: { readonly at: Millis; readonly count: number; readonly tokens: number },
    rules: readonly BreakerRule[],
    now: Millis,
  ): void {
    const known = this.#ended.get(agent) ?? new Map<string, spike.EndedTasks>();
    for (const rule of rules) {
      if (rule.signal !== "tokens_per_task") continue;
      known.set(rule.name, spike.ended(known.get(rule.name) ?? NO_HISTORY, rule, some, now));
    }
    this.#ended.set(agent, known);
  }

  /** Where the line of the agent's tasks is. */
  lineOf(agent: string, rule: TaskTokensRule, now: Millis) {
    return spike.lineOf(this.#ended.get(agent)?.get(rule.name) ?? NO_HISTORY, rule, now);
  }

  /** Those that have taken most, as this gateway and the others see them. */
  most(
    agent: string,
    rules: readonly BreakerRule[],
    { max, now }: { readonly max: number; readonly now: Millis },
  ): readonly TaskNow[] {
    const own = [...this.#totals.values()].filter((total) => total.agent === agent);
    const known = new Set(own.map(({ task }) => task));
    const elsewhere = this.#elsewhere
      .keysOf(agent, shareOf(""))
      .map((key) => key.slice(shareOf("").length))
      .filter((task) => !known.has(task));
    const totals = [...own, ...elsewhere.map((task) => newTotal(agent, task))];
    const all = totals.flatMap((total) => this.standingOf(total, rules, now));
    return all.sort((one, other) => other.tokens - one.tokens).slice(0, max);
  }

  /** Of each agent the task that has taken most here. */
  largest(): ReadonlyMap<string, TokensOf> {
    const largest = new Map<string, TokensOf>();
    for (const total of this.#totals.values()) {
      const known = largest.get(total.agent);
      if (known === undefined || known.tokens < total.tokens) largest.set(total.agent, total);
    }
    return largest;
  }

  /** One task, by each rule for tokens of tasks. */
  of(agent: string, task: string, rules: readonly BreakerRule[], now: Millis): readonly TaskNow[] {
    const total = this.#totals.get(nameOf(agent, task)) ?? newTotal(agent, task);
    return this.standingOf(total, rules, now);
  }

  /** By each rule for tokens of tasks. */
  standingOf(total: TokensOf, rules: readonly BreakerRule[], now: Millis): readonly TaskNow[] {
    return rules.flatMap((rule) => {
      if (rule.signal !== "tokens_per_task") return [];
      const { at: line, usual } = this.lineOf(total.agent, rule, now);
      return [{ rule: rule.name, task: total.task, tokens: this.#sum(total, now), line, usual }];
    });
  }

  shares(storeNow: Millis): readonly Share[] {
    const shares = [...this.#unshared].map(({ agent, task, tokens }) => ({
      ...{ agent, key: shareOf(task), kind: "", value: tokens, at: storeNow },
    }));
    this.#unshared.clear();
    return shares;
  }

  #sum({ agent, task, tokens }: TokensOf, now: Millis): number {
    const others = this.#elsewhere.of(agent, shareOf(task), now - SHARE_MS);
    return others.reduce((sum, { value }) => sum + value, tokens);
  }
}

function newTotal(agent: string, task: string): Total {
  return { agent, task, tokens: 0, alarmed: new Set() };
}

function nameOf(agent: string, task: string): string {
  return `${agent}\u0000${task}`;
}

function shareOf(task: string): string {
  return `task ${task}`;
}
