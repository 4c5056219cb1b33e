/** One gateway's scripted life without its listeners, on a store that may fail it. */
import { type MemoryData, memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Core } from "../../src/compose/core.ts";
import type { Providers } from "../../src/compose/providers.ts";
import { Reload } from "../../src/compose/reload.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import type { Ruleset } from "../../src/gateway/ruleset.ts";
import { Upkeep } from "../../src/gateway/upkeep.ts";
import { StoreUnreachable } from "../../src/ports/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import { guardrailsOf } from "../support/guardrails.ts";
import { Failing, type Outage } from "./failing-store.ts";

const PUMPS_MAX = 3_000;
const PUMP_MS = 25;

export interface Parts {
  readonly core: Core;
  readonly reload: Reload;
  readonly upkeep: Upkeep;
  readonly gateway: Gateway;
}

export abstract class Life {
  readonly clock = testClock();
  readonly data: MemoryData = memoryData();
  readonly failing: Failing;
  /** Errors that no outage explains. */
  readonly unexpected: unknown[] = [];
  readonly #outage: Outage;
  #ids = 0;

  constructor(outage: Outage) {
    this.#outage = outage;
    this.failing = new Failing(memoryStore({ clock: this.clock, data: this.data }), outage);
  }

  /** The folder as it is now. */
  protected abstract folder(): Configuration;
  protected abstract rulesetOf(configuration: Configuration): Ruleset;

  /** Whoever keeps the process running starts another one until it has started. */
  async start(): Promise<Parts> {
    for (let attempt = 0; attempt <= this.#outage.count; attempt += 1) {
      const parts = this.#make();
      const follow = (digest: string) => parts.reload.follow(digest);
      if (await this.done(parts.core.start(follow))) return parts;
    }
    throw new Error("it does not start any more");
  }

  #make(): Parts {
    const { clock, failing } = this;
    const note = (_message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const { error } = fields;
      if (error !== undefined && !(error instanceof StoreUnreachable)) this.unexpected.push(error);
    };
    const quiet = createLog({ clock, write: () => {}, level: "error", form: "json" });
    const rulesetOf = (configuration: Configuration) => this.rulesetOf(configuration);
    const core = new Core({
      store: failing.store,
      clock,
      chance: {
        hex: (bytes) => {
          this.#ids += 1;
          // Told apart at the beginning, as ids of holders are.
          return this.#ids
            .toString(16)
            .padStart(4, "0")
            .padEnd(2 * bytes, "0");
        },
      },
      log: { ...quiet, warn: note, error: note },
      rules: rulesetOf(this.folder()),
      journalKey: new Uint8Array(32),
      seal: new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) }),
      describe: { host: "here", pid: 1, pidStart: "1", keyId: "key" },
      version: "0.0.0",
    });
    const reload = new Reload({
      gateway: core.gateway,
      // Only these two methods are used: there are no providers here.
      providers: { rulesetOf, closeRetired: async () => {} } as unknown as Providers,
      guardrails: guardrailsOf(() => this.folder()),
    });
    return { core, reload, upkeep: new Upkeep(core.gateway), gateway: core.gateway };
  }

  /** Time passes until the work is done; false: the store failed it. */
  async done(work: Promise<unknown>): Promise<boolean> {
    let state = "runs" as "runs" | "done" | "failed"; // changes while this waits
    work.then(
      () => {
        state = "done";
      },
      (error: unknown) => {
        state = "failed";
        if (!(error instanceof StoreUnreachable)) this.unexpected.push(error);
      },
    );
    for (let pumps = 0; state === "runs" && pumps < PUMPS_MAX; pumps += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (state === "runs") this.clock.advance(PUMP_MS);
    }
    if (state === "runs") throw new Error("it never ends");
    return state === "done";
  }

  async pass(ms: number): Promise<void> {
    await this.done(new Promise<void>((resolve) => this.clock.after(ms, resolve)));
  }
}

/** Lives once for each call to the store that fails, until none is left; answers how many. */
export async function failEach(
  live: (outage: Outage) => Promise<number>,
  [count, when]: readonly [number, Outage["when"]],
  callsMax: number,
): Promise<number> {
  for (let from = 1; from <= callsMax; from += 1) {
    const calls = await live({ from, count, when }).catch((error: unknown) => {
      throw new Error(`call ${from} of the store failed ${when} it was done`, { cause: error });
    });
    if (from > calls) return from;
  }
  throw new Error(`it makes more than ${callsMax} calls to the store`);
}
