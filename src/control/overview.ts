/** What the dashboard shows of agents beside their clutch: what they do, and what they may. */
import type { BreakerRule } from "../guards/breaker/rules.ts";
import type { Scope, Window } from "../guards/budget/budget.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { Effect } from "../guards/tool/tool.ts";
import type { AccountName, ManifestState, OverviewState } from "./overview-state.ts";
import { Problem } from "./problem.ts";
import { param, type Route, type Visit } from "./route.ts";
import { iso } from "./views.ts";

export interface OverviewAgentView {
  readonly agent: string;
  readonly team: string | null;
  readonly owner: string | null;
  readonly calls: readonly number[];
  readonly calls_minute: number;
  readonly calls_hour: number;
  readonly refused_hour: number;
  readonly failed_hour: number;
  readonly accounts: readonly AccountName[];
}

export interface OverviewView {
  readonly gateways: number;
  readonly since: string;
  readonly bar_ms: number;
  readonly agents: readonly OverviewAgentView[];
}

function overviewView({ agents, barMs, gateways, since }: OverviewState): OverviewView {
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

export interface ManifestView {
  readonly agent: string;
  readonly team: string | null;
  readonly owner: string | null;
  readonly org: string | null;
  readonly observed_until: string | null;
  readonly models: readonly string[] | null;
  readonly tools: readonly {
    readonly server: string;
    readonly tool: string;
    readonly effect: Effect;
    readonly read_only: boolean;
    readonly asks_approval: boolean;
    readonly rate_limit: { readonly requests: number; readonly per_ms: number } | null;
  }[];
  readonly blacklisted: readonly string[];
  readonly breakers: readonly {
    readonly name: string;
    readonly signal: string;
    readonly action: string;
    readonly says: string;
  }[];
  readonly budgets: readonly {
    readonly name: string;
    readonly each: Scope | null;
    readonly unit: Unit;
    readonly window: Window;
    readonly on_exhausted: "deny" | "park";
  }[];
}

function manifestView(state: ManifestState): ManifestView {
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
  const held = `for ${forMs / 1_000} s`;
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

async function overview({ context, operations }: Visit): Promise<Response> {
  return context.json(overviewView(operations.overview()));
}

async function manifest({ context, operations }: Visit): Promise<Response> {
  const agent = param(context, "agent");
  const state = operations.manifest(agent);
  if (state === null) throw new Problem("agent.unknown", `There is no agent ${agent}.`);
  return context.json(manifestView(state));
}

export const OVERVIEW_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/v1/overview", role: "viewer", answer: overview },
  { method: "GET", path: "/api/v1/agents/:agent/manifest", role: "viewer", answer: manifest },
];
