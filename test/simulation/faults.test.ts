/**
 * A short life of one gateway, again for every call that it makes to its store: that one call is
 * lost on its way there, or done without an answer.
 */
import { describe, expect, test } from "vitest";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Audit } from "./audit.ts";
import { configurationOf } from "./folder.ts";
import { type Answered, SimulatedGateway } from "./gateways.ts";
import { World } from "./world.ts";

/** More calls than the life makes: the one that fails none of them ends the series. */
const CALLS_MAX = 400;
const LIMITS = { all: 40_000_000, daily: 15_000_000, task: 4_000_000 };
/** Refusals of a gateway that cannot reach its store. Another code would blame somebody else. */
const REFUSALS: readonly (string | null)[] = ["store.unreachable", "gateway.fenced"];
/** Longer than the slowest answer, and than everything that a gateway waits for. */
const DONE_MS = 40_000;
const LOOK_MS = 20;
const BEATS_MS = 2_500;

class Life {
  readonly world = new World(1);
  readonly data = memoryData();
  readonly gateways: SimulatedGateway[] = [];
  readonly audit = new Audit(this.world, this.data, this.gateways);
  readonly answers: Answered[] = [];
  failures: unknown[] = [];
  #folder = configurationOf(LIMITS);
  #asked = 0;

  begin(fate: SimulatedGateway["road"]["fate"]): SimulatedGateway {
    const clock = { wall: () => this.world.wall, monotonic: () => this.world.now };
    const store = memoryStore({ data: this.data, clock: { ...clock, after: () => () => {} } });
    const gateway = new SimulatedGateway({
      world: this.world,
      store: this.audit.watching(store),
      calls: this.audit.calls,
      shares: { faults: 0, overbilled: 0, gaps: 0 },
      folder: () => this.#folder,
      afterCommit: () => this.#look(() => this.audit.afterCommit()),
      onWrite: (call) => this.#look(() => this.audit.onWrite(call)),
      onBilled: (call) => this.#look(() => this.audit.onBilled(call)),
      onLog: (process, message, fields) => {
        if (message === "call.refused") {
          this.#look(() => this.audit.onRefused(process, fields));
        }
        const { error } = fields;
        if (error instanceof Error && error.name !== "StoreUnreachable") this.failures.push(error);
      },
    });
    gateway.road.fate = fate;
    this.gateways.push(gateway);
    this.world.afterEvent = () => this.#look(() => this.audit.afterEvent());
    return gateway;
  }

  /** Until it has an end, or for so long. */
  async within(ms: number, work: Promise<unknown>): Promise<"done" | "failed" | "hangs"> {
    // Another type than its first value's, for it changes while this waits.
    let state = "hangs" as "done" | "failed" | "hangs";
    void work.then(
      () => {
        state = "done";
      },
      (error: unknown) => {
        state = "failed";
        if (!(error instanceof Error && error.name === "StoreUnreachable")) {
          this.failures.push(error);
        }
      },
    );
    const until = this.world.now + ms;
    while (state === "hangs" && this.world.now < until) {
      await this.world.runUntil(this.world.now + LOOK_MS);
    }
    return state;
  }

  async call(gateway: SimulatedGateway): Promise<Answered> {
    this.#asked += 1;
    const task = `t${this.#asked % 2}`;
    const asked = { id: `c${this.#asked}`, agent: "a", task, cap: 20, stream: false };
    const answer = gateway.ask(asked, null);
    expect(await this.within(DONE_MS, answer)).toBe("done");
    const answered = await answer;
    this.answers.push(answered);
    return answered;
  }

  raiseLimits(): void {
    this.#folder = configurationOf({ ...LIMITS, all: 2 * LIMITS.all, daily: LIMITS.daily - 1 });
  }

  #look(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.failures.push(error);
    }
  }
}

/** Start, calls, a reload, more calls, a stop; answers how many calls to the store it took. */
async function live(no: number, how: "lost" | "unheard"): Promise<number> {
  const life = new Life();
  let gateway = life.begin((call) => (call === no ? how : "done"));
  if ((await life.within(DONE_MS, gateway.start())) === "failed") {
    // Whoever keeps the process running starts another; the first one is gone.
    gateway.process.kill();
    gateway = life.begin(() => "done");
    expect(await life.within(DONE_MS, gateway.start())).toBe("done");
  }
  for (let index = 0; index < 3; index += 1) await life.call(gateway);

  life.raiseLimits();
  // An operator who is told that it failed asks again.
  if ((await life.within(DONE_MS, gateway.reload())) !== "done") {
    expect(await life.within(DONE_MS, gateway.reload())).toBe("done");
  }
  // Whether it may take calls again, it learns with a heartbeat.
  await life.world.runUntil(life.world.now + BEATS_MS);
  expect(gateway.takesCalls).toBe(true);
  for (let index = 0; index < 3; index += 1) await life.call(gateway);
  // By then an account is idle, and what is free of it goes back.
  await life.world.runUntil(life.world.now + 10_000);
  await life.call(gateway);
  expect(await life.within(DONE_MS, gateway.stop())).toBe("done");

  const refused = life.answers.filter(({ status }) => status !== 200);
  expect(refused.filter(({ code }) => !REFUSALS.includes(code))).toEqual([]);
  expect(refused.length).toBeLessThanOrEqual(1);
  expect(life.failures).toEqual([]);
  expectNothingLeft(life);
  return gateway.road.calls;
}

function expectNothingLeft({ audit, data }: Life): void {
  for (const { forfeited, leased, limit, open, spec } of data.accounts.values()) {
    expect({ budget: spec.budget, leased, forfeited }).toEqual({
      budget: spec.budget,
      leased: 0n,
      forfeited: 0n,
    });
    if (spec.budget === "all") expect(limit).toBe(BigInt(2 * LIMITS.all));
    // One whose window was over before the change keeps what it had.
    if (spec.budget === "daily" && open) expect(limit).toBe(BigInt(LIMITS.daily - 1));
  }
  for (const { id, writtenAt } of audit.calls.values()) {
    if (writtenAt !== null) expect([...audit.settled.keys()]).toContain(id);
  }
  const states = [...data.holders.values()].map(({ state }) => state);
  expect(states.filter((state) => state === "live").length).toBeLessThanOrEqual(states.length - 1);
}

describe("one call to the store fails, whichever it is", () => {
  for (const how of ["lost", "unheard"] as const) {
    test(`${how}: one call is refused at most, and nothing is left behind`, async () => {
      let tried = 0;
      for (let no = 1; no <= CALLS_MAX; no += 1) {
        const calls = await live(no, how).catch((error: unknown) => {
          throw new Error(`call ${no} of the store was ${how}`, { cause: error });
        });
        tried = no;
        if (no > calls) break;
      }
      expect(tried).toBeGreaterThan(20);
      expect(tried).toBeLessThan(CALLS_MAX);
    }, 60_000);
  }
});
