import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HolderId, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, liveHolder, type Stores, sharedStores } from "./kit.ts";
import {
  bytes,
  callClaim,
  newDecision,
  newParked,
  newReview,
  permitKey,
  ROOMY,
  taken,
} from "./work-kit.ts";

const RUNS = 6;
const ROUNDS = 12;
/** Requests at once: more than a store has connections. */
const AT_ONCE = 10;
const CALLS_MAX = 12;
const REQUESTS = 6;

/** Everything at once on one agent: no method fails, and no rule is broken by any order. */
export function huntConformance(open: OpenFixture): void {
  describe("everything at once", () => {
    const stores = sharedStores(open);
    test("nobody waits for somebody who waits for him, and no call has two claimants", async () => {
      const seeds = fc.integer({ min: 1 });
      const property = fc.asyncProperty(seeds, (seed) => hunt(stores(), seed));
      await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    });
  });
}

async function hunt(stores: Stores, seed: number): Promise<void> {
  const holders = [await liveHolder(stores.store), await liveHolder(stores.other)];
  const game = new Hunt(stores, holders, seed);
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => game.move()));
    await game.check();
  }
}

class Hunt {
  readonly #stores: Stores;
  readonly #holders: HolderId[];
  readonly #agent = fresh("agent");
  readonly #key = permitKey();
  readonly #claim = callClaim();
  readonly #calls: string[] = [];
  /** By call and attempt: who was told that it is his. */
  readonly #claimants = new Map<string, Set<HolderId>>();
  #letGoAgain = 0;
  #state: number;

  constructor(stores: Stores, holders: HolderId[], seed: number) {
    this.#stores = stores;
    this.#holders = holders;
    this.#state = seed;
  }

  /** A small generator of its own, so that a seed repeats a run's choices. */
  #pick(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  async move(): Promise<void> {
    const { store, other } = this.#stores;
    const on = this.#pick(2) === 0 ? store : other;
    const holder = this.#holders[this.#pick(this.#holders.length)] ?? "";
    const call = this.#calls[this.#pick(Math.max(1, this.#calls.length))] ?? "none";
    switch (this.#pick(9)) {
      case 0:
        return this.#park(on, holder);
      case 1:
        return this.#claimOne(on, holder, call);
      case 2:
        return this.#finish(on, holder, call);
      case 3:
        await on.clutch.trip(newReview({ agent: this.#agent }));
        return;
      case 4:
        return this.#decide(on, call);
      case 5:
        return this.#permits(on, holder);
      case 6:
        return this.#reattach(on, holder, call);
      case 7:
        return this.#end(on, holder);
      case 8:
        return this.#catchUp(on, holder);
    }
  }

  async #park(on: Store, holder: HolderId): Promise<void> {
    const asked = newParked({ agent: this.#agent, key: "key", digest: "same" });
    const limits = { ...ROOMY, callsPerAgent: CALLS_MAX };
    if ((await on.parking.park(holder, asked, limits)).kind === "ok") this.#calls.push(asked.call);
  }

  async #claimOne(on: Store, holder: HolderId, call: string): Promise<void> {
    await on.parking.claimCall(holder, this.#claim);
    const answer = await on.parking.claim(holder, call);
    if (answer.kind !== "claimed") return;
    const attempt = `${call} ${answer.parked.attempt}`;
    const claimants = this.#claimants.get(attempt) ?? new Set();
    this.#claimants.set(attempt, claimants.add(holder));
  }

  async #finish(on: Store, holder: HolderId, call: string): Promise<void> {
    const attempt = this.#pick(3);
    if (attempt === 0) {
      await on.parking.unclaimCall(holder, this.#claim);
      return await on.parking.unclaim(holder, call, 1);
    }
    const others = this.#calls.slice(0, 3).map((each) => {
      return { kind: "parked", call: each, attempt, answer: null } as const;
    });
    const answers = [
      ...others.reverse(),
      { kind: "parked", call, attempt, answer: bytes(1) } as const,
      { kind: "claim", claim: this.#claim, answer: null } as const,
    ];
    await on.ledger.flush(holder, { settlements: [], entries: [], anchor: null, answers });
  }

  async #decide(on: Store, call: string): Promise<void> {
    const reviews = await on.clutch.reviews({ agent: this.#agent, state: "open", limit: 3 });
    const review = reviews[this.#pick(Math.max(1, reviews.length))];
    if (!review) return;
    const verbs = [
      "resume",
      "probe",
      "approve",
      "deny",
      "end",
      "calm",
      "ran",
      "did_not_run",
    ] as const;
    const verb = verbs[this.#pick(verbs.length)] ?? "resume";
    const decided = await on.clutch.decide(newDecision(review, verb, { call, task: "task-1" }));
    if (verb === "did_not_run" && decided.kind === "ok") this.#letGoAgain += 1;
  }

  async #permits(on: Store, holder: HolderId): Promise<void> {
    const wish = { ...this.#key, requests: REQUESTS, most: 2 };
    const answer = await on.permits.take(holder, wish);
    if (answer.kind === "fenced") return;
    const returned = answer.owned
      .slice(1)
      .map(({ no, number }) => ({ ...this.#key, no, number, idleMs: 5 }));
    await on.permits.give(holder, returned);
  }

  async #reattach(on: Store, holder: HolderId, call: string): Promise<void> {
    await on.parking.detach(holder, [...this.#calls.slice(-4).reverse(), call]);
    await on.parking.attach(holder, { key: "key", task: "task-1", digest: "same" });
  }

  /** Of all its calls, of none of them, or not up to date. */
  async #catchUp(on: Store, holder: HolderId): Promise<void> {
    const same = { agent: this.#agent, key: "key", task: "task-1", digest: "same" };
    const calls = this.#pick(2) === 0 ? [] : [{ ...same, at: 2 ** 52 }];
    await on.parking.catchUp(holder, this.#pick(1000), calls);
  }

  async #end(on: Store, holder: HolderId): Promise<void> {
    if (this.#pick(3) > 0) {
      await on.parking.prune({ calls: 1000, trips: 1000, approvals: 1000 });
      return await on.counters.prune(["calls"], 1000);
    }
    if (this.#pick(2) === 0) await on.holders.fence(holder, null);
    else await on.holders.close(holder);
    const index = this.#holders.indexOf(holder);
    const next = await liveHolder(on);
    if (index >= 0) this.#holders[index] = next;
    else this.#holders.push(next);
  }

  /** Between the rounds. */
  async check(): Promise<void> {
    for (const claimants of this.#claimants.values()) expect(claimants.size).toBe(1);
    const { other } = this.#stores;
    const rows = await other.parking.list({ agent: this.#agent, limit: 1000 });
    expect(rows.length).toBe(this.#calls.length);
    const waiting = rows.filter(({ state }) => ["parked", "let_go", "claimed"].includes(state));
    // What nobody knew of held no place; a person may let it go again beside a full house.
    expect(waiting.length).toBeLessThanOrEqual(CALLS_MAX + this.#letGoAgain);
    for (const { claimedBy, letGoAt, state } of rows) {
      if (state === "claimed") expect(claimedBy).not.toBe(null);
      if (state === "let_go") expect(letGoAt).not.toBe(null);
    }
    let owned = 0;
    for (const holder of this.#holders) {
      const wish = { ...this.#key, requests: REQUESTS, most: 0 };
      owned += (await taken(other, holder, wish)).owned.length;
    }
    expect(owned).toBeLessThanOrEqual(REQUESTS);
  }
}
