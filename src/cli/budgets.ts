/** `slipclutch budgets`: what every budget has left. */
import type { BudgetView } from "../control/client.ts";
import { amountOf } from "../guards/budget/unit.ts";
import { amountColumn, unitColumn } from "./amounts.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, paintFor, renderTable, type Style } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

/** Shares of a limit from which on it is coloured. */
const NEARLY = 0.8;
const OVER = 1;
/** Of an ISO time, what says the minute. */
const MINUTES = "2026-11-19T00:00".length;

function share(budget: BudgetView): number {
  const limit = Number(amountOf(budget, "limit"));
  const used = limit - Number(amountOf(budget, "remaining"));
  return limit === 0 ? 1 : used / limit;
}

function style(budget: BudgetView): Style | null {
  const used = share(budget);
  return used >= OVER ? "red" : used >= NEARLY ? "yellow" : null;
}

/** With when it passes the limit, in the place of what it comes to then. */
function forecastText({ forecast, passes_at, unit }: BudgetView): string {
  if (forecast === null) return "–";
  if (passes_at !== null) return `over ${passes_at.slice(0, MINUTES)}Z`;
  const fields: Readonly<Record<string, unknown>> = { ...forecast };
  const spent = Number(fields[`spent_${unit}`]);
  // An estimate has no more places than a person has use for.
  return String(Math.ceil(spent * 100) / 100);
}

/** Forfeits and reservations are rare to look at: shown only where there are some. */
function columnsFor(budgets: readonly BudgetView[]): Column<BudgetView>[] {
  const some = ({ text }: Column<BudgetView>) => budgets.some((row) => text(row) !== "0");
  const optional = (["reserved", "leased", "forfeited", "committed"] as const)
    .map((name): Column<BudgetView> => amountColumn(budgets, name))
    .filter(some);
  return [
    { title: "budget", text: (row) => row.name },
    { title: "scope", text: (row) => row.scope || "–" },
    ...unitColumn(budgets),
    amountColumn(budgets, "limit"),
    amountColumn(budgets, "spent"),
    ...optional,
    { ...amountColumn(budgets, "remaining"), style },
    { title: "used", text: (row) => `${Math.floor(share(row) * 100)}%`, align: "right", style },
    {
      title: "forecast",
      text: forecastText,
      align: "right",
      style: ({ passes_at }) => (passes_at === null ? null : "yellow"),
    },
    { title: "until", text: (row) => row.window_ends_at ?? "–" },
  ];
}

export async function showBudgets(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const budgets = await client.budgets();
  if (options.json) {
    shell.out.write(`${JSON.stringify(budgets)}\n`);
    return EXIT.ok;
  }
  if (budgets.length === 0) {
    shell.out.write("No budget has been drawn on yet.\n");
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  shell.out.write(renderTable(budgets, columnsFor(budgets), output));
  return EXIT.ok;
}
