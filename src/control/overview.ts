/** Agents as the dashboard's first pages show them. */
import { formatUsd } from "../guards/money.ts";
import type { ManifestState, OverviewState } from "./overview-state.ts";
import type { ManifestView, OverviewView } from "./schemas/overview.ts";
import { iso } from "./views.ts";

export function overviewView({
  agents,
  barMs,
  gateways,
  since,
  today,
}: OverviewState): OverviewView {
  const rows = agents.map(({ accounts, agent, calls, owner, team, ...numbers }) => ({
    ...{ agent, team, owner, calls },
    calls_minute: numbers.callsMinute,
    calls_hour: numbers.callsHour,
    refused_hour: numbers.refusedHour,
    failed_hour: numbers.failedHour,
    spent_today_usd: numbers.spentToday === null ? null : formatUsd(numbers.spentToday),
    closest_breaker: numbers.closest,
    accounts,
  }));
  return { gateways, since: iso(since), today: iso(today), bar_ms: barMs, agents: rows };
}

export function manifestView(state: ManifestState): ManifestView {
  const { agent, blacklisted, models, org, owner, team } = state;
  return {
    ...{ agent, team, owner, org, models, blacklisted },
    observed_until: state.observedUntil === null ? null : iso(state.observedUntil),
    tools: state.tools.map(({ asksApproval, effect, rateLimit, readOnly, server, tool }) => ({
      ...{ server, tool, effect, read_only: readOnly, asks_approval: asksApproval },
      rate_limit:
        rateLimit === null ? null : { requests: rateLimit.requests, per_ms: rateLimit.perMs },
    })),
    budgets: state.budgets.map(({ each, name, onExhausted, unit, window }) => {
      return { name, each, unit, window, on_exhausted: onExhausted };
    }),
  };
}
