import { describe, expect, test } from "vitest";
import type { Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import {
  accountSpec,
  CONFIGURATION,
  fresh,
  holderInfo,
  liveHolder,
  mustLease,
  onFreshStores,
  openAccount,
  type Stores,
  sharedStores,
} from "./kit.ts";
import { keyRecord } from "./registry.ts";

/** How one gateway learns at once, and at the latest with its next beat, what another changed. */
export function watchConformance(open: OpenFixture): void {
  describe("changes", () => {
    const stores = sharedStores(open);
    watchCases(stores);
    numberCases(stores);
    configurationCase(open);
  });
}

type What = Parameters<Parameters<Store["holders"]["watch"]>[0]>[0];

/** Longer than a notification takes, and than the polling behind it. */
const HEARD_MS = 5000;

/** Does the handle hear `what` when `change` is done through another one? */
export async function hears(
  store: Store,
  what: What,
  change: () => Promise<unknown>,
): Promise<void> {
  const heard: What[] = [];
  const stop = store.holders.watch((kind) => heard.push(kind));
  await change();
  await expect.poll(() => heard, { timeout: HEARD_MS, interval: 5 }).toContain(what);
  stop();
}

function watchCases(stores: () => Stores): void {
  test("recalls are heard by others at once", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await hears(other, "wants", () => store.ledger.want(holder, [{ account: id, amount: 5n }]));
  });

  test("room is heard when something is given back, and when forfeits are", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    const returned = [{ account: id, total: 10n }];
    await hears(other, "room", () => store.ledger.giveBack(holder, returned));
    await store.holders.fence(holder, null);
    await hears(other, "room", () => store.holders.close(holder));
  });

  test("room is heard when forfeits are released", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    await store.holders.fence(holder, null);
    const why = { evidence: "gone", operator: "jo", reason: "gone" } as const;
    const wanted = { id: fresh("release"), forfeits: { holder, limit: 10 }, billed: 0n, ...why };
    await hears(other, "room", () => store.forfeits.release(wanted));
  });

  test("room is heard when a limit is raised", async () => {
    const { store, other } = stores();
    const account = await openAccount(store, 100n);
    await hears(other, "room", () => store.ledger.editLimit({ ...account, limit: 200n }));
  });

  test("who stopped watching hears nothing", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    const heard: What[] = [];
    const stop = other.holders.watch((kind) => heard.push(kind));
    stop();
    stop();
    await hears(other, "wants", () => store.ledger.want(holder, [{ account: id, amount: 5n }]));
    expect(heard).toEqual([]);
  });
}

type Change = readonly [name: string, run: (store: Store) => Promise<unknown>];

function numberCases(stores: () => Stores): void {
  const revoked = keyRecord();
  const flag = { provider: fresh("p"), model: "m", what: "output", since: 1, call: "c" } as const;
  const spec = accountSpec(1n);
  const prepare = async (store: Store) => {
    await store.registry.createKey(revoked);
    await store.ledger.open([spec]);
  };
  const changes: readonly Change[] = [
    ["a key made", (store) => store.registry.createKey(keyRecord())],
    ["a key revoked", (store) => store.registry.revokeKey(revoked.id, 5)],
    ["a model flagged", (store) => store.registry.flag(flag)],
    ["a flag cleared", (store) => store.registry.clearFlag(flag.provider, flag.model)],
    ["a limit edited", (store) => store.ledger.editLimit({ ...spec, limit: 2n })],
  ];
  test("every change to keys, flags and limits is heard and raises the number", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(other);
    await prepare(store);
    let last = await changeSeq(other, holder);
    for (const [name, run] of changes) {
      await hears(other, "changes", () => run(store));
      const next = await changeSeq(other, holder);
      expect(next, name).toBeGreaterThan(last);
      last = next;
    }
  });

  test("money that moves does not raise the number", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const before = await changeSeq(store, holder);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, holder, id, 50n);
    await store.ledger.giveBack(holder, [{ account: id, total: 50n }]);
    expect(await changeSeq(store, holder)).toBe(before);
  });
}

function configurationCase(open: OpenFixture): void {
  test("a change of the configuration is heard and raises the number", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const [first, second] = [await liveHolder(store), await liveHolder(other)];
      const before = await changeSeq(other, second);
      await hears(other, "changes", () => store.holders.configure(first, CONFIGURATION, "dir:2"));
      const after = await changeSeq(other, second);
      expect(after).toBeGreaterThan(before);
      await store.holders.close(first);
      await store.holders.close(second);
      const next = await store.holders.register(holderInfo({ configuration: "dir:3" }));
      expect(next.kind === "ok" ? next.changeSeq : 0).toBeGreaterThan(after);
    })();
  });
}

async function changeSeq(store: Store, holder: string): Promise<number> {
  const beat = await store.holders.beat(holder);
  return beat.kind === "ok" ? beat.changeSeq : Number.NaN;
}
