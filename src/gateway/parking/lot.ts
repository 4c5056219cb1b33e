/**
 * The parked calls as this gateway knows them: which ones a request may be the same as, whose
 * clients wait here, and what the store is still to be told. Nothing here decides: a call is let go
 * by its row in the store alone.
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallClaim, HolderId, Parked, ParkingStore, ParkState } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { HeldCalls } from "./held.ts";
import { Tally } from "./tally.ts";

/** More than an agent may park, for several agents. */
const ROWS_MAX = 200_000;
/** Their waiting is over, or they may be claimed. */
const DECIDED: readonly ParkState[] = ["let_go", "done", "denied", "unknown"];
/** Longer than a store that stood still takes to do what it was asked before. */
const DOUBT_MS: Millis = 30_000;

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
  /** By agent, the connections that wait here. */
  readonly #places = new Tally();
  /** Of each row, how many wait for it here: late messages may bring two to one. */
  readonly #awaited = new Tally();
  /** How many requests that are the same wait or run here. */
  readonly #same = new Tally();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #owed = new Map<string, () => Promise<void>>();
  #released = false;
  #moment: Millis = 0;
  #doubtedAt: Millis = Number.NEGATIVE_INFINITY;
  readonly held: HeldCalls;

  constructor(store: ParkingStore, clock: Clock, log: Log) {
    this.held = new HeldCalls(clock);
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
    if (this.held.isEmpty) return;
    const rows = await this.#store.list({ attached: holder, states: DECIDED, limit: ROWS_MAX });
    const before = this.#decided;
    this.#decided = new Map(rows.map(({ call, state }) => [call, state]));
    // Whoever has heard of it before looks again when its own time has come.
    this.held.wakeAll(({ parked }) => {
      const state = this.#decided.get(parked);
      return state !== undefined && state !== before.get(parked);
    });
  }

  /** What became of a call that waits here; null: nothing yet. */
  decided(call: string): ParkState | null {
    return this.#decided.get(call) ?? null;
  }

  /** A place for one more connection of the agent; false: it has as many as it may. */
  take(agent: string, max: number): boolean {
    if (this.#released || this.heldOf(agent) >= max) return false;
    this.#places.add(agent);
    return true;
  }

  leave(agent: string): void {
    this.#places.remove(agent);
  }

  /** Somebody here waits for this row. */
  await(call: string): void {
    this.#awaited.add(call);
  }

  awaitNoMore(call: string): void {
    this.#awaited.remove(call);
  }

  isAwaited(call: string): boolean {
    return this.#awaited.of(call) > 0;
  }

  /** One more request that is this waits or runs here. */
  join(same: Same): void {
    this.#same.add(nameOf(same));
  }

  part(same: Same): void {
    this.#same.remove(nameOf(same));
  }

  sameHere(same: Same): number {
    return this.#same.of(nameOf(same));
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
    return this.#places.of(agent);
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
    this.held.wakeAll();
  }

  /** What the store has answered was lost: it may have done more than is known here. */
  doubt(): void {
    this.#doubtedAt = this.#clock.monotonic();
  }

  get isInDoubt(): boolean {
    return this.#clock.monotonic() - this.#doubtedAt < DOUBT_MS;
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
      // Told meanwhile: of hundreds that leave at once, hundreds that come would tell each again.
      if (this.#owed.get(what) !== tell) continue;
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
      this.doubt();
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

/** Joined, for a text that was put together piece by piece would keep its pieces. */
function nameOf({ digest, key, task }: Same): string {
  return [key, task, digest].join("\u0000");
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
