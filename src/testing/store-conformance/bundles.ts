import { describe, expect, test } from "vitest";
import { BUNDLES_MAX } from "../../ports/bundles.ts";
import type { Bundle, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, holderInfo, onFreshStores, type Stores, sharedStores } from "./kit.ts";

/** Files of configurations. */
export function bundleConformance(open: OpenFixture): void {
  describe("bundles", () => {
    const stores = sharedStores(open);
    keepCases(stores);
    pruneCases(open);
  });
}

/** Every byte, for content is no text. */
const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

function bundleOf(changes: Partial<Bundle> = {}): Bundle {
  return { id: fresh("dir:bundle"), source: null, commit: null, content: BYTES, ...changes };
}

/** Bytes of a driver are a class of their own. */
async function found(store: Store, id: string): Promise<Bundle | null> {
  const bundle = await store.bundles.find(id);
  return bundle && { ...bundle, content: new Uint8Array(bundle.content) };
}

function keepCases(stores: () => Stores): void {
  test("what is kept is found by its id, byte for byte, by everybody", async () => {
    const { store, other } = stores();
    const folder = bundleOf();
    const git = bundleOf({ source: fresh("remote"), commit: "c1" });
    await store.bundles.keep(folder);
    await store.bundles.keep(git);
    expect(await found(other, folder.id)).toEqual(folder);
    expect(await found(other, git.id)).toEqual(git);
    expect(await found(other, fresh("dir:none"))).toBe(null);
  });

  test("the newest of a source is the one kept last, also if it was there before", async () => {
    const { store, other } = stores();
    const source = fresh("remote");
    const one = bundleOf({ source, commit: "c1" });
    const two = bundleOf({ source, commit: "c2" });
    await store.bundles.keep(one);
    await other.bundles.keep(two);
    await store.bundles.keep(bundleOf({ source: fresh("remote"), commit: "c9" }));
    expect((await store.bundles.latest(source))?.id).toBe(two.id);
    await other.bundles.keep({ ...one, commit: "c3" });
    expect(await store.bundles.latest(source)).toMatchObject({ id: one.id, commit: "c3" });
    expect(await store.bundles.latest(fresh("remote"))).toBe(null);
  });

  test("kept from a folder of its own it stays known by where it was from", async () => {
    const { store, other } = stores();
    const git = bundleOf({ source: fresh("remote"), commit: "c1" });
    await store.bundles.keep(git);
    await other.bundles.keep({ ...git, source: null, commit: null });
    expect(await found(store, git.id)).toEqual(git);
  });
}

function pruneCases(open: OpenFixture): void {
  test(
    "the oldest are dropped, but none that is in force, run by a holder or a task's first",
    onFreshStores(open, async ({ store, other }) => {
      const [inForce, held, begun, left] = [bundleOf(), bundleOf(), bundleOf(), bundleOf()];
      for (const bundle of [inForce, held, begun, left]) await store.bundles.keep(bundle);
      const limits = { newPerHour: 9, aliveMax: 9, depthMax: 9, childrenMax: 9 };
      const task = { agent: fresh("agent"), id: fresh("task"), parent: null, at: 1, limits };
      await other.tasks.open({ ...task, bundle: begun.id, unnamed: false });
      // A digest goes on after the id of its files.
      const holder = holderInfo({ configuration: `${held.id}+0123456789abcdef` });
      await store.holders.register(holder);
      const second = holderInfo({ configuration: holder.configuration });
      await other.holders.register(second);
      expect(await store.holders.configure(second.id, holder.configuration, inForce.id)).toBe(true);
      const more = Array.from({ length: BUNDLES_MAX }, () => bundleOf());
      for (const bundle of more) await other.bundles.keep(bundle);
      expect(await found(store, inForce.id)).toEqual(inForce);
      expect(await found(store, held.id)).toEqual(held);
      expect(await found(store, begun.id)).toEqual(begun);
      expect(await found(store, left.id)).toBe(null);
      for (const bundle of more) expect(await found(store, bundle.id)).not.toBe(null);
      await store.holders.close(holder.id);
      await store.tasks.end(task.agent, task.id, "ok", 2);
      await store.bundles.keep(bundleOf());
      expect(await found(store, held.id)).toBe(null);
      expect(await found(store, begun.id)).toBe(null);
    }),
  );
}
