import { describe, expect, test } from "vitest";
import type { AccountState, HolderId, ReleaseWanted, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import {
  ALL,
  accountSpec,
  flush,
  fresh,
  freshId,
  holderInfo,
  liveHolder,
  mustLease,
  openAccount,
  type Stores,
  settlement,
  sharedStores,
  stateOf,
} from "./kit.ts";

/** Forfeits: which there are, and what releasing some of them does to the books. */
export function forfeitConformance(open: OpenFixture): void {
  describe("forfeits", () => {
    const stores = sharedStores(open);
    listCases(stores);
    releaseCases(stores);
    narrowedCases(stores);
    refusedCases(stores);
    lateCases(stores);
    atOnceCase(stores);
  });
}

/** A fenced holder that had leased all of a new account. */
async function fenced(store: Store, amount: bigint): Promise<[HolderId, AccountState]> {
  const holder = await liveHolder(store);
  const account = await openAccount(store, amount);
  await mustLease(store, holder, account.id, amount);
  await store.holders.fence(holder, null);
  return [holder, account];
}

function wanted(holder: HolderId, changes: Partial<ReleaseWanted> = {}): ReleaseWanted {
  return {
    id: fresh("release"),
    forfeits: { holder, limit: ALL },
    billed: 0n,
    evidence: "gone",
    operator: "jo",
    reason: "the machine was replaced",
    ...changes,
  };
}

function listCases(stores: () => Stores): void {
  test("a forfeit is listed with its holder and its account, until nothing is left", async () => {
    const { store, other } = stores();
    const info = holderInfo({ host: "elsewhere", pid: 77 });
    await store.holders.register(info);
    const spec = accountSpec(100n, { scope: "s", ends: 5_000 });
    const [account] = await store.ledger.open([spec]);
    if (!account) throw new Error("open answers every account it was asked for");
    await mustLease(store, info.id, account.id, 60n);
    const listed = () => other.forfeits.list({ holder: info.id, limit: ALL });
    expect(await listed()).toEqual([]);
    await store.holders.fence(info.id, null);
    const { budget, ends, scope, starts, unit } = account;
    const holder = { ...info, state: "fenced", beatNo: 0, fencedAt: expect.any(Number) };
    const row = { holder, account: account.id, budget, scope, unit, starts, ends, amount: 60n };
    expect(await listed()).toEqual([row]);
    await store.holders.close(info.id);
    expect(await listed()).toEqual([]);
  });

  test("the list is narrowed by holder, budget and scope, and as long as asked", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const budget = fresh("budget");
    const specs = ["a", "b"].map((scope) => accountSpec(10n, { budget, scope }));
    const accounts = await store.ledger.open(specs);
    for (const { id } of accounts) await mustLease(store, holder, id, 10n);
    await store.holders.fence(holder, null);
    const scopes = async (filter: { scope?: string; limit?: number }) => {
      const rows = await store.forfeits.list({ holder, budget, limit: ALL, ...filter });
      return rows.map(({ scope }) => scope);
    };
    expect(await scopes({})).toEqual(["a", "b"]);
    expect(await scopes({ scope: "b" })).toEqual(["b"]);
    expect(await scopes({ limit: 1 })).toEqual(["a"]);
    expect(await store.forfeits.list({ holder: freshId(), limit: ALL })).toEqual([]);
    expect(await store.forfeits.list({ holder, budget: "", limit: ALL })).toEqual([]);
  });

  test("the forfeit of a window that is over is not listed, and not released", async () => {
    const { store } = stores();
    const budget = fresh("budget");
    const window = (starts: number) => accountSpec(10n, { budget, starts, ends: starts + 10 });
    const [old] = await store.ledger.open([window(0)]);
    if (!old) throw new Error("open answers every account it was asked for");
    const holder = await liveHolder(store);
    await mustLease(store, holder, old.id, 10n);
    await store.holders.fence(holder, null);
    await store.ledger.open([window(10)]);
    expect(await store.forfeits.list({ holder, limit: ALL })).toEqual([]);
    const refused = { kind: "refused", missing: "nothing" };
    expect(await store.forfeits.release(wanted(holder))).toEqual(refused);
    expect(await stateOf(store, old.id)).toMatchObject({ forfeited: 10n });
  });
}

