import { describe, expect, test } from "vitest";
import type { Beat, HolderId, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import {
  CONFIGURATION,
  flush,
  freshId,
  holderInfo,
  KEY_ID,
  liveHolder,
  mustLease,
  onFreshStores,
  openAccount,
  type Stores,
  settlement,
  sharedStores,
  stateOf,
} from "./kit.ts";

/** Holders: who lives, who is fenced, which configuration is in force. */
export function holderConformance(open: OpenFixture): void {
  describe("holders", () => {
    const stores = sharedStores(open);
    registerCases(open, stores);
    configureCases(open);
    beatCases(stores);
    wantCases(stores);
    fenceCases(stores);
    closeCases(stores);
  });
}

async function beatOf(store: Store, id: HolderId): Promise<Beat> {
  const beat = await store.holders.beat(id);
  if (beat.kind !== "ok") throw new Error(`${id} is fenced`);
  return beat;
}

function registerCases(open: OpenFixture, stores: () => Stores): void {
  test("holders are listed live ones first, then the newest", async () => {
    const { store } = stores();
    const [first, second, third] = [
      await liveHolder(store),
      await liveHolder(store),
      await liveHolder(store),
    ];
    await store.holders.fence(second, null);
    const mine = new Set([first, second, third]);
    const listed = (await store.holders.list()).map((row) => row.id).filter((id) => mine.has(id));
    expect(listed).toEqual([third, first, second]);
  });

  test("a holder is listed as it said, and registering again is a no-op", async () => {
    const { store, other } = stores();
    const info = holderInfo({ host: "elsewhere", pid: 77, pidStart: "yesterday" });
    const first = await store.holders.register(info);
    expect(first).toMatchObject({ kind: "ok", configuration: CONFIGURATION, doneNo: 0 });
    expect(await other.holders.register(info)).toEqual({ ...first, now: expect.any(Number) });
    const rows = (await other.holders.list()).filter((row) => row.id === info.id);
    expect(rows).toEqual([{ ...info, state: "live", beatNo: 0, fencedAt: null }]);
  });

  test("another configuration is refused while others live, and without a trace", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const first = await liveHolder(store);
      const stranger = holderInfo({ configuration: "dir:two" });
      expect(await other.holders.register(stranger)).toMatchObject({
        kind: "other-configuration",
        configuration: CONFIGURATION,
        holders: [{ id: first, state: "live", configuration: CONFIGURATION }],
      });
      expect((await store.holders.list()).map((row) => row.id)).toEqual([first]);
      await store.holders.fence(first, null);
      const answer = await other.holders.register(stranger);
      expect(answer).toMatchObject({ kind: "ok", configuration: "dir:two" });
    })();
  });

  test("another encryption key is refused for good, and without a trace", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      await store.holders.close(await liveHolder(store));
      const stranger = holderInfo({ keyId: "key-two", configuration: "dir:two" });
      const refused = { kind: "other-key", keyId: KEY_ID };
      expect(await other.holders.register(stranger)).toEqual(refused);
      expect((await store.holders.list()).map((row) => row.id)).not.toContain(stranger.id);
      const answer = await store.holders.register(holderInfo());
      expect(answer).toMatchObject({ kind: "ok", configuration: CONFIGURATION });
    })();
  });
}

function configureCases(open: OpenFixture): void {
  test("the configuration is set by compare and set, and a holder's row follows", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const [first, second] = [await liveHolder(store), await liveHolder(other)];
      expect(await store.holders.configure(first, "dir:zero", "dir:two")).toBe(false);
      expect((await beatOf(other, second)).configuration).toBe(CONFIGURATION);
      expect(await store.holders.configure(first, CONFIGURATION, "dir:two")).toBe(true);
      expect((await beatOf(other, second)).configuration).toBe("dir:two");
      const rows = await store.holders.list();
      const configurations = new Map(rows.map((row) => [row.id, row.configuration]));
      expect(configurations.get(first)).toBe("dir:two");
      expect(configurations.get(second)).toBe(CONFIGURATION);
    })();
  });

  test("the same change again is true, from each holder that follows it", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const [first, second] = [await liveHolder(store), await liveHolder(other)];
      expect(await store.holders.configure(first, CONFIGURATION, "dir:two")).toBe(true);
      expect(await store.holders.configure(first, CONFIGURATION, "dir:two")).toBe(true);
      expect(await other.holders.configure(second, CONFIGURATION, "dir:two")).toBe(true);
      const rows = await store.holders.list();
      expect(rows.map((row) => row.configuration)).toEqual(["dir:two", "dir:two"]);
    })();
  });

  test("from a configuration that no other live holder runs, any of them may go on", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const [first, second] = [await liveHolder(store), await liveHolder(other)];
      await store.holders.configure(first, CONFIGURATION, "dir:two");
      expect(await other.holders.configure(second, CONFIGURATION, "dir:three")).toBe(false);
      expect(await store.holders.configure(first, CONFIGURATION, "dir:three")).toBe(true);
      expect((await beatOf(other, second)).configuration).toBe("dir:three");
      await other.holders.configure(second, "dir:three", "dir:three");
      expect(await store.holders.configure(first, CONFIGURATION, "dir:four")).toBe(false);
      await store.holders.configure(first, "dir:three", "dir:five");
      await other.holders.fence(first, null);
      expect(await other.holders.configure(second, CONFIGURATION, "dir:six")).toBe(true);
      expect((await beatOf(other, second)).configuration).toBe("dir:six");
    })();
  });

  test("a fenced holder sets no configuration", async () => {
    await onFreshStores(open, async ({ store }) => {
      const [first, second] = [await liveHolder(store), await liveHolder(store)];
      await store.holders.fence(first, null);
      expect(await store.holders.configure(first, CONFIGURATION, "dir:two")).toBe(false);
      expect((await beatOf(store, second)).configuration).toBe(CONFIGURATION);
    })();
  });
}

