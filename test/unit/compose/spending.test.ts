/** What was spent when, read from the journal of a store piece by piece. */
import { expect, test } from "vitest";
import { memoryData, memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { KnownSpending, NEW_MAX } from "../../../src/compose/spending.ts";
import type { Budget } from "../../../src/guards/budget/budget.ts";
import type { JournalQuery } from "../../../src/ports/store.ts";
import { textOf } from "../../../src/telemetry/entry-text.ts";
import { holderInfo, journalEntry } from "../../../src/testing/store-conformance/kit.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { settled } from "../telemetry/rows.ts";

const HOUR = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 10, 17);
const NOW = MIDNIGHT + 12 * HOUR;
/** Of one call. */
const SPENT = 400_000n;
/** One look reads so many entries of before. */
const BEFORE = 10_000;

const MONTHLY: Budget = {
  ...{ name: "monthly", only: {}, each: "agent", unit: "usd", limit: 1n, window: "lifetime" },
  onExhausted: "deny",
};
const ACCOUNT = { budget: "monthly", scope: "support", unit: "usd", window: 0 } as const;

async function scene() {
  const clock = testClock(NOW);
  const store = memoryStore({ clock, data: memoryData() });
  const holder = holderInfo();
  await store.holders.register(holder);
  let no = 0;
  const write = async (count: number, at: number, text?: string) => {
    const entries = Array.from({ length: count }, () => {
      no += 1;
      const body = text ?? textOf(settled(no));
      return journalEntry(holder.id, no, { at, agent: "support", decision: `dec_${no}`, body });
    });
    await store.ledger.flush(holder.id, { settlements: [], entries, anchor: null });
  };
  let [read, fails] = [0, false];
  const known = new KnownSpending({
    journal: {
      read: async (query: JournalQuery) => {
        if (fails) throw new Error("the store is away");
        const entries = await store.journal.read(query);
        read += entries.length;
        return entries;
      },
    },
    flush: async () => {},
    now: () => clock.wall(),
    budgets: () => [MONTHLY, { ...MONTHLY, name: "each-task", each: "task", window: "task" }],
  });
  const readBy = async (look: () => Promise<unknown>) => {
    read = 0;
    await look();
    return read;
  };
  const sum = async () => {
    const bars = (await known.look()).daysOf(ACCOUNT);
    return bars.reduce((all, { spent }) => all + spent, 0n);
  };
  return { known, write, sum, readBy, fail: (does: boolean) => (fails = does) };
}

test("all of a short journal is known at once, and each look reads only what is new", async () => {
  const { known, readBy, sum, write } = await scene();
  await write(600, NOW - 30 * HOUR);
  await write(100, NOW - HOUR);
  expect(await sum()).toBe(700n * SPENT);
  expect(known.hasAllSince(0)).toBe(true);
  await write(3, NOW);
  expect(await readBy(sum)).toBeLessThan(10);
  expect(await sum()).toBe(703n * SPENT);
  expect((await known.look()).todayOf("support", NOW)).toBe(103n * SPENT);
});

test("an empty journal is known whole", async () => {
  const { known, sum, write } = await scene();
  expect(await sum()).toBe(0n);
  expect(known.hasAllSince(0)).toBe(true);
  await write(1, NOW);
  expect(await sum()).toBe(SPENT);
});

test("of a long one each look reads a piece more, and says how far back it is known", async () => {
  const { known, readBy, sum, write } = await scene();
  await write(BEFORE, NOW - 50 * HOUR);
  await write(BEFORE, NOW - 30 * HOUR);
  await write(200, NOW - HOUR);
  expect(await readBy(sum)).toBeLessThan(BEFORE + 10);
  expect(known.hasAllSince(MIDNIGHT)).toBe(true);
  expect(known.hasAllSince(NOW - 30 * HOUR)).toBe(false);
  expect(await readBy(sum)).toBeLessThan(BEFORE + 10);
  expect(known.hasAllSince(NOW - 49 * HOUR)).toBe(true);
  expect(known.hasAllSince(NOW - 50 * HOUR)).toBe(false);
  expect(await sum()).toBe(BigInt(2 * BEFORE + 200) * SPENT);
  expect(known.hasAllSince(0)).toBe(true);
});

test("who has not looked for long begins anew with the newest", async () => {
  const { known, readBy, sum, write } = await scene();
  await write(10, NOW - 3 * HOUR);
  await known.look();
  await write(NEW_MAX + 1, NOW - HOUR);
  expect(await readBy(() => known.look())).toBeLessThan(BEFORE + 10);
  expect(known.hasAllSince(NOW - 2 * HOUR)).toBe(false);
  await known.look();
  expect(await sum()).toBe(BigInt(NEW_MAX + 11) * SPENT);
  expect(known.hasAllSince(0)).toBe(true);
});

test("a look that fails counts nothing twice, and the next one goes on", async () => {
  const { fail, known, sum, write } = await scene();
  await write(5, NOW);
  fail(true);
  await expect(known.look()).rejects.toThrow("the store is away");
  fail(false);
  const both = await Promise.all([sum(), sum()]);
  expect(both).toEqual([5n * SPENT, 5n * SPENT]);
});

test.each(["{", "{}"])(
  "an entry that is damaged (%s) stops no look, and not all is known",
  async (text) => {
    const { known, sum, write } = await scene();
    await write(2, NOW);
    await write(1, NOW, text);
    await write(2, NOW);
    expect(await sum()).toBe(4n * SPENT);
    expect(known.hasAllSince(NOW)).toBe(false);
  },
);

test("accounts of tasks are not added up", async () => {
  const { known, write } = await scene();
  await write(2, NOW);
  const spending = await known.look();
  expect(spending.hoursOf({ ...ACCOUNT, budget: "each-task", scope: "t" })).toEqual([]);
});