function releaseCases(stores: () => Stores): void {
  test("a release leaves what was billed, keeps its row, and can be leased again", async () => {
    const { store, other } = stores();
    const [holder, account] = await fenced(store, 100n);
    const { budget, id, scope, unit } = account;
    const ask = wanted(holder, { billed: 30n });
    const answer = await store.forfeits.release(ask);
    const { billed, evidence, operator, reason } = ask;
    const row = { id: ask.id, holder, account: id, budget, scope, unit, amount: 70n, billed };
    const kept = { ...row, evidence, operator, reason, at: expect.any(Number) };
    expect(answer).toEqual({ kind: "released", releases: [kept] });
    expect(await stateOf(other, id)).toMatchObject({ spent: 0n, leased: 0n, forfeited: 30n });
    expect(await other.forfeits.releases({ id: ask.id, limit: ALL })).toEqual([kept]);
    expect((await other.forfeits.releases({ limit: 1 })).map((one) => one.id)).toEqual([ask.id]);
    await mustLease(other, await liveHolder(other), id, 70n);
  });

  test("the same release again says what was done, and does nothing", async () => {
    const { store, other } = stores();
    const [holder, { id }] = await fenced(store, 100n);
    const ask = wanted(holder, { billed: 30n });
    const first = await store.forfeits.release(ask);
    if (first.kind !== "released") throw new Error(`it was ${first.kind}`);
    const again = { kind: "already", releases: first.releases };
    expect(await other.forfeits.release(ask)).toEqual(again);
    expect(await other.forfeits.release({ ...ask, billed: 0n })).toEqual(again);
    expect(await stateOf(store, id)).toMatchObject({ forfeited: 30n });
  });

  test("two releases leave the smaller bill, never less", async () => {
    const { store } = stores();
    const [holder, { id }] = await fenced(store, 100n);
    for (const billed of [40n, 40n, 25n, 60n]) {
      await store.forfeits.release(wanted(holder, { billed }));
    }
    expect(await stateOf(store, id)).toMatchObject({ forfeited: 25n });
    const rows = await store.forfeits.releases({ limit: ALL });
    const amounts = rows.filter((row) => row.holder === holder).map(({ amount }) => amount);
    expect(amounts).toEqual([15n, 60n]);
  });

  test("amounts beyond what a double counts are exact", async () => {
    const { store } = stores();
    const [holder, { id }] = await fenced(store, 9_007_199_254_740_995n);
    const answer = await store.forfeits.release(wanted(holder, { billed: 1n }));
    expect(answer).toMatchObject({ releases: [{ amount: 9_007_199_254_740_994n }] });
    expect(await stateOf(store, id)).toMatchObject({ forfeited: 1n });
  });
}

function narrowedCases(stores: () => Stores): void {
  test("a release takes every account of the holder that it names, and no other", async () => {
    const { store } = stores();
    const [holder, bystander] = [await liveHolder(store), await liveHolder(store)];
    const budget = fresh("budget");
    const [a, b] = await store.ledger.open([
      accountSpec(100n, { budget, scope: "a" }),
      accountSpec(100n, { budget, scope: "b" }),
    ]);
    const elsewhere = await openAccount(store, 100n);
    if (!a || !b) throw new Error("open answers every account it was asked for");
    for (const { id } of [a, b, elsewhere]) {
      await mustLease(store, holder, id, 50n);
      await mustLease(store, bystander, id, 20n);
    }
    for (const one of [holder, bystander]) await store.holders.fence(one, null);
    const left = async () => {
      const states = [a, b, elsewhere].map(({ id }) => stateOf(store, id));
      return (await Promise.all(states)).map(({ forfeited }) => forfeited);
    };
    await store.forfeits.release(
      wanted(holder, { forfeits: { holder, budget, scope: "b", limit: 9 } }),
    );
    expect(await left()).toEqual([70n, 20n, 70n]);
    await store.forfeits.release(wanted(holder, { forfeits: { holder, budget, limit: 9 } }));
    expect(await left()).toEqual([20n, 20n, 70n]);
    await store.forfeits.release(wanted(holder));
    expect(await left()).toEqual([20n, 20n, 20n]);
  });

  test("a release of one unit leaves what is counted in another", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const specs = [accountSpec(100n), accountSpec(100n, { unit: "tokens" })];
    const accounts = await store.ledger.open(specs);
    for (const { id } of accounts) await mustLease(store, holder, id, 50n);
    await store.holders.fence(holder, null);
    const forfeits = { holder, unit: "tokens", limit: ALL } as const;
    expect(await store.forfeits.list(forfeits)).toMatchObject([{ unit: "tokens", amount: 50n }]);
    const answer = await store.forfeits.release(wanted(holder, { forfeits, billed: 20n }));
    expect(answer).toMatchObject({ releases: [{ unit: "tokens", amount: 30n, billed: 20n }] });
    const states = await Promise.all(accounts.map(({ id }) => stateOf(store, id)));
    expect(states).toMatchObject([{ forfeited: 50n }, { forfeited: 20n }]);
  });
}

