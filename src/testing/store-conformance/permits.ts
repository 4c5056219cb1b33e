import { describe, expect, test } from "vitest";
import type { HolderId, PermitsTaken, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { freshId, liveHolder, type Stores, sharedStores } from "./kit.ts";
import { permitProperties } from "./permit-properties.ts";
import { permitRaces } from "./permit-races.ts";
import { hears } from "./watch.ts";
import { pass, permitKey, taken } from "./work-kit.ts";

/** Rate limits over all gateways. */
export function permitConformance(open: OpenFixture): void {
  describe("permits", () => {
    const stores = sharedStores(open);
    takeCases(stores);
    shareCases(stores);
    giveCases(stores);
    goneCases(stores);
    noticeCases(stores);
    permitRaces(stores);
    permitProperties(stores);
  });
}

const numbersOf = ({ owned }: PermitsTaken): number[] =>
  owned.map(({ no }) => no).sort((one, two) => one - two);

async function wantsOf(store: Store, holder: HolderId) {
  const beat = await store.holders.beat(holder);
  if (beat.kind !== "ok") throw new Error(`${holder} is fenced`);
  return beat.permitWants;
}

function takeCases(stores: () => Stores): void {
  test("permits are made on first use, and the answer lists all that the holder owns", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const key = permitKey();
    const first = await taken(store, holder, { ...key, requests: 5, most: 2 });
    expect(first).toMatchObject({ kind: "ok", unowned: 3 });
    expect(first.owned).toEqual([
      { no: 0, number: 1, ageMs: null },
      { no: 1, number: 1, ageMs: null },
    ]);
    const second = await taken(other, holder, { ...key, requests: 5, most: 1 });
    expect(numbersOf(second)).toEqual([0, 1, 2]);
    expect(second.unowned).toBe(2);
    const look = await taken(store, holder, { ...key, requests: 5, most: 0 });
    expect(look).toEqual(second);
  });

  test("alone, a holder may have all, and never more than there are", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const all = await taken(store, holder, { ...permitKey(), requests: 5, most: 50 });
    expect(numbersOf(all)).toEqual([0, 1, 2, 3, 4]);
    expect(all.unowned).toBe(0);
  });

  test("limits that differ in whose they are, or in what they bound, are apart", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const key = permitKey();
    await taken(store, holder, { ...key, requests: 3, most: 3 });
    const others = [{ agent: "other" }, { server: "other" }, { tool: "other" }];
    for (const change of [...others, { bounds: "concurrency" as const }]) {
      const other = { ...key, ...change };
      const answer = await taken(store, holder, { ...other, requests: 3, most: 1 });
      expect(answer.owned).toHaveLength(1);
      const [no, number, idleMs] = [0, 1, null];
      await store.permits.give(holder, [{ ...other, no, number, idleMs }]);
      const after = await taken(store, holder, { ...other, requests: 3, most: 0 });
      expect(after.owned).toEqual([]);
    }
    const kept = await taken(store, holder, { ...key, requests: 3, most: 0 });
    expect(kept.owned).toHaveLength(3);
  });

  test("a limit that is lowered gives none above, and lists those still owned", async () => {
    const { store } = stores();
    const [holder, late] = [await liveHolder(store), await liveHolder(store)];
    const key = permitKey();
    await taken(store, holder, { ...key, requests: 6, most: 6 });
    const lowered = await taken(store, holder, { ...key, requests: 2, most: 1 });
    expect(lowered.owned).toHaveLength(6);
    expect(lowered.unowned).toBe(0);
    const above = lowered.owned.filter(({ no }) => no >= 2);
    const returned = above.map(({ no, number }) => ({ ...key, no, number, idleMs: 0 }));
    await store.permits.give(holder, returned);
    const none = await taken(store, late, { ...key, requests: 2, most: 6 });
    expect(none).toMatchObject({ owned: [], unowned: 0 });
    const raised = await taken(store, late, { ...key, requests: 6, most: 6 });
    expect(numbersOf(raised)).toEqual([2, 3, 4]);
  });

  test("a holder that is not live takes and gives nothing", async () => {
    const { store } = stores();
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    await store.holders.fence(fenced, null);
    await store.holders.close(closed);
    const key = permitKey();
    for (const holder of [fenced, closed, freshId()]) {
      const wish = { ...key, requests: 2, most: 1 };
      expect(await store.permits.take(holder, wish)).toEqual({ kind: "fenced" });
      const returned = [{ ...key, no: 0, number: 1, idleMs: 0 }];
      expect(await store.permits.give(holder, returned)).toEqual({ kind: "fenced" });
    }
  });
}

