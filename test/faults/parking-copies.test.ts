/**
 * A retry beside its parked self: two gateways on one store, of which the second does not hear of a
 * pause for a moment. A client's connection breaks while the first parks its call, and the second
 * lets it through. Time passes only where a test says so.
 */
import { afterEach, expect, test } from "vitest";
import { type MemoryData, memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { pause } from "../../src/compose/clutches.ts";
import { Core } from "../../src/compose/core.ts";
import { decideReview } from "../../src/compose/deciding.ts";
import type { Desk, ToolCall } from "../../src/gateway/call.ts";
import type { Client } from "../../src/gateway/client.ts";
import { type Gateway, nextDecision } from "../../src/gateway/gateway.ts";
import { handle } from "../../src/gateway/handle.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { readToolCall } from "../../src/gateway/tools/read.ts";
import { Upkeep } from "../../src/gateway/upkeep.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { Parked, Store } from "../../src/ports/store.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import { valid } from "../unit/config/folder.ts";

const STEP_MS = 25;
const EXPIRY_MS = 20_000;
/** More than a gateway keeps. */
const FLOOD = 50_100;

const KEY = {
  ...{ id: "key_a", hash: "a", holder: { kind: "agent", agent: "a" } as const },
  ...{ createdAt: 0, expiresAt: null, revokedAt: null },
};

class World {
  readonly clock = testClock();
  readonly data: MemoryData = memoryData();
  readonly store = memoryStore({ clock: this.clock, data: this.data });
  readonly first = new Station(this, "a");
  readonly second = new Station(this, "b");
  /** Texts that the tool was run with. */
  readonly ran: string[] = [];

  async start(): Promise<void> {
    await this.store.registry.createKey(KEY);
    for (const station of [this.first, this.second]) {
      await this.until(station.start());
    }
    // Each has seen in a heartbeat that there are two.
    await this.pass(2_000);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(STEP_MS);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async until(work: Promise<unknown>): Promise<void> {
    let over = false;
    const end = work.finally(() => {
      over = true;
    });
    for (let passed = 0; !over && passed < EXPIRY_MS; passed += STEP_MS) await this.pass(STEP_MS);
    if (!over) throw new Error("it never ends");
    await end;
  }

  async rows(): Promise<readonly Parked[]> {
    return await this.store.parking.list({ limit: 9 });
  }

  async row(): Promise<Parked> {
    const [row, ...more] = await this.rows();
    if (!row || more.length > 0) throw new Error("one call is parked");
    return row;
  }

  async resume(): Promise<void> {
    const [review] = await this.store.clutch.reviews({ state: "open", limit: 9 }).then((all) => {
      return all.filter(({ kind }) => kind === "pause");
    });
    if (!review) throw new Error("a review is open");
    const asked = { review: review.id, version: review.version, decision: "resume" } as const;
    const about = {
      reason: "fine",
      task: null,
      call: null,
      message: null,
      limit: null,
      arguments: null,
    };
    const work = decideReview({ ...asked, ...about }, "ada", this.first.gateway);
    await this.until(work);
    expect((await work).kind).toBe("ok");
  }

  async doubts() {
    const reviews = await this.store.clutch.reviews({ limit: 9 });
    return reviews.filter(({ kind }) => kind === "outcome_unknown");
  }
}

/** One gateway, without its listeners. */
class Station {
  readonly gateway: Gateway;
  readonly #world: World;
  readonly #core: Core;
  readonly #upkeep: Upkeep;
  #deaf: Promise<void> | null = null;
  #hear: () => void = () => {};

  constructor(world: World, digit: string) {
    this.#world = world;
    const { clock } = world;
    let ids = 0;
    const chance = {
      hex: (bytes: number) => {
        ids += 1;
        return `${digit}${ids.toString(16).padStart(2 * bytes - 1, "0")}`;
      },
    };
    this.#core = new Core({
      store: this.#road(world.store),
      clock,
      chance,
      log: createLog({ clock, write: () => {}, level: "error", form: "json" }),
      rules: new Ruleset(folder(), [], [this.#desk()]),
      journalKey: new Uint8Array(32),
      seal: new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) }),
      describe: { host: "here", pid: 1, pidStart: "1", keyId: "key" },
      version: "0.0.0",
    });
    this.gateway = this.#core.gateway;
    this.#upkeep = new Upkeep(this.gateway);
  }

  async start(): Promise<void> {
    await this.#core.start(async () => {});
    this.#upkeep.start();
  }

  async stop(): Promise<void> {
    this.hear();
    await this.#upkeep.stop();
    await this.gateway.holding.stop();
  }

  /** Nothing of what the store says of others arrives, until it hears again. */
  goDeaf(): void {
    this.#deaf = new Promise((resolve) => {
      this.#hear = resolve;
    });
  }

  hear(): void {
    this.#deaf = null;
    this.#hear();
  }

  #road(store: Store): Store {
    return {
      ...store,
      holders: {
        ...store.holders,
        beat: async (id) => {
          await this.#deaf;
          return store.holders.beat(id);
        },
        watch: (changed) => {
          return store.holders.watch((what) => {
            if (this.#deaf === null) changed(what);
          });
        },
      },
    };
  }

  #desk(): ToolServer {
    const { clock } = this.#world;
    return {
      name: "desk",
      list: async () => [],
      close: async () => {},
      call: ({ arguments: given }, run) => {
        clock.after(5, () => {
          if (!run.mayWrite()) {
            const fault = { kind: "held", written: false, message: "held" } as const;
            return run.end({ kind: "fault", fault });
          }
          this.#world.ran.push(String(given.text));
          const result = { content: [], structuredContent: {}, isError: false, bytes: 2 };
          run.end({ kind: "result", result });
        });
        return { abort: () => {} };
      },
    };
  }

  /** One call of the agent's; `leave` breaks its connection. */
  ask(text: string) {
    const { gateway } = this;
    let gone = false;
    const listeners: (() => void)[] = [];
    const client: Client = {
      isAbsent: false,
      isGone: () => gone,
      onGone: (listener) => listeners.push(listener),
      reassure: () => {},
      takes102: false,
      patienceMs: 60_000,
      onCut: () => {},
    };
    const told: string[] = [];
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const tell = (what: string) => {
      told.push(what);
      end();
    };
    const desk: Desk = {
      refuse: ({ code }) => tell(code),
      answer: () => tell("answered"),
      progress: null,
    };
    const call = this.#read(text, { desk, client });
    // What is held goes on by itself.
    const over = Promise.all([handle(call, gateway), ended]);
    const leave = () => {
      gone = true;
      end();
      for (const listener of listeners) listener();
    };
    return { call, over, told, leave };
  }

  #read(text: string, at: { readonly desk: Desk; readonly client: Client }): ToolCall {
    const { gateway } = this;
    const manifest = gateway.rules.manifest("a");
    if (manifest === null) throw new Error("there is one agent");
    const decision = nextDecision(gateway);
    const named = { name: "save", server: null, arguments: { text }, bytes: 10, callId: null };
    const caller = {
      ...{ headers: {}, key: KEY, manifest, rules: gateway.rules, tenure: gateway.holding.tenure },
      ...{ decision, call: decision, taskName: { id: "task", how: "named" } as const },
      receivedAt: gateway.clock.monotonic(),
    };
    const call = readToolCall({ ...named, by: "dispatcher" }, caller, at);
    if (isDenial(call)) throw new Error(call.code);
    return call;
  }
}