function refusedCases(stores: () => Stores): void {
  test("only a fenced holder's forfeits are released", async () => {
    const { store } = stores();
    const live = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, live, id, 50n);
    const closed = await liveHolder(store);
    await store.holders.close(closed);
    for (const holder of [live, closed, freshId()]) {
      const answer = await store.forfeits.release(wanted(holder));
      expect(answer).toEqual({ kind: "refused", missing: "fence" });
    }
    expect(await stateOf(store, id)).toMatchObject({ leased: 50n, forfeited: 0n });
  });

  test("a bill as large as the forfeit leaves nothing to release, and no trace", async () => {
    const { store } = stores();
    const [holder, { id }] = await fenced(store, 100n);
    const ask = wanted(holder, { billed: 100n });
    expect(await store.forfeits.release(ask)).toEqual({ kind: "refused", missing: "nothing" });
    expect(await stateOf(store, id)).toMatchObject({ forfeited: 100n });
    expect(await store.forfeits.releases({ id: ask.id, limit: ALL })).toEqual([]);
  });
}

function lateCases(stores: () => Stores): void {
  test("a settlement after a release is spent in full, and takes what is left", async () => {
    const { store, other } = stores();
    const [holder, { id }] = await fenced(store, 100n);
    await store.forfeits.release(wanted(holder, { billed: 30n, evidence: "none" }));
    await flush(other, holder, [settlement(id, 20n)]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 20n, forfeited: 10n });
    await flush(other, holder, [settlement(id, 25n)]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 45n, leased: 0n, forfeited: 0n });
    expect(await store.holders.close(holder)).toEqual({ kind: "closed" });
    expect(await stateOf(store, id)).toMatchObject({ spent: 45n, forfeited: 0n });
  });

  test("what settled late before a release is not released", async () => {
    const { store } = stores();
    const [holder, { id }] = await fenced(store, 100n);
    await flush(store, holder, [settlement(id, 45n)]);
    const answer = await store.forfeits.release(wanted(holder, { billed: 10n }));
    expect(answer).toMatchObject({ releases: [{ amount: 45n }] });
    expect(await stateOf(store, id)).toMatchObject({ spent: 45n, forfeited: 10n });
  });
}

function atOnceCase(stores: () => Stores): void {
  test("releases, late settlements and a close at once leave whole books", async () => {
    const { store, other } = stores();
    for (let round = 0; round < 10; round += 1) {
      const [holder, { id }] = await fenced(store, 100n);
      const ask = wanted(holder, { billed: 30n });
      const [one, two] = await Promise.all([
        store.forfeits.release(ask),
        other.forfeits.release(ask),
        flush(other, holder, [settlement(id, 10n)]),
        other.forfeits.release(wanted(holder, { billed: 30n })),
        store.ledger.lease(await liveHolder(store), [{ account: id, least: 0n, most: 0n }]),
      ]);
      expect([one.kind, two.kind]).not.toEqual(["released", "released"]);
      const { forfeited, spent } = await stateOf(store, id);
      // Before the settlement the bill stays in full, after it what is left of the forfeit does.
      expect(spent).toBe(10n);
      expect([20n, 30n]).toContain(forfeited);
      await store.holders.close(holder);
      expect(await stateOf(store, id)).toMatchObject({ spent: 10n, leased: 0n, forfeited: 0n });
    }
  });
}
