/** Rate limits that can never be what stops a tool. */
import type { Budget } from "../../guards/budget/budget.ts";
import type { GrantedTool } from "../../guards/tool/tool.ts";
import type { Path } from "../source.ts";
import { coveringBudgets } from "./diff-budgets.ts";
import type { Tool } from "./granted-tools.ts";
import type { Told } from "./lint-rules.ts";
import type { Reading } from "./reading.ts";

const DAY_MS = 86_400_000;
/** The shortest that a window of each kind can be. */
const SHORTEST_MS: Readonly<Record<Budget["window"], number>> = {
  task: 0,
  day: DAY_MS,
  month: 28 * DAY_MS,
  lifetime: Number.POSITIVE_INFINITY,
};

export function neverBinds({ granted }: Tool, at: Path, reading: Reading): readonly Told[] {
  const { rateLimit } = granted;
  if (rateLimit === null) return [];
  const agent = agentOf(granted, reading);
  const covering = agent === null ? new Set<string>() : coveringBudgets(reading, agent);
  const first = reading.configuration.budgets.find(
    (budget) => covering.has(budget.name) && stopsBefore(budget, granted),
  );
  if (first === undefined) return [];
  const says = `${first.name} lets fewer calls through than ${rateLimit.requests} in that time`;
  const hint = "Lower rate_limit.requests to a number that a runaway would pass, or leave it out.";
  return [{ rule: "rate-limit.never-binds", path: [...at, "rate_limit"], says, hint }];
}

/** A window of the rate limit touches at most so many of the budget's, each with its own limit. */
function stopsBefore(budget: Budget, { cost, rateLimit }: GrantedTool): boolean {
  // Others of its keys, tasks or models have accounts of their own.
  const { each, limit, only, unit, window } = budget;
  const isOne = only.key === undefined && only.model === undefined && (each ?? "agent") !== "model";
  if (rateLimit === null || !isOne || each === "task" || each === "key") return false;
  const calls = callsOf(unit, limit, cost);
  if (calls === null || SHORTEST_MS[window] === 0) return false;
  const windows = 1 + Math.ceil(rateLimit.perMs / SHORTEST_MS[window]);
  return calls * (window === "lifetime" ? 1 : windows) < rateLimit.requests;
}

/** Calls of this tool that the budget lets through at most; null: it does not count them. */
function callsOf(unit: Budget["unit"], limit: bigint, cost: GrantedTool["cost"]): number | null {
  if (unit === "calls") return Number(limit);
  if (unit !== "usd" || cost === null || cost.quantity !== null || cost.nanoUsd === 0) return null;
  return Math.floor(Number(limit) / cost.nanoUsd);
}

function agentOf(granted: GrantedTool, { configuration }: Reading): string | null {
  const manifests = [...configuration.agents.values()];
  return manifests.find(({ tools }) => tools.allowed.includes(granted))?.agent ?? null;
}
