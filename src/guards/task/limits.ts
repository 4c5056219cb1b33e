/**
 * How many calls a task may make, as its agent's manifest says it. The calls are counted as those
 * of a budget are, so that the limit is exact over all gateways and crashes: in accounts of a name
 * that no budget of a person has.
 */
import type { Budget } from "../budget/budget.ts";
import type { Purse } from "../budget/slice.ts";
import { type Denial, deny } from "../verdict.ts";

/** Of all calls, and of those of tools alone. */
const LIMITS = ["max_calls", "max_tool_calls"] as const;
type TaskLimit = (typeof LIMITS)[number];

const PREFIX = "limits.";

/** No budget of a person may be called so. */
export function isReservedName(budget: string): boolean {
  return budget.startsWith(PREFIX);
}

/** One account for each task of the agent. */
export function taskLimit(limit: TaskLimit, agent: string, most: number): Budget {
  return {
    name: `${PREFIX}${limit} of ${agent}`,
    only: { agent },
    each: "task",
    unit: "calls",
    limit: BigInt(most),
    window: "task",
    onExhausted: "deny",
  };
}

/** Null: it is a budget. */
export function taskLimitOf(budget: string): TaskLimit | null {
  if (!isReservedName(budget)) return null;
  return LIMITS.find((limit) => budget.startsWith(`${PREFIX}${limit} of `)) ?? null;
}

/** What a call is refused with that its task has no room for; null: the account is a budget's. */
export function refuseBeyond({ budget, scope, seen }: Purse): Denial | null {
  const limit = taskLimitOf(budget);
  if (limit === null || seen === null) return null;
  const task = scope.slice(scope.indexOf("/") + 1);
  const used = Number(seen.spent + seen.forfeited);
  return deny("task.exhausted", { limit, task, max: Number(seen.limit), used });
}
