/**
 * One simulated life with pauses in it: gateways on one store that are killed, frozen and cut off,
 * clients that hang up and come back anywhere, and an operator who decides.
 */
import type { ServerResponse } from "node:http";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { pause } from "../../src/compose/clutches.ts";
import { Core } from "../../src/compose/core.ts";
import { decideReview } from "../../src/compose/deciding.ts";
import type { Providers } from "../../src/compose/providers.ts";
import { Reload } from "../../src/compose/reload.ts";
import type { DecisionAsked } from "../../src/control/operations.ts";
import type { Call, Incoming } from "../../src/gateway/call.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { handle } from "../../src/gateway/handle.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { Upkeep } from "../../src/gateway/upkeep.ts";
import { isToolDigest } from "../../src/guards/clutch/park.ts";
import { passes } from "../../src/guards/clutch/review.ts";
import { isDenial } from "../../src/guards/verdict.ts";
import type { Parked, ReviewDecision, Store } from "../../src/ports/store.ts";
import {
  AGENT,
  type Asked,
  Client,
  COME_AGAIN,
  FarEnd,
  folder,
  KEY_ID,
  type Kind,
  readAs,
} from "../faults/parking-life.ts";
import { guardrailsOf } from "../support/guardrails.ts";
import { Broken } from "./audit.ts";
import { CALM, type Chaos, Road } from "./faulty-store.ts";
import { Process, World } from "./world.ts";

const CHAOS_MS = 60_000;
const REST_MS = 120_000;
const KINDS: readonly Kind[] = ["model", "read", "write", "named"];
const TASKS = 3;
const ATTEMPTS_MAX = 60;
/** A gateway that is cut off goes on for so long after the trip; and its clock may be off. */
const GRACE_MS = 10_000 * 1.002;
const ENGAGED = { state: "engaged" } as const;

export interface ParkingReport {
  readonly states: Readonly<Record<string, number>>;
  readonly written: number;
  readonly answered: number;
}

class SimulatedGateway {
  readonly process: Process;
  readonly road: Road;
  readonly core: Core;
  readonly farEnd: FarEnd;
  started = false;
  readonly #upkeep: Upkeep;
  readonly #reload: Reload;

  constructor(life: Life, store: Store) {
    const { world } = life;
    this.process = new Process(world);
    this.road = new Road(world, this.process, store, () => life.afterCommit());
    this.farEnd = new FarEnd(this.process.clock, (no) => life.onWrite(this, no));
    const note = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      world.tell(message, fields);
      const { error } = fields;
      if (error instanceof Error && error.name !== "StoreUnreachable") life.fail(error);
    };
    const configuration = folder();
    const rules = () => {
      const providers = configuration.providers.map((settings) => {
        return [settings, this.farEnd.provider(settings.rules)] as const;
      });
      return new Ruleset(configuration, providers, [this.farEnd.server]);
    };
    this.core = new Core({
      store: this.road.store,
      clock: this.process.clock,
      chance: world.chance(),
      log: { debug: note, info: note, warn: note, error: note },
      rules: rules(),
      journalKey: new Uint8Array(32),
      seal: new Seal("00".repeat(32), world.chance()),
      describe: { host: "sim", pid: 1, pidStart: "1", keyId: "key" },
      version: "0.0.0",
    });
    // Only these two methods are used: the far ends are the simulation's.
    const providers = { rulesetOf: rules, closeRetired: async () => {} } as unknown as Providers;
    this.#reload = new Reload({
      gateway: this.gateway,
      providers,
      guardrails: guardrailsOf(() => configuration),
    });
    this.#upkeep = new Upkeep(this.gateway);
  }

  get gateway(): Gateway {
    return this.core.gateway;
  }

  get takesCalls(): boolean {
    return this.started && this.process.state === "runs" && this.gateway.closedBecause === null;
  }

  async start(): Promise<void> {
    await this.core.start((digest) => this.#reload.follow(digest));
    this.#upkeep.start();
    this.started = true;
  }
}

class Life {
  readonly world: World;
  readonly #data = memoryData();
  readonly #store: Store;
  readonly #gateways: SimulatedGateway[] = [];
  /** By number of a call: who was seen writing it, a turn or a decision; and how often it was. */
  readonly #writers = new Map<number, Set<string>>();
  readonly #writes = new Map<number, number>();
  readonly #passedAt = new Map<string, number>();
  readonly #chaos: Chaos;
  #calm = false;
  #asked = 0;
  #decisions = 0;
  /** Numbers of the calls whose clients have not been told. */
  readonly #waiting = new Set<number>();
  #answered = 0;
  /** What reviewers have said to tasks, and what of that a model was sent. */
  readonly #said = new Set<string>();
  readonly #heard = new Set<string>();
  #failure: unknown = null;

