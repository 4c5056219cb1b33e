/** What parked calls need every second: to be told of, let go while nobody waits, and forgotten. */
import type { Millis } from "../../guards/money.ts";
import type { Gateway } from "../gateway.ts";
import { expireApprovals } from "./approval.ts";
import { calmProbes } from "./calm.ts";
import { LateCalls } from "./late.ts";
import { resumeRefilled } from "./spent.ts";
import { Strays } from "./strays.ts";

/** What was finished long ago is forgotten. */
const PRUNE_MS: Millis = 30_000;
/**
 * What was taken for one that waits may be forgotten: all are read again. That it is known still
 * costs a question to the store and nothing else, and to read thousands costs megabytes.
 */
const LEARN_MS: Millis = 600_000;

/** Trips are incidents, which are looked back at: they are kept for a year and a month. */
const INCIDENTS_MS: Millis = 400 * 86_400_000;

export class ParkingUpkeep {
  readonly #gateway: Gateway;
  readonly #late: LateCalls;
  readonly #strays: Strays;
  #prunedAt: Millis;
  #learnedAt: Millis;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#late = new LateCalls(gateway);
    this.#strays = new Strays(gateway);
    this.#prunedAt = gateway.clock.monotonic();
    this.#learnedAt = this.#prunedAt;
  }

  /** Rejects if the store cannot be asked. */
  async tick(): Promise<void> {
    const { clock, holding, lot } = this.#gateway;
    await lot.pay();
    await lot.look(holding.tenure.id);
    await calmProbes(this.#gateway);
    await resumeRefilled(this.#gateway);
    await expireApprovals(this.#gateway);
    await this.#strays.tick();
    await this.#late.tick();
    const now = clock.monotonic();
    if (now - this.#prunedAt >= PRUNE_MS) {
      this.#prunedAt = now;
      await this.#prune();
    }
    if (now - this.#learnedAt < LEARN_MS || lot.isEmpty) return;
    this.#learnedAt = now;
    await lot.learn();
  }

  async #prune(): Promise<void> {
    const { holding, rules, store } = this.#gateway;
    const { inputs, parking } = rules.configuration;
    const now = holding.storeNow();
    const calls = now - parking.keepAnswersMs;
    // Like the other arguments that are kept: whoever approves the next call compares them.
    const approvals = Math.min(calls, now - inputs.keepMs);
    await store.parking.prune({ calls, trips: now - INCIDENTS_MS, approvals });
  }

  async stop(): Promise<void> {
    await this.#late.stop();
  }
}
