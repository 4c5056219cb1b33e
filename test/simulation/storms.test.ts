/** Many calls at once on little money: each gets its answer soon, and the store few questions. */
import { describe, expect, test } from "vitest";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { Audit } from "./audit.ts";
import { configurationOf } from "./folder.ts";
import { type Answered, SimulatedGateway } from "./gateways.ts";
import { World } from "./world.ts";

const CALLS = 1_500;
/** The 250 ms that a call waits for others, and a store that takes up to 400 ms for an answer. */
const SOON_MS = 1_500;
const CAP = 100;
/** At a token a byte more than the small budgets here have. */
const LARGE = "a".repeat(20_000);

class Scene {
  readonly world = new World(7);
  readonly data = memoryData();
  readonly gateways: SimulatedGateway[] = [];
  readonly audit = new Audit(this.world, this.data, this.gateways);
  leases = 0;
  failures: unknown[] = [];
  readonly #folder: Configuration;
  #asked = 0;

  constructor(limits: { readonly all: number }) {
    this.#folder = configurationOf({ daily: 1e12, task: 1e12, ...limits });
  }

  async begin(): Promise<SimulatedGateway> {
    const clock = { wall: () => this.world.wall, monotonic: () => this.world.now };
    const real = memoryStore({ data: this.data, clock: { ...clock, after: () => () => {} } });
    const watched = this.audit.watching(real);
    const lease: typeof watched.ledger.lease = (holder, wants) => {
      this.leases += 1;
      return watched.ledger.lease(holder, wants);
    };
    const look = (run: () => void) => {
      try {
        run();
      } catch (error) {
        this.failures.push(error);
      }
    };
    const gateway = new SimulatedGateway({
      world: this.world,
      store: { ...watched, ledger: { ...watched.ledger, lease } },
      calls: this.audit.calls,
      shares: { faults: 0, overbilled: 0, gaps: 0 },
      folder: () => this.#folder,
      afterCommit: () => look(() => this.audit.afterCommit()),
      onWrite: (call) => look(() => this.audit.onWrite(call)),
      onBilled: (call) => look(() => this.audit.onBilled(call)),
      onLog: (process, message, fields) => {
        if (message === "call.refused") look(() => this.audit.onRefused(process, fields));
      },
    });
    this.gateways.push(gateway);
    const started = gateway.start();
    await this.world.runUntil(this.world.now + 2_000);
    await started;
    return gateway;
  }

  /** Asked now; answered by the end of `world.runUntil`. */
  ask(gateway: SimulatedGateway, cap = CAP, text = "Say something short."): Timed {
    this.#asked += 1;
    const id = `c${this.#asked}`;
    const timed: Timed = { answered: null, afterMs: Number.POSITIVE_INFINITY };
    const from = this.world.now;
    void gateway
      .ask({ id, agent: "b", task: "t1", cap, stream: false, text }, null)
      .then((answered) => {
        timed.answered = answered;
        timed.afterMs = this.world.now - from;
      });
    return timed;
  }
}

interface Timed {
  answered: Answered | null;
  afterMs: number;
}

function count(calls: readonly Timed[], code: string | null): number {
  return calls.filter(({ answered }) => answered !== null && answered.code === code).length;
}

describe("a storm of calls", () => {
  test("on a budget that is spent is refused for good, at once", async () => {
    const scene = new Scene({ all: 1_000 });
    const gateway = await scene.begin();
    const storm = Array.from({ length: CALLS }, () => scene.ask(gateway));
    await scene.world.runUntil(scene.world.now + SOON_MS);
    expect(count(storm, "budget.exhausted")).toBe(CALLS);
    expect(scene.leases).toBeLessThan(10);
    expect(scene.failures).toEqual([]);
  });

  test("that all fit is let through with few leases", async () => {
    const scene = new Scene({ all: 1e12 });
    const gateway = await scene.begin();
    const storm = Array.from({ length: CALLS }, () => scene.ask(gateway));
    // The slowest of so many answers of the provider takes half a minute, a little more or less.
    await scene.world.runUntil(scene.world.now + 60_000);
    expect(count(storm, null)).toBe(CALLS);
    // 40 to 101 over a dozen seeds: it depends on which answers of the store come first.
    expect(scene.leases).toBeLessThan(CALLS / 10);
    expect(scene.failures).toEqual([]);
  });

  test("on money that another gateway holds is told to come back, and soon", async () => {
    const scene = new Scene({ all: 20_000_000 });
    const other = await scene.begin();
    const holding = Array.from({ length: 15 }, () => scene.ask(other));
    await scene.world.runUntil(scene.world.now + 4);
    const gateway = await scene.begin();
    // In flight or not: what the other holds, it holds until it answers a recall.
    scene.gateways[0]?.process.stop(8_000, false);
    const leases = scene.leases;
    const storm = Array.from({ length: CALLS }, () => scene.ask(gateway, 4_000));
    await scene.world.runUntil(scene.world.now + SOON_MS);
    // Some may have been narrowed into what nobody holds; they wait for the provider alone.
    const unanswered = storm.filter(({ answered }) => answered === null).length;
    expect(unanswered).toBe(gateway.gateway.inFlight.size);
    expect(count(storm, "budget.contended")).toBeGreaterThan(CALLS / 2);
    expect(scene.leases - leases).toBeLessThan(60);
    expect(holding.length).toBe(15);
    expect(scene.failures).toEqual([]);
  });

  test("of calls that do not fit gets no small call refused that does", async () => {
    const scene = new Scene({ all: 8_000_000 });
    const gateway = await scene.begin();
    const calls: Timed[] = [];
    const small: Timed[] = [];
    for (let index = 0; index < 40; index += 1) {
      for (let size = 0; size < 20; size += 1) calls.push(scene.ask(gateway, CAP, LARGE));
      if (index % 4 === 0) small.push(scene.ask(gateway, 10));
      await scene.world.runUntil(scene.world.now + 1_000);
    }
    await scene.world.runUntil(scene.world.now + 30_000);
    expect(count(small, null)).toBe(small.length);
    expect(scene.failures).toEqual([]);
    expect(count(calls, "budget.exhausted")).toBe(calls.length);
  });
});
