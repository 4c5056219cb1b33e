/**
 * The permits that this process owns, of limits on how often tools are called and on how many of
 * their calls are out at once: taken from the store when calls are short of them, given back when
 * they lie idle or others want some. The rules are in `guards/rate-limit` and `guards/concurrency`.
 */
import { slotLimit } from "../guards/concurrency/guard.ts";
import type { States } from "../guards/facts.ts";
import type { Millis } from "../guards/money.ts";
import {
  admit,
  confirmed,
  drop,
  type GivenPermit,
  idle,
  NO_PERMITS,
  received,
  release,
  type TakenPermit,
  type ToolRate,
  use,
} from "../guards/rate-limit/permits.ts";
import type { ToolFacts, ToolRateNow } from "../guards/tool/facts.ts";
import type { Resolved } from "../guards/tool/tool.ts";
import type { Clock } from "../ports/clock.ts";
import type { PermitKey, PermitStore, PermitWant } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Pool, Pools } from "./pool.ts";
import type { Tenure } from "./tenure.ts";

/** Asked for at once, beside those that calls wait for: a tenth of what the limit has. */
const AHEAD_SHARE = 0.1;
/** Another gateway's want holds so long; one that still stands is seen with the next heartbeat. */
const WANTED_MS: Millis = 2_000;
/** What the store said a moment ago still decides, so that a storm of refusals asks it no more. */
const ASKED_MS: Millis = 250;

/** The limits on one tool's calls, as its guards are told of them. */
type Limits = Pick<ToolFacts, "rate" | "slots">;
type PermitStates = Pick<States, "permits" | "slots">;

export class Rates {
  readonly #store: PermitStore;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(store: PermitStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** The limits in force now, whatever they were. */
  poolsOf(tenure: Tenure, agent: string, resolved: Resolved): Pools {
    if (typeof resolved === "string") return { rate: null, slots: null };
    const { rateLimit, server, tool } = resolved;
    const of = { agent, server, tool };
    const rate = rateLimit === null ? null : { ...rateLimit, tool };
    return {
      rate: poolOf(tenure, { ...of, bounds: "rate" }, rate),
      slots: poolOf(tenure, { ...of, bounds: "concurrency" }, slotLimit(resolved)),
    };
  }

  /** What the guards are told, and the states that they change. */
  stateOf({ rate, slots }: Pools): { facts: Limits; states: PermitStates } {
    return {
      facts: { rate: this.#now(rate), slots: this.#now(slots) },
      states: { permits: rate?.permits ?? NO_PERMITS, slots: slots?.permits ?? NO_PERMITS },
    };
  }

  #now(pool: Pool | null): ToolRateNow | null {
    if (pool === null) return null;
    const now = this.#clock.monotonic();
    return { limit: pool.limit, asked: now < pool.shortUntil, now };
  }

  keep({ rate, slots }: Pools, states: PermitStates): void {
    if (rate !== null && states.permits !== undefined) rate.permits = states.permits;
    if (slots !== null && states.slots !== undefined) slots.permits = states.slots;
  }

