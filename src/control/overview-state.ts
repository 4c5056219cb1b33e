/** What the gateway says of its agents for the dashboard: what they do, and what they may. */
import type { Closest } from "../guards/breaker/closest.ts";
import type { Scope, Window } from "../guards/budget/budget.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { Effect } from "../guards/tool/tool.ts";

/** One agent as its first page shows it. */
export interface OverviewAgent {
  readonly agent: string;
  readonly team: string | null;
  readonly owner: string | null;
  /** Calls in each bar of the last hour, the oldest first. */
  readonly calls: readonly number[];
  readonly callsMinute: number;
  readonly callsHour: number;
  readonly refusedHour: number;
  readonly failedHour: number;
  /** By its calls, at all gateways; null: not all of today's are known yet. */
  readonly spentToday: bigint | null;
  /** Null: nothing that a breaker watches has a line yet. */
  readonly closest: Closest | null;
  /** Budgets that all its calls draw on, with the scope of its account. */
  readonly accounts: readonly AccountName[];
}

export interface AccountName {
  readonly budget: string;
  readonly scope: string;
}

export interface OverviewState {
  /** Gateways of the store: the numbers are those of the one that is asked. */
  readonly gateways: number;
  /** It counts since it started. */
  readonly since: Millis;
  /** The midnight since which it is today. */
  readonly today: Millis;
  readonly barMs: Millis;
  readonly agents: readonly OverviewAgent[];
}

/** What an agent's manifest gives it. */
export interface ManifestState {
  readonly agent: string;
  readonly team: string | null;
  readonly owner: string | null;
  readonly org: string | null;
  /** Until when it is only observed; null: it is enforced. */
  readonly observedUntil: Millis | null;
  /** Null: any model that has a price. */
  readonly models: readonly string[] | null;
  readonly tools: readonly ToolState[];
  readonly blacklisted: readonly string[];
  readonly budgets: readonly BudgetRule[];
}

export interface ToolState {
  readonly server: string;
  readonly tool: string;
  readonly effect: Effect;
  readonly readOnly: boolean;
  readonly asksApproval: boolean;
  readonly rateLimit: { readonly requests: number; readonly perMs: Millis } | null;
}

export interface BudgetRule {
  readonly name: string;
  readonly each: Scope | null;
  readonly unit: Unit;
  readonly window: Window;
  readonly onExhausted: "deny" | "park";
}
