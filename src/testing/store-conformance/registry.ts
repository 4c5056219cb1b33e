import { describe, expect, test } from "vitest";
import type { KeyRecord, ModelFlag } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, onFreshStores, type Stores, sharedStores } from "./kit.ts";

/** Keys and flags. */
export function registryConformance(open: OpenFixture): void {
  describe("registry", () => {
    const stores = sharedStores(open);
    keyCases(open, stores);
    flagCases(open);
  });
}

/** A key that no other case has. */
export function keyRecord(changes: Partial<KeyRecord> = {}): KeyRecord {
  const id = fresh("key");
  return {
    id,
    hash: `hash of ${id}`,
    holder: { kind: "agent", agent: "bot" },
    createdAt: 1000,
    expiresAt: null,
    revokedAt: null,
    ...changes,
  };
}

function keyCases(open: OpenFixture, stores: () => Stores): void {
  test("a key of each kind comes back exactly, by its hash", async () => {
    const { store, other } = stores();
    const keys = [
      keyRecord({ expiresAt: 9000 }),
      keyRecord({ holder: { kind: "task", agent: "bot", task: "t1" } }),
      keyRecord({ holder: { kind: "operator", name: "Ada", role: "admin" } }),
    ];
    for (const key of keys) await store.registry.createKey(key);
    for (const key of keys) expect(await other.registry.keyByHash(key.hash)).toEqual(key);
    expect(await store.registry.keyByHash("no such hash")).toBeNull();
  });

  test("a key is made once, and a late copy does not bring a revoked one back", async () => {
    const { store, other } = stores();
    const key = keyRecord();
    await store.registry.createKey(key);
    expect(await store.registry.revokeKey(key.id, 5000)).toBe(true);
    await other.registry.createKey(key);
    const revoked = { ...key, revokedAt: 5000 };
    expect(await other.registry.keyByHash(key.hash)).toEqual(revoked);
    expect(await other.registry.revokeKey(key.id, 6000)).toBe(false);
    expect(await store.registry.keyByHash(key.hash)).toEqual(revoked);
    expect(await store.registry.revokeKey("no such key", 5000)).toBe(false);
  });

  test("the list leaves out revoked keys unless all are asked for", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const [kept, gone] = [keyRecord(), keyRecord()];
      for (const key of [kept, gone]) await store.registry.createKey(key);
      await store.registry.revokeKey(gone.id, 5000);
      expect(await other.registry.keys(false)).toEqual([kept]);
      const all = await other.registry.keys(true);
      expect(new Set(all)).toEqual(new Set([kept, { ...gone, revokedAt: 5000 }]));
    })();
  });
}

function flagCases(open: OpenFixture): void {
  test("a flag is kept as first raised until it is cleared", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const flag: ModelFlag = {
        provider: "openai",
        model: "gpt",
        what: "output",
        since: 1000,
        call: "call-1",
      };
      const input: ModelFlag = { ...flag, what: "input", since: 2000 };
      const bystander: ModelFlag = { ...flag, model: "other" };
      await store.registry.flag(flag);
      await other.registry.flag({ ...flag, since: 7000, call: "call-7" });
      await other.registry.flag(input);
      await other.registry.flag(bystander);
      expect(new Set(await store.registry.flags())).toEqual(new Set([flag, input, bystander]));
      expect(await store.registry.clearFlag("openai", "gpt")).toBe(true);
      expect(await store.registry.clearFlag("openai", "gpt")).toBe(false);
      expect(await other.registry.flags()).toEqual([bystander]);
    })();
  });
}