  constructor(seed: number) {
    this.world = new World(seed);
    const { random } = this.world;
    const wall = () => this.world.wall;
    const clock = { wall, monotonic: () => this.world.now, after: () => () => {} };
    this.#store = memoryStore({ data: this.#data, clock });
    const holder = { kind: "agent", agent: AGENT } as const;
    const ages = { createdAt: 0, expiresAt: null, revokedAt: null };
    this.#data.keys.set(KEY_ID, { id: KEY_ID, hash: "00", holder, ...ages });
    const share = random.pick([0, 0.02, 0.05]);
    this.#chaos = { lost: share, unheard: share, late: share / 2, repeated: share, unnoticed: 0.3 };
    this.world.afterEvent = () => {
      if (this.#failure !== null) throw this.#failure;
    };
  }

  fail(error: unknown): void {
    this.#failure ??= error;
  }

  async run(): Promise<ParkingReport> {
    const { random } = this.world;
    const count = random.integer(1, 3);
    for (let index = 0; index < count; index += 1) this.#begin();
    this.#arrivals(random.pick([300, 1_000]));
    this.#operator();
    if (random.chance(0.7)) this.#trouble();
    await this.world.runUntil(CHAOS_MS);
    this.#calm = true;
    for (const { road } of this.#gateways) {
      road.chaos = CALM;
      road.cut = "no";
    }
    await this.world.runUntil(CHAOS_MS + REST_MS);
    return this.#expectRest();
  }

  #begin(): void {
    const gateway = new SimulatedGateway(this, this.#store);
    gateway.road.chaos = this.#calm ? CALM : this.#chaos;
    this.#gateways.push(gateway);
    gateway.start().catch(() => {
      gateway.process.kill();
      this.world.after(1_000, () => this.#begin());
    });
  }

  #ready(): SimulatedGateway | null {
    const ready = this.#gateways.filter(({ takesCalls }) => takesCalls);
    return ready.length === 0 ? null : this.world.random.pick(ready);
  }

  #arrivals(meanMs: number): void {
    const { random } = this.world;
    this.#asked += 1;
    const asked = { no: this.#asked, kind: random.pick(KINDS) };
    void this.#client(asked).catch((error: unknown) => this.fail(error));
    this.world.after(random.between(0, 2 * meanMs), () => {
      if (!this.#calm) this.#arrivals(meanMs);
    });
  }

  /** Until it is answered for good, or gives up for good. */
  async #client(asked: Asked): Promise<void> {
    const { random } = this.world;
    this.#waiting.add(asked.no);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const gateway = this.#ready();
      const leaves = random.chance(0.3) && !this.#calm ? random.between(0, 8_000) : null;
      const status = gateway === null ? 503 : await this.#ask(gateway, asked, leaves);
      if (status === 200 || status === 403) {
        this.#answered += 1;
        break;
      }
      if (status !== 0 && !COME_AGAIN.has(status)) throw new Broken(`answered ${status}`);
      if (status === 0 && random.chance(0.3)) break;
      await this.#sleep(random.between(10, 4_000));
    }
    this.#waiting.delete(asked.no);
  }

  /** Its status; 0 if its client hung up, or was cut off. */
  #ask(gateway: SimulatedGateway, asked: Asked, leavesAfterMs: number | null): Promise<number> {
    const client = new Client();
    const { world } = this;
    return new Promise((resolve, reject) => {
      const watch = (): void => {
        if (gateway.process.state === "gone") resolve(0);
        else if (client.destroyed) resolve(client.status);
        else world.after(50, watch);
      };
      gateway.process.deliver(() => {
        handle(this.#callOf(gateway, asked, client), gateway.gateway).catch(reject);
      });
      watch();
      if (leavesAfterMs === null) return;
      world.after(leavesAfterMs, () => {
        gateway.process.deliver(() => client.leave());
        resolve(client.status);
      });
    });
  }

