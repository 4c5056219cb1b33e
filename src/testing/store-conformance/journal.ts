import { describe, expect, test } from "vitest";
import type { Anchor, HolderId, JournalEntry, JournalQuery, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import {
  ALL,
  flush,
  journalEntry,
  liveHolder,
  mustLease,
  onFreshStores,
  openAccount,
  type Stores,
  settlement,
  sharedStores,
  stateOf,
} from "./kit.ts";

/** The journal: what is written once, and how it is found again. */
export function journalConformance(open: OpenFixture): void {
  describe("journal", () => {
    const stores = sharedStores(open);
    writeCases(stores);
    readCases(open);
    anchorCases(open);
    gapCases(open);
  });
}

async function write(
  store: Store,
  entries: readonly JournalEntry[],
  anchor: Anchor | null = null,
): Promise<string> {
  const holder = entries[0]?.writer ?? anchor?.writer ?? "";
  return (await store.ledger.flush(holder, { settlements: [], entries, anchor })).kind;
}

function unplaced(entries: readonly (JournalEntry & { readonly position: number })[]) {
  return entries.map(({ position, ...entry }) => entry);
}

function writeCases(stores: () => Stores): void {
  test("entries come back exactly as written, once each, however often they are sent", async () => {
    const { store, other } = stores();
    const writer = await liveHolder(store);
    const body = '{"text":"ünï😀\\u0000 \\" ","n":1e400}';
    const entries = [
      journalEntry(writer, 1, { body, decision: "d", agent: "a", task: "t", code: "c" }),
      journalEntry(writer, 2, { kind: "gateway.started" }),
      journalEntry(writer, 3),
    ];
    await write(store, entries.slice(0, 2));
    await Promise.all([write(store, entries), write(other, entries)]);
    const read = await other.journal.read({ writer, take: "oldest", limit: ALL });
    expect(unplaced(read)).toEqual(entries);
    const positions = read.map((entry) => entry.position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  });

  test("entries and money are one transaction, and a closed holder writes neither", async () => {
    const { store } = stores();
    const writer = await liveHolder(store);
    const { id } = await openAccount(store, 100n);
    await mustLease(store, writer, id, 10n);
    const batch = (no: number) => ({
      settlements: [settlement(id, 5n)],
      entries: [journalEntry(writer, no)],
      anchor: null,
    });
    await store.ledger.flush(writer, batch(1));
    await store.holders.fence(writer, null);
    await store.ledger.flush(writer, batch(2));
    await store.holders.close(writer);
    expect(await store.ledger.flush(writer, batch(3))).toEqual({ kind: "closed" });
    const read = await store.journal.read({ writer, take: "oldest", limit: ALL });
    expect(read.map((entry) => entry.no)).toEqual([1, 2]);
    expect(await stateOf(store, id)).toMatchObject({ spent: 10n });
  });

  test("a writer's entries may be flushed under the holder that it was before", async () => {
    const { store } = stores();
    const [before, after] = [await liveHolder(store), await liveHolder(store)];
    await store.holders.fence(before, null);
    const entries = [journalEntry(after, 1), journalEntry(before, 1)];
    await store.ledger.flush(before, { settlements: [], entries, anchor: null });
    for (const writer of [before, after]) {
      const read = await store.journal.read({ writer, take: "oldest", limit: ALL });
      expect(read.map((entry) => entry.no)).toEqual([1]);
    }
  });

  test("a large batch is one flush", async () => {
    const { store } = stores();
    const writer = await liveHolder(store);
    const { id } = await openAccount(store, 10_000n);
    await mustLease(store, writer, id, 10_000n);
    const settlements = Array.from({ length: 1500 }, () => settlement(id, 2n));
    const entries = settlements.map((_, at) => journalEntry(writer, at + 1));
    await store.ledger.flush(writer, { settlements, entries, anchor: null });
    expect(await flush(store, writer, settlements)).toBe("ok");
    expect(await stateOf(store, id)).toMatchObject({ spent: 3000n, leased: 7000n });
    const newest = await store.journal.read({ writer, take: "newest", limit: 2 });
    expect(newest.map((entry) => entry.no)).toEqual([1499, 1500]);
  });
}

function readCases(open: OpenFixture): void {
  test("each filter finds its entries, and together they find what meets all", async () => {
    await onFreshStores(open, async ({ store }) => {
      const [one, two] = [await liveHolder(store), await liveHolder(store)];
      const base = { agent: "bot", task: "t1", at: 1000 };
      await write(store, [
        journalEntry(one, 1, { ...base, decision: "d1", code: "budget.exhausted" }),
        journalEntry(one, 2, { ...base, decision: "d1", kind: "call.refused", at: 2000 }),
        journalEntry(one, 3, { ...base, task: "t2", at: 3000 }),
      ]);
      await write(store, [journalEntry(two, 1, { agent: "other", task: "t1", at: 4000 })]);
      const find = async (query: Partial<JournalQuery>) => {
        const found = await store.journal.read({ take: "oldest", limit: ALL, ...query });
        return found.map((entry) => `${entry.writer === one ? "one" : "two"}:${entry.no}`);
      };
      expect(await find({})).toEqual(["one:1", "one:2", "one:3", "two:1"]);
      expect(await find({ agent: "bot" })).toEqual(["one:1", "one:2", "one:3"]);
      expect(await find({ task: "t1" })).toEqual(["one:1", "one:2", "two:1"]);
      expect(await find({ agent: "bot", task: "t1" })).toEqual(["one:1", "one:2"]);
      expect(await find({ decision: "d1" })).toEqual(["one:1", "one:2"]);
      expect(await find({ decision: "d1", kind: "call.refused" })).toEqual(["one:2"]);
      expect(await find({ code: "budget.exhausted" })).toEqual(["one:1"]);
      expect(await find({ writer: two })).toEqual(["two:1"]);
      expect(await find({ writer: "nobody" })).toEqual([]);
      expect(await find({ from: 2000 })).toEqual(["one:2", "one:3", "two:1"]);
      expect(await find({ from: 1500, to: 3500 })).toEqual(["one:2", "one:3"]);
      expect(await find({ agent: "bot", to: 1500 })).toEqual(["one:1"]);
      expect(await find({ from: 2000, to: 3000 })).toEqual(["one:2"]);
      expect(await find({ agent: null })).toEqual([]);
      await write(store, [journalEntry(two, 2, { agent: null, task: null, kind: "store.lost" })]);
      expect(await find({ agent: null })).toEqual(["two:2"]);
      expect(await find({ agent: null, kind: "store.lost", from: 0 })).toEqual(["two:2"]);
      expect(await find({ agent: null, kind: "store.found" })).toEqual([]);
    })();
  });

  test("pages follow each other without a gap or a repeat, forward and from the end", async () => {
    await onFreshStores(open, async ({ store }) => {
      const writer = await liveHolder(store);
      const entries = Array.from({ length: 25 }, (_, at) =>
        journalEntry(writer, at + 1, { agent: at % 2 === 0 ? "even" : "odd" }),
      );
      await write(store, entries);
      const numbers: number[] = [];
      let after: number | undefined;
      for (let page = 0; page < 4; page += 1) {
        const place = after === undefined ? {} : { after };
        const query = { agent: "even", take: "oldest", limit: 5, ...place } as const;
        const read = await store.journal.read(query);
        numbers.push(...read.map((entry) => entry.no));
        after = read.at(-1)?.position ?? after;
      }
      expect(numbers).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25]);
      const last = await store.journal.read({ agent: "odd", take: "newest", limit: 3 });
      expect(last.map((entry) => entry.no)).toEqual([20, 22, 24]);
      const upTo = last[1]?.position ?? 0;
      const before = await store.journal.read({ agent: "odd", upTo, take: "newest", limit: 2 });
      expect(before.map((entry) => entry.no)).toEqual([20, 22]);
      const between = { after: last[0]?.position ?? 0, upTo, take: "oldest", limit: 5 } as const;
      expect((await store.journal.read(between)).map((entry) => entry.no)).toEqual([21, 22]);
      const tail = { after: last[1]?.position ?? 0, take: "newest", limit: 3 } as const;
      expect((await store.journal.read(tail)).map((entry) => entry.no)).toEqual([23, 24, 25]);
    })();
  });
}

