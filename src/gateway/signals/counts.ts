/**
 * Counts what agents do: calls of tools, failures, refusals, money. Once a second the counts of all
 * gateways are put together through the store. Its own a gateway knows without the store.
 */
import { COUNTS, type Count } from "../../guards/breaker/measure.ts";
import type { Subject } from "../../guards/breaker/rules.ts";
import type { Millis } from "../../guards/money.ts";
import type { ToolId } from "../../guards/tool/tool.ts";
import { MERGED_MAX } from "../../ports/counters.ts";
import type { CounterStore, CounterTotal } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Tenure } from "../tenure.ts";
import {
  cellOf,
  findCell,
  OPEN_MAX,
  OTHERS,
  OWN,
  read,
  rowsIn,
  SENT,
  startOf,
  TOLD,
  whatOf,
  write,
} from "./cells.ts";
import { baseOf, type Counted, newCounted } from "./counted.ts";

/** What one gateway counts in the store in one piece. */
export const BASE_MS: Millis = 60_000;
/** Agents and their tools that are counted at once; beyond, the agent that was met first goes. */
const SUBJECTS_MAX = 1_000_000;
/** Changes that are told in one piece. */
const PIECE = 500;
/** Messages to the store in one second; what is left is told in the next. */
const ROUNDS_MAX = 200;

/** So much more than was told before. */
export interface Change {
  readonly of: Counted;
  /** Of history: when its piece of time begins. */
  readonly at: Millis;
  readonly counts: Partial<Record<Count, number>>;
  /** It was before this gateway looked. */
  readonly isHistory: boolean;
}

interface Unsent {
  readonly of: Counted;
  readonly totals: readonly CounterTotal[];
}

const NO_CHANGES = { changes: [], isMore: false } as const;

export class Counts {
  readonly #store: CounterStore;
  readonly #log: Log;
  /** By agent, then by tool; the agent itself is "". */
  readonly #agents = new Map<string, Map<string, Counted>>();
  #size = 0;
  /** With counts that are not told yet, and that the store has not taken. */
  #untold: Counted[] = [];
  readonly #unsent = new Set<Counted>();
  /** The holder that the store knows them under. */
  #holder = "";
  #seq = 0;
  /** What was counted before this gateway asked for the first time is history. */
  #hasAsked = false;

  constructor(store: CounterStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  add(subject: Subject, what: Count, now: Millis, n = 1): void {
    const counted = this.of(subject);
    const { cells } = counted;
    const cell = cellOf(cells, baseOf(now, BASE_MS), what);
    write(cells, cell, OWN, read(cells, cell, OWN) + n);
    if (!counted.isUntold) {
      counted.isUntold = true;
      this.#untold.push(counted);
    }
    this.#toSend(counted);
  }

  /** Null: nothing of it was counted. */
  find(subject: Subject): Counted | null {
    return this.#agents.get(subject.agent)?.get(nameOf(subject)) ?? null;
  }

  of({ agent, server, tool }: Subject): Counted {
    const tools = this.#agents.get(agent) ?? this.#open(agent);
    const name = nameOf({ server, tool });
    const known = tools.get(name);
    if (known !== undefined) return known;
    const counted = newCounted({ agent, server, tool });
    tools.set(name, counted);
    this.#size += 1;
    return counted;
  }

  ofAgent(agent: string): Iterable<Counted> {
    return this.#agents.get(agent)?.values() ?? [];
  }

  *all(): Iterable<Counted> {
    for (const tools of this.#agents.values()) yield* tools.values();
  }

  /** There are counts of it that may still grow. */
  isOpen({ cells }: Counted, now: Millis): boolean {
    const oldest = baseOf(now, BASE_MS) - OPEN_MAX * BASE_MS;
    for (const row of rowsIn(cells)) if (startOf(cells, row) > oldest) return true;
    return false;
  }

  forget({ subject }: Counted): void {
    const { agent } = subject;
    const tools = this.#agents.get(agent);
    if (tools?.delete(nameOf(subject))) this.#size -= 1;
    if (tools?.size === 0) this.#agents.delete(agent);
  }

  /** What is new since the last time, elsewhere and here, piece by piece. Never rejects. */
  async *changes(tenure: Tenure, now: Millis): AsyncIterable<readonly Change[]> {
    if (this.#holder !== tenure.id) this.#beginAnew(tenure.id);
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const { changes, isMore } = await this.#merge(tenure, now);
      yield changes;
      if (!isMore) break;
    }
    yield* this.#own(now);
  }

  #open(agent: string): Map<string, Counted> {
    const tools = new Map<string, Counted>();
    this.#agents.set(agent, tools);
    const [oldest] = this.#agents.keys();
    if (this.#size > SUBJECTS_MAX && oldest !== undefined) {
      this.#size -= this.#agents.get(oldest)?.size ?? 0;
      this.#agents.delete(oldest);
    }
    return tools;
  }

  *#own(now: Millis): Iterable<readonly Change[]> {
    let changes: Change[] = [];
    const untold = this.#untold;
    this.#untold = [];
    for (const of of untold) {
      of.isUntold = false;
      for (const [start, counts] of news(of)) {
        changes.push({ of, at: Math.min(now, start + BASE_MS - 1), counts, isHistory: false });
      }
      if (changes.length < PIECE) continue;
      yield changes;
      changes = [];
    }
    yield changes;
  }

