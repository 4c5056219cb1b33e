/** One gateway's road to the store: slow, lossy, repeating, cut off for a while. */
import { type Store, StoreUnreachable } from "../../src/ports/store.ts";
import type { Process, World } from "./world.ts";

/** What an adapter waits for an answer before it gives up. */
const DEADLINE_MS = 2_000;

/** Shares of calls, from 0 to 1. */
export interface Chaos {
  /** The request never arrives. */
  readonly lost: number;
  /** It is done, and nobody hears of it. */
  readonly unheard: number;
  /** It takes longer than its sender waits, and is done all the same. */
  readonly late: number;
  /** It is done once more, later. */
  readonly repeated: number;
  /** Notices of changes that never come. */
  readonly unnoticed: number;
}

export const CALM: Chaos = { lost: 0, unheard: 0, late: 0, repeated: 0, unnoticed: 0 };

/** A late copy of these says something else than it said in time: the port does not promise it. */
const SAID_ONCE: ReadonlySet<string> = new Set(["editLimit", "configure", "want", "open"]);

/** Asked again only where they were not answered; then their sender knows that they may be done. */
const ASKED_ONCE: ReadonlySet<string> = new Set(["lease", "claimCall"]);

/** Too long, and no money in it. */
const NOT_TOLD: ReadonlySet<string> = new Set(["beat", "touch", "endIdle", "read", "list", "keys"]);

export class Road {
  chaos: Chaos = CALM;
  /** Nothing passes: requests are lost, or only their answers are. */
  cut: "no" | "requests" | "answers" = "no";
  /** The fate of one call, by its number from 1 and its name. */
  fate: (no: number, name: string) => "done" | "lost" | "unheard" = () => "done";
  calls = 0;
  readonly store: Store;
  readonly #world: World;
  readonly #process: Process;
  readonly #real: Store;
  readonly #afterCommit: () => void;

  constructor(world: World, process: Process, real: Store, afterCommit: () => void) {
    this.#world = world;
    this.#process = process;
    this.#real = real;
    this.#afterCommit = afterCommit;
    this.store = {
      ledger: this.#port(real.ledger),
      holders: { ...this.#port(real.holders), watch: (changed) => this.#watch(changed) },
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

  /** Every method of a port, by way of this road. */
  #port<Port extends object>(port: Port): Port {
    const methods = Object.entries(port).map(([name, method]) => [
      name,
      (...args: unknown[]) =>
        this.#send(name, async () => {
          const answer = await method(...args);
          if (!NOT_TOLD.has(name)) this.#world.tell(name, ...args, answer);
          return answer;
        }),
    ]);
    // The entries are those of the port, which fromEntries cannot know.
    return Object.fromEntries(methods) as Port;
  }

  #send(name: string, transact: () => Promise<unknown>): Promise<unknown> {
    const { random } = this.#world;
    const { chaos, cut } = this;
    const late = !SAID_ONCE.has(name) && random.chance(chaos.late);
    const there = late ? random.between(DEADLINE_MS, 2 * DEADLINE_MS) : this.#latency();
    this.calls += 1;
    const fate = this.fate(this.calls, name);
    const lost = fate === "lost" || cut === "requests" || random.chance(chaos.lost);
    const unheard = fate === "unheard" || cut === "answers" || random.chance(chaos.unheard);
    const answered = !lost && !unheard && !late;
    const once = SAID_ONCE.has(name) || (ASKED_ONCE.has(name) && answered);
    const repeated = !once && random.chance(chaos.repeated);
    return new Promise((resolve, reject) => {
      const giveUp = this.#world.after(lost || unheard ? this.#failAfter() : DEADLINE_MS, () =>
        this.#process.deliver(() => reject(new StoreUnreachable(`${name} was not answered`))),
      );
      if (lost) return;
      this.#world.after(there, () => {
        const answer = transact();
        this.#afterCommit();
        if (unheard || late) return;
        void answer.then((value) => {
          giveUp();
          this.#world.after(this.#latency(), () => this.#process.deliver(() => resolve(value)));
        });
      });
      if (!repeated) return;
      this.#world.after(there + random.between(0, 3_000), () => {
        void transact();
        this.#afterCommit();
      });
    });
  }

  #watch(changed: Parameters<Store["holders"]["watch"]>[0]): () => void {
    return this.#real.holders.watch((what) => {
      if (this.cut !== "no" || this.#world.random.chance(this.chaos.unnoticed)) return;
      this.#world.after(this.#latency(), () => this.#process.deliver(() => changed(what)));
    });
  }

  #latency(): number {
    const { random } = this.#world;
    return random.chance(0.02) ? random.between(20, 400) : random.between(0.2, 5);
  }

  /** A broken connection is noticed at once, a silent one at the deadline. */
  #failAfter(): number {
    return this.#world.random.chance(0.5) ? this.#latency() : DEADLINE_MS;
  }
}