  /** The call is being written, in this very stretch. False: its permit is its own no more. */
  use(pool: Pool, taken: TakenPermit): boolean {
    const permits = use(pool.permits, taken, this.#clock.monotonic());
    if (permits === null) return false;
    pool.permits = permits;
    return true;
  }

  drop(pool: Pool, taken: TakenPermit): void {
    pool.permits = drop(pool.permits, taken);
  }

  /** The call has ended, however: another may go out in its place. */
  release(tenure: Tenure, pool: Pool, taken: TakenPermit): void {
    const now = this.#clock.monotonic();
    pool.permits = release(pool.permits, taken, now);
    if (now >= pool.wantedUntil) return;
    // Whoever wants it comes first: asked for at once, it would be ours again.
    pool.shortUntil = now + ASKED_MS;
    void this.giveIdle(tenure);
  }

  /** Gets from the store what a call was short of. */
  async lease(tenure: Tenure, { rate, slots }: Pools): Promise<void> {
    for (const pool of [rate, slots]) {
      if (pool !== null && !this.#hasOne(pool)) await this.#ask(tenure, pool);
    }
  }

  #hasOne({ limit, permits }: Pool): boolean {
    return admit(permits, limit, true, this.#clock.monotonic())[1].kind === "taken";
  }

  /** Whoever comes meanwhile waits for the same answer. */
  async #ask(tenure: Tenure, pool: Pool): Promise<void> {
    pool.waiting += 1;
    try {
      pool.asking ??= this.#take(tenure, pool).finally(() => {
        pool.asking = null;
      });
      await pool.asking;
    } finally {
      pool.waiting -= 1;
    }
  }

  async #take(tenure: Tenure, pool: Pool): Promise<void> {
    const { requests } = pool.limit;
    const most = Math.min(requests, Math.max(pool.waiting, Math.ceil(requests * AHEAD_SHARE)));
    const answer = await this.#store.take(tenure.id, { ...pool.key, requests, most });
    if (answer.kind === "fenced") {
      tenure.fenced = true;
      return;
    }
    const now = this.#clock.monotonic();
    pool.permits = received(pool.permits, answer.owned, now);
    // There is nothing to be had, or nothing of it is old enough.
    if (answer.unowned === 0 || !this.#hasOne(pool)) pool.shortUntil = now + ASKED_MS;
  }

  /** Every second: what lies idle, and what others want, goes back. */
  async giveIdle(tenure: Tenure): Promise<boolean> {
    const now = this.#clock.monotonic();
    return this.#give(tenure, (pool) => {
      const [permits, given] = idle(pool.permits, pool.limit, keptMost(pool, now), now);
      pool.permits = permits;
      return given;
    });
  }

  /** Before a stop: a limit of none has none. */
  async giveAll(tenure: Tenure): Promise<boolean> {
    const now = this.#clock.monotonic();
    return this.#give(tenure, (pool) => {
      const [permits, given] = idle(pool.permits, { ...pool.limit, requests: 0 }, 0, now);
      pool.permits = permits;
      return given;
    });
  }

  async #give(tenure: Tenure, take: (pool: Pool) => readonly GivenPermit[]): Promise<boolean> {
    const giving = [...tenure.pools.values()].map((pool) => ({ pool, given: take(pool) }));
    const all = giving.flatMap(({ given, pool }) => given.map((one) => ({ ...pool.key, ...one })));
    if (all.length === 0) return true;
    try {
      const answer = await this.#store.give(tenure.id, all);
      if (answer.kind === "fenced") {
        tenure.fenced = true;
        return false;
      }
    } catch (error) {
      this.#log.warn("the store did not take back permits; they are offered again", { error });
      return false;
    }
    for (const { given, pool } of giving) pool.permits = confirmed(pool.permits, given);
    return true;
  }

  /** Other gateways are short of some: what is more than half of a limit goes to them. */
  async noteWants(tenure: Tenure, wants: readonly PermitWant[]): Promise<void> {
    let mine = false;
    for (const want of wants) {
      const pool = tenure.pools.get(nameOf(want));
      if (pool === undefined || want.holder === tenure.id) continue;
      pool.wantedUntil = this.#clock.monotonic() + WANTED_MS;
      mine = true;
    }
    if (mine) await this.giveIdle(tenure);
  }
}

function nameOf({ agent, bounds, server, tool }: PermitKey): string {
  return JSON.stringify([agent, server, tool, bounds]);
}

function poolOf({ pools }: Tenure, key: PermitKey, limit: ToolRate | null): Pool | null {
  if (limit === null) return null;
  const known = pools.get(nameOf(key));
  if (known !== undefined) {
    known.limit = limit;
    return known;
  }
  const never = Number.NEGATIVE_INFINITY;
  const pool: Pool = {
    ...{ key, limit, permits: NO_PERMITS },
    ...{ waiting: 0, asking: null, shortUntil: never, wantedUntil: never },
  };
  pools.set(nameOf(key), pool);
  return pool;
}

/**
 * While others want some, half of a limit stays here. Of a place that is free again at the end of
 * each call, rounded down: else the only one would never go round.
 */
function keptMost({ key, limit, wantedUntil }: Pool, now: Millis): number {
  if (now >= wantedUntil) return Number.POSITIVE_INFINITY;
  const half = limit.requests / 2;
  return key.bounds === "rate" ? Math.ceil(half) : Math.floor(half);
}
