/** Budgets as people see them: what is used and set aside, and what it will come to. */
import type { BudgetAccount, BudgetState } from "../control/operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { type Course, forecastOf, LOOKED_AT_MS } from "../guards/budget/forecast.ts";
import { hopeOf, roomOf } from "../guards/budget/slice.ts";
import { HOLDING } from "../guards/commitment/commitment.ts";
import type { Millis } from "../guards/money.ts";
import type { AccountFilter, AccountId, AccountState } from "../ports/store.ts";
import { floorOf, HOUR_MS, type Spending, type SpentOf } from "../telemetry/spending.ts";
import type { KnownSpending } from "./spending.ts";

/**
 * Accounts shown at once: newest first, so that a million old tasks do not hide today's budgets.
 */
const ACCOUNTS_MAX = 1_000;
/** Commitments whose cost a forecast has. */
const COMMITMENTS_MAX = 1_000;

/** With its place in the store, by which commitments name it. */
type Placed = BudgetAccount & { readonly id: AccountId };

/** Every open account that calls can draw on, with what it will have spent. */
export async function budgetsOf(
  gateway: Gateway,
  known: KnownSpending,
): Promise<readonly BudgetState[]> {
  return forecasted(await accountsOf(gateway), gateway, known);
}

/**
 * As the store and this process know them together. One of a budget, a unit or a kind of window
 * that is no longer configured refuses and admits nothing.
 */
export async function accountsOf(
  { flusher, holding, rules, store }: Gateway,
  which: Omit<AccountFilter, "limit"> = {},
): Promise<readonly Placed[]> {
  await flusher.flush(holding.tenure);
  const inForce = new Map(rules.configuration.budgets.map((one) => [one.name, one]));
  const found = await store.ledger.accounts({ open: true, ...which, limit: ACCOUNTS_MAX });
  const reserved = new Map<number, number>();
  for (const tenure of [holding.tenure, ...holding.former]) {
    for (const { id, purse } of tenure.allAccounts()) {
      reserved.set(id, (reserved.get(id) ?? 0) + purse.slice.reserved);
    }
  }
  return found.flatMap((account) => {
    const now = inForce.get(account.budget);
    if (now?.unit !== account.unit || now.window !== account.window) return [];
    return placed(account, BigInt(reserved.get(account.id) ?? 0), now.each === "task");
  });
}

function placed(account: AccountState, reserved: bigint, perTask: boolean): Placed {
  const { leased } = account;
  // What others lease may come back, so only what is reserved here is taken off.
  const remaining = leased < reserved ? roomOf(account) : hopeOf(account) - reserved;
  return { ...account, perTask, reserved, remaining };
}

export async function forecasted(
  accounts: readonly Placed[],
  gateway: Gateway,
  known: KnownSpending,
): Promise<readonly BudgetState[]> {
  const spending = await known.look();
  const running = await runningOn(accounts, gateway);
  const now = gateway.clock.wall();
  return accounts.map((account): BudgetState => {
    const recent = recentOf(account, { spending, known, now });
    const course: Course = { ...account, recent, perHour: running.get(account.id) ?? 0n };
    return { ...account, forecast: forecastOf(course, now) };
  });
}

interface Look {
  readonly spending: Spending;
  readonly known: KnownSpending;
  readonly now: Millis;
}

/** What calls spent in the last day; null: not all of it is known. */
function recentOf(account: BudgetAccount, { known, now, spending }: Look): Course["recent"] {
  const since = floorOf(now, HOUR_MS) - LOOKED_AT_MS + HOUR_MS;
  const of = spentOf(account);
  if (account.perTask || !known.hasAllSince(since) || !spending.knows(of)) return null;
  const bars = spending.hoursOf(of).filter(({ at }) => at >= since);
  return { since, spent: bars.reduce((sum, { spent }) => sum + spent, 0n) };
}

/** How its calls name it. */
export function spentOf({ budget, scope, starts, unit }: BudgetAccount): SpentOf {
  return { budget, scope, unit, window: starts };
}

/** What commitments that draw on each of them cost an hour. */
async function runningOn(
  accounts: readonly Placed[],
  { store }: Gateway,
): Promise<ReadonlyMap<AccountId, bigint>> {
  const perHour = new Map<AccountId, bigint>();
  if (!accounts.some(({ committed }) => committed > 0n)) return perHour;
  const asked = { states: HOLDING, limit: COMMITMENTS_MAX };
  for (const { holds, nanoUsdPerHour } of (await store.commitments.list(asked)).commitments) {
    for (const { account } of holds) {
      perHour.set(account, (perHour.get(account) ?? 0n) + nanoUsdPerHour);
    }
  }
  return perHour;
}
