/** Budgets in words, and their amounts by name whatever their unit is. */
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { OverviewAgentView } from "../../src/control/schemas/overview.ts";
import { nanoOf } from "./money.ts";
import { clock, day, duration } from "./time.ts";

type Amount = "limit" | "spent" | "reserved" | "leased" | "forfeited" | "committed" | "remaining";

/** The exact text: `limit_usd` of a budget of money, `limit_tokens` of one of tokens. */
export function amountOf(budget: BudgetView, name: Amount): string {
  return amountIn(budget.unit, budget, name);
}

/** The same of whatever has amounts in that unit. */
export function amountIn(unit: string, row: object, name: string): string {
  const fields: Readonly<Record<string, unknown>> = { ...row };
  return String(fields[`${name}_${unit}`]);
}

/** What keeps two accounts of one budget apart. */
export function accountOf({ name, scope, unit }: BudgetView): string {
  return JSON.stringify([name, scope, unit]);
}

const SPANS = { day: "a day", month: "a month", lifetime: "for ever", task: "a task" } as const;

/** Whose it is, and for how long: `support, a month`. */
export function spanOf({ scope, unit, window }: BudgetView): string {
  const whose = scope === "" ? "one account" : scope;
  return [whose, SPANS[window], ...(unit === "usd" ? [] : [unit])].join(", ");
}

/** What will have been spent when the window ends, exact; null: nobody can say. */
export function forecastOf({ forecast, unit }: BudgetView): string | null {
  return forecast === null ? null : amountIn(unit, forecast, "spent");
}

/** When the forecast reaches the cap: `over on 19 Nov`, `over at 17:40 UTC`. */
export function passing(passesAt: string, now: number): string {
  const today = passesAt.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return today ? `over at ${clock(passesAt).slice(0, 5)} UTC` : `over on ${day(passesAt, now)}`;
}

/** What is passed before it resets: the soonest first. */
export function passersOf(budgets: readonly BudgetView[]): readonly BudgetView[] {
  const at = ({ passes_at: passes }: BudgetView) => Date.parse(passes ?? "");
  const passers = budgets.filter(({ passes_at: passes }) => passes !== null);
  return passers.toSorted((one, other) => at(one) - at(other));
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
