import { describe, expect, test } from "vitest";
import { MERGED_MAX } from "../../ports/counters.ts";
import type { CounterTotal, HolderId, Share, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, freshId, liveHolder, type Stores, sharedStores } from "./kit.ts";

/** Counts of tool calls over all gateways. */
export function counterConformance(open: OpenFixture): void {
  describe("counters", () => {
    const stores = sharedStores(open);
    mergeCases(stores);
    shareCases(stores);
    meetCases(stores);
    pruneCases(stores);
    raceCases(stores);
  });
}

const BUCKET = 1_700_000_000_000;
const ROUNDS = 60;

function counted(total: number, changes: Partial<CounterTotal> = {}): CounterTotal {
  return {
    ...{
      agent: fresh("agent"),
      server: "tickets",
      tool: "update",
      what: "calls",
      bucket: BUCKET,
      total,
    },
    ...changes,
  };
}

async function merged(
  store: Store,
  holder: HolderId,
  ...[totals, after]: [readonly CounterTotal[], number]
) {
  const answer = await store.counters.merge(holder, totals, after);
  if (answer.kind !== "ok") throw new Error(`${holder} is fenced`);
  return answer;
}

/** The number of the last change. */
async function headOf(store: Store, holder: HolderId): Promise<number> {
  let seq = 0;
  for (let isMore = true; isMore; ) ({ isMore, seq } = await merged(store, holder, [], seq));
  return seq;
}

function mergeCases(stores: () => Stores): void {
  test("sums are over all holders, gone ones too", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const seq = await headOf(store, one);
    const mine = counted(3);
    const theirs = { ...mine, total: 5 };
    await merged(store, one, [mine], seq);
    await other.holders.fence(one, null);
    const { sums } = await merged(other, two, [theirs], seq);
    expect(sums).toEqual([{ ...mine, total: 8 }]);
  });

  test("totals are set, never lowered, and a repeated message changes nothing", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const seq = await headOf(store, holder);
    const at = counted(4);
    const first = await merged(store, holder, [at], seq);
    expect(first.seq).toBeGreaterThan(seq);
    for (const total of [4, 2, 0]) {
      const again = await merged(other, holder, [{ ...at, total }], seq);
      expect(again).toEqual(first);
    }
    const none = counted(0);
    expect(await merged(store, holder, [none], first.seq)).toEqual({ ...first, sums: [] });
    const more = await merged(store, holder, [{ ...at, total: 6 }], first.seq);
    expect(more.sums).toEqual([{ ...at, total: 6 }]);
  });

  test("only buckets that changed since are answered, whoever changed them", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const seq = await headOf(store, one);
    const [first, second] = [counted(1), counted(2)];
    const before = await merged(store, one, [first, second], seq);
    const byTotal = (a: CounterTotal, b: CounterTotal): number => a.total - b.total;
    expect([...before.sums].sort(byTotal)).toEqual([first, second]);
    expect((await merged(store, one, [], before.seq)).sums).toEqual([]);
    await merged(other, two, [{ ...second, total: 7 }], before.seq);
    const after = await merged(store, one, [], before.seq);
    expect(after.sums).toEqual([{ ...second, total: 9 }]);
    expect((await merged(store, one, [], after.seq)).sums).toEqual([]);
    expect((await merged(other, two, [], before.seq)).sums).toEqual(after.sums);
  });

  test("of very many it answers some, says that there are more, and misses none", async () => {
    const { store, other } = stores();
    const [writer, reader] = [await liveHolder(store), await liveHolder(other)];
    let seq = await headOf(other, reader);
    const at = counted(1);
    const all = Array.from({ length: 2 * MERGED_MAX + 10 }, (_, no) => ({ ...at, tool: `t${no}` }));
    for (let from = 0; from < all.length; from += MERGED_MAX / 4) {
      await merged(store, writer, all.slice(from, from + MERGED_MAX / 4), Number.MAX_SAFE_INTEGER);
    }
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let isMore = true; isMore; ) {
      const answer = await merged(other, reader, [], seq);
      ({ isMore, seq } = answer);
      const own = answer.sums.filter(({ agent }) => agent === at.agent);
      sizes.push(own.length);
      seen.push(...own.map(({ tool }) => tool));
    }
    expect(seen.sort()).toEqual(all.map(({ tool }) => tool).sort());
    expect(Math.max(...sizes)).toBeLessThan(MERGED_MAX * 1.5);
    expect((await merged(other, reader, [], seq)).sums).toEqual([]);
  });

  test("agents, servers, tools, what is counted and buckets are counted apart", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const seq = await headOf(store, holder);
    const at = counted(1);
    const others = [
      { ...at, agent: fresh("agent"), total: 2 },
      { ...at, server: "other", total: 3 },
      { ...at, tool: "other", total: 4 },
      { ...at, bucket: BUCKET + 10_000, total: 5 },
      { ...at, what: "errors", total: 6 },
    ];
    const { sums } = await merged(store, holder, [at, ...others], seq);
    expect([...sums].sort((one, two) => one.total - two.total)).toEqual([at, ...others]);
  });

  test("a holder that is not live counts nothing", async () => {
    const { store } = stores();
    const [fenced, live] = [await liveHolder(store), await liveHolder(store)];
    const seq = await headOf(store, live);
    await store.holders.fence(fenced, null);
    for (const holder of [fenced, freshId()]) {
      expect(await store.counters.merge(holder, [counted(1)], 0)).toEqual({ kind: "fenced" });
    }
    expect(await merged(store, live, [], seq)).toEqual({
      kind: "ok",
      sums: [],
      seq,
      isMore: false,
    });
  });
}

