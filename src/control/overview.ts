/** Agents as the dashboard's first pages show them. */
import type { BreakerRule } from "../guards/breaker/rules.ts";
import type { Millis } from "../guards/money.ts";
import type { ManifestState, OverviewState } from "./overview-state.ts";
import type { ManifestView, OverviewView } from "./schemas/overview.ts";
import { iso } from "./views.ts";

export function overviewView({ agents, barMs, gateways, since }: OverviewState): OverviewView {
  const rows = agents.map(({ accounts, agent, calls, owner, team, ...numbers }) => ({
    ...{ agent, team, owner, calls },
    calls_minute: numbers.callsMinute,
    calls_hour: numbers.callsHour,
    refused_hour: numbers.refusedHour,
    failed_hour: numbers.failedHour,
    accounts,
  }));
  return { gateways, since: iso(since), bar_ms: barMs, agents: rows };
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
    breakers: state.breakers.map((rule) => {
      return { name: rule.name, signal: rule.signal, action: rule.action, says: saysOf(rule) };
    }),
    budgets: state.budgets.map(({ each, name, onExhausted, unit, window }) => {
      return { name, each, unit, window, on_exhausted: onExhausted };
    }),
  };
}

const MINUTE_MS: Millis = 60_000;

/** What trips it, as a person says it. */
function saysOf(rule: BreakerRule): string {
  if (rule.signal === "identical_calls") {
    const alike = rule.sameResult ? " with the same result" : "";
    return `more than ${rule.above} identical calls${alike} in ${rule.windowMs / MINUTE_MS} min`;
  }
  const { above, atLeast, forMs } = rule;
  const held = `for ${forMs / 1_000}\u00a0s`;
  switch (above.kind) {
    case "value":
      return `more than ${above.perMinute} calls of a tool a minute, ${held}`;
    case "average":
      return `more than ${above.times} × the average, and ${atLeast} calls a minute, ${held}`;
    case "ewma":
      return `more than ${above.sigmas} deviations above the mean, and ${atLeast} a minute, ${held}`;
    case "median":
      return `more than ${above.mads} deviations above the median, and ${atLeast} a minute, ${held}`;
  }
}
