/** Calls between their admission and their settlement, by decision. */
import type { Event } from "../guards/events.ts";
import type { Call } from "./call.ts";

/** What can be told of a call before it has settled. */
export interface InFlight {
  readonly call: Call;
  /** Made only where it is asked for: most calls have settled before the next flush. */
  readonly admitted: () => Extract<Event, { kind: "call.admitted" }>;
  /** Whether the journal has been told: at the first flush that finds the call still in flight. */
  journalled: boolean;
}

/**
 * A `Map` of the calls themselves would do, but for one thing: each time it grows anew, the table
 * that it leaves behind still points to calls that have ended, and where that table is old the
 * collector keeps them all, with their sockets and bodies, until its next full round. Here only
 * numbers are in the map, and the slot of a call that has ended is empty at once. Measured: a fifth
 * of the processor time of a call.
 */
export class InFlights {
  readonly #slots: (InFlight | null)[] = [];
  readonly #free: number[] = [];
  readonly #slotOf = new Map<string, number>();

  get size(): number {
    return this.#slotOf.size;
  }

  /** As many as calls are admitted at once: `calls_in_flight_max` bounds them. */
  add(decision: string, one: InFlight): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = one;
    this.#slotOf.set(decision, slot);
  }

  has(decision: string): boolean {
    return this.#slotOf.has(decision);
  }

  get(decision: string): InFlight | undefined {
    const slot = this.#slotOf.get(decision);
    return slot === undefined ? undefined : (this.#slots[slot] ?? undefined);
  }

  delete(decision: string): void {
    const slot = this.#slotOf.get(decision);
    if (slot === undefined) return;
    this.#slotOf.delete(decision);
    this.#slots[slot] = null;
    this.#free.push(slot);
  }

  *values(): Iterable<InFlight> {
    for (const one of this.#slots) if (one !== null) yield one;
  }
}
