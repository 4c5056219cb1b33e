/**
 * The parked calls as this gateway knows them: which ones a request may be the same as, whose
 * clients wait here, and what the store is still to be told. Nothing here decides: a call is let go
 * by its row in the store alone.
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallClaim, HolderId, Parked, ParkingStore, ParkState } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";

/** More than an agent may park, for several agents. */
const ROWS_MAX = 200_000;
/** Their waiting is over, or they may be claimed. */
const DECIDED: readonly ParkState[] = ["let_go", "done", "denied", "unknown"];

export type Same = Pick<Parked, "key" | "task" | "digest">;

export interface Sleeper {
  wake(): void;
  sleep(ms: Millis): Promise<void>;
}

export class Lot {
  readonly #store: ParkingStore;
  readonly #clock: Clock;
  readonly #log: Log;
  /** By agent, what a request would have to be the same as. */
  #known = new Map<string, Set<string>>();
  readonly #learning = new Set<Map<string, Set<string>>>();
  #decided: ReadonlyMap<string, ParkState> = new Map();
  readonly #sleepers = new Set<() => void>();
  readonly #held = new Map<string, number>();
  /** Of each row, how many wait for it here: late messages may bring two to one. */
  readonly #awaited = new Map<string, number>();
  /** How many requests that are the same wait or run here. */
  readonly #same = new Map<string, number>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #owed = new Map<string, () => Promise<void>>();
  #released = false;
  #moment: Millis = 0;

  constructor(store: ParkingStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Calls of this agent are parked, or were. */
  knows(agent: string): boolean {
    return this.#known.has(agent);
  }

  /** The store is to be asked before such a request is admitted as a new call. */
  expects(agent: string, same: Same): boolean {
    return this.#known.get(agent)?.has(nameOf(same)) ?? false;
  }

  /** What a request would have to be the same as, for each that is known. */
  *all(): Iterable<Same & { readonly agent: string }> {
    for (const [agent, names] of this.#known) {
      for (const name of names) yield { agent, ...sameFrom(name) };
    }
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /**
   * Reads which calls are parked, or were and may be asked for again: at start, and before an agent
   * goes on, so that no request of a call that waits is taken for a new one.
   */
  async learn(): Promise<void> {
    const known = new Map<string, Set<string>>();
    this.#learning.add(known);
    try {
      for (const row of await this.#store.list({ limit: ROWS_MAX })) add(known, row);
      this.#known = known;
    } finally {
      this.#learning.delete(known);
    }
  }

  /** Also to what is being read: it may have been parked after the store was asked. */
  add(row: Parked): void {
    for (const known of [this.#known, ...this.#learning]) add(known, row);
  }

  /** Which of the calls that wait here were decided, whatever their clutch says. */
  async look(holder: HolderId): Promise<void> {
    if (this.#sleepers.size === 0) return;
    const rows = await this.#store.list({ attached: holder, states: DECIDED, limit: ROWS_MAX });
    this.#decided = new Map(rows.map(({ call, state }) => [call, state]));
    this.wake();
  }

  /** What became of a call that waits here; null: nothing yet. */
  decided(call: string): ParkState | null {
    return this.#decided.get(call) ?? null;
  }

  /** A place for one more connection of the agent; null: it has as many as it may. */
  take(agent: string, max: number): (() => void) | null {
    if (this.#released || this.heldOf(agent) >= max) return null;
    return count(this.#held, agent);
  }

  /** Somebody here waits for this row, until what is answered is called. */
  await(call: string): () => void {
    return count(this.#awaited, call);
  }

  isAwaited(call: string): boolean {
    return this.#awaited.has(call);
  }

  /** One more request that is this waits or runs here, until what is answered is called. */
  join(same: Same): () => void {
    return count(this.#same, nameOf(same));
  }

  sameHere(same: Same): number {
    return this.#same.get(nameOf(same)) ?? 0;
  }

  /** One after the other, for requests that are the same. */
  async inTurn<Value>(same: Same, work: () => Promise<Value>): Promise<Value> {
    const name = nameOf(same);
    const before = this.#queues.get(name) ?? Promise.resolve();
    const mine = before.then(work);
    const over = mine.then(
      () => {},
      () => {},
    );
    this.#queues.set(name, over);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(name) === over) this.#queues.delete(name);
    }
  }

  /** Calls of the agent that wait here with their connection. */
  heldOf(agent: string): number {
    return this.#held.get(agent) ?? 0;
  }

  /** The gateway stops: nobody is kept waiting any more. */
  get isReleased(): boolean {
    return this.#released;
  }

  release(): void {
    this.#released = true;
    this.wake();
  }

  wake(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Sleeps until something may have changed, or the time is over. */
  sleeper(): Sleeper {
    let wake: () => void = () => {};
    return {
      wake: () => wake(),
      sleep: (ms) =>
        new Promise((resolve) => {
          wake = () => {
            cancel();
            this.#sleepers.delete(wake);
            resolve();
          };
          const cancel = this.#clock.after(ms, wake);
          this.#sleepers.add(wake);
        }),
    };
  }

  /** Tells two requests at this gateway apart: the store's time, and never the same twice. */
  moment(now: Millis): Millis {
    this.#moment = Math.max(now, this.#moment + 1);
    return this.#moment;
  }

  /** Told to the store now; until it has answered, every second again. Never rejects. */
  async owe(what: string, tell: () => Promise<void>): Promise<void> {
    this.#owed.set(what, tell);
    await this.#pay(what, tell);
  }

  /** Tells all that the store has not heard yet; false: it does not answer. */
  async pay(): Promise<boolean> {
    for (const [what, tell] of [...this.#owed]) {
      if (!(await this.#pay(what, tell))) return false;
    }
    return true;
  }

  async #pay(what: string, tell: () => Promise<void>): Promise<boolean> {
    try {
      await tell();
      if (this.#owed.get(what) === tell) this.#owed.delete(what);
      return true;
    } catch (error) {
      this.#log.warn("the store was not told of a parked call; it is told again", { what, error });
      return false;
    }
  }
}

/** What is owed of a call that was not sent after all. */
export function unclaimOf(call: string): string {
  return `unclaim ${call}`;
}

export function unclaimNamed({ at, callId }: CallClaim): string {
  return `unclaim named ${callId} ${at}`;
}

/** One more of that name, until what is answered is called. */
function count(counts: Map<string, number>, name: string): () => void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
  return () => {
    const left = (counts.get(name) ?? 0) - 1;
    if (left <= 0) counts.delete(name);
    else counts.set(name, left);
  };
}

function nameOf({ digest, key, task }: Same): string {
  return `${key}\u0000${task}\u0000${digest}`;
}

/** A task may have any character in its name; the others have none of these. */
function sameFrom(name: string): Same {
  const [first, last] = [name.indexOf("\u0000"), name.lastIndexOf("\u0000")];
  const task = name.slice(first + 1, last);
  return { key: name.slice(0, first), task, digest: name.slice(last + 1) };
}

function add(known: Map<string, Set<string>>, row: Parked): void {
  const names = known.get(row.agent);
  if (names === undefined) known.set(row.agent, new Set([nameOf(row)]));
  else names.add(nameOf(row));
}
