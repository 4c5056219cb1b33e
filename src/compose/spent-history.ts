/** What one account has spent when: its bars, and the totals of the windows before. */
import type { BudgetHistory, PastWindow } from "../control/operations.ts";
import type { AccountName } from "../control/overview-state.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Millis } from "../guards/money.ts";
import { type Bar, DAY_MS, HOUR_MS } from "../telemetry/spending.ts";
import { accountsOf, forecasted, spentOf } from "./budgets.ts";
import type { KnownSpending } from "./spending.ts";

/** Windows before: a month of days, or more than a year of months. */
const BEFORE_MAX = 31;

/** Null: it has no open account. */
export async function historyOf(
  { budget, scope }: AccountName,
  gateway: Gateway,
  known: KnownSpending,
): Promise<BudgetHistory | null> {
  const [account] = await accountsOf(gateway, { budget, scope });
  if (account === undefined) return null;
  const [state] = await forecasted([account], gateway, known);
  const rule = gateway.rules.configuration.budgets.find(({ name }) => name === budget);
  if (state === undefined || rule === undefined) return null;
  const spending = await known.look();
  const of = spentOf(state);
  const isDay = state.window === "day";
  const bars = within(isDay ? spending.hoursOf(of) : spending.daysOf(of), state.ends);
  const drawn = bars.reduce((sum, { spent }) => sum + spent, 0n);
  return {
    state,
    onExhausted: rule.onExhausted,
    barMs: isDay ? HOUR_MS : DAY_MS,
    bars,
    unplaced: state.spent > drawn ? state.spent - drawn : 0n,
    before: await windowsBefore(state, gateway),
  };
}

/** A call is counted in the window that it was reserved in, however late it ends. */
function within(bars: readonly Bar[], ends: Millis | null): readonly Bar[] {
  return ends === null ? bars : bars.filter(({ at }) => at < ends);
}

/** An account that is closed says exactly what its window came to. */
async function windowsBefore(
  { budget, scope, starts, unit, window }: BudgetHistory["state"],
  { store }: Gateway,
): Promise<readonly PastWindow[]> {
  const asked = { budget, scope, open: false, limit: BEFORE_MAX + 1 };
  const found = await store.ledger.accounts(asked);
  const before = found.flatMap((one) => {
    const isOne = one.unit === unit && one.window === window && one.starts < starts;
    if (!isOne || one.ends === null) return [];
    return { starts: one.starts, ends: one.ends, limit: one.limit, spent: one.spent };
  });
  return before.slice(0, BEFORE_MAX).sort((one, other) => one.starts - other.starts);
}
