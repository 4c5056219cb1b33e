/**
 * Time, chance and processes of a simulation. Nothing waits for real: the next event is the next
 * instant, so a minute of several gateways takes a moment, and one number repeats it exactly.
 */
import type { Chance, Clock } from "../../src/ports/clock.ts";

/** A run that never comes to rest is a failure of the simulation itself. */
const EVENTS_MAX = 3_000_000;
/** Shortly before a UTC midnight: every run crosses the end of a window. */
export const WALL_START = Date.UTC(2027, 1, 28, 23, 59, 30);

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Seeded numbers; the same seed gives the same run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  integer(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.min(items.length - 1, Math.floor(this.next() * items.length))];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

export class World {
  readonly random: Random;
  now = 0;
  /** Called after every event, when everything that it set off has come to rest. */
  afterEvent: () => void = () => {};
  /** Told what happens, in words, when a failing seed is looked into. */
  trace: ((line: string) => void) | null = null;
  #heap: Entry[] = [];
  #events = 0;
  #ids = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  get wall(): number {
    return WALL_START + this.now;
  }

  tell(what: string, ...details: readonly unknown[]): void {
    if (this.trace === null) return;
    const texts = details.map((detail) => JSON.stringify(detail, plain));
    this.trace([(this.now / 1000).toFixed(4), what, ...texts].join(" "));
  }

  /** Runs once after `ms`; two events of one instant come in any order. */
  after(ms: number, run: () => void): () => void {
    let cancelled = false;
    const entry = {
      at: this.now + Math.max(0, ms),
      order: this.random.next(),
      run: () => {
        if (!cancelled) run();
      },
    };
    this.#push(entry);
    return () => {
      cancelled = true;
    };
  }

  /** Runs everything up to that instant. */
  async runUntil(until: number): Promise<void> {
    for (;;) {
      const [first] = this.#heap;
      if (first === undefined || first.at > until) break;
      this.#pop();
      this.now = Math.max(this.now, first.at);
      first.run();
      // Lets every promise that this event settled run to its next wait.
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.afterEvent();
      this.#events += 1;
      if (this.#events > EVENTS_MAX) throw new Error(`more than ${EVENTS_MAX} events in one run`);
    }
    this.now = until;
  }

  chance(): Chance {
    return {
      hex: (bytes) => {
        this.#ids += 1;
        return this.#ids.toString(16).padStart(2 * bytes, "0");
      },
    };
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        below += 1;
        child = right;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Error ? value.message : value;
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Chapter 11, T1: within this, not both clocks of a process fail it. Longer than any grace. */
const ONE_CLOCK_MS = 30_000;

/**
 * One operating-system process: it runs, stands still (nothing of it happens until it wakes, and
 * then everything that waited, in any order), or is gone.
 */
export class Process {
  state: "runs" | "stopped" | "gone" = "runs";
  readonly #world: World;
  readonly #rate: number;
  #backlog: (() => void)[] = [];
  #asleepMs = 0;
  #wallStepMs = 0;
  #stoppedAt = 0;
  #wokeAt = Number.NEGATIVE_INFINITY;
  /** When its monotonic clock last stood, and when its wall clock was last set back. */
  #stoodAt = Number.NEGATIVE_INFINITY;
  #setBackAt = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
    this.#rate = 1 + world.random.between(-0.0009, 0.0009);
  }

  /** What it did in the last `ms` of its own life may have begun as early as this. */
  since(ms: number): number {
    const from = this.#world.now - ms;
    return this.#wokeAt < from ? from : this.#stoppedAt - ms;
  }

  /** Something from outside, or a timer, reaches the process. */
  deliver(run: () => void): void {
    if (this.state === "runs") run();
    else if (this.state === "stopped") this.#backlog.push(run);
  }

  /** `suspended`: the whole machine sleeps, and its monotonic clock with it. */
  stop(ms: number, suspended: boolean): void {
    if (this.state !== "runs") return;
    this.#pause();
    const sleeps = suspended && this.#world.now - this.#setBackAt > ONE_CLOCK_MS;
    if (sleeps) this.#stoodAt = this.#world.now + ms;
    this.#world.after(ms, () => this.#wake(sleeps ? ms : 0));
  }

  /** Stands still in the middle of what it does, which it ends before anything else. */
  stopBefore(rest: () => void, ms: number): void {
    this.#pause();
    this.#world.after(ms, () => {
      if (this.state !== "stopped") return;
      rest();
      this.#wake(0);
    });
  }

  kill(): void {
    this.state = "gone";
    this.#backlog = [];
  }

  /** Never back while, or soon after, the other clock stood: one of the two always advances. */
  stepWall(ms: number): void {
    if (ms < 0 && this.#world.now - this.#stoodAt < ONE_CLOCK_MS) return;
    if (ms < 0) this.#setBackAt = this.#world.now;
    this.#wallStepMs += ms;
  }

  #pause(): void {
    this.state = "stopped";
    this.#stoppedAt = this.#world.now;
  }

  #wake(asleepMs: number): void {
    if (this.state !== "stopped") return;
    this.state = "runs";
    this.#wokeAt = this.#world.now;
    this.#asleepMs += asleepMs;
    const waited = this.#backlog;
    this.#backlog = [];
    for (const run of waited) {
      this.#world.after(this.#world.random.between(0, 5), () => this.deliver(run));
    }
  }

  readonly clock: Clock = {
    wall: () => Math.floor(this.#world.wall + this.#wallStepMs),
    monotonic: () => (this.#world.now - this.#asleepMs) * this.#rate,
    after: (ms, run) => {
      let cancelled = false;
      const cancel = this.#world.after(ms / this.#rate, () =>
        this.deliver(() => {
          if (!cancelled) run();
        }),
      );
      return () => {
        cancelled = true;
        cancel();
      };
    },
  };
}
