/**
 * Rows that the store says are this gateway's, and that nobody here knows of: the answers that gave
 * them were lost. Left alone they would wait as long as this process lives.
 */
import type { Millis } from "../../guards/money.ts";
import type { Gateway } from "../gateway.ts";
import { unclaimOf } from "./lot.ts";

const ROWS_MAX = 20_000;
/** To read all that wait, every second, would cost more memory than their waiting. */
const SWEEP_MS: Millis = 600_000;

export class Strays {
  readonly #gateway: Gateway;
  /** Attached here, and without anybody who waits, when it was last looked. */
  #unattended: ReadonlySet<string> = new Set();
  #sweptAt: Millis;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#sweptAt = gateway.clock.monotonic();
  }

  /** Every second. Rejects if the store cannot be asked. */
  async tick(): Promise<void> {
    if (this.#gateway.lot.isEmpty) return;
    await this.#giveUpTurns();
    if (this.#isDue()) await this.#giveUpPlaces();
  }

  /** While an answer may have been lost, or one was just seen; else now and then. */
  #isDue(): boolean {
    const { clock, lot } = this.#gateway;
    const isOld = clock.monotonic() - this.#sweptAt >= SWEEP_MS;
    return isOld || lot.isInDoubt || this.#unattended.size > 0;
  }

  /** Whoever asked for its turn has not heard that it came, and nothing was sent. */
  async #giveUpTurns(): Promise<void> {
    const { holding, lot, store } = this.#gateway;
    const { tenure } = holding;
    const rows = await store.parking.list({ states: ["claimed"], limit: ROWS_MAX });
    for (const { attempt, call, claimedBy } of rows) {
      if (claimedBy !== tenure.id || tenure.turns.has(call)) continue;
      tenure.turns.add(call);
      await lot.owe(unclaimOf(call), async () => {
        await store.parking.unclaim(tenure.id, call, attempt);
        tenure.turns.delete(call);
      });
    }
  }

  /** Seen twice: the first time the answer that gives it may just be on its way. */
  async #giveUpPlaces(): Promise<void> {
    const { clock, holding, lot, store } = this.#gateway;
    const { id } = holding.tenure;
    this.#sweptAt = clock.monotonic();
    const filter = { attached: id, states: ["parked", "let_go"], limit: ROWS_MAX } as const;
    const rows = await store.parking.list(filter);
    const unattended = rows.map(({ call }) => call).filter((call) => !lot.isAwaited(call));
    const before = this.#unattended;
    this.#unattended = new Set(unattended);
    const strays = unattended.filter((call) => before.has(call));
    if (strays.length > 0) await store.parking.detach(id, strays);
  }
}