function beatCases(stores: () => Stores): void {
  test("a beat raises the holder's number, and every live holder is in the answer", async () => {
    const { store, other } = stores();
    const [first, second] = [await liveHolder(store), await liveHolder(other)];
    await beatOf(store, first);
    const beat = await beatOf(store, first);
    expect(beat.live).toContainEqual({ id: first, beatNo: 2 });
    expect(beat.live).toContainEqual({ id: second, beatNo: 0 });
    const next = await beatOf(other, second);
    expect(next.live).toContainEqual({ id: first, beatNo: 2 });
    expect(next.live).toContainEqual({ id: second, beatNo: 1 });
    expect(next.generation).toBe(beat.generation);
    expect(next.generation).not.toBe("");
  });

  test("the store's clock goes forward", async () => {
    const { store, fixture } = stores();
    const holder = await liveHolder(store);
    const before = (await beatOf(store, holder)).now;
    fixture.advance?.(5000);
    const after = (await beatOf(store, holder)).now;
    expect(after).toBeGreaterThanOrEqual(before + (fixture.advance ? 5000 : 0));
  });

  test("the beat of a fenced, a closed and an unknown holder answers fenced", async () => {
    const { store } = stores();
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    await store.holders.fence(fenced, null);
    await store.holders.close(closed);
    const beat = await beatOf(store, await liveHolder(store));
    for (const id of [fenced, closed, freshId()]) {
      expect(await store.holders.beat(id)).toEqual({ kind: "fenced" });
      expect(beat.live.map((holder) => holder.id)).not.toContain(id);
    }
  });

  test("every grant, give-back and flush raises what was done, for its holder alone", async () => {
    const { store, other } = stores();
    const [holder, bystander] = [await liveHolder(store), await liveHolder(store)];
    const { id } = await openAccount(store, 100n);
    const lease = (least: bigint) => [{ account: id, least, most: least }];
    const batch = () => ({ settlements: [settlement(id, 1n)], entries: [], anchor: null });
    const changes: readonly (() => Promise<{ readonly kind: string }>)[] = [
      () => store.ledger.lease(holder, lease(40n)),
      () => other.ledger.flush(holder, batch()),
      () => other.ledger.giveBack(holder, [{ account: id, total: 5n }]),
      // Nothing to do, and yet an answer that later ones must be above.
      () => store.ledger.lease(holder, lease(40n)),
      () => store.ledger.giveBack(holder, [{ account: id, total: 5n }]),
      () => store.ledger.flush(holder, { settlements: [], entries: [], anchor: null }),
    ];
    let last = (await beatOf(store, holder)).doneNo;
    for (const change of changes) {
      const answer = await change();
      expect(answer).toMatchObject({ kind: "ok", doneNo: expect.any(Number) });
      const { doneNo } = await beatOf(other, holder);
      expect(answer).toMatchObject({ doneNo });
      expect(doneNo).toBeGreaterThan(last);
      last = doneNo;
    }
    const short = await store.ledger.lease(holder, lease(1_000n));
    expect(short).toMatchObject({ kind: "short", doneNo: last });
    expect((await beatOf(store, bystander)).doneNo).toBe(0);
  });
}

