/** One simulated life: some gateways on one store, clients, an operator, and everything that breaks. */
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { forfeitsOf, releaseForfeits } from "../../src/compose/forfeits.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import type { HolderRow } from "../../src/ports/store.ts";
import { Audit, Broken } from "./audit.ts";
import { CALM, type Chaos } from "./faulty-store.ts";
import { AGENTS, configurationOf, type Limits } from "./folder.ts";
import { type Answered, type GatewaySettings, SimulatedGateway } from "./gateways.ts";
import { World } from "./world.ts";

/** Chaos ends here; then everything must come to rest. */
const CHAOS_MS = 60_000;
/** Longer than an expiry, the slowest call and everything that follows from them. */
const REST_MS = 90_000;
const STOP_MS = 60_000;

/** What becomes of the budget `daily`: its limit, the kind of its window, and what it counts. */
const DAILY_EDITS = [
  [0.8, "day", "usd"],
  [1.3, "day", "usd"],
  [0.8, "month", "usd"],
  [1.3, "lifetime", "tokens"],
  [1, "day", "tokens"],
] as const;
/** What is set aside for the smallest call of all. */
const SMALL = { usd: 1_000_000n, tokens: 1_000n, calls: 0n } as const;
/** Of a release by force: about what one account had of it. */
const FORCED_MOST = { usd: 1e6, tokens: 500, calls: 1 } as const;

/** More often than anybody would, for every forfeit is another chance to be wrong. */
const RELEASE_MS = 6_000;

export interface Report {
  readonly answers: ReadonlyMap<string, number>;
  readonly written: number;
  readonly fenced: number;
  readonly released: { readonly gone: number; readonly none: number };
}

class Life {
  readonly world: World;
  readonly audit: Audit;
  readonly gateways: SimulatedGateway[] = [];
  readonly answers = new Map<string, number>();
  readonly #data = memoryData();
  readonly #settings: GatewaySettings;
  #limits: Limits;
  #folder: Configuration;
  #calm = false;
  #asked = 0;
  #failure: unknown = null;