  async #merge(
    tenure: Tenure,
    now: Millis,
  ): Promise<{ readonly changes: readonly Change[]; readonly isMore: boolean }> {
    const sent = this.#unsentTotals(now);
    const totals = sent.flatMap((one) => one.totals);
    try {
      const answer = await this.#store.merge(tenure.id, totals, this.#seq);
      if (answer.kind === "fenced") {
        tenure.fenced = true;
        return NO_CHANGES;
      }
      for (const one of sent) {
        markSent(one);
        if (isSent(one.of)) this.#sent(one.of);
      }
      this.#seq = answer.seq;
      const isFirst = !this.#hasAsked;
      // History goes on until all of it was told.
      this.#hasAsked ||= !answer.isMore;
      const changes = answer.sums.flatMap((sum) => this.#take(sum, { isFirst, now }) ?? []);
      return { changes, isMore: answer.isMore || totals.length >= MERGED_MAX };
    } catch (error) {
      this.#log.warn("the store did not merge counts; this gateway goes by its own", { error });
      return NO_CHANGES;
    }
  }

  /** As many as fit into one message; the rest comes in the next. */
  #unsentTotals(now: Millis): readonly Unsent[] {
    const oldest = baseOf(now, BASE_MS) - OPEN_MAX * BASE_MS;
    const sent: Unsent[] = [];
    let size = 0;
    for (const of of this.#unsent) {
      const totals = unsentOf(of, oldest);
      // Nobody adds up what is as old as that.
      if (totals.length === 0) this.#sent(of);
      else sent.push({ of, totals });
      size += totals.length;
      if (size >= MERGED_MAX) break;
    }
    return sent;
  }

  /** What others have more of than they had; null: nothing, or nothing that is counted here. */
  #take(sum: CounterTotal, at: { readonly isFirst: boolean; readonly now: Millis }): Change | null {
    const { agent, bucket, server, tool, total } = sum;
    const what = COUNTS.find((one) => one === sum.what);
    const { isFirst, now } = at;
    if (what === undefined || bucket > now + BASE_MS) return null;
    const isOpen = bucket > baseOf(now, BASE_MS) - OPEN_MAX * BASE_MS;
    if (!isOpen && !isFirst) return null;
    const of = this.of({ agent, server, tool });
    if (!isOpen) return { of, at: bucket, counts: { [what]: total }, isHistory: true };
    const { cells } = of;
    const cell = cellOf(cells, bucket, what);
    const others = total - read(cells, cell, SENT);
    const more = others - read(cells, cell, OTHERS);
    if (more <= 0) return null;
    write(cells, cell, OTHERS, others);
    const when = isFirst ? bucket : Math.min(now, bucket + BASE_MS - 1);
    return { of, at: when, counts: { [what]: more }, isHistory: isFirst };
  }

  #toSend(counted: Counted): void {
    if (counted.isUnsent) return;
    counted.isUnsent = true;
    this.#unsent.add(counted);
  }

  #sent(counted: Counted): void {
    counted.isUnsent = false;
    this.#unsent.delete(counted);
  }

  /** The store has what was sent under the holder before, and adds it to ours. */
  #beginAnew(holder: string): void {
    this.#holder = holder;
    for (const counted of this.all()) {
      moveSent(counted);
      if (!isSent(counted)) this.#toSend(counted);
    }
  }
}

function unsentOf({ cells, subject }: Counted, oldest: Millis): readonly CounterTotal[] {
  const totals: CounterTotal[] = [];
  for (const row of rowsIn(cells)) {
    const [bucket, total] = [startOf(cells, row), read(cells, row, OWN)];
    if (bucket < oldest || total === read(cells, row, SENT)) continue;
    totals.push({ ...subject, what: whatOf(cells, row), bucket, total });
  }
  return totals;
}

/** What was begun meanwhile may have taken the place of some of them. */
function markSent({ of: { cells }, totals }: Unsent): void {
  for (const { bucket, total, what } of totals) {
    const count = COUNTS.find((one) => one === what);
    const row = count === undefined ? null : findCell(cells, bucket, count);
    if (row !== null) write(cells, row, SENT, total);
  }
}

/** Own counts that were not told, by the start of their piece. */
function news({ cells }: Counted): ReadonlyMap<Millis, Partial<Record<Count, number>>> {
  const pieces = new Map<Millis, Partial<Record<Count, number>>>();
  for (const row of rowsIn(cells)) {
    const [own, told] = [read(cells, row, OWN), read(cells, row, TOLD)];
    if (own === told) continue;
    const start = startOf(cells, row);
    pieces.set(start, { ...pieces.get(start), [whatOf(cells, row)]: own - told });
    write(cells, row, TOLD, own);
  }
  return pieces;
}

function isSent({ cells }: Counted): boolean {
  for (const row of rowsIn(cells)) {
    if (read(cells, row, OWN) !== read(cells, row, SENT)) return false;
  }
  return true;
}

function moveSent({ cells }: Counted): void {
  for (const row of rowsIn(cells)) {
    const sent = read(cells, row, SENT);
    write(cells, row, OTHERS, read(cells, row, OTHERS) + sent);
    write(cells, row, OWN, read(cells, row, OWN) - sent);
    write(cells, row, TOLD, read(cells, row, TOLD) - sent);
    write(cells, row, SENT, 0);
  }
}

/** The agent itself has none. */
function nameOf({ server, tool }: ToolId): string {
  return tool === "" ? "" : `${server}\u0000${tool}`;
}