function gapCases(open: OpenFixture): void {
  const entryOf = (holder: HolderId) => journalEntry(`gap-${holder}`, 1, { kind: "journal.gap" });

  test("a fence owes one gap entry with what it forfeited, and it is written once", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const [holder, live] = [await liveHolder(store), await liveHolder(other)];
      const { budget, id, scope, unit } = await openAccount(store, 2n ** 60n);
      await mustLease(store, holder, id, 2n ** 60n - 1n);
      expect(await store.journal.gaps(ALL)).toEqual([]);
      expect(await store.journal.writeGap(live, entryOf(live))).toBe(false);
      await other.holders.fence(holder, null);
      await other.holders.fence(holder, null);
      const forfeits = [{ account: id, budget, scope, unit, amount: 2n ** 60n - 1n }];
      expect(await store.journal.gaps(ALL)).toEqual([{ holder, forfeits }]);
      const entry = entryOf(holder);
      const written = await Promise.all([
        store.journal.writeGap(holder, entry),
        other.journal.writeGap(holder, entry),
        store.journal.writeGap(holder, { ...entry, body: "{}" }),
      ]);
      expect(written.filter((one) => one)).toHaveLength(1);
      expect(await other.journal.gaps(ALL)).toEqual([]);
      const read = await other.journal.read({ kind: "journal.gap", take: "oldest", limit: ALL });
      expect(read).toHaveLength(1);
      await flush(store, live, []);
      await store.ledger.flush(live, {
        settlements: [],
        entries: [journalEntry(live, 1)],
        anchor: null,
      });
      const all = await other.journal.read({ take: "oldest", limit: ALL });
      expect(all.map(({ writer }) => writer)).toEqual([entry.writer, live]);
    })();
  });

  test("what is owed stays as the fence left it, whatever settles late", async () => {
    await onFreshStores(open, async ({ store }) => {
      const [one, two] = [await liveHolder(store), await liveHolder(store)];
      const [first, second] = [await openAccount(store, 100n), await openAccount(store, 100n)];
      await mustLease(store, one, first.id, 30n);
      await mustLease(store, one, second.id, 20n);
      for (const holder of [one, two]) await store.holders.fence(holder, null);
      await flush(store, one, [settlement(first.id, 30n)]);
      await store.holders.close(one);
      const owed = await store.journal.gaps(ALL);
      expect(owed.map(({ holder }) => holder)).toEqual([one, two]);
      expect(owed.map(({ forfeits }) => forfeits.map(({ amount }) => amount))).toEqual([
        [30n, 20n],
        [],
      ]);
      expect(await store.journal.gaps(1)).toEqual(owed.slice(0, 1));
      expect(await store.journal.writeGap(one, entryOf(one))).toBe(true);
      expect(await store.journal.gaps(ALL)).toEqual(owed.slice(1));
    })();
  });
}

function anchorCases(open: OpenFixture): void {
  test("anchors come back exactly, once each, page by page", async () => {
    await onFreshStores(open, async ({ store, other }) => {
      const writer = await liveHolder(store);
      const anchors = [1, 2, 3].map((no) => ({
        writer,
        no,
        at: 5000 + no,
        heads: `{"${writer}":[${no},"00"]}`,
        mac: `mac-${no}`,
      }));
      for (const anchor of [...anchors, ...anchors]) await write(store, [], anchor);
      const first = await other.journal.anchors(0, 2);
      const rest = await other.journal.anchors(first.at(-1)?.position ?? 0, 2);
      expect([...first, ...rest].map(({ position, ...anchor }) => anchor)).toEqual(anchors);
      expect(await other.journal.anchors(rest.at(-1)?.position ?? 0, 2)).toEqual([]);
    })();
  });
}