function shareCases(stores: () => Stores): void {
  test("beside another owner nobody is given more than half, rounded up", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const key = permitKey();
    await taken(store, one, { ...key, requests: 7, most: 1 });
    const half = await taken(other, two, { ...key, requests: 7, most: 7 });
    expect(half.owned).toHaveLength(4);
    const rest = await taken(store, one, { ...key, requests: 7, most: 7 });
    expect(rest).toMatchObject({ unowned: 0 });
    expect(rest.owned).toHaveLength(3);
  });

  test("beside another that wants some nobody is given more than half", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const key = permitKey();
    const all = await taken(store, one, { ...key, requests: 4, most: 4 });
    await taken(other, two, { ...key, requests: 4, most: 2 });
    const returned = all.owned.map(({ no, number }) => ({ ...key, no, number, idleMs: 0 }));
    await store.permits.give(one, returned);
    const again = await taken(store, one, { ...key, requests: 4, most: 4 });
    expect(again.owned).toHaveLength(2);
  });

  test("who is left short is a want, which others alone see until it asks again", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const key = permitKey();
    await taken(store, one, { ...key, requests: 2, most: 2 });
    await taken(other, two, { ...key, requests: 2, most: 3 });
    expect(await wantsOf(store, one)).toContainEqual({ holder: two, ...key, most: 3 });
    const own = (await wantsOf(other, two)).filter(({ agent }) => agent === key.agent);
    expect(own).toEqual([]);
    await taken(other, two, { ...key, requests: 2, most: 0 });
    const left = (await wantsOf(store, one)).filter(({ agent }) => agent === key.agent);
    expect(left).toEqual([]);
  });

  test("a want ends when its holder gives back, or is gone", async () => {
    const { store, other } = stores();
    const [watcher, giver] = [await liveHolder(store), await liveHolder(other)];
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    const key = permitKey();
    const got = await taken(other, giver, { ...key, requests: 2, most: 5 });
    await taken(store, fenced, { ...key, requests: 2, most: 1 });
    await taken(store, closed, { ...key, requests: 2, most: 1 });
    const wants = async () =>
      (await wantsOf(store, watcher)).filter(({ agent }) => agent === key.agent);
    expect(await wants()).toHaveLength(3);
    const [permit] = got.owned;
    await other.permits.give(giver, [{ ...key, no: 0, number: permit?.number ?? 0, idleMs: 0 }]);
    await other.holders.fence(fenced, null);
    await store.holders.close(closed);
    expect(await wants()).toEqual([]);
  });
}