function folder() {
  const tools = { save: { effect: "write" } };
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      tool_servers: { desk: { kind: "mcp", url: "http://127.0.0.1:9/mcp", tools } },
      breakers: [{ name: "stuck", enabled: false }],
      budgets: [{ name: "all", limit_usd: 1, window: "lifetime" }],
    }),
    "agents/a.json": JSON.stringify({
      version: 1,
      agent: "a",
      allowed_tools: [{ tool_name: "save", read_only: false }],
    }),
  });
}

let world: World;

afterEach(async () => {
  for (const { stop } of [world.first, world.second].map((one) => ({ stop: one.stop() }))) {
    await world.until(stop);
  }
});

/** The first has parked it and lost its client; the second is deaf, and ran it. */
async function parkedAndRan(): Promise<void> {
  world = new World();
  await world.start();
  const { first, second } = world;
  second.goDeaf();
  await world.until(pause(["a"], "test", "ada", first.gateway));
  const parked = first.ask("x");
  await world.pass(100);
  expect((await world.row()).state).toBe("parked");
  parked.leave();
  await world.until(parked.over);
  const retry = second.ask("x");
  await world.until(retry.over);
  expect(retry.told).toEqual(["answered"]);
  expect(world.ran).toEqual(["x"]);
  expect(await world.row()).toMatchObject({ attached: null, state: "parked", maybeSent: false });
}

