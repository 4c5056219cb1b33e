import { describe, expect, test } from "vitest";
import type { AccountSpec, AccountState, NewOverride, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { ALL, fresh, liveHolder, sharedStores } from "./kit.ts";

const STARTS = 1_700_000_000_000;
const DAY_MS = 86_400_000;

function daySpec(changes: Partial<AccountSpec> = {}): AccountSpec {
  const window = { window: "day", starts: STARTS, ends: STARTS + DAY_MS } as const;
  return { budget: fresh("budget"), scope: "", unit: "usd", ...window, limit: 100n, ...changes };
}

async function opened(store: Store, spec: AccountSpec): Promise<AccountState> {
  const [account] = await store.ledger.open([spec]);
  if (!account) throw new Error("an account that was asked for is there");
  return account;
}

function newOverride(account: number, changes: Partial<NewOverride> = {}): NewOverride {
  const said = { reason: "A batch of refunds.", by: "ada", at: STARTS + 1, review: null };
  return { id: fresh("override"), account, limit: 250n, ...said, ...changes };
}

async function limitOf(store: Store, account: number): Promise<bigint | undefined> {
  const [found] = await store.ledger.accounts({ ids: [account], open: false, limit: 1 });
  return found?.limit;
}

async function inForce(store: Store, account: number) {
  return (await store.overrides.list(ALL)).filter((override) => override.account === account);
}

/** Limits that people raise. */
export function overrideConformance(open: OpenFixture): void {
  describe("overrides", () => {
    const stores = sharedStores(open);

    test("a raised limit is in force at once, for whoever leases, and shown", async () => {
      const { store, other } = stores();
      const spec = daySpec();
      const { id } = await opened(store, spec);
      const holder = await liveHolder(other);
      const want = { account: id, least: 200n, most: 200n };
      expect(await other.ledger.lease(holder, [want])).toMatchObject({ kind: "short" });
      const asked = newOverride(id);
      expect(await store.overrides.raise(asked)).toMatchObject({ id, limit: 250n, open: true });
      expect(await other.ledger.lease(holder, [want])).toMatchObject({ kind: "ok" });
      const { limit: _, ...key } = spec;
      expect(await inForce(other, id)).toEqual([{ ...asked, ...key, configured: 100n }]);
    });

    test("the same one again changes nothing, whatever came since", async () => {
      const { store, other } = stores();
      const { id } = await opened(store, daySpec());
      const first = newOverride(id);
      await store.overrides.raise(first);
      await store.overrides.raise(newOverride(id, { limit: 300n }));
      expect(await other.overrides.raise(first)).toMatchObject({ limit: 300n });
      expect(await inForce(store, id)).toMatchObject([{ limit: 300n }]);
    });

    test("it survives every reload, and a higher limit of the configuration holds", async () => {
      const { store } = stores();
      const spec = daySpec();
      const { id } = await opened(store, spec);
      await store.overrides.raise(newOverride(id));
      for (const [limit, expected] of [
        [50n, 250n],
        [400n, 400n],
        [100n, 250n],
      ] as const) {
        await store.ledger.editLimit({ ...spec, limit });
        expect(await limitOf(store, id)).toBe(expected);
        expect(await inForce(store, id)).toMatchObject([{ limit: 250n, configured: limit }]);
      }
    });

    test("withdrawn, what is configured by now holds again", async () => {
      const { store, other } = stores();
      const spec = daySpec();
      const { id } = await opened(store, spec);
      await store.overrides.raise(newOverride(id));
      await store.ledger.editLimit({ ...spec, limit: 80n });
      await store.overrides.raise(newOverride(id, { limit: null, reason: "It is over." }));
      expect(await limitOf(other, id)).toBe(80n);
      expect(await inForce(other, id)).toEqual([]);
    });

    test("it ends with its window, and raises none that is over", async () => {
      const { store } = stores();
      const spec = daySpec();
      const { id } = await opened(store, spec);
      await store.overrides.raise(newOverride(id));
      const later = { starts: STARTS + DAY_MS, ends: STARTS + 2 * DAY_MS };
      const next = await opened(store, { ...spec, ...later });
      expect(next.limit).toBe(100n);
      expect(await inForce(store, id)).toEqual([]);
      expect(await store.overrides.raise(newOverride(id, { limit: 900n }))).toBeNull();
      expect(await limitOf(store, id)).toBe(250n);
      expect(await store.overrides.raise(newOverride(ALL))).toBeNull();
    });

    test("of accounts of one budget only the one that is named is raised", async () => {
      const { store } = stores();
      const spec = daySpec({ scope: "task-1", window: "task", starts: 0, ends: null });
      const one = await opened(store, spec);
      const two = await opened(store, { ...spec, scope: "task-2" });
      await store.overrides.raise(newOverride(one.id));
      expect(await limitOf(store, one.id)).toBe(250n);
      expect(await limitOf(store, two.id)).toBe(100n);
    });

    test("amounts beyond 2^53 stay exact", async () => {
      const { store } = stores();
      const { id } = await opened(store, daySpec());
      const limit = 9_007_199_254_740_993n;
      await store.overrides.raise(newOverride(id, { limit }));
      expect(await limitOf(store, id)).toBe(limit);
      expect(await inForce(store, id)).toMatchObject([{ limit }]);
    });
  });
}