  constructor(seed: number) {
    this.world = new World(seed);
    const { random } = this.world;
    const wall = () => this.world.wall;
    this.audit = new Audit(this.world, this.#data, this.gateways);
    const clock = { wall, monotonic: () => this.world.now, after: () => () => {} };
    const store = this.audit.watching(memoryStore({ data: this.#data, clock }));
    const scale = random.pick([1, 10, 100]);
    const counted = { tokens: 20e3 * scale, calls: 25 * scale };
    this.#limits = { all: 40e6 * scale, daily: 15e6 * scale, task: 4e6 * scale, counted };
    this.#folder = configurationOf(this.#limits);
    const often = random.chance(0.5);
    this.#settings = {
      world: this.world,
      store,
      calls: this.audit.calls,
      shares: {
        faults: random.pick([0, 0.1, 0.4]),
        overbilled: random.pick([0, 0, 0.03]),
        gaps: often ? 0.004 : 0,
      },
      folder: () => this.#folder,
      afterCommit: () => this.#check(() => this.audit.afterCommit()),
      onWrite: (call) => {
        this.world.tell("written", call);
        this.#check(() => this.audit.onWrite(call));
      },
      onBilled: (call) => this.#check(() => this.audit.onBilled(call)),
      onLog: (process, message, fields) => {
        this.world.tell(message, fields);
        if (message === "call.refused") this.#check(() => this.audit.onRefused(process, fields));
        const { error } = fields;
        const expected = error instanceof Error && error.name === "StoreUnreachable";
        if (error !== undefined && !expected) {
          this.#check(() => {
            throw new Broken(`${message}: ${error instanceof Error ? error.stack : String(error)}`);
          });
        }
      },
    };
    this.world.afterEvent = () => {
      this.#check(() => this.audit.afterEvent());
      if (this.#failure !== null) throw this.#failure;
    };
  }

  /** Kept until the event is over: thrown inside, a gateway would take it for its own fault. */
  #check(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async run(): Promise<Report> {
    const { random } = this.world;
    const count = random.integer(1, 4);
    const chaos = chaosOf(random.pick([0, 0.5, 1]), random);
    for (let index = 0; index < count; index += 1) this.#begin(chaos);
    this.#arrivals(random.pick([5, 30, 150]));
    this.#trouble(chaos);
    this.#releases(random.chance(0.3));
    await this.world.runUntil(CHAOS_MS);
    this.#calm = true;
    Object.assign(this.#settings.shares, { faults: 0, overbilled: 0, gaps: 0 });
    for (const { road } of this.gateways) {
      road.chaos = CALM;
      road.cut = "no";
    }
    if (this.#alive.length === 0) this.#begin(CALM);
    await this.world.runUntil(CHAOS_MS + REST_MS);
    this.#expectRest();
    await this.#expectUsable();
    await this.#expectCleanStop();
    const { holders } = this.#data;
    const fenced = [...holders.values()].filter(({ fencedAt }) => fencedAt !== null).length;
    const { calls, released } = this.audit;
    return { answers: this.answers, written: calls.size, fenced, released };
  }

  get #alive(): SimulatedGateway[] {
    return this.gateways.filter(({ process, started, stopped }) => {
      return started && process.state !== "gone" && !stopped;
    });
  }

  /** A start that fails is tried again, as by whatever keeps the process running. */
  #begin(chaos: Chaos): void {
    const gateway = new SimulatedGateway(this.#settings);
    gateway.road.chaos = chaos;
    this.gateways.push(gateway);
    gateway.start().catch((error: unknown) => {
      gateway.process.kill();
      const expected = ["StoreUnreachable", "CannotRegister"];
      if (!(error instanceof Error) || !expected.includes(error.name)) this.#failure ??= error;
      this.world.after(1_000, () => this.#begin(this.#calm ? CALM : chaos));
    });
  }

  #arrivals(meanMs: number): void {
    const { random } = this.world;
    const ready = this.gateways.filter(({ takesCalls }) => takesCalls);
    if (ready.length > 0) {
      const size = random.chance(0.05) ? random.integer(5, 40) : 1;
      for (let index = 0; index < size; index += 1) this.#ask(random.pick(ready));
    }
    this.world.after(random.between(0, 2 * meanMs), () => {
      if (!this.#calm) this.#arrivals(meanMs);
    });
  }

  #ask(gateway: SimulatedGateway): void {
    const { random } = this.world;
    this.#asked += 1;
    const asked = {
      id: `c${this.#asked}`,
      agent: random.pick(AGENTS),
      task: `t${random.integer(1, 1 + Math.floor(this.world.now / 5_000))}`,
      cap: random.pick([10, 20, 50, 100]),
      stream: random.chance(0.3),
    };
    const leaves = random.chance(0.1) ? random.between(0, 500) : null;
    gateway.ask(asked, leaves).then(
      (answered) => this.#note(answered),
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
  }

  #note({ code, status }: Answered): void {
    const name = code ?? String(status);
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    if (code === "gateway.unsure") this.#failure ??= new Broken("a call was refused: unsure");
  }

  /** From time to time something breaks, or an operator changes something. */
  #trouble(chaos: Chaos): void {
    const { random } = this.world;
    const gateway = random.pick(this.gateways);
    const happens = random.next();
    this.world.tell("trouble", this.gateways.indexOf(gateway), happens);
    if (happens < 0.15) this.#kill(gateway, chaos);
    else if (happens < 0.3) gateway.process.stop(15_000, random.chance(0.3));
    else if (happens < 0.35) gateway.process.stop(random.between(100, 4_000), false);
    else if (happens < 0.55) this.#cutOff([gateway]);
    else if (happens < 0.6) this.#cutOff(this.gateways);
    else if (happens < 0.65) gateway.process.stepWall(random.between(-60_000, 20_000));
    else if (happens < 0.75) this.#leave(gateway, chaos);
    else if (happens < 0.9) this.#edit(gateway);
    else this.#endTask(gateway);
    this.world.after(random.between(500, 8_000), () => {
      if (!this.#calm) this.#trouble(chaos);
    });
  }

  #kill(gateway: SimulatedGateway, chaos: Chaos): void {
    if (gateway.process.state === "gone") return;
    gateway.process.kill();
    this.world.after(this.world.random.between(100, 20_000), () => {
      this.#begin(this.#calm ? CALM : chaos);
    });
  }

  #cutOff(gateways: readonly SimulatedGateway[]): void {
    const { random } = this.world;
    const cut = random.pick(["requests", "answers"] as const);
    for (const { road } of gateways) road.cut = cut;
    this.world.after(random.between(500, 20_000), () => {
      for (const { road } of gateways) road.cut = "no";
    });
  }

