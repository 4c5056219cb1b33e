/**
 * What tasks used, told as they end: a task's name is a caller's invention and never a label. Kept
 * by each process for what it served itself, so a task that goes through two is in both in part.
 */
import { type Event, isToolAsked } from "../guards/events.ts";
import type { Usage } from "../guards/price/price.ts";
import { isUnnamed } from "../guards/task/unnamed.ts";
import { COUNTERS, HISTOGRAMS } from "./metric-names.ts";
import { Counter, Histogram } from "./series.ts";

/** Tasks under way at once; the longest untouched are forgotten, and are not told. */
const TASKS_MAX = 100_000;
const NANO_PER_USD = 1e9;
const TOKENS = [100, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1e6, 5e6, 1e7];
const USD = [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100, 1_000];
const CALLS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];

interface Totals {
  tokens: number;
  nanoUsd: number;
  calls: number;
}

type Settled = Extract<Event, { kind: "call.settled" }>;
type Ended = Extract<Event, { kind: "task.ended" }>;

export class TaskTotals {
  readonly #totals = new Map<string, Totals>();
  readonly #ended = new Counter(COUNTERS.tasksEnded);
  readonly #tokens = new Histogram(HISTOGRAMS.taskTokens, TOKENS);
  readonly #spend = new Histogram(HISTOGRAMS.taskSpend, USD);
  readonly #calls = new Histogram(HISTOGRAMS.taskCalls, CALLS);
  readonly metrics = [this.#ended, this.#tokens, this.#spend, this.#calls];

  observe(event: Event): void {
    if (event.kind === "call.settled") this.#add(event);
    if (event.kind === "task.ended") this.#end(event);
  }

  #add({ agent, asked, charged, outcome, task, usage }: Settled): void {
    // What a key's calls without a name share for a day is no piece of work.
    if (agent === null || task === null || isUnnamed(task) || outcome === "dropped") return;
    const key = keyOf({ agent, task });
    const totals = this.#totals.get(key) ?? { tokens: 0, nanoUsd: 0, calls: 0 };
    totals.calls += 1;
    totals.nanoUsd += charged;
    if (!isToolAsked(asked) && usage !== null) totals.tokens += tokensOf(usage);
    this.#touch(key, totals);
  }

  #end(event: Ended): void {
    const { agent, outcome, task } = event;
    if (isUnnamed(task)) return;
    this.#ended.add([agent, outcome]);
    const totals = this.#totals.get(keyOf(event));
    if (totals === undefined) return;
    this.#totals.delete(keyOf(event));
    this.#tokens.observe([agent], totals.tokens);
    this.#spend.observe([agent], totals.nanoUsd / NANO_PER_USD);
    this.#calls.observe([agent], totals.calls);
  }

  /** The map's order is that of the last call. */
  #touch(key: string, totals: Totals): void {
    this.#totals.delete(key);
    this.#totals.set(key, totals);
    const [oldest] = this.#totals.keys();
    if (this.#totals.size > TASKS_MAX && oldest !== undefined) this.#totals.delete(oldest);
  }
}

function tokensOf(usage: Usage): number {
  const { cachedInput, cacheWrite1h, cacheWrite5m, input, inputAudio, output, outputAudio } = usage;
  const read = input + cachedInput + cacheWrite5m + cacheWrite1h + inputAudio;
  return read + output + outputAudio;
}

function keyOf({ agent, task }: Pick<Ended, "agent" | "task">): string {
  return `${agent}/${task}`;
}
