/** A store whose calls are counted, and fail for a while. */
import { type Store, StoreUnreachable } from "../../src/ports/store.ts";

export type When = "before" | "after";

export interface Outage {
  /** The first call that fails, from 1. */
  readonly from: number;
  readonly count: number;
  /** It was done. */
  readonly when: When;
}

export class Failing {
  calls = 0;
  /** Called before each call of a port, by its name: it may take its time. */
  before: ((name: string) => Promise<void>) | null = null;
  readonly store: Store;
  readonly #outage: Outage;

  constructor(real: Store, outage: Outage) {
    this.#outage = outage;
    this.store = {
      ledger: this.#port(real.ledger),
      holders: { ...this.#port(real.holders), watch: (changed) => real.holders.watch(changed) },
      forfeits: this.#port(real.forfeits),
      journal: this.#port(real.journal),
      registry: this.#port(real.registry),
      tasks: this.#port(real.tasks),
      permits: this.#port(real.permits),
      clutch: this.#port(real.clutch),
      messages: this.#port(real.messages),
      overrides: this.#port(real.overrides),
      parking: this.#port(real.parking),
      counters: this.#port(real.counters),
      bundles: this.#port(real.bundles),
      commitments: this.#port(real.commitments),
      outcomes: this.#port(real.outcomes),
      inputs: this.#port(real.inputs),
      transcripts: this.#port(real.transcripts),
      notices: this.#port(real.notices),
      close: async () => {},
    };
  }

  #port<Port extends object>(port: Port): Port {
    const methods = Object.entries(port).map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        this.calls += 1;
        if (this.before !== null) await this.before(name);
        const { count, from, when } = this.#outage;
        const fails = this.calls >= from && this.calls < from + count;
        if (fails && when === "before") throw new StoreUnreachable(`${name} is lost`);
        const answer = await method(...args);
        if (fails) throw new StoreUnreachable(`the answer to ${name} is lost`);
        return answer;
      },
    ]);
    return Object.fromEntries(methods) as Port; // the entries are those of the port
  }
}

/** The outages to live through: one call or three, before they were done or after. */
export const OUTAGES = [1, 3].flatMap((count) => {
  return (["before", "after"] as const).map((when) => [count, when] as const);
});