  /** A clean stop in the middle of it all, and another one in its place. */
  #leave(gateway: SimulatedGateway, chaos: Chaos): void {
    if (!gateway.takesCalls) return;
    gateway.stop().then(
      () => this.#begin(this.#calm ? CALM : chaos),
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
  }

  /** Also before all have the folder's last version: then they have none in common but the next. */
  #edit(gateway: SimulatedGateway): void {
    const { random } = this.world;
    const { all, counted, daily, task } = this.#limits;
    const by = random.pick([0.3, 0.8, 1.3, 2]);
    const [factor, window, unit] = random.pick(DAILY_EDITS);
    const { calls, tokens } = counted ?? { calls: 0, tokens: 0 };
    this.#limits = {
      all: Math.round(all * by),
      daily: Math.round(daily * factor),
      ...{ task, window, unit },
      counted: { calls: Math.round(calls * by), tokens: Math.round(tokens * factor) },
    };
    this.#folder = configurationOf(this.#limits);
    this.world.tell("edit", this.#folder.digest, this.#limits);
    this.#publish(gateway);
  }

  /** An operator who changed the folder asks for it until some gateway has taken it. */
  #publish(gateway: SimulatedGateway): void {
    const { digest } = this.#folder;
    const again = () => {
      const ready = this.gateways.filter(({ answersOperators }) => answersOperators);
      const isTaken = this.#data.configuration === digest;
      if (isTaken || this.#folder.digest !== digest) return;
      this.#publish(ready.length > 0 ? this.world.random.pick(ready) : gateway);
    };
    this.world.after(1_000, again);
    if (!gateway.answersOperators) return;
    gateway.reload().catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "StoreUnreachable") this.#failure ??= error;
    });
  }

  #endTask(gateway: SimulatedGateway): void {
    if (!gateway.takesCalls) return;
    const { random } = this.world;
    const id = `t${random.integer(1, 1 + Math.floor(this.world.now / 5_000))}`;
    const { gateway: parts } = gateway.core;
    parts.endTask(random.pick(AGENTS), id, "failed", "operator").catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "StoreUnreachable") this.#failure ??= error;
    });
  }

  /** An operator looks for forfeits, and releases some: by the bill, or by force. */
  #releases(forced: boolean): void {
    const { random } = this.world;
    const ready = this.gateways.filter(({ takesCalls }) => takesCalls);
    if (ready.length > 0) {
      this.#release(random.pick(ready), forced).catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== "StoreUnreachable") this.#failure ??= error;
      });
    }
    this.world.after(random.between(0, 2 * RELEASE_MS), () => this.#releases(forced));
  }

  async #release({ gateway }: SimulatedGateway, forced: boolean): Promise<void> {
    const { random } = this.world;
    const settings = { gateway, isGone: ({ id }: HolderRow) => this.#isGone(id) };
    const { forfeits } = await forfeitsOf(settings);
    if (forfeits.length === 0) return;
    const { budget, holder, unit } = random.pick(forfeits);
    const withoutEvidence = forced && random.chance(0.5);
    const bill = withoutEvidence
      ? random.integer(0, FORCED_MOST[unit])
      : this.audit.billOf(holder.id, unit);
    const id = `r${random.integer(1, 1_000)}-${holder.id}`;
    const which = { id, holder: holder.id, budget: random.chance(0.5) ? budget : null };
    const how = { scope: null, unit, billed: BigInt(bill), withoutEvidence, reason: "by chance" };
    const outcome = await releaseForfeits(settings, { ...which, ...how }, "operator");
    this.world.tell("release", which, how, outcome);
  }

  /** Nothing of that holder runs any more; one whose start failed was killed. */
  #isGone(holder: string): boolean {
    const owner = this.gateways.find(({ gateway: { holding }, started }) => {
      return started && [holding.tenure, ...holding.former].some(({ id }) => id === holder);
    });
    return owner === undefined || owner.process.state === "gone";
  }

  /** Nothing is under way any more: no money is set aside but for those who died. */
  #expectRest(): void {
    expectThat(this.#alive.length > 0, "no gateway starts any more");
    for (const { core, waiting } of this.#alive) {
      const { closedBecause, rules } = core.gateway;
      const inForce = rules.digest === this.#folder.digest && closedBecause === null;
      expectThat(inForce, `the folder is not in force: ${closedBecause}`);
      expectThat(waiting.size === 0, `${[...waiting]} wait for an answer for ever`);
      expectThat(core.gateway.inFlight.size === 0, "calls are in flight for ever");
      expectThat(core.gateway.drains === 0, "drains are counted for ever");
      expectThat(core.gateway.holding.former.size === 0, "a former tenure is never closed");
    }
    const ids = new Set(this.#alive.map(({ core }) => core.gateway.holding.tenure.id));
    for (const [id, { state }] of this.#data.holders) {
      expectThat(state !== "live" || ids.has(id), `${id} is live, and nobody has it`);
    }
    this.audit.expectGaps();
    for (const { leased, spec } of this.#data.accounts.values()) {
      expectThat(leased === 0n, `${spec.budget}|${spec.scope}: ${leased} stays leased`);
    }
    for (const truth of this.audit.calls.values()) {
      const settled = this.audit.settled.has(truth.id) || truth.writtenAt === null;
      const died = !this.gateways.some(({ core, process }) => {
        return process.state !== "gone" && core.gateway.holding.tenure.id === truth.holder;
      });
      expectThat(settled || died, `${truth.id} was never settled`);
    }
  }

  /** What is left can be spent, wherever a client asks. */
  async #expectUsable(): Promise<void> {
    for (const gateway of this.#alive) {
      const { budgets } = this.#folder;
      const inForce = new Map(budgets.map((budget) => [budget.name, budget]));
      for (const account of this.#data.accounts.values()) {
        const { limit, open, spec } = account;
        const budget = inForce.get(spec.budget);
        if (!open || budget?.window !== spec.window || budget.unit !== spec.unit) continue;
        expectThat(limit === budget.limit, `${spec.budget}: an old limit`);
      }
      const id = `last-${gateway.core.gateway.holding.tenure.id}`;
      const asked = { id, agent: "b", task: id, cap: 10, stream: false };
      let answered: Answered | null = null;
      // An operator may release a forfeit meanwhile: then there was less when it was refused.
      const before = this.#hasRoom();
      void gateway.ask(asked, null).then((answer) => {
        answered = answer;
      });
      await this.world.runUntil(this.world.now + 30_000);
      const status = (answered as Answered | null)?.code ?? "answered";
      // A model that once billed above its cap is reserved at its maximum, which may not fit.
      const enough = before && this.#hasRoom() && this.#data.flags.size === 0;
      expectThat(!enough || status === "answered", `much is left, and a small call got ${status}`);
    }
  }

  /** Every budget that a new task of agent b draws on covers a small call. */
  #hasRoom(): boolean {
    return [...this.#data.accounts.values()].every(({ forfeited, limit, open, spec, spent }) => {
      const drawn = open && (spec.scope === "" || spec.scope === "b") && spec.budget !== "daily";
      return !drawn || limit - spent - forfeited > SMALL[spec.unit];
    });
  }

  async #expectCleanStop(): Promise<void> {
    const stopping = this.#alive;
    for (const gateway of stopping) void gateway.stop();
    await this.world.runUntil(this.world.now + STOP_MS);
    for (const { core, stopped } of stopping) {
      const { id } = core.gateway.holding.tenure;
      expectThat(stopped, `${id} does not stop`);
      const state = this.#data.holders.get(id)?.state;
      expectThat(state === "closed", `${id} stopped, and its holder is ${state}`);
    }
  }
}

function chaosOf(strength: number, random: World["random"]): Chaos {
  const share = (most: number) => random.between(0, most) * strength;
  return {
    lost: share(0.05),
    unheard: share(0.05),
    late: share(0.02),
    repeated: share(0.1),
    unnoticed: share(0.5),
  };
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Broken(`at rest: ${what}`);
}

/** Rejects with `Broken` where a promise was broken; the same seed breaks it again. */
export function live(seed: number, trace: World["trace"] = null): Promise<Report> {
  const life = new Life(seed);
  life.world.trace = trace;
  return life.run();
}
