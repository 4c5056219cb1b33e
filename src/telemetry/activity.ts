/**
 * What each agent has been doing in the last hour, at this gateway: a subscriber of events. It is
 * for looking at; nothing is decided by it.
 */
import { isAgain } from "../guards/clutch/waits.ts";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";

/** Bars of the last hour. */
export const BARS = 30;
export const BAR_MS: Millis = 120_000;
/** The last minute is counted in steps, so that it does not begin anew with each minute. */
const STEPS = 12;
const STEP_MS: Millis = 5_000;

export interface Active {
  readonly agent: string;
  /** Calls in each bar, the oldest first: settled and refused ones. */
  readonly calls: readonly number[];
  readonly callsMinute: number;
  readonly callsHour: number;
  readonly refusedHour: number;
  /** Answered with an error, or not at all. */
  readonly failedHour: number;
}

/** Counts by time, the newest last; what is older than all of its slots is forgotten. */
class Ring {
  readonly #slots: number[];
  readonly #slotMs: Millis;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(slots: number, slotMs: Millis) {
    this.#slots = new Array<number>(slots).fill(0);
    this.#slotMs = slotMs;
  }

  add(now: Millis): void {
    this.#turn(now);
    this.#slots[this.#slots.length - 1] = (this.#slots.at(-1) ?? 0) + 1;
  }

  read(now: Millis): readonly number[] {
    this.#turn(now);
    return [...this.#slots];
  }

  sum(now: Millis): number {
    return this.read(now).reduce((all, one) => all + one, 0);
  }

  /** A clock that is set back counts into the newest slot. */
  #turn(now: Millis): void {
    const slot = Math.floor(now / this.#slotMs);
    const steps = Math.min(slot - this.#newest, this.#slots.length);
    if (steps <= 0) return;
    this.#newest = slot;
    this.#slots.splice(0, steps);
    for (let step = 0; step < steps; step += 1) this.#slots.push(0);
  }
}

class AgentActivity {
  readonly calls = new Ring(BARS, BAR_MS);
  readonly recent = new Ring(STEPS, STEP_MS);
  readonly refused = new Ring(BARS, BAR_MS);
  readonly failed = new Ring(BARS, BAR_MS);
}

export class Activity {
  /** Agents of the configuration, and those that were: an agent that calls has a manifest. */
  readonly #agents = new Map<string, AgentActivity>();

  observe(event: Event, now: Millis): void {
    if (event.kind !== "call.settled" && event.kind !== "call.refused") return;
    if (event.agent === null) return;
    // It comes again, and is one call.
    if (event.kind === "call.refused" && isAgain(event.code)) return;
    const activity = this.#agents.get(event.agent) ?? new AgentActivity();
    this.#agents.set(event.agent, activity);
    activity.calls.add(now);
    activity.recent.add(now);
    if (event.kind === "call.refused") activity.refused.add(now);
    else if (event.outcome === "error" || event.outcome === "fault") activity.failed.add(now);
  }

  /** Of one that has not called yet: zeros. */
  of(agent: string, now: Millis): Active {
    const { calls, failed, recent, refused } = this.#agents.get(agent) ?? new AgentActivity();
    return {
      agent,
      calls: calls.read(now),
      callsMinute: recent.sum(now),
      callsHour: calls.sum(now),
      refusedHour: refused.sum(now),
      failedHour: failed.sum(now),
    };
  }
}
