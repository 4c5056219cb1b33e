/** Gateways of one store, as far as their breakers go. */
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Signals } from "../../../src/gateway/signals/signals.ts";
import { Tenure } from "../../../src/gateway/tenure.ts";
import type { Alarm, BreakerRule } from "../../../src/guards/breaker/rules.ts";
import type { Millis } from "../../../src/guards/money.ts";
import type { CounterStore, Store } from "../../../src/ports/store.ts";
import { Journal } from "../../../src/telemetry/journal.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { type TestClock, testClock } from "../../../src/testing/test-clock.ts";
import { KEY } from "../telemetry/rows.ts";

export const TOOL = { server: "desk", tool: "echo" };
export const SUBJECT = { agent: "a", ...TOOL };

export function rulesOf(...breakers: BreakerRule[]) {
  return { breakersOf: () => breakers, allBreakers: breakers, rateLimitOf: () => null };
}

/** Gateways of one store, of which calls may fail while `store.isDown`. */
export class World {
  readonly clock: TestClock;
  readonly #store: Store;
  isDown = false;
  readonly gateways: { signals: Signals; tenure: Tenure }[] = [];
  #holders = 0;

  constructor(wall?: Millis) {
    this.clock = testClock(wall);
    this.#store = memoryStore({ clock: this.clock });
  }

  get counters(): CounterStore {
    return this.#store.counters;
  }

  /** All of them stop, and as many others begin. */
  async restart(): Promise<void> {
    const many = this.gateways.splice(0).length;
    for (let no = 0; no < many; no += 1) await this.join();
  }

  async join(): Promise<number> {
    const tenure = await this.tenure();
    const log = createLog({ clock: this.clock, write: () => {}, level: "error", form: "json" });
    const parts = { store: this.#reachable(), clock: this.clock, log };
    this.gateways.push({ signals: new Signals(parts), tenure });
    return this.gateways.length - 1;
  }

  async tenure(): Promise<Tenure> {
    const id = String(this.#holders++).padStart(32, "0");
    const info = { id, host: "h", pid: 1, pidStart: "s", configuration: "c", keyId: "k" };
    await this.#store.holders.register(info);
    const { clock } = this;
    const journal = new Journal({ writer: id, key: KEY, clock, others: new Map() });
    return new Tenure(id, journal, { wall: 0, monotonic: 0 });
  }

  of(no: number): { signals: Signals; tenure: Tenure } {
    const gateway = this.gateways[no];
    if (gateway === undefined) throw new Error(`there is no gateway ${no}`);
    return gateway;
  }

  calls(no: number, calls: number): void {
    for (let call = 0; call < calls; call += 1) {
      this.of(no).signals.count(SUBJECT, "calls", this.clock.wall());
    }
  }

  async tick(no: number, ...rules: BreakerRule[]): Promise<readonly Alarm[]> {
    const { signals, tenure } = this.of(no);
    return signals.tick(tenure, rulesOf(...rules), this.clock.wall());
  }

  /** The store, as long as it is there. */
  #reachable(): CounterStore {
    const { counters } = this.#store;
    const here = () => {
      if (this.isDown) throw new Error("the store is down");
      return counters;
    };
    return {
      merge: async (...given) => here().merge(...given),
      share: async (...given) => here().share(...given),
      meet: async (...given) => here().meet(...given),
      prune: async (...given) => here().prune(...given),
      pruneShares: async (...given) => here().pruneShares(...given),
      sumHours: async (...given) => here().sumHours(...given),
      hours: async (...given) => here().hours(...given),
      pruneHours: async (...given) => here().pruneHours(...given),
    };
  }
}

export async function worldOf(gateways: number, wall?: Millis): Promise<World> {
  const world = new World(wall);
  for (let no = 0; no < gateways; no += 1) await world.join();
  return world;
}
