import { describe, expect, test } from "vitest";
import type { OpenFixture } from "./fixture.ts";
import {
  accountSpec,
  flush,
  fresh,
  freshId,
  liveHolder,
  mustLease,
  openAccount,
  type Stores,
  settlement,
  sharedStores,
  stateOf,
} from "./kit.ts";
import { ledgerProperties } from "./ledger-properties.ts";

/** Money: leases, settlements, what comes back and what does not. */
export function ledgerConformance(open: OpenFixture): void {
  describe("ledger", () => {
    const stores = sharedStores(open);
    leaseCases(stores);
    raceCases(stores);
    giveBackCases(stores);
    flushCases(stores);
    lateFlushCases(stores);
    ledgerProperties(stores);
  });
}

function leaseCases(stores: () => Stores): void {
  test("a lease raises the total granted to what is welcome, or to what is there", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    const first = await store.ledger.lease(holder, [{ account: id, least: 10n, most: 40n }]);
    expect(first).toMatchObject({ kind: "ok", granted: [{ account: id, total: 40n }] });
    const second = await store.ledger.lease(holder, [{ account: id, least: 50n, most: 900n }]);
    expect(second).toMatchObject({
      kind: "ok",
      granted: [{ account: id, total: 100n }],
      accounts: [{ id, limit: 100n, spent: 0n, leased: 100n, forfeited: 0n, open: true }],
    });
    expect(await stateOf(other, id)).toMatchObject({ leased: 100n });
  });

  test("a repeated lease changes nothing, even when the account has closed since", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const spec = accountSpec(100n, { starts: 0, ends: 1000 });
    const [account] = await store.ledger.open([spec]);
    const id = account?.id ?? -1;
    const wants = [{ account: id, least: 30n, most: 30n }];
    await mustLease(store, holder, id, 30n);
    expect(await store.ledger.lease(holder, wants)).toMatchObject({ kind: "ok" });
    await store.ledger.open([{ ...spec, starts: 1000, ends: 2000 }]);
    for (const most of [30n, 90n]) {
      expect(await store.ledger.lease(holder, [{ account: id, least: 30n, most }])).toMatchObject({
        kind: "ok",
        granted: [{ account: id, total: 30n }],
      });
    }
    expect(await stateOf(store, id)).toMatchObject({ leased: 30n, open: false });
  });

  test("one account too short refuses all, says what is there, and leaves no trace", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const wide = await openAccount(store, 100n);
    const narrow = await openAccount(store, 5n);
    const answer = await store.ledger.lease(holder, [
      { account: wide.id, least: 50n, most: 50n },
      { account: narrow.id, least: 6n, most: 6n },
    ]);
    expect(answer).toEqual({ kind: "short", accounts: [wide, narrow], doneNo: 0 });
    expect(await stateOf(store, wide.id)).toEqual(wide);
    expect(await stateOf(store, narrow.id)).toEqual(narrow);
  });

  test("a closed account and an unknown one are short", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const spec = accountSpec(100n, { scope: "task-1" });
    const [account] = await store.ledger.open([spec]);
    const id = account?.id ?? -1;
    await store.ledger.closeScope([spec.budget], "task-1");
    const want = { least: 1n, most: 1n };
    expect((await store.ledger.lease(holder, [{ account: id, ...want }])).kind).toBe("short");
    const unknown = await store.ledger.lease(holder, [{ account: 2 ** 40, ...want }]);
    expect(unknown).toEqual({ kind: "short", accounts: [], doneNo: 0 });
  });

  test("an account named twice in one lease is not granted twice", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    const want = { account: id, least: 60n, most: 60n };
    // A store may also refuse such a request: then nothing has changed.
    const [answer] = await Promise.allSettled([store.ledger.lease(holder, [want, want])]);
    const leased = answer?.status === "fulfilled" ? 60n : 0n;
    expect(await stateOf(store, id)).toMatchObject({ leased });
  });

  test("nobody but a live holder leases", async () => {
    const { store } = stores();
    const { id } = await openAccount(store, 100n);
    const wants = [{ account: id, least: 1n, most: 1n }];
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    await store.holders.fence(fenced, null);
    await store.holders.close(closed);
    for (const holder of [fenced, closed, freshId()]) {
      expect(await store.ledger.lease(holder, wants)).toEqual({ kind: "fenced" });
    }
    expect(await stateOf(store, id)).toMatchObject({ leased: 0n });
  });
}

function raceCases(stores: () => Stores): void {
  test("two holders that race for one account never get more than its limit", async () => {
    const { store, other } = stores();
    const holders = [await liveHolder(store), await liveHolder(store)];
    const { id } = await openAccount(store, 40n);
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, index) => {
        const handle = index % 2 === 0 ? store : other;
        const total = BigInt(Math.floor(index / 2) + 1);
        const want = { account: id, least: total, most: total };
        return handle.ledger.lease(holders[index % 2] ?? "", [want]);
      }),
    );
    const kinds = new Set(answers.map((answer) => answer.kind));
    expect(kinds).toEqual(new Set(["ok", "short"]));
    const state = await stateOf(store, id);
    expect(state.leased).toBe(40n);
  });

  test("the first touch of one account by many makes one account", async () => {
    const { store, other } = stores();
    const spec = accountSpec(100n, { scope: "new-task" });
    const opened = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? store : other).ledger.open([spec])),
    );
    expect(new Set(opened.map(([account]) => account?.id)).size).toBe(1);
  });
}

