import { expect, test } from "vitest";
import type { Permit, PermitsTaken } from "../../ports/store.ts";
import { liveHolder, type Stores } from "./kit.ts";
import { permitKey, taken } from "./work-kit.ts";

const numbersOf = ({ owned }: PermitsTaken): number[] => owned.map(({ no }) => no);

const RACES = 12;

/** Holders that take and give at once. */
export function permitRaces(stores: () => Stores): void {
  test("two holders that race never own more together than there are", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const [one, two] = [await liveHolder(store), await liveHolder(other)];
      const key = permitKey();
      const wish = { ...key, requests: 5, most: 2 };
      const takes = [one, two, one, two, one, two].map((holder, index) =>
        taken(index % 2 === 0 ? store : other, holder, wish),
      );
      await Promise.all(takes);
      const mine = await taken(store, one, { ...wish, most: 0 });
      const theirs = await taken(other, two, { ...wish, most: 0 });
      const all = [...numbersOf(mine), ...numbersOf(theirs)];
      expect(new Set(all).size).toBe(all.length);
      expect(all.length).toBe(5);
      // Whoever took while it was alone may have had it all; after that, half at most.
      const most = Math.max(mine.owned.length, theirs.owned.length);
      expect(most).toBeLessThanOrEqual(5);
    }
  });

  test("beside an owner, holders that race stay within half each", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const [one, two] = [await liveHolder(store), await liveHolder(other)];
      const key = permitKey();
      await taken(store, one, { ...key, requests: 6, most: 1 });
      await taken(other, two, { ...key, requests: 6, most: 1 });
      const wish = { ...key, requests: 6, most: 6 };
      const answers = await Promise.all([
        taken(store, one, wish),
        taken(other, two, wish),
        taken(other, one, wish),
      ]);
      for (const { owned } of answers) expect(owned.length).toBeLessThanOrEqual(3);
    }
  });

  test("a fence in the middle of takes and gives leaves each permit one owner", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const [gone, next] = [await liveHolder(store), await liveHolder(other)];
      const key = permitKey();
      const wish = { ...key, requests: 4, most: 2 };
      const first = await taken(store, gone, wish);
      const back = first.owned.map(({ no, number }) => ({ ...key, no, number, idleMs: 0 }));
      await Promise.all([
        store.permits.take(gone, wish),
        store.permits.give(gone, back),
        other.holders.fence(gone, null),
        other.permits.take(next, wish),
      ]);
      const after = await taken(other, next, { ...wish, most: 4 });
      expect(after.owned).toHaveLength(4);
      expect(after.unowned).toBe(0);
      const unique = new Set(after.owned.map((permit: Permit) => permit.no));
      expect(unique.size).toBe(4);
    }
  });
}
