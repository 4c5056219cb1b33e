/**
 * Outcomes that were reported here of decisions that another gateway has open: it alone has their
 * money, so it is told through the store, and what it answers is what the agent is told.
 *
 *   sent ──put──► waiting ──answered──► taken | ended
 *     │              ├──its gateway was fenced or has stopped──► gone
 *     │              └──no answer in time──► late: it may still be taken, and counts once
 *     └──no such gateway is live──► gone
 */
import type { Millis } from "../../guards/money.ts";
import type { Chance, Clock } from "../../ports/clock.ts";
import type { AnsweredOutcome, OutcomeStore } from "../../ports/store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Seal } from "../parking/seal.ts";
import { type Report, reportText } from "./report.ts";

export const OUTCOMES_WAITING_MAX = 1_000;
/** In the store, until their gateways have read them. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Several heartbeats: a gateway that lives has answered by then. */
const WAIT_MS: Millis = 5_000;
/** The store tells of answers at once; this is for when what it tells is lost. */
const LOOK_MS: Millis = 500;
const ID_BYTES = 8;

export type Told = AnsweredOutcome["answer"] | "late" | "full";

/** What it needs to know of its gateway. */
interface Around {
  readonly chance: Chance;
  readonly clock: Clock;
  readonly log: Log;
  readonly seal: Seal;
  readonly store: { readonly outcomes: OutcomeStore };
}

interface Waiting {
  resolve(told: Told): void;
  readonly cancel: () => void;
}

export class Outbox {
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;
  #isDue = false;
  #isLooking = false;
  #isArmed = false;
  #isClosed = false;

  /** `idBegins`: of the gateway that decided. Rejects if the store does not take it. */
  async send(idBegins: string, report: Report, gateway: Around): Promise<Told> {
    const { chance, seal, store } = gateway;
    const id = `o-${chance.hex(ID_BYTES)}`;
    const body = seal.close(id, reportText(report));
    if (!this.#hasRoomFor(body)) return "full";
    this.#bytes += body.byteLength;
    // Before it is put: the answer may be told of before the store says that it was.
    const told = this.#wait(id, gateway);
    try {
      if (!(await store.outcomes.put(idBegins, { id, body }))) this.#end(id, "gone");
      return await told;
    } finally {
      this.#end(id, "late");
      this.#bytes -= body.byteLength;
    }
  }

  /** Reads what was answered, and again until nobody waits. Never rejects. */
  async look(gateway: Around): Promise<void> {
    this.#isDue = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#isDue && this.#waiting.size > 0) {
        this.#isDue = false;
        await this.#read(gateway);
      }
    } catch (error) {
      const { log } = gateway;
      log.warn("the store did not say what became of reported outcomes; it is asked again", {
        error,
      });
    } finally {
      this.#isLooking = false;
      this.#arm(gateway);
    }
  }

  /** Nobody waits any more: the gateway stops. */
  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#waiting.keys()]) this.#end(id, "late");
  }

  async #read({ store }: Around): Promise<void> {
    const answered = await store.outcomes.answers([...this.#waiting.keys()]);
    for (const { answer, id } of answered) this.#end(id, answer);
    if (answered.length > 0) await store.outcomes.forget(answered.map(({ id }) => id));
  }

  #hasRoomFor({ byteLength }: Uint8Array): boolean {
    if (this.#isClosed || this.#waiting.size >= OUTCOMES_WAITING_MAX) return false;
    return this.#bytes + byteLength <= WAITING_BYTES_MAX;
  }

  #wait(id: string, gateway: Around): Promise<Told> {
    const cancel = gateway.clock.after(WAIT_MS, () => this.#end(id, "late"));
    return new Promise((resolve) => {
      this.#waiting.set(id, { resolve, cancel });
      this.#arm(gateway);
    });
  }

  #arm(gateway: Around): void {
    if (this.#isArmed || this.#waiting.size === 0) return;
    this.#isArmed = true;
    gateway.clock.after(LOOK_MS, () => {
      this.#isArmed = false;
      void this.look(gateway);
    });
  }

  #end(id: string, told: Told): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.cancel();
    waiting?.resolve(told);
  }
}