function giveCases(stores: () => Stores): void {
  test("what is given back is free, has the age it was given back with, and ages on", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const key = permitKey();
    await taken(store, one, { ...key, requests: 1, most: 1 });
    await store.permits.give(one, [{ ...key, no: 0, number: 1, idleMs: 700.9 }]);
    await pass(stores(), 40);
    const { owned } = await taken(other, two, { ...key, requests: 1, most: 1 });
    const [permit] = owned;
    expect(permit).toMatchObject({ no: 0, number: 2 });
    expect(permit?.ageMs).toBeGreaterThanOrEqual(739);
    expect(permit?.ageMs).toBeLessThan(20_000);
  });

  test("one that was never used keeps the age it had", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const key = permitKey();
    await taken(store, holder, { ...key, requests: 1, most: 1 });
    await store.permits.give(holder, [{ ...key, no: 0, number: 1, idleMs: null }]);
    const unused = await taken(store, holder, { ...key, requests: 1, most: 1 });
    expect(unused.owned).toEqual([{ no: 0, number: 2, ageMs: null }]);
    await store.permits.give(holder, [{ ...key, no: 0, number: 2, idleMs: 60_000 }]);
    await taken(store, holder, { ...key, requests: 1, most: 1 });
    await store.permits.give(holder, [{ ...key, no: 0, number: 3, idleMs: null }]);
    const used = await taken(store, holder, { ...key, requests: 1, most: 1 });
    expect(used.owned[0]?.ageMs).toBeGreaterThanOrEqual(60_000);
  });

  test("the longest unused is given first", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const key = permitKey();
    await taken(store, holder, { ...key, requests: 4, most: 4 });
    const idle = [10_000, 40_000, null, 20_000];
    const returned = idle.map((idleMs, no) => ({ ...key, no, number: 1, idleMs }));
    await store.permits.give(holder, returned);
    const order: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { owned } = await taken(store, holder, { ...key, requests: 4, most: 1 });
      order.push(
        ...numbersOf({ kind: "ok", owned, unowned: 0 }).filter((no) => !order.includes(no)),
      );
    }
    expect(order).toEqual([2, 1, 3, 0]);
  });

  test("a late copy of a give back changes nothing, and neither does a stranger's", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const key = permitKey();
    await taken(store, one, { ...key, requests: 1, most: 1 });
    const given = [{ ...key, no: 0, number: 1, idleMs: 0 }];
    await store.permits.give(one, given);
    const before = await taken(other, two, { ...key, requests: 1, most: 1 });
    for (const [holder, number] of [
      [one, 1],
      [one, 2],
      [two, 1],
      [two, 3],
    ] as const) {
      const late = [{ ...key, no: 0, number, idleMs: 90_000 }];
      expect(await store.permits.give(holder, late)).toMatchObject({ kind: "ok" });
    }
    const after = await taken(other, two, { ...key, requests: 1, most: 0 });
    expect(after.owned.map(({ number }) => number)).toEqual([2]);
    expect(after.owned[0]?.ageMs).toBeLessThan(30_000);
    expect(before.unowned).toBe(after.unowned);
  });

  test("a take that is repeated loses nothing: whatever is owned is listed", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const key = permitKey();
    const wish = { ...key, requests: 5, most: 2 };
    await store.permits.take(holder, wish);
    const again = await taken(store, holder, wish);
    expect(again.owned).toHaveLength(4);
    expect(again.unowned).toBe(1);
  });
}

function goneCases(stores: () => Stores): void {
  const ends = {
    fence: (store: Store, holder: HolderId) => store.holders.fence(holder, null),
    close: (store: Store, holder: HolderId) => store.holders.close(holder),
  };
  for (const [how, end] of Object.entries(ends)) {
    test(`after a ${how} permits are free under new numbers, used just now`, async () => {
      const { store, other } = stores();
      const [gone, next] = [await liveHolder(store), await liveHolder(other)];
      const key = permitKey();
      await taken(store, gone, { ...key, requests: 2, most: 2 });
      for (let n = 0; n < 2; n += 1) await end(other, gone);
      const after = await taken(other, next, { ...key, requests: 2, most: 2 });
      expect(after.owned.map(({ no, number }) => [no, number])).toEqual([
        [0, 3],
        [1, 3],
      ]);
      for (const { ageMs } of after.owned) {
        expect(ageMs).toBeGreaterThanOrEqual(0);
        expect(ageMs).toBeLessThan(30_000);
      }
    });
  }
}

function noticeCases(stores: () => Stores): void {
  test("who is left short is heard at once, and so is what is given back or set free", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const wish = { ...permitKey(), requests: 2, most: 2 };
    const { owned } = await taken(store, one, wish);
    await hears(store, "wants", () => other.permits.take(two, wish));
    const given = owned.slice(0, 1).map(({ no, number }) => ({ ...wish, no, number, idleMs: 0 }));
    await hears(other, "room", () => store.permits.give(one, given));
    await hears(store, "room", () => other.holders.fence(one, null));
  });
}
