/** What parked calls need every second: to be told of, let go while nobody waits, and forgotten. */
import type { Millis } from "../../guards/money.ts";
import type { Gateway } from "../gateway.ts";
import { expireApprovals } from "./approval.ts";
import { calmProbes } from "./calm.ts";
import { LateCalls } from "./late.ts";
import { resumeRefilled } from "./spent.ts";
import { Strays } from "./strays.ts";

/** What was taken for one that waits may be over: it is read again. */
const LEARN_MS: Millis = 30_000;

/** Trips are incidents, which are looked back at: they are kept for a year and a month. */
const INCIDENTS_MS: Millis = 400 * 86_400_000;

export class ParkingUpkeep {
  readonly #gateway: Gateway;
  readonly #late: LateCalls;
  readonly #strays: Strays;
  #learnedAt: Millis;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#late = new LateCalls(gateway);
    this.#strays = new Strays(gateway);
    this.#learnedAt = gateway.clock.monotonic();
  }

  /** Rejects if the store cannot be asked. */
  async tick(): Promise<void> {
    const { clock, holding, lot, rules, store } = this.#gateway;
    await lot.pay();
    await lot.look(holding.tenure.id);
    await calmProbes(this.#gateway);
    await resumeRefilled(this.#gateway);
    await expireApprovals(this.#gateway);
    await this.#strays.tick();
    await this.#late.tick();
    if (clock.monotonic() - this.#learnedAt < LEARN_MS) return;
    this.#learnedAt = clock.monotonic();
    const { inputs, parking } = rules.configuration;
    const now = holding.storeNow();
    const calls = now - parking.keepAnswersMs;
    // Like the other arguments that are kept: whoever approves the next call compares them.
    const approvals = Math.min(calls, now - inputs.keepMs);
    await store.parking.prune({ calls, trips: now - INCIDENTS_MS, approvals });
    if (!lot.isEmpty) await lot.learn();
  }

  async stop(): Promise<void> {
    await this.#late.stop();
  }
}
