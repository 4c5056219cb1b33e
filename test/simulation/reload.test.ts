/**
 * A change of the configuration whose answer is lost, and another change of the folder before that
 * is known: the gateways come to the second one, and none takes calls under what is not in force.
 */
import { describe, expect, test } from "vitest";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { Audit } from "./audit.ts";
import { configurationOf } from "./folder.ts";
import { SimulatedGateway } from "./gateways.ts";
import { World } from "./world.ts";

const [FIRST, SECOND, THIRD] = [1e9, 2e9, 3e9].map((all) => {
  return configurationOf({ all, daily: 1e9, task: 1e9 });
}) as [Configuration, Configuration, Configuration]; // as many as the limits
/** What is in force reaches every gateway with its next heartbeat. */
const HEARD_MS = 2_500;
const FENCED_MS = 20_000;

class Scene {
  readonly world = new World(5);
  readonly data = memoryData();
  readonly gateways: SimulatedGateway[] = [];
  readonly audit = new Audit(this.world, this.data, this.gateways);
  folder: Configuration = FIRST;

  async begin(): Promise<SimulatedGateway> {
    const clock = { wall: () => this.world.wall, monotonic: () => this.world.now };
    const real = memoryStore({ data: this.data, clock: { ...clock, after: () => () => {} } });
    const gateway = new SimulatedGateway({
      world: this.world,
      store: this.audit.watching(real),
      calls: this.audit.calls,
      shares: { faults: 0, overbilled: 0, gaps: 0 },
      folder: () => this.folder,
      afterCommit: () => {},
      onWrite: () => {},
      onBilled: () => {},
      onLog: () => {},
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

  /** Answers how it ended, as the operator sees it. */
  async reload(gateway: SimulatedGateway): Promise<unknown> {
    const asked = gateway.reload().then(
      (answer) => (answer as { readonly kind: string }).kind, // of `Reloaded`
      (error: Error) => error.name,
    );
    await this.pass(3_000);
    return asked;
  }

  /** The configuration is set, and whoever set it never hears of that. */
  loseAnswer(gateway: SimulatedGateway): void {
    gateway.road.fate = (_no, name) => (name === "configure" ? "unheard" : "done");
  }

  expectAll(configuration: Configuration): void {
    const alive = this.gateways.filter(({ process }) => process.state === "runs");
    for (const { gateway, takesCalls } of alive) {
      const { digest } = gateway.rules;
      expect({ digest, takesCalls }).toEqual({ digest: configuration.digest, takesCalls: true });
    }
    expect(this.data.configuration).toBe(configuration.digest);
  }
}

/** The folder changes, that is set without an answer, and the folder changes once more. */
async function twice(scene: Scene, gateway: SimulatedGateway, betweenMs: number): Promise<void> {
  scene.folder = SECOND;
  scene.loseAnswer(gateway);
  const lost = gateway.reload().catch((error: Error) => error.name);
  // Its answer is given up after two seconds; by then the change was made long ago.
  await scene.pass(10);
  scene.folder = THIRD;
  await scene.pass(3_000);
  expect(await lost).toBe("StoreUnreachable");
  gateway.road.fate = () => "done";
  await scene.pass(betweenMs);
}

describe("a change whose answer was lost, and another one after it", () => {
  // At once, and after heartbeats that told what is in force.
  for (const betweenMs of [0, 30_000]) {
    test(`one gateway takes the other one, asked after ${betweenMs} ms`, async () => {
      const scene = new Scene();
      const gateway = await scene.begin();
      await twice(scene, gateway, betweenMs);
      expect(await scene.reload(gateway)).toBe("ok");
      await scene.pass(HEARD_MS);
      scene.expectAll(THIRD);
    });

    test(`so do two, whichever has it lost, asked after ${betweenMs} ms`, async () => {
      const scene = new Scene();
      const [first, second] = [await scene.begin(), await scene.begin()];
      await twice(scene, first, betweenMs);
      // The one that lacks what is in force takes no calls.
      expect(second.takesCalls).toBe(false);
      expect(await scene.reload(first)).toBe("ok");
      await scene.pass(HEARD_MS);
      scene.expectAll(THIRD);
    });
  }

  test("one that dies before it heard of it leaves the others a way on", async () => {
    const scene = new Scene();
    const [first, second] = [await scene.begin(), await scene.begin()];
    await twice(scene, first, 0);
    first.process.kill();
    await scene.pass(FENCED_MS);
    expect(second.takesCalls).toBe(false);
    expect(await scene.reload(second)).toBe("ok");
    await scene.pass(HEARD_MS);
    scene.expectAll(THIRD);
  });

  test("who lacks what another one runs passes nobody's change over", async () => {
    const scene = new Scene();
    const [first, second] = [await scene.begin(), await scene.begin()];
    scene.folder = SECOND;
    const asked = first.reload();
    await scene.pass(5);
    scene.folder = FIRST;
    await scene.pass(HEARD_MS);
    await asked;
    expect(second.takesCalls).toBe(false);
    expect(await scene.reload(second)).toBe("refused");
    scene.folder = THIRD;
    expect(await scene.reload(second)).toBe("refused");
    expect(first.gateway.rules.digest).toBe(SECOND.digest);
    expect(second.takesCalls).toBe(false);
    expect(await scene.reload(first)).toBe("ok");
    await scene.pass(HEARD_MS);
    scene.expectAll(THIRD);
  });
});
