/** What `slipclutch top` shows: what needs a person first, then who runs, then money. */
import type { AgentView, BudgetView, ReviewRowView, StatusView } from "../control/client.ts";
import { amountOf } from "../guards/budget/unit.ts";
import type { Counts } from "./last-minute.ts";
import { type Column, clean, renderTable, type Style, type TableOutput } from "./paint.ts";

interface TopRow extends Counts {
  readonly agent: AgentView;
}

export interface Snapshot {
  readonly status: StatusView;
  readonly agents: readonly TopRow[];
  readonly budgets: readonly BudgetView[];
  readonly reviews: readonly ReviewRowView[];
}

/** A screen has few lines; the commands of each have the rest. */
const AGENTS_MAX = 20;
const BUDGETS_MAX = 10;
const REVIEWS_MAX = 5;
const BAR_COLUMNS = 20;
const NEARLY = 0.8;

export function renderTop(now: Snapshot, output: TableOutput): string {
  return [
    headOf(now, output),
    reviewsOf(now, output),
    agentsOf(now, output),
    budgetsOf(now, output),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function headOf({ status }: Snapshot, { columns, paint }: TableOutput): string {
  const because = status.because ?? "it is not ready";
  const state = status.ready ? paint("green", "ready") : paint("red", clean(because));
  const more = `, ${status.store.gateways} gateways, ${status.calls_in_flight} calls in flight`;
  return `Slipclutch is ${state}${columns < NARROW ? "" : more}\n`;
}

/** Below this only what matters most has room. */
const NARROW = 60;

function reviewsOf({ reviews }: Snapshot, { columns, paint }: TableOutput): string {
  const lines = reviews.slice(0, REVIEWS_MAX).map(({ agent, id, kind, parked, reason }) => {
    const text = clean(`${kind} ${agent}, ${parked} parked: ${reason} (${id})`);
    return `${paint("red", cut(text, columns))}\n`;
  });
  const more = reviews.length - REVIEWS_MAX;
  if (more > 0) lines.push(`and ${more} more: slipclutch reviews\n`);
  return lines.join("");
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

const STYLES: Readonly<Record<TopRow["agent"]["clutch"], Style | null>> = {
  engaged: null,
  disengaged: "red",
  probing: "yellow",
};

const AGENT_COLUMNS: readonly Column<TopRow>[] = [
  { title: "agent", text: ({ agent }) => agent.agent },
  {
    title: "clutch",
    text: ({ agent }) => agent.clutch,
    style: ({ agent }) => STYLES[agent.clutch],
  },
  { title: "calls/min", text: ({ calls }) => String(calls), align: "right" },
];
const AGENT_MORE: readonly Column<TopRow>[] = [
  { title: "refused", text: ({ refused }) => String(refused), align: "right" },
  {
    title: "failed",
    text: ({ failed }) => String(failed),
    align: "right",
    style: ({ failed }) => (failed > 0 ? "yellow" : null),
  },
  { title: "held", text: ({ agent }) => String(agent.held), align: "right" },
];

/** Those that stand still first; the rest stay where they are. */
function agentsOf({ agents }: Snapshot, output: TableOutput): string {
  const stopped = agents.filter(({ agent }) => agent.clutch !== "engaged");
  const running = agents.filter(({ agent }) => agent.clutch === "engaged");
  const rows = [...stopped, ...running];
  const columns = output.columns < NARROW ? AGENT_COLUMNS : [...AGENT_COLUMNS, ...AGENT_MORE];
  const text = renderTable(rows.slice(0, AGENTS_MAX), columns, output);
  const more = rows.length - AGENTS_MAX;
  return more > 0 ? `${text}and ${more} more: slipclutch agents\n` : text;
}

type Budget = Snapshot["budgets"][number];

function shareOf(budget: Budget): number {
  const limit = Number(amountOf(budget, "limit"));
  return limit === 0 ? 1 : (limit - Number(amountOf(budget, "remaining"))) / limit;
}

function styleOf(budget: Budget): Style | null {
  const share = shareOf(budget);
  return share >= 1 ? "red" : share >= NEARLY ? "yellow" : null;
}

function barOf(budget: Budget): string {
  const full = Math.min(BAR_COLUMNS, Math.max(0, Math.floor(shareOf(budget) * BAR_COLUMNS)));
  return "█".repeat(full) + "░".repeat(BAR_COLUMNS - full);
}

const BUDGET_COLUMNS: readonly Column<Budget>[] = [
  { title: "budget", text: ({ name, scope }) => (scope === "" ? name : `${name} ${scope}`) },
  {
    title: "used",
    text: (budget) => `${Math.floor(shareOf(budget) * 100)} %`,
    align: "right",
    style: styleOf,
  },
];
const BUDGET_MORE: readonly Column<Budget>[] = [
  { title: "", text: barOf, style: styleOf },
  { title: "left", text: (budget) => amountOf(budget, "remaining"), align: "right" },
  { title: "of", text: (budget) => amountOf(budget, "limit"), align: "right" },
  { title: "", text: ({ unit }) => unit },
];

/** The fullest first: which cap is passed next is what is asked. */
function budgetsOf({ budgets }: Snapshot, output: TableOutput): string {
  if (budgets.length === 0) return "";
  const rows = budgets.toSorted((a, b) => shareOf(b) - shareOf(a)).slice(0, BUDGETS_MAX);
  const columns = output.columns < NARROW ? BUDGET_COLUMNS : [...BUDGET_COLUMNS, ...BUDGET_MORE];
  const text = renderTable(rows, columns, output);
  const more = budgets.length - BUDGETS_MAX;
  return more > 0 ? `${text}and ${more} more: slipclutch budgets\n` : text;
}