function shared(value: number, changes: Partial<Share> = {}): Share {
  return { agent: fresh("agent"), key: "call x", kind: "r", value, at: BUCKET, ...changes };
}

async function sharedBy(
  store: Store,
  holder: HolderId,
  ...[shares, after]: [readonly Share[], number]
) {
  const answer = await store.counters.share(holder, shares, after);
  if (answer.kind !== "ok") throw new Error(`${holder} is fenced`);
  return answer;
}

function shareCases(stores: () => Stores): void {
  test("a share stands in place of the last, for others to see", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const { seq } = await sharedBy(store, two, [], 0);
    const first = shared(7);
    await sharedBy(store, one, [first], seq);
    const seen = await sharedBy(other, two, [], seq);
    expect(seen.others).toEqual([{ ...first, holder: one }]);
    expect((await sharedBy(other, two, [], seen.seq)).others).toEqual([]);
    const less = { ...first, kind: "q", value: 1, at: BUCKET + 5 };
    await sharedBy(store, one, [less], seq);
    expect((await sharedBy(other, two, [], seen.seq)).others).toEqual([{ ...less, holder: one }]);
    // One's own are not told: whoever sent them knows them.
    expect((await sharedBy(store, one, [], seq)).others).toEqual([]);
  });

  test("a holder that is not live shares nothing", async () => {
    const { store } = stores();
    const [fenced, live] = [await liveHolder(store), await liveHolder(store)];
    const { seq } = await sharedBy(store, live, [], 0);
    await store.holders.fence(fenced, null);
    for (const holder of [fenced, freshId()]) {
      expect(await store.counters.share(holder, [shared(1)], 0)).toEqual({ kind: "fenced" });
    }
    expect(await sharedBy(store, live, [], seq)).toEqual({ kind: "ok", others: [], seq });
  });

  test("an old one is forgotten", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(store)];
    const { seq } = await sharedBy(store, two, [], 0);
    const [old, young] = [shared(1, { at: BUCKET - 1 }), shared(2)];
    await sharedBy(store, one, [old, young], seq);
    await other.counters.pruneShares(BUCKET);
    expect((await sharedBy(store, two, [], seq)).others).toEqual([{ ...young, holder: one }]);
  });
}

