import { expect, test } from "vitest";
import type { Event } from "../../../src/guards/events.ts";
import { ACCOUNTS_MAX, DAY_MS, HOUR_MS, Spending } from "../../../src/telemetry/spending.ts";
import { settled } from "./rows.ts";

type Settled = Extract<Event, { kind: "call.settled" }>;

const NOW = Date.UTC(2026, 10, 17, 3, 11);
const TODAY = Date.UTC(2026, 10, 17);
const ACCOUNT = { budget: "monthly", scope: "support", unit: "usd", window: 0 } as const;
/** Of one call. */
const SPENT = 400_000n;

function call(agent = "support"): Settled {
  const event = settled(1, agent);
  if (event.kind !== "call.settled") throw new Error("it is settled");
  return event;
}

test("calls are added up by hours, by days and by agent, in whatever order they come", () => {
  const spending = new Spending(() => true);
  for (const at of [NOW, NOW - 25 * HOUR_MS, NOW - 60_000, NOW - 4 * DAY_MS]) {
    spending.add(call(), at, NOW);
  }
  expect(spending.hoursOf(ACCOUNT)).toEqual([
    { at: TODAY - DAY_MS + 2 * HOUR_MS, spent: SPENT },
    { at: TODAY + 3 * HOUR_MS, spent: 2n * SPENT },
  ]);
  expect(spending.daysOf(ACCOUNT)).toEqual([
    { at: TODAY - 4 * DAY_MS, spent: SPENT },
    { at: TODAY - DAY_MS, spent: SPENT },
    { at: TODAY, spent: 2n * SPENT },
  ]);
  expect(spending.todayOf("support", NOW)).toBe(2n * SPENT);
  expect(spending.todayOf("support", NOW + DAY_MS)).toBe(0n);
  expect(spending.todayOf("billing", NOW)).toBe(0n);
});

test("what is of no current window is not added up, and one that is over is forgotten", () => {
  const current = new Set(["monthly"]);
  const spending = new Spending(({ budget }) => current.has(budget));
  spending.add(call(), NOW, NOW);
  expect(spending.hoursOf({ ...ACCOUNT, budget: "each-task", scope: "t" })).toEqual([]);
  current.clear();
  spending.turn(NOW + 60_000);
  expect(spending.hoursOf(ACCOUNT)).toHaveLength(1);
  spending.turn(NOW + HOUR_MS);
  expect(spending.hoursOf(ACCOUNT)).toEqual([]);
});

test("hours are kept for two days, and days for a month", () => {
  const spending = new Spending(() => true);
  spending.add(call(), NOW, NOW);
  spending.turn(NOW + 3 * DAY_MS);
  expect(spending.hoursOf(ACCOUNT)).toEqual([]);
  expect(spending.daysOf(ACCOUNT)).toHaveLength(1);
  spending.turn(NOW + 34 * DAY_MS);
  expect(spending.daysOf(ACCOUNT)).toEqual([]);
});

test("an account too many is not added up, and is said not to be known", () => {
  const spending = new Spending(() => true);
  for (let no = 0; no <= ACCOUNTS_MAX / 2; no += 1) {
    const legs = ["one", "two"].map((scope) => {
      return { ...ACCOUNT, scope: `${scope}-${no}`, reserved: 1, charged: 1 };
    });
    spending.add({ ...call(), legs }, NOW, NOW);
  }
  const last = { ...ACCOUNT, scope: `two-${ACCOUNTS_MAX / 2}` };
  expect(spending.knows({ ...ACCOUNT, scope: "one-0" })).toBe(true);
  expect(spending.knows(last)).toBe(false);
  expect(spending.hoursOf(last)).toEqual([]);
});
