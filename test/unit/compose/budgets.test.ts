/** What accounts will come to and what they came to before, from a store that knows some windows. */
import { expect, test } from "vitest";
import { memoryData, memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { budgetsOf } from "../../../src/compose/budgets.ts";
import { KnownSpending } from "../../../src/compose/spending.ts";
import { historyOf } from "../../../src/compose/spent-history.ts";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import type { Budget } from "../../../src/guards/budget/budget.ts";
import type { Commitments } from "../../../src/ports/store.ts";
import { textOf } from "../../../src/telemetry/entry-text.ts";
import {
  accountSpec,
  holderInfo,
  journalEntry,
  mustLease,
  settlement,
} from "../../../src/testing/store-conformance/kit.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { settled } from "../telemetry/rows.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TODAY = Date.UTC(2026, 10, 17);
const NOVEMBER = Date.UTC(2026, 10, 1);
const DECEMBER = Date.UTC(2026, 11, 1);
const NOW = TODAY + 12 * HOUR;
const LIMIT = 1_000n;

const DAILY: Budget = {
  ...{ name: "daily", only: {}, each: "agent", unit: "usd", limit: LIMIT, window: "day" },
  onExhausted: "park",
};
const MONTHLY: Budget = { ...DAILY, name: "monthly", window: "month" };

interface Spent {
  readonly budget: Budget;
  readonly starts: number;
  readonly ends: number;
  readonly amount: bigint;
}

/** Each was spent at once, at `at`, or else in the middle of its window. */
async function scene(windows: readonly (Spent & { readonly at?: number })[]) {
  const clock = testClock(NOW);
  const store = memoryStore({ clock, data: memoryData() });
  const holder = holderInfo();
  await store.holders.register(holder);
  let no = 0;
  const ids: number[] = [];
  for (const { amount, at, budget, ends, starts } of windows) {
    no += 1;
    const named = { budget: budget.name, scope: "support", window: budget.window };
    const [account] = await store.ledger.open([accountSpec(LIMIT, { ...named, starts, ends })]);
    if (account === undefined) throw new Error("it was opened");
    ids.push(account.id);
    await mustLease(store, holder.id, account.id, amount);
    const leg = { budget: budget.name, scope: "support", unit: "usd", window: starts } as const;
    const call = settled(no);
    if (call.kind !== "call.settled") throw new Error("it is settled");
    const legs = [{ ...leg, reserved: Number(amount), charged: Number(amount) }];
    const body = textOf({ ...call, legs });
    const when = at ?? (starts + ends) / 2;
    const entry = journalEntry(holder.id, no, { at: when, agent: "support", body });
    const settlements = [settlement(account.id, amount)];
    await store.ledger.flush(holder.id, { settlements, entries: [entry], anchor: null });
  }
  const budgets = [DAILY, MONTHLY];
  const known = new KnownSpending({
    ...{ journal: store.journal, flush: async () => {}, now: () => clock.wall() },
    budgets: () => budgets,
  });
  const gateway = {
    ...{ clock, store, flusher: { flush: async () => {} }, rules: { configuration: { budgets } } },
    holding: { tenure: { allAccounts: () => [] }, former: [] },
  };
  return { known, ids, gateway };
}

/** `as`: what is read of a gateway here. */
const asGateway = (parts: object): Gateway => parts as unknown as Gateway;

const dayOf = (back: number, amount: bigint): Spent => {
  const starts = TODAY - back * DAY;
  return { budget: DAILY, starts, ends: starts + DAY, amount };
};

test("the windows before are told by what their accounts came to, oldest first", async () => {
  const { gateway, known } = await scene([dayOf(2, 70n), dayOf(1, 80n), dayOf(0, 9n)]);
  const history = await historyOf({ budget: "daily", scope: "support" }, asGateway(gateway), known);
  expect(history).toMatchObject({
    ...{ barMs: HOUR, unplaced: 0n, onExhausted: "park" },
    bars: [{ at: NOW, spent: 9n }],
    before: [
      { starts: TODAY - 2 * DAY, ends: TODAY - DAY, limit: LIMIT, spent: 70n },
      { starts: TODAY - DAY, ends: TODAY, limit: LIMIT, spent: 80n },
    ],
  });
});

test("what the journal does not show is in no bar, and is said to be in none", async () => {
  const { gateway, known } = await scene([dayOf(0, 9n)]);
  const nothing = new KnownSpending({
    ...{ journal: { read: async () => [] }, flush: async () => {}, now: () => NOW },
    budgets: () => [DAILY],
  });
  const name = { budget: "daily", scope: "support" };
  const history = await historyOf(name, asGateway(gateway), nothing);
  expect(history).toMatchObject({ bars: [], unplaced: 9n });
  expect(await historyOf({ ...name, scope: "nobody" }, asGateway(gateway), known)).toBeNull();
});

const month = (amount: bigint): Spent => {
  return { budget: MONTHLY, starts: NOVEMBER, ends: DECEMBER, amount };
};

test("a month goes on as its last day did, with the commitments that draw on it", async () => {
  const { gateway, ids, known } = await scene([{ ...month(46n), at: NOW - 2 * HOUR }]);
  const [forecast] = await budgetsOf(asGateway(gateway), known);
  // 46 in 23 hours: from the full hour 23 hours ago.
  const left = BigInt((DECEMBER - NOW) / HOUR);
  expect(forecast?.forecast).toMatchObject({ by: "last-day", spent: 46n + 2n * left });
  const running = [{ nanoUsdPerHour: 3n, holds: [{ account: ids[0], held: 5n }] }];
  const list = async () => ({ commitments: running }) as unknown as Commitments;
  const accounts = async (...asked: Parameters<typeof gateway.store.ledger.accounts>) => {
    const found = await gateway.store.ledger.accounts(...asked);
    return found.map((account) => ({ ...account, committed: 5n }));
  };
  const { store } = gateway;
  const ledger = { ...store.ledger, accounts };
  const more = { ...gateway, store: { ...store, ledger, commitments: { list } } };
  const [committed] = await budgetsOf(asGateway(more), known);
  expect(committed?.forecast).toMatchObject({ by: "last-day", spent: 46n + 5n * left });
});

test("a month goes on as it did so far, as long as not all of its last day is known", async () => {
  const { gateway } = await scene([{ ...month(33n), at: NOW - 2 * HOUR }]);
  const unread = new KnownSpending({
    ...{ flush: async () => {}, now: () => NOW, budgets: () => [MONTHLY] },
    // As if older entries had been thrown away.
    journal: { read: async () => [entryAt(9)] },
  });
  const [one] = await budgetsOf(asGateway(gateway), unread);
  expect(one?.forecast).toMatchObject({ by: "window", spent: 60n });
});

const entryAt = (position: number) => {
  const body = textOf(settled(position));
  return { ...journalEntry("w", position, { at: NOW - 60_000, body }), position };
};
