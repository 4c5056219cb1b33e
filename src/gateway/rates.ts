/**
 * The permits of rate limits that this process owns: taken from the store when calls are short of
 * them, used when a call is written, given back when they lie idle or others want some. The rules
 * are in `guards/rate-limit`.
 */
import type { Millis } from "../guards/money.ts";
import {
  admit,
  confirmed,
  drop,
  type GivenPermit,
  idle,
  NO_PERMITS,
  type Permits,
  received,
  type TakenPermit,
  use,
} from "../guards/rate-limit/permits.ts";
import type { ToolRateNow } from "../guards/tool/facts.ts";
import type { Resolved } from "../guards/tool/tool.ts";
import type { Clock } from "../ports/clock.ts";
import type { PermitStore, PermitWant } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Pool } from "./pool.ts";
import type { Tenure } from "./tenure.ts";

/** Asked for at once, beside those that calls wait for: a tenth of what the limit has. */
const AHEAD_SHARE = 0.1;
/** Another gateway's want holds so long; one that still stands is seen with the next heartbeat. */
const WANTED_MS: Millis = 2_000;
/** What the store said a moment ago still decides, so that a storm of refusals asks it no more. */
const ASKED_MS: Millis = 250;

export class Rates {
  readonly #store: PermitStore;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(store: PermitStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Null: the tool has no rate limit. The limit is the one in force now, whatever it was. */
  poolOf(tenure: Tenure, agent: string, resolved: Resolved): Pool | null {
    if (typeof resolved === "string" || resolved.rateLimit === null) return null;
    const { rateLimit, server, tool } = resolved;
    const name = JSON.stringify([agent, server, tool]);
    const limit = { ...rateLimit, tool };
    const known = tenure.pools.get(name);
    if (known !== undefined) {
      known.limit = limit;
      return known;
    }
    const never = Number.NEGATIVE_INFINITY;
    const pool: Pool = {
      ...{ key: { agent, server, tool }, limit, permits: NO_PERMITS },
      ...{ waiting: 0, asking: null, shortUntil: never, wantedUntil: never },
    };
    tenure.pools.set(name, pool);
    return pool;
  }

  /** What the guards are told. */
  stateOf(pool: Pool | null): { permits: Permits; rate: ToolRateNow | null } {
    if (pool === null) return { permits: NO_PERMITS, rate: null };
    const now = this.#clock.monotonic();
    const asked = now < pool.shortUntil;
    return { permits: pool.permits, rate: { limit: pool.limit, asked, now } };
  }

  keep(pool: Pool | null, permits: Permits | undefined): void {
    if (pool !== null && permits !== undefined) pool.permits = permits;
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

  /** Asks the store for more; whoever comes meanwhile waits for the same answer. */
  async lease(tenure: Tenure, pool: Pool): Promise<void> {
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
    const usable = admit(pool.permits, pool.limit, true, now)[1].kind === "taken";
    // There is nothing to be had, or nothing of it is old enough.
    if (answer.unowned === 0 || !usable) pool.shortUntil = now + ASKED_MS;
  }

  /** Every second: what lies idle, and what others want, goes back. */
  async giveIdle(tenure: Tenure): Promise<boolean> {
    const now = this.#clock.monotonic();
    return this.#give(tenure, (pool) => {
      const [permits, given] = idle(pool.permits, pool.limit, now < pool.wantedUntil, now);
      pool.permits = permits;
      return given;
    });
  }

  /** Before a stop: a limit of none has none. */
  async giveAll(tenure: Tenure): Promise<boolean> {
    const now = this.#clock.monotonic();
    return this.#give(tenure, (pool) => {
      const [permits, given] = idle(pool.permits, { ...pool.limit, requests: 0 }, false, now);
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
    for (const { agent, holder, server, tool } of wants) {
      const pool = tenure.pools.get(JSON.stringify([agent, server, tool]));
      if (pool === undefined || holder === tenure.id) continue;
      pool.wantedUntil = this.#clock.monotonic() + WANTED_MS;
      mine = true;
    }
    if (mine) await this.giveIdle(tenure);
  }
}