function meetCases(stores: () => Stores): void {
  test("a tool is new once, and it is said how many its agent knew before", async () => {
    const { store, other } = stores();
    const [a, b] = [fresh("agent"), fresh("agent")];
    const [echo, ping] = [
      { server: "desk", tool: "echo" },
      { server: "desk", tool: "ping" },
    ];
    const first = [
      { agent: a, ...echo },
      { agent: b, ...echo },
      { agent: a, ...ping },
    ];
    const found = await store.counters.meet(first, BUCKET);
    expect(
      [...found].sort(
        (one, two) =>
          first.findIndex((tool) => tool.agent === one.agent && tool.tool === one.tool) -
          first.findIndex((tool) => tool.agent === two.agent && tool.tool === two.tool),
      ),
    ).toEqual([
      { agent: a, ...echo, known: 0 },
      { agent: b, ...echo, known: 0 },
      { agent: a, ...ping, known: 1 },
    ]);
    expect(await other.counters.meet(first, BUCKET + 1)).toEqual([]);
    const elsewhere = { agent: a, server: "other", tool: "echo" };
    expect(await other.counters.meet([elsewhere, elsewhere], BUCKET)).toEqual([
      { ...elsewhere, known: 2 },
    ]);
    expect(await store.counters.meet([], BUCKET)).toEqual([]);
  });

  test("of gateways that meet tools at once each is new to one", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const tools = Array.from({ length: 20 }, (_, no) => ({ agent, server: "s", tool: `t${no}` }));
    const meetings = tools.flatMap((tool) => [
      store.counters.meet([tool], BUCKET),
      other.counters.meet([tool], BUCKET),
    ]);
    const found = (await Promise.all(meetings)).flat();
    expect(found.map(({ tool }) => tool).sort()).toEqual(tools.map(({ tool }) => tool).sort());
    expect(found.map(({ known }) => known).sort((x, y) => x - y)).toEqual(tools.map((_, no) => no));
  });
}

function pruneCases(stores: () => Stores): void {
  test("buckets that began before are forgotten, and numbers go on", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const seq = await headOf(store, holder);
    const old = counted(1, { bucket: BUCKET - 10_000 });
    const kept = { ...old, bucket: BUCKET, total: 2 };
    const spared = { ...old, what: "errors", total: 3 };
    const before = await merged(store, holder, [old, kept, spared], seq);
    await other.counters.prune(["calls", "ended"], BUCKET);
    const after = await merged(store, holder, [], seq);
    const byTotal = (a: CounterTotal, b: CounterTotal): number => a.total - b.total;
    expect([...after.sums].sort(byTotal)).toEqual([kept, spared]);
    expect(after.seq).toBe(before.seq);
    await other.counters.prune(["calls"], BUCKET + 1);
    const next = await merged(store, holder, [counted(1)], before.seq);
    expect(next.seq).toBeGreaterThan(before.seq);
    expect(next.sums).toHaveLength(1);
  });
}

function raceCases(stores: () => Stores): void {
  test("who asks with the last number it was answered misses nothing", async () => {
    const { store, other } = stores();
    const writers = [await liveHolder(store), await liveHolder(other), await liveHolder(other)];
    const reader = await liveHolder(store);
    let seq = await headOf(store, reader);
    const at = counted(0);
    const seen = new Map<number, number>();
    const read = async (): Promise<void> => {
      const answer = await merged(store, reader, [], seq);
      seq = answer.seq;
      for (const sum of answer.sums) if (sum.agent === at.agent) seen.set(sum.bucket, sum.total);
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      // A bucket is written in one round alone: no later change mends what was missed.
      const total = { ...at, bucket: BUCKET + round, total: round };
      const writing = writers.map((holder, index) =>
        merged(index % 2 ? store : other, holder, [total], Number.MAX_SAFE_INTEGER),
      );
      await Promise.all([...writing, read(), read(), read()]);
    }
    await read();
    const rounds = Array.from({ length: ROUNDS }, (_, index) => index + 1);
    expect(rounds.map((round) => seen.get(BUCKET + round))).toEqual(
      rounds.map((round) => round * writers.length),
    );
  });
}
