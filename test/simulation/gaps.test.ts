/**
 * A gateway dies; the one that notices dies too, at each call that it makes to the store on the way,
 * before it is done or after; and others look on. The journal says of each dead one exactly once
 * what it held.
 */
import { describe, expect, test } from "vitest";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Audit } from "./audit.ts";
import { configurationOf } from "./folder.ts";
import { SimulatedGateway } from "./gateways.ts";
import { World } from "./world.ts";

/** More than a survivor makes from the death of the first until all is said. */
const CALLS_MAX = 60;
/** An expiry, the heartbeats on the way, and an upkeep. */
const NOTICED_MS = 16_000;

class Scene {
  readonly world = new World(3);
  readonly data = memoryData();
  readonly gateways: SimulatedGateway[] = [];
  readonly audit = new Audit(this.world, this.data, this.gateways);
  readonly errors: unknown[] = [];
  #asked = 0;

  async begin(): Promise<SimulatedGateway> {
    const clock = { wall: () => this.world.wall, monotonic: () => this.world.now };
    const real = memoryStore({ data: this.data, clock: { ...clock, after: () => () => {} } });
    const folder = configurationOf({ all: 1e9, daily: 1e9, task: 1e9 });
    const gateway = new SimulatedGateway({
      world: this.world,
      store: this.audit.watching(real),
      calls: this.audit.calls,
      shares: { faults: 0, overbilled: 0, gaps: 0 },
      folder: () => folder,
      afterCommit: () => {},
      onWrite: () => {},
      onBilled: () => {},
      onLog: (_process, _message, { error }) => {
        if (error instanceof Error && error.name !== "StoreUnreachable") this.errors.push(error);
      },
    });
    this.gateways.push(gateway);
    const started = gateway.start();
    await this.pass(2_000);
    await started;
    return gateway;
  }

  async pass(ms: number): Promise<void> {
    await this.world.runUntil(this.world.now + ms);
  }

  ask(gateway: SimulatedGateway): void {
    this.#asked += 1;
    const id = `c${this.#asked}`;
    void gateway.ask({ id, agent: "a", task: "t1", cap: 20, stream: false }, null);
  }

  get gaps(): number {
    return this.data.journal.filter(({ kind }) => kind === "journal.gap").length;
  }
}

/** Answers whether the survivor lived to the end, for it makes fewer calls. */
async function live(no: number, how: "lost" | "unheard"): Promise<boolean> {
  const scene = new Scene();
  const [first, second] = [await scene.begin(), await scene.begin()];
  for (const gateway of [first, second]) scene.ask(gateway);
  await scene.pass(20);
  first.process.kill();
  // Until shortly before the expiry there are only heartbeats.
  await scene.pass(10_500);
  const before = second.road.calls;
  second.road.fate = (call) => {
    if (call !== before + no) return "done";
    second.process.kill();
    return how;
  };
  await scene.pass(NOTICED_MS);
  const lived = second.process.state !== "gone";
  second.road.fate = () => "done";
  await scene.begin();
  await scene.begin();
  await scene.pass(2 * NOTICED_MS);
  scene.audit.expectGaps();
  expect(scene.gaps).toBe(lived ? 1 : 2);
  expect(scene.errors).toEqual([]);
  return lived;
}

describe("a gateway dies, and then the one that noticed", () => {
  for (const how of ["lost", "unheard"] as const) {
    test(`at each of its calls, which is ${how}: each is in the journal once`, async () => {
      let no = 1;
      while (no <= CALLS_MAX && !(await live(no, how))) no += 1;
      expect(no).toBeGreaterThan(10);
      expect(no).toBeLessThan(CALLS_MAX);
    });
  }

  test("while several others look on: it is in the journal once", async () => {
    const scene = new Scene();
    const [first] = [await scene.begin(), await scene.begin(), await scene.begin()];
    if (first === undefined) throw new Error("three were begun");
    await scene.begin();
    scene.ask(first);
    await scene.pass(20);
    first.process.kill();
    await scene.pass(2 * NOTICED_MS);
    scene.audit.expectGaps();
    expect(scene.gaps).toBe(1);
  });
});
