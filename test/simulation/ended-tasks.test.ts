/** A gateway serves thousands of tasks, which are ended elsewhere: nobody tells it of any of them. */
import { expect, test } from "vitest";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Audit } from "./audit.ts";
import { configurationOf } from "./folder.ts";
import { type Answered, SimulatedGateway } from "./gateways.ts";
import { World } from "./world.ts";

const ROUNDS = 4;
/** Of one hour: an agent of the simulation's folder may name a thousand new ones. */
const TASKS = 800;
const HOUR_MS = 3_600_000;
const AGENT = "b";
/** By then a call is answered and settled. */
const SETTLED_MS = 60_000;

class Scene {
  readonly world = new World(11);
  readonly data = memoryData();
  readonly gateways: SimulatedGateway[] = [];
  readonly audit = new Audit(this.world, this.data, this.gateways);
  readonly errors: unknown[] = [];
  readonly clock = {
    wall: () => this.world.wall,
    monotonic: () => this.world.now,
    after: () => () => {},
  };
  readonly store = memoryStore({ data: this.data, clock: this.clock });
  #asked = 0;

  async begin(): Promise<SimulatedGateway> {
    const folder = configurationOf({ all: 1e12, daily: 1e12, task: 1e9 });
    const gateway = new SimulatedGateway({
      world: this.world,
      store: this.audit.watching(this.store),
      calls: this.audit.calls,
      shares: { faults: 0, overbilled: 0, gaps: 0 },
      folder: () => folder,
      afterCommit: () => {},
      onWrite: () => {},
      onBilled: () => {},
      onLog: (_process, message, { error }) => {
        if (error !== undefined) this.errors.push([message, error]);
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

  ask(gateway: SimulatedGateway, task: string): Promise<Answered> {
    this.#asked += 1;
    const id = `c${this.#asked}`;
    return gateway.ask({ id, agent: AGENT, task, cap: 10, stream: false }, null);
  }

  async answered(answer: Promise<Answered>): Promise<Answered> {
    await this.pass(SETTLED_MS);
    return answer;
  }
}

test("what it knows of them does not grow, and nothing of it is leased again", async () => {
  const scene = new Scene();
  const { data, store } = scene;
  const [serving, other] = [await scene.begin(), await scene.begin()];
  const { tenure } = serving.gateway.holding;
  const known = () => tenure.accounts.size + tenure.retired.size;
  const living = scene.ask(serving, "living");
  let most = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const tasks = Array.from({ length: TASKS }, (_, index) => `t${round}-${index}`);
    const answers = tasks.map((task) => scene.ask(serving, task));
    await scene.pass(SETTLED_MS);
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(
      new Set([200]),
    );
    most = Math.max(most, known());
    for (const [index, task] of tasks.entries()) {
      // Every third is ended by a gateway that dies before it has closed the task's accounts.
      const ending =
        index % 3 === 0
          ? store.tasks.end(AGENT, task, "ok", scene.world.wall)
          : other.gateway.endTask(AGENT, task, "ok", "operator");
      void ending;
    }
    // It would be idle after an hour; its account is, as far as this process is concerned.
    for (let pause = 0; pause < 2; pause += 1) {
      await scene.pass(HOUR_MS / 2);
      await scene.answered(scene.ask(serving, "living"));
    }
  }
  expect(most).toBeLessThan(TASKS + 10);
  expect(known()).toBeLessThan(10);
  expect((await scene.answered(living)).status).toBe(200);
  const open = [...data.accounts.values()].filter((account) => account.open);
  const scopes = open.map(({ spec }) => spec.scope).filter((scope) => scope !== "");
  expect(scopes).toEqual([`${AGENT}/living`]);

  const ended = await scene.answered(scene.ask(serving, "t0-0"));
  expect(ended.code).toBe("task.ended");
  expect((await scene.answered(scene.ask(serving, "living"))).status).toBe(200);
  scene.audit.afterEvent();
  await scene.pass(HOUR_MS / 4);
  expect(known()).toBeLessThan(10);
  expect(scene.errors).toEqual([]);
}, 60_000);
