/**
 * The clutches of the agents as this gateway knows them. A trip holds here at once, whatever the
 * store says; it is written as soon as the store takes it, and the others stop when they hear of
 * it. Only a decision on its review, read from the store, engages a clutch again.
 */
import { type Clutch, ENGAGED } from "../guards/clutch/clutch.ts";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import { type ClutchStore, type NewReview, StoreUnreachable } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";

/** What official clients are told to wait before they come again. */
export const COME_BACK_MS: Millis = 30_000;
/** Trips of one agent that wait for the store at once: the first holds, the rest say why else. */
const WAITING_MAX = 8;

type Waiting = readonly [NewReview, ...NewReview[]];

export interface ClutchListeners {
  readonly happened: (event: Event) => void;
  /** Before any agent goes on: what must be known by then. */
  readonly goingOn: () => Promise<unknown>;
  /** An agent goes on. */
  readonly engaged: (agent: string) => void;
  readonly changed: () => void;
}

export class Clutches {
  readonly #store: ClutchStore;
  readonly #log: Log;
  readonly #on: ClutchListeners;
  #known = new Map<string, Clutch>();
  /** Trips that the store has not answered yet, by agent. */
  readonly #local = new Map<string, Waiting>();
  /** By agent, the probe of which a call has ended here. */
  readonly #probed = new Map<string, string>();
  #loads = 0;
  /** The youngest read of the store that was taken over. */
  #loaded = 0;

  constructor(store: ClutchStore, log: Log, on: ClutchListeners) {
    this.#store = store;
    this.#log = log;
    this.#on = on;
  }

  of(agent: string): Clutch {
    const [local] = this.#local.get(agent) ?? [];
    if (local !== undefined) return { state: "disengaged", review: local.id, since: local.at };
    return this.#known.get(agent) ?? ENGAGED;
  }

  /** All that are not engaged. */
  list(): ReadonlyMap<string, Clutch> {
    const all = new Map(this.#known);
    for (const agent of this.#local.keys()) all.set(agent, this.of(agent));
    return all;
  }

  /** A call of the task that a probe lets go on has ended here since it began. */
  hasProbed(agent: string, clutch: Clutch): boolean {
    const ended = this.#probed.get(agent);
    return clutch.state === "probing" && ended !== undefined && ended === probeOf(clutch);
  }

  /** A call has ended: of whoever is probing, it counts. */
  ended(agent: string, task: string): void {
    const clutch = this.#known.get(agent);
    if (clutch?.state === "probing" && clutch.task === task) {
      this.#probed.set(agent, probeOf(clutch));
    }
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
    this.#loads += 1;
    const no = this.#loads;
    const rows = await this.#store.clutches();
    const now = new Map(rows.map(({ agent, clutch }) => [agent, clutch]));
    // One that was begun earlier may have been read before a trip that a later one has shown.
    if (no < this.#loaded) return;
    // Whoever is stopped stops at once, and waits for nothing.
    for (const [agent, clutch] of now) {
      if (clutch.state === "disengaged") this.#known.set(agent, clutch);
    }
    // Whoever goes on may have parked calls anywhere: they are to be known before it does.
    if (this.#anyGoesOn(now)) await this.#on.goingOn();
    if (no < this.#loaded) return;
    this.#loaded = no;
    const before = this.#known;
    this.#known = now;
    for (const agent of before.keys()) if (!this.#known.has(agent)) this.#on.engaged(agent);
    this.#on.changed();
  }

  /** Of those that stand still here. */
  #anyGoesOn(now: ReadonlyMap<string, Clutch>): boolean {
    const still = [...this.#known.keys(), ...this.#local.keys()];
    return still.some((agent) => now.get(agent)?.state !== "disengaged");
  }

  /** Stops the agent here, now; durable when the promise says so. */
  async trip(review: NewReview, by: string): Promise<boolean> {
    // A runaway trips with every call: one that has stopped is not written of again.
    const { agent } = review;
    if (this.of(agent).state === "disengaged") return !this.#local.has(agent);
    this.#disengage(review, by);
    return this.writeTrips();
  }

  /**
   * Stops the agents here, now; the answer names those that the store has not taken yet. Agents
   * that have stopped are written of too, for what is known of them here may be over by now.
   */
  async pause(reviews: readonly NewReview[], by: string): Promise<readonly string[]> {
    for (const review of reviews) this.#disengage(review, by);
    await this.writeTrips();
    return reviews.map(({ agent }) => agent).filter((agent) => this.#local.has(agent));
  }

  #disengage(review: NewReview, by: string): void {
    const { agent, id, reason } = review;
    const [first, ...more] = this.#local.get(agent) ?? [];
    if (first === undefined) this.#local.set(agent, [review]);
    else this.#local.set(agent, [first, ...[...more, review].slice(0, WAITING_MAX - 1)]);
    const clutch = this.#known.get(agent) ?? ENGAGED;
    // Whoever has let go already, or probes, stays with its review.
    const stands = clutch.state === "engaged" ? id : clutch.review;
    this.#on.happened({ kind: "clutch.disengaged", agent, review: stands, reason, by });
  }

  /** Trips that the store did not take are offered again every second. */
  async writeTrips(): Promise<boolean> {
    const offered = [...this.#local.values()].flat();
    const written: NewReview[] = [];
    try {
      for (const review of offered) if (await this.#write(review)) written.push(review);
    } catch (error) {
      // Each further one would wait as long for nothing.
      this.#log.error("the store did not take a trip; it holds here and is offered again", {
        waiting: offered.length - written.length,
        error,
      });
    }
    return (await this.#letStoreSpeak(written)) && written.length === offered.length;
  }

  /** Rejects only if the store cannot be reached; false: it did not take this one. */
  async #write(review: NewReview): Promise<boolean> {
    const { agent } = review;
    try {
      const stands = await this.#store.trip(review);
      // Another gateway's review may stand for the same stop, or was decided meanwhile.
      if (stands.id !== review.id) this.#log.info("a trip joined a review", { agent });
      return true;
    } catch (error) {
      if (error instanceof StoreUnreachable) throw error;
      this.#log.error("a trip was not written; it holds here and is offered again", {
        agent,
        error,
      });
      return false;
    }
  }

  /** From here on what the store says of them holds: it has them, or they were decided since. */
  async #letStoreSpeak(written: readonly NewReview[]): Promise<boolean> {
    if (written.length === 0) return true;
    try {
      await this.load();
    } catch (error) {
      this.#log.warn("the store took a trip and did not say what holds; it is asked again", {
        error,
      });
      return false;
    }
    const done = new Set(written);
    for (const agent of new Set(written.map((review) => review.agent))) {
      const [first, ...more] = (this.#local.get(agent) ?? []).filter((each) => !done.has(each));
      if (first === undefined) this.#local.delete(agent);
      else this.#local.set(agent, [first, ...more]);
    }
    this.#on.changed();
    return true;
  }
}

/** One probe: another task, or another time, is another one. */
function probeOf({ since, task }: Extract<Clutch, { state: "probing" }>): string {
  return `${since} ${task}`;
}

/** The agent is paused; its client comes again, or a person looks. */
export function parked(agent: string, review: string): Denial {
  return deny("clutch.parked", { agent, review }, COME_BACK_MS);
}