  #callOf({ gateway, process }: SimulatedGateway, asked: Asked, client: Client): Call {
    this.#decisions += 1;
    const decision = `d-${asked.no}-${this.#decisions}`;
    const { rules } = gateway;
    const manifest = rules.manifest(AGENT);
    const key = this.#data.keys.get(KEY_ID);
    if (manifest === null || key === undefined) throw new Error("the agent has a key");
    const incoming: Incoming = {
      // See its class: nothing else of a response is used.
      response: client as unknown as ServerResponse,
      headers: {},
      ...{ key, manifest, rules, tenure: gateway.holding.tenure, decision, call: decision },
      taskName: { id: `t${asked.no % TASKS}`, how: "named" },
      receivedAt: process.clock.monotonic(),
    };
    const call = readAs(asked, incoming);
    if (isDenial(call)) throw new Error(`a bad request: ${call.code}`);
    return call;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.after(ms, resolve));
  }

  /** Pauses, and decides whatever is open; in the end only what lets everything go. */
  #operator(): void {
    const { random } = this.world;
    const at = this.#ready();
    if (at !== null) {
      const done = random.chance(0.3) && !this.#calm ? this.#pause(at) : this.#decide(at);
      // Whoever is not answered asks again.
      done.catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== "StoreUnreachable") this.fail(error);
      });
    }
    // What is left at the end may be dozens of calls, each decided by itself.
    const restMs = this.#calm ? random.between(50, 400) : random.between(500, 4_000);
    this.world.after(restMs, () => this.#operator());
  }

  async #pause({ gateway }: SimulatedGateway): Promise<void> {
    await pause([AGENT], "by chance", "operator", gateway);
  }

  async #decide({ gateway }: SimulatedGateway): Promise<void> {
    const { random } = this.world;
    const open = [...this.#data.reviews.values()].filter(({ state }) => state === "open");
    if (open.length === 0) return;
    const { id, kind, version } = random.pick(open);
    const rows = [...this.#data.parked.values()].filter(({ parked }) => parked.review === id);
    const asked = {
      review: id,
      version,
      reason: "by chance",
      message: null,
      limit: null,
      arguments: null,
    };
    const none = { task: null, call: null };
    if (kind !== "outcome_unknown") {
      const verbs = ["resume", "change", "probe", "deny"] as const;
      const decision = this.#calm ? "resume" : random.pick(verbs);
      if (decision === "change") return this.#change(gateway, asked, rows);
      const task = decision === "probe" ? `t${random.integer(0, TASKS - 1)}` : null;
      const call = decision === "deny" ? (rows.at(0)?.parked.call ?? null) : null;
      if (decision === "deny" && call === null) return;
      await decideReview({ ...asked, decision, task, call }, "operator", gateway);
      return;
    }
    const unknown = rows.find(({ parked }) => parked.state === "unknown" || parked.maybeSent);
    const claims = [...this.#data.claims.values()];
    const claim = claims.find(({ review, state }) => review === id && state === "unknown");
    const what = unknown
      ? { task: null, call: unknown.parked.call }
      : claim && { task: claim.claim.task, call: claim.claim.callId };
    if (what === undefined) return;
    const decision: ReviewDecision["decision"] = random.pick(["ran", "did_not_run"] as const);
    await decideReview({ ...none, ...asked, ...what, decision }, "operator", gateway);
  }

  /** Other arguments for one of its calls, if there is a tool's, and a word to all that wait. */
  async #change(
    gateway: Gateway,
    asked: Pick<DecisionAsked, "review" | "version" | "reason" | "limit">,
    rows: readonly { readonly parked: Parked }[],
  ): Promise<void> {
    const tools = rows.filter(({ parked }) => {
      return parked.state === "parked" && isToolDigest(parked.digest);
    });
    const call = tools.at(0)?.parked.call ?? null;
    const no = Number(call?.split("-")[1]);
    const edited = call === null ? null : { no, edited: true };
    const message = rows.length === 0 ? null : "by chance";
    if (edited === null && message === null) return;
    const change = { decision: "change", task: null, call, arguments: edited, message } as const;
    await decideReview({ ...asked, ...change }, "operator", gateway);
  }

  #trouble(): void {
    const { random } = this.world;
    const gateway = random.pick(this.#gateways);
    const happens = random.next();
    if (happens < 0.3) {
      gateway.process.kill();
      this.world.after(random.between(100, 15_000), () => this.#begin());
    } else if (happens < 0.6) {
      gateway.process.stop(random.pick([3_000, 16_000]), random.chance(0.3));
    } else {
      const cut = random.pick(["requests", "answers"] as const);
      gateway.road.cut = cut;
      this.world.after(random.between(500, 16_000), () => {
        gateway.road.cut = "no";
      });
    }
    this.world.after(random.between(2_000, 12_000), () => {
      if (!this.#calm) this.#trouble();
    });
  }

  afterCommit(): void {
    for (const key of this.#data.messages.keys()) this.#said.add(key);
    const clutch = this.#data.clutches.get(AGENT) ?? ENGAGED;
    for (let no = 0; no < TASKS; no += 1) {
      if (passes(clutch, `t${no}`)) this.#passedAt.set(`t${no}`, this.world.now);
    }
  }

  onWrite({ gateway }: SimulatedGateway, no: number): void {
    const writers = this.#writers.get(no) ?? new Set();
    this.#writers.set(no, writers);
    const mine = [...gateway.inFlight.values()].filter(({ call }) => numberOf(call) === no);
    for (const { call } of mine) {
      const { decision, tenure } = call.incoming;
      if (call.kind === "model") {
        for (const { id, task } of call.told) this.#heard.add(JSON.stringify([id, task]));
      }
      if (!this.#isAsDecided(call)) this.fail(new Broken(`${no}: not with its arguments`));
      writers.add(call.turn === null ? decision : `${call.turn.call} ${call.turn.attempt}`);
      const { state } = this.#data.holders.get(tenure.id) ?? {};
      if (state !== "live") this.fail(new Broken(`${no}: written by a holder that is ${state}`));
    }
    const writes = (this.#writes.get(no) ?? 0) + 1;
    this.#writes.set(no, writes);
    this.world.tell("written", no, [...writers]);
    if (writes > writers.size) this.fail(new Broken(`${no}: an attempt was written twice`));
    const held = mine.some(({ call }) => this.#isHeld(call));
    if (!held) this.fail(new Broken(`${no}: written without its turn`));
    const task = `t${no % TASKS}`;
    const clutch = this.#data.clutches.get(AGENT) ?? ENGAGED;
    const lateMs = this.world.now - (this.#passedAt.get(task) ?? 0);
    if (!passes(clutch, task) && lateMs > GRACE_MS) {
      this.fail(new Broken(`${no}: written ${lateMs} ms after the trip`));
    }
  }

  /** With a person's arguments where they have changed them, and else with its agent's. */
  #isAsDecided(call: Call): boolean {
    if (call.kind === "model" || call.turn === null) return true;
    const { edited } = this.#data.parked.get(call.turn.call)?.parked ?? {};
    return (call.ask.arguments.edited === true) === edited;
  }

  /** Whoever has a turn has the claim of it, in the store. */
  #isHeld({ incoming, turn }: Call): boolean {
    if (turn === null) return true;
    const parked = this.#data.parked.get(turn.call)?.parked;
    const { id } = incoming.tenure;
    return (
      parked?.state === "claimed" && parked.claimedBy === id && parked.attempt === turn.attempt
    );
  }

  /** Every call has come to an end, and nobody waits. */
  #expectRest(): ParkingReport {
    const states: Record<string, number> = {};
    const alive = this.#gateways.filter(({ process, started }) => {
      return started && process.state !== "gone";
    });
    if (this.#waiting.size > 0) throw new Broken(`${[...this.#waiting]} wait for ever`);
    for (const { gateway } of alive) {
      if (gateway.inFlight.size > 0) throw new Broken("calls are in flight for ever");
      if (gateway.lot.heldOf(AGENT) > 0) throw new Broken("calls are held for ever");
      if (gateway.holding.tenure.turns.size > 0) throw new Broken("a turn is had for ever");
    }
    for (const { parked } of this.#data.parked.values()) {
      const { attached, call, digest, state } = parked;
      states[state] = (states[state] ?? 0) + 1;
      const waits = state === "let_go" && digest.startsWith("m:") && attached === null;
      if (state !== "done" && state !== "denied" && !waits) {
        throw new Broken(`${call} is ${state} for ever, attached to ${attached}`);
      }
    }
    for (const { claim, state } of this.#data.claims.values()) {
      if (state !== "done") throw new Broken(`${claim.callId} is ${state} for ever`);
    }
    for (const key of this.#said) {
      if (this.#data.messages.has(key) || this.#heard.has(key)) continue;
      throw new Broken(`what was said as ${key} is gone, and no model was told`);
    }
    const written = [...this.#writes.values()].reduce((sum, each) => sum + each, 0);
    return { states, written, answered: this.#answered };
  }
}

function numberOf(call: Call): number {
  if (call.kind === "tool") return Number(call.ask.arguments.no);
  return Number(JSON.parse(call.body.text).user);
}

export async function liveParked(
  seed: number,
  trace: ((line: string) => void) | null,
): Promise<ParkingReport> {
  const life = new Life(seed);
  life.world.trace = trace;
  return life.run();
}