function wantCases(stores: () => Stores): void {
  test("recalls are seen by others only, and each list replaces the last", async () => {
    const { store, other } = stores();
    const [asking, asked] = [await liveHolder(store), await liveHolder(other)];
    const [one, two] = [await openAccount(store, 100n), await openAccount(store, 100n)];
    await store.ledger.want(asking, [
      { account: one.id, amount: 5n },
      { account: two.id, amount: 6n },
    ]);
    const seen = async () =>
      (await beatOf(other, asked)).wants.filter((want) => want.holder === asking);
    expect(new Set(await seen())).toEqual(
      new Set([
        { holder: asking, account: one.id, amount: 5n },
        { holder: asking, account: two.id, amount: 6n },
      ]),
    );
    const own = (await beatOf(store, asking)).wants.filter((want) => want.holder === asking);
    expect(own).toEqual([]);
    await store.ledger.want(asking, [{ account: two.id, amount: 9_007_199_254_740_993n }]);
    expect(await seen()).toEqual([
      { holder: asking, account: two.id, amount: 9_007_199_254_740_993n },
    ]);
    await store.ledger.want(asking, []);
    expect(await seen()).toEqual([]);
  });

  test("the recalls of a holder end with it, and a fenced one makes none", async () => {
    const { store, other } = stores();
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    const asked = await liveHolder(other);
    const { id } = await openAccount(store, 100n);
    for (const holder of [fenced, closed]) {
      await store.ledger.want(holder, [{ account: id, amount: 5n }]);
    }
    await store.holders.fence(fenced, null);
    await store.holders.close(closed);
    await store.ledger.want(fenced, [{ account: id, amount: 5n }]);
    await store.ledger.want(closed, [{ account: id, amount: 5n }]);
    const { wants } = await beatOf(other, asked);
    expect(wants.filter((want) => want.account === id)).toEqual([]);
  });
}

function fenceCases(stores: () => Stores): void {
  test("a fence forfeits what was held, says so, and does nothing twice", async () => {
    const { store, other } = stores();
    const [holder, bystander] = [await liveHolder(store), await liveHolder(other)];
    const account = await openAccount(store, 100n);
    const { id, budget, scope, unit } = account;
    await mustLease(store, holder, id, 50n);
    await mustLease(other, bystander, id, 20n);
    await store.ledger.giveBack(holder, [{ account: id, total: 5n }]);
    await flush(store, holder, [settlement(id, 10n)]);
    const forfeits = await other.holders.fence(holder, 0);
    expect(forfeits.filter((forfeit) => forfeit.amount > 0n)).toEqual([
      { account: id, budget, scope, unit, amount: 35n },
    ]);
    const after = { ...account, spent: 10n, leased: 20n, forfeited: 35n };
    expect(await stateOf(store, id)).toEqual(after);
    for (const seen of [0, null]) expect(await other.holders.fence(holder, seen)).toEqual([]);
    expect(await stateOf(store, id)).toEqual(after);
    const row = (await store.holders.list()).find((candidate) => candidate.id === holder);
    expect(row).toMatchObject({ state: "fenced", fencedAt: expect.any(Number) });
  });

  test("a holder that has beaten since is not fenced", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    await beatOf(store, holder);
    expect(await other.holders.fence(holder, 0)).toEqual([]);
    expect(await stateOf(store, id)).toMatchObject({ leased: 50n, forfeited: 0n });
    expect((await beatOf(store, holder)).live).toContainEqual({ id: holder, beatNo: 2 });
    expect(await other.holders.fence(freshId(), null)).toEqual([]);
  });
}

function closeCases(stores: () => Stores): void {
  test("a live holder that holds something is not closed; one that holds nothing is", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    await flush(store, holder, [settlement(id, 20n)]);
    expect(await store.holders.close(holder)).toEqual({ kind: "held" });
    expect(await stateOf(store, id)).toMatchObject({ spent: 20n, leased: 30n });
    await store.ledger.giveBack(holder, [{ account: id, total: 30n }]);
    for (let n = 0; n < 2; n += 1) {
      expect(await store.holders.close(holder)).toEqual({ kind: "closed" });
    }
    expect(await stateOf(store, id)).toMatchObject({ spent: 20n, leased: 0n, forfeited: 0n });
    const row = (await store.holders.list()).find((candidate) => candidate.id === holder);
    expect(row?.state ?? "closed").toBe("closed");
  });

  test("a fenced holder that closes gives back what is left of its forfeits", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    await other.holders.fence(holder, null);
    await flush(store, holder, [settlement(id, 15n)]);
    for (let n = 0; n < 2; n += 1) {
      expect(await store.holders.close(holder)).toEqual({ kind: "closed" });
      expect(await stateOf(other, id)).toMatchObject({ spent: 15n, leased: 0n, forfeited: 0n });
    }
    await mustLease(other, await liveHolder(other), id, 85n);
  });
}
