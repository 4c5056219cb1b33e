/** Budgets in words, and their amounts by name whatever their unit is. */
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { OverviewAgentView } from "../../src/control/schemas/overview.ts";
import { nanoOf } from "./money.ts";
import { day, duration } from "./time.ts";

type Amount = "limit" | "spent" | "reserved" | "leased" | "forfeited" | "committed" | "remaining";

/** The exact text: `limit_usd` of a budget of money, `limit_tokens` of one of tokens. */
export function amountOf(budget: BudgetView, name: Amount): string {
  const fields: Readonly<Record<string, unknown>> = { ...budget };
  return String(fields[`${name}_${budget.unit}`]);
}

/** What keeps two accounts of one budget apart. */
export function accountOf({ name, scope, unit }: BudgetView): string {
  return JSON.stringify([name, scope, unit]);
}

/** When it begins anew. */
export function resets({ scope, window_ends_at: at }: BudgetView, now: number): string {
  // Accounts of tasks are those of an agent and its task.
  if (at === null) return scope.includes("/") ? "for the whole task" : "never resets";
  return `resets ${day(at, now)}, in ${duration(Date.parse(at) - now)}`;
}

/** The part of the cap that is used or set aside, 0 to 1 and above: what is nearest comes first. */
export function closeness(budget: BudgetView): number {
  const [left, limit] = [nanoOf(amountOf(budget, "remaining")), nanoOf(amountOf(budget, "limit"))];
  if (left === null || limit === null || limit === 0n) return 1;
  return 1 - Number((left * 10_000n) / limit) / 10_000;
}

/** Of each agent the budget that it is nearest to using up, of those that all its calls draw on. */
export function tightestOf(
  agents: readonly OverviewAgentView[],
  budgets: readonly BudgetView[],
): ReadonlyMap<string, BudgetView> {
  const accounts = new Map(budgets.map((one) => [JSON.stringify([one.name, one.scope]), one]));
  const found = new Map<string, BudgetView>();
  for (const { accounts: names, agent } of agents) {
    const own = names.flatMap(({ budget, scope }) => {
      const account = accounts.get(JSON.stringify([budget, scope]));
      return account === undefined ? [] : [account];
    });
    const [tightest] = own.toSorted((one, other) => closeness(other) - closeness(one));
    if (tightest !== undefined) found.set(agent, tightest);
  }
  return found;
}
