/**
 * Gateways come and go, calls end in every way, and time passes in every step: whatever the order,
 * what is written was paid for, what runs is held, and the books are those of the rows.
 */
import { expect, test } from "vitest";
import { CommitmentLife, type Ending } from "../faults/commitment-life.ts";
import type { Parts } from "../faults/life.ts";

const RUNS = 60;
const STEPS = 40;
const GATEWAYS_MAX = 3;
const ENDINGS: readonly Ending[] = [
  ...(["well", "well", "well", "well", "says-it-failed", "no-id", "reset", "unreachable"] as const),
];

/** A small generator with a seed: a run that fails can be run again. */
function random(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.abs(state) / 4_294_967_296;
  };
}

class Run {
  readonly life: CommitmentLife;
  readonly #next: () => number;
  #gateways: Parts[] = [];
  #calls: Promise<void>[] = [];
  #no = 0;

  constructor(seed: number) {
    this.#next = random(seed);
    const budgets = [
      { name: "all", limit_usd: (4 + this.#below(60)) / 10, window: "lifetime" },
      { name: "each-task", each: "task", limit_usd: 50, window: "task" },
    ];
    this.life = new CommitmentLife(undefined, { budgets });
    this.life.cloud.endingOf = () => this.#one(ENDINGS);
  }

  #below(max: number): number {
    return Math.floor(this.#next() * max);
  }

  #one<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error("there is nothing to choose from");
    return item;
  }

  async start(): Promise<void> {
    this.#gateways.push(await this.life.start());
  }

  async step(): Promise<void> {
    const { life } = this;
    switch (this.#below(8)) {
      case 0:
      case 1:
      case 2:
        this.#no += 1;
        this.#calls.push(life.begin(this.#one(this.#gateways), this.#no));
        break;
      case 3: {
        const running = [...life.cloud.running];
        if (running.length === 0) break;
        this.#calls.push(life.stop(this.#one(this.#gateways), this.#one(running)));
        break;
      }
      case 4:
        if (this.#gateways.length < GATEWAYS_MAX) await this.start();
        break;
      case 5:
        await this.#kill();
        break;
      default:
        await life.seconds(1, ...this.#gateways);
    }
    await life.pass(25 * this.#below(3));
    life.check();
  }

  /** One of several is gone without a word, with whatever of it is out. */
  async #kill(): Promise<void> {
    if (this.#gateways.length < 2) return;
    const { life } = this;
    const lost = this.#one(this.#gateways);
    this.#gateways = this.#gateways.filter((one) => one !== lost);
    const { id } = lost.gateway.holding.tenure;
    await life.done(lost.core.stop());
    await life.done(this.#one(this.#gateways).gateway.store.holders.fence(id, null));
  }

  async end(): Promise<void> {
    const { life } = this;
    await life.done(Promise.all(this.#calls));
    // One renews everything from here on; what is owed is told.
    await life.seconds(3, ...this.#gateways);
    expect(life.rows("opening")).toEqual([]);
    expect(life.spentOf("all")).toBe(life.accrued());
    for (const { service, state } of life.rows("active")) {
      expect([state, typeof service]).toEqual(["active", "string"]);
    }
    expect(life.unexpected).toEqual([]);
  }
}

test(`in ${RUNS} runs of ${STEPS} steps none is lost and none too many`, {
  timeout: 120_000,
}, async () => {
  const first = Math.floor(Math.random() * 1_000_000);
  for (let seed = first; seed < first + RUNS; seed += 1) {
    try {
      const run = new Run(seed);
      await run.start();
      for (let step = 0; step < STEPS; step += 1) await run.step();
      await run.end();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
