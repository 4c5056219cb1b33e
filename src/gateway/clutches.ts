/**
 * The clutches of the agents as this gateway knows them. A trip holds here at once, whatever the
 * store says; it is written as soon as the store takes it, and the others stop when they hear of
 * it. Only a decision on its review, read from the store, engages a clutch again.
 */
import { type Clutch, ENGAGED } from "../guards/clutch/clutch.ts";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import type { Clock } from "../ports/clock.ts";
import type { ClutchStore, NewReview } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";

/** What official clients are told to wait before they come again. */
export const COME_BACK_MS: Millis = 30_000;
/** Calls of one agent that are held at once: one that is paused must not take all connections. */
const HELD_MAX = 100;

/** A call whose agent is paused. */
export interface Held {
  readonly agent: string;
  readonly task: string;
  readonly holdMs: Millis;
  /** Its client gives up. */
  readonly gone: (listen: () => void) => void;
}

export interface ClutchListeners {
  readonly happened: (event: Event) => void;
  /** An agent goes on. */
  readonly engaged: (agent: string) => void;
}

export class Clutches {
  readonly #store: ClutchStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tell: (event: Event) => void;
  readonly #onEngaged: (agent: string) => void;
  #known = new Map<string, Clutch>();
  /** Trips that the store has not answered yet, by agent. */
  readonly #local = new Map<string, NewReview>();
  readonly #waiters = new Set<() => void>();
  readonly #held = new Map<string, number>();
  /** The gateway stops: nobody is held any more. */
  #released = false;

  constructor(store: ClutchStore, clock: Clock, log: Log, on: ClutchListeners) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#tell = on.happened;
    this.#onEngaged = on.engaged;
  }

  of(agent: string): Clutch {
    const local = this.#local.get(agent);
    if (local !== undefined) return { state: "disengaged", review: local.id, since: local.at };
    return this.#known.get(agent) ?? ENGAGED;
  }

  /** All that are not engaged. */
  list(): ReadonlyMap<string, Clutch> {
    const all = new Map(this.#known);
    for (const agent of this.#local.keys()) all.set(agent, this.of(agent));
    return all;
  }

  /** The check of the same stretch as a write: a call that was admitted before the trip. */
  refusal(agent: string, task: string): Denial | null {
    const clutch = this.of(agent);
    if (clutch.state === "engaged") return null;
    if (clutch.state === "probing" && clutch.task === task) return null;
    return parked(agent, clutch.review);
  }

  /** Reads what the store knows: at start, and whenever it says that something changed. */
  async load(): Promise<void> {
    const before = this.#known;
    const rows = await this.#store.clutches();
    this.#known = new Map(rows.map(({ agent, clutch }) => [agent, clutch]));
    for (const agent of before.keys()) if (!this.#known.has(agent)) this.#onEngaged(agent);
    this.#wake();
  }

  /** Stops the agent here, now; durable when the promise says so. */
  async trip(review: NewReview, by: string): Promise<boolean> {
    if (this.of(review.agent).state === "disengaged") return true;
    this.#local.set(review.agent, review);
    const { agent, id, reason } = review;
    this.#tell({ kind: "clutch.disengaged", agent, review: id, reason, by });
    return this.writeTrips();
  }

  /** Trips that the store did not take are offered again every second. */
  async writeTrips(): Promise<boolean> {
    let all = true;
    for (const [agent, review] of this.#local) {
      try {
        const stands = await this.#store.trip(review);
        // Another gateway's review may stand for the same stop, or was decided meanwhile.
        await this.load();
        if (this.#local.get(agent) === review) this.#local.delete(agent);
        if (stands.id !== review.id) this.#log.info("a trip joined a review", { agent });
        this.#wake();
      } catch (error) {
        all = false;
        this.#log.error("the store did not take a trip; it holds here and is offered again", {
          agent,
          error,
        });
      }
    }
    return all;
  }

  /**
   * Waits a bounded moment for the call's clutch. True: look again. The client keeps its connection
   * and sees no error meanwhile.
   */
  hold({ agent, gone, holdMs, task }: Held): Promise<boolean> {
    const looked = () => this.refusal(agent, task) === null;
    const held = this.#held.get(agent) ?? 0;
    if (this.#released || held >= HELD_MAX) return Promise.resolve(false);
    this.#held.set(agent, held + 1);
    return new Promise((resolve) => {
      let over = false;
      const end = (answer: boolean) => {
        if (over) return;
        over = true;
        this.#free(agent);
        cancel();
        this.#waiters.delete(look);
        resolve(answer);
      };
      const look = () => {
        if (looked() || this.#released) end(looked());
      };
      const cancel = this.#clock.after(holdMs, () => end(looked()));
      this.#waiters.add(look);
      gone(() => end(false));
    });
  }

  #free(agent: string): void {
    const held = (this.#held.get(agent) ?? 1) - 1;
    if (held <= 0) this.#held.delete(agent);
    else this.#held.set(agent, held);
  }

  release(): void {
    this.#released = true;
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look();
  }
}

/** The agent is paused; its client comes again, or a person looks. */
export function parked(agent: string, review: string): Denial {
  return deny("clutch.parked", { agent, review }, COME_BACK_MS);
}