const DOUBTED = { state: "parked", maybeSent: true };

test("what another gateway let through before it heard of a pause waits for a person", async () => {
  await parkedAndRan();
  world.second.hear();
  await world.pass(1_000);
  expect(await world.row()).toMatchObject(DOUBTED);
  expect(await world.doubts()).toMatchObject([{ subject: "copies", state: "open", parked: 1 }]);
  await world.resume();
  await world.pass(5_000);
  expect(world.ran).toEqual(["x"]);
  expect(await world.row()).toMatchObject(DOUBTED);
});

test("a resume that another gateway hears of before the pause runs nothing twice", async () => {
  await parkedAndRan();
  await world.resume();
  await world.pass(3_000);
  expect(await world.row()).toMatchObject({ state: "let_go", attempt: 0 });
  expect(world.ran).toEqual(["x"]);
  world.second.hear();
  await world.pass(3_000);
  expect(await world.row()).toMatchObject(DOUBTED);
  expect(await world.doubts()).toMatchObject([{ subject: "copies", parked: 1 }]);
  expect(world.ran).toEqual(["x"]);
});

test("a client that comes again after such a resume waits for the other gateway too", async () => {
  await parkedAndRan();
  await world.resume();
  const again = world.first.ask("x");
  await world.pass(3_000);
  expect(await world.row()).toMatchObject({ state: "let_go", attempt: 0 });
  world.second.hear();
  await world.pass(3_000);
  expect(await world.row()).toMatchObject(DOUBTED);
  again.leave();
  await world.until(again.over);
  expect(world.ran).toEqual(["x"]);
});

test("a gateway that never says what it let through is fenced, and a person decides", async () => {
  await parkedAndRan();
  await world.resume();
  await world.pass(EXPIRY_MS);
  expect(await world.row()).toMatchObject(DOUBTED);
  const { id } = world.second.gateway.holding.tenure;
  expect(await world.doubts()).toMatchObject([{ subject: id, parked: 1 }]);
  expect(world.ran).toEqual(["x"]);
});

test("where too much was let through to keep, all that waits is left to a person", async () => {
  world = new World();
  await world.start();
  const { first, second } = world;
  second.goDeaf();
  await world.until(pause(["a"], "test", "ada", first.gateway));
  const parked = first.ask("x");
  await world.pass(100);
  parked.leave();
  await world.until(parked.over);
  const retry = second.ask("x");
  await world.until(retry.over);
  const { call } = second.ask("y");
  for (let n = 0; n < FLOOD; n += 1) {
    const incoming = { ...call.incoming, decision: `flood-${n}` };
    second.gateway.recent.note({ ...call, incoming }, second.gateway);
  }
  second.hear();
  await world.pass(1_000);
  expect(await world.row()).toMatchObject(DOUBTED);
});

test("what has its client waits for nobody: an agent may repeat itself", async () => {
  world = new World();
  await world.start();
  const { first, second } = world;
  second.goDeaf();
  await world.until(pause(["a"], "test", "ada", first.gateway));
  const waits = first.ask("x");
  const other = first.ask("y");
  await world.pass(100);
  const same = second.ask("x");
  await world.until(same.over);
  other.leave();
  await world.until(other.over);
  await world.resume();
  await world.until(waits.over);
  expect([waits.told, same.told]).toEqual([["answered"], ["answered"]]);
  expect(world.ran).toEqual(["x", "x"]);
  second.hear();
  await world.pass(3_000);
  expect(world.ran).toEqual(["x", "x", "y"]);
  expect(await world.doubts()).toEqual([]);
});

test("a call that was let through and never sent is no copy", async () => {
  world = new World();
  await world.start();
  const { first, second } = world;
  second.goDeaf();
  await world.until(pause(["a"], "test", "ada", first.gateway));
  const parked = first.ask("x");
  await world.pass(100);
  parked.leave();
  await world.until(parked.over);
  const retry = second.ask("x");
  retry.leave();
  await world.until(retry.over);
  expect([retry.told, world.ran]).toEqual([[], []]);
  second.hear();
  await world.pass(1_000);
  await world.resume();
  await world.pass(3_000);
  expect(world.ran).toEqual(["x"]);
  expect((await world.row()).state).toBe("done");
});
