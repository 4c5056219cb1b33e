/**
 * What this gateway has let through lately. A pause, and a budget that has enough again, are heard
 * of a moment later at some gateways than at others: in that moment a client whose connection broke
 * while its call was parked elsewhere may be let through here, and the parked one would run too. So
 * whoever has heard of a change says what it let through before, and the store leaves such a call
 * to a person.
 *
 * No resume can be too quick for that: a call whose client has ever gone is claimed only when every
 * live gateway has caught up with the change that let it go. Who is silent is fenced, and what it
 * had not caught up with goes to a person then. Whoever has read a change parks what its pause
 * holds, and attaches what waits, so no copy is let through after that.
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LetThrough, ParkingStore } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Call } from "../call.ts";
import type { Clutches } from "../clutches.ts";
import type { Holding } from "../holding.ts";
import { sameAs } from "./digest.ts";
import type { Lot } from "./lot.ts";

/**
 * Longer than a park may take at the store that its client no longer waits for, and than it takes
 * until a new window's budget lets go what waited for it.
 */
const KEPT_MS: Millis = 5_000;
/** Some hundred bytes each: in those seconds more than one gateway serves. */
const CALLS_MAX = 50_000;

/** What it needs to know of its gateway. */
interface Around {
  readonly cashier: { readonly holders: number };
  readonly clock: Clock;
  readonly clutches: Clutches;
  readonly holding: Holding;
  readonly log: Log;
  readonly lot: Lot;
  readonly store: { readonly parking: ParkingStore };
}

interface Passed {
  readonly call: LetThrough;
  /** Monotonic. */
  readonly notedAt: Millis;
}

export class Recent {
  /** By decision, oldest first. */
  readonly #passed = new Map<string, Passed>();
  /** The last one that there was no room for. */
  #lost: Passed | null = null;

  /** Once it is not one that waits, and before it is admitted. Nothing for a gateway alone. */
  note(call: Call, gateway: Around): void {
    if (gateway.cashier.holders < 2 || call.turn !== null) return;
    const { decision, manifest } = call.incoming;
    const at = gateway.holding.storeNow();
    const passed = { agent: manifest.agent, ...sameAs(call), at };
    this.#passed.set(decision, { call: passed, notedAt: gateway.clock.monotonic() });
    if (this.#passed.size <= CALLS_MAX) return;
    for (const [oldest, one] of this.#passed) {
      this.#lost = one;
      this.#passed.delete(oldest);
      return;
    }
  }

  /** It was not let through after all. */
  drop({ incoming }: Call): void {
    this.#passed.delete(incoming.decision);
  }

  /** What was changed up to this number has been read. Rejects if the store cannot be told. */
  async catchUp(changeSeq: number, gateway: Around): Promise<void> {
    const { tenure } = gateway.holding;
    const calls = [...this.#copies(gateway), ...this.#unknown(gateway)];
    await gateway.store.parking.catchUp(tenure.id, changeSeq, calls);
    tenure.caughtUp = Math.max(tenure.caughtUp ?? 0, changeSeq);
    gateway.holding.hasRead(tenure.caughtUp);
  }

  /**
   * After a heartbeat that told nothing new. What may be a copy is told once more for a while: the
   * call that it may be a copy of can still be on its way to the store.
   */
  async look(changeSeq: number, gateway: Around): Promise<void> {
    const { tenure } = gateway.holding;
    if (tenure.caughtUp !== changeSeq) return;
    gateway.holding.hasRead(changeSeq);
    const { monotonic: heardAt } = tenure.sent;
    try {
      const calls = this.#copies(gateway);
      if (calls.length > 0) await gateway.store.parking.catchUp(tenure.id, changeSeq, calls);
    } catch (error) {
      gateway.log.warn("the store was not told what was let through; it is told again", { error });
      return;
    }
    this.#forget(heardAt - KEPT_MS);
  }

  /** Those of paused agents, and those that are the same as one that is known to wait. */
  #copies({ clutches, lot }: Around): LetThrough[] {
    return [...this.#passed.values()]
      .map(({ call }) => call)
      .filter((call) => {
        const { agent } = call;
        return clutches.of(agent).state !== "engaged" || lot.expects(agent, call);
      });
  }

  /** Where not all could be kept, each that waits may have been among the rest. */
  #unknown({ lot }: Around): LetThrough[] {
    if (this.#lost === null) return [];
    const { at } = this.#lost.call;
    return [...lot.all()].map((same) => ({ ...same, at }));
  }

  #forget(before: Millis): void {
    if (this.#lost !== null && this.#lost.notedAt < before) this.#lost = null;
    for (const [decision, { notedAt }] of this.#passed) {
      if (notedAt >= before) return;
      this.#passed.delete(decision);
    }
  }
}