function giveBackCases(stores: () => Stores): void {
  test("what is given back is a total: late and repeated ones do nothing", async () => {
    const { store } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(store)];
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 100n);
    for (const total of [60n, 60n, 20n]) {
      const answer = await store.ledger.giveBack(holder, [{ account: id, total }]);
      expect(answer).toMatchObject({ kind: "ok" });
      expect(await stateOf(store, id)).toMatchObject({ leased: 40n, spent: 0n });
    }
    await mustLease(store, next, id, 60n);
    expect(await stateOf(store, id)).toMatchObject({ leased: 100n });
  });

  test("totals granted do not fall when something is given back", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 80n);
    await store.ledger.giveBack(holder, [{ account: id, total: 80n }]);
    await mustLease(store, holder, id, 180n);
    expect(await stateOf(store, id)).toMatchObject({ leased: 100n });
  });

  test("a fenced holder gives nothing back", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 30n);
    await store.holders.fence(holder, null);
    const answer = await store.ledger.giveBack(holder, [{ account: id, total: 30n }]);
    expect(answer).toEqual({ kind: "fenced" });
    expect(await stateOf(store, id)).toMatchObject({ leased: 0n, forfeited: 30n });
  });
}

function flushCases(stores: () => Stores): void {
  test("a settlement counts once, however often it comes, in one batch or many", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    const call = settlement(id, 7n);
    expect(await flush(store, holder, [call, call])).toBe("ok");
    const again = await Promise.all([flush(store, holder, [call]), flush(other, holder, [call])]);
    expect(again).toEqual(["ok", "ok"]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 7n, leased: 43n });
  });

  test("new settlements count beside old ones in one batch", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const [one, two] = [await openAccount(store, 100n), await openAccount(store, 100n)];
    await mustLease(store, holder, one.id, 50n);
    await mustLease(store, holder, two.id, 50n);
    const [old, young, youngest] = [
      settlement(one.id, 7n),
      settlement(two.id, 9n),
      settlement(one.id, 1n),
    ];
    await flush(store, holder, [old]);
    await flush(store, holder, [old, young, old, youngest]);
    expect(await stateOf(store, one.id)).toMatchObject({ spent: 8n, leased: 42n });
    expect(await stateOf(store, two.id)).toMatchObject({ spent: 9n, leased: 41n });
  });

  test("an overbill is spent in full, and the account may pass its limit by it alone", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 10n);
    await mustLease(store, holder, id, 10n);
    await flush(store, holder, [settlement(id, 10n, { charged: 25n })]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 25n, leased: 0n });
    const more = { account: id, least: 11n, most: 11n };
    expect((await store.ledger.lease(holder, [more])).kind).toBe("short");
  });

  test("a charge on an account without a slice is spent too", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 10n);
    await flush(store, holder, [settlement(id, 0n, { charged: 4n })]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 4n, leased: 0n });
  });

  test("a call draws on all its accounts, also on those that closed since", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const month = await openAccount(store, 100n);
    const scope = fresh("task");
    const [task] = await store.ledger.open([accountSpec(100n, { scope })]);
    if (!task) throw new Error("opened");
    await mustLease(store, holder, month.id, 20n);
    await mustLease(store, holder, task.id, 20n);
    await store.ledger.closeScope([task.budget], scope);
    const legs = [
      { account: month.id, drawn: 5n, charged: 5n },
      { account: task.id, drawn: 5n, charged: 6n },
    ];
    await flush(store, holder, [{ call: fresh("call"), legs, estimated: true }]);
    await store.ledger.giveBack(holder, [{ account: task.id, total: 15n }]);
    expect(await stateOf(store, month.id)).toMatchObject({ spent: 5n, leased: 15n });
    expect(await stateOf(store, task.id)).toMatchObject({ spent: 6n, leased: 0n, open: false });
  });

  test("amounts beyond 2^53 survive exactly", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const limit = 9_007_199_254_740_993n * 7n;
    const { id } = await openAccount(store, limit);
    await mustLease(store, holder, id, limit - 1n);
    await flush(store, holder, [settlement(id, 9_007_199_254_740_995n)]);
    const state = await stateOf(store, id);
    expect(state).toMatchObject({ limit, spent: 9_007_199_254_740_995n });
    expect(state.leased).toBe(limit - 1n - 9_007_199_254_740_995n);
  });
}

function lateFlushCases(stores: () => Stores): void {
  test("a late flush of a fenced holder moves what is forfeited to spent, once", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    await store.holders.fence(holder, null);
    const call = settlement(id, 30n);
    for (let copy = 0; copy < 2; copy += 1) {
      expect(await flush(store, holder, [call])).toBe("ok");
      expect(await stateOf(store, id)).toMatchObject({ spent: 30n, leased: 0n, forfeited: 20n });
    }
    await flush(store, holder, [settlement(id, 33n)]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 63n, forfeited: 0n });
  });

  test("a closed holder's flush and an unknown one's write nothing and answer closed", async () => {
    const { store } = stores();
    const closed = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, closed, id, 50n);
    await store.holders.fence(closed, null);
    await store.holders.close(closed);
    for (const holder of [closed, freshId()]) {
      expect(await flush(store, holder, [settlement(id, 5n)])).toBe("closed");
    }
    expect(await stateOf(store, id)).toMatchObject({ spent: 0n, leased: 0n, forfeited: 0n });
  });
}
