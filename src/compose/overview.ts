/** What the dashboard asks of agents, from the rules in force and what this gateway has counted. */

import type { Operations } from "../control/operations.ts";
import type {
  AccountName,
  ManifestState,
  OverviewAgent,
  OverviewState,
  ToolState,
} from "../control/overview-state.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { closestOfAll } from "../gateway/signals/closest.ts";
import { lookAt } from "../gateway/signals/look.ts";
import type { Budget } from "../guards/budget/budget.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import { BAR_MS } from "../telemetry/activity.ts";
import { DAY_MS, floorOf } from "../telemetry/spending.ts";
import { agentsOf } from "./clutches.ts";
import type { KnownSpending } from "./spending.ts";

/** What can be asked of agents. */
export function agentOperations(
  gateway: Gateway,
  since: Millis,
  known: KnownSpending,
): Pick<Operations, "agents" | "overview" | "manifest" | "signals"> {
  return {
    agents: () => agentsOf(gateway),
    overview: () => overviewOf(gateway, since, known),
    manifest: (agent) => manifestOf(agent, gateway),
    signals: (agent) => (gateway.rules.manifest(agent) === null ? null : lookAt(agent, gateway)),
  };
}

async function overviewOf(
  gateway: Gateway,
  since: Millis,
  known: KnownSpending,
): Promise<OverviewState> {
  const spending = await known.look();
  const { activity, cashier, clock, rules } = gateway;
  const now = clock.wall();
  const today = floorOf(now, DAY_MS);
  const knowsToday = known.hasAllSince(today);
  const { agents, budgets } = rules.configuration;
  const closest = closestOfAll(agents.keys(), gateway);
  const rows = [...agents.values()].map((manifest): OverviewAgent => {
    const { agent, labels } = manifest;
    return {
      ...activity.of(agent, now),
      ...{ team: labels.team, owner: labels.owner },
      spentToday: knowsToday ? spending.todayOf(agent, now) : null,
      closest: closest.get(agent) ?? null,
      accounts: budgets.flatMap((budget) => accountOf(budget, manifest)),
    };
  });
  return { gateways: cashier.holders, since, today, barMs: BAR_MS, agents: rows };
}

/** What a whole agent has in common with a scope; null: its calls differ in it. */
function labelOf(scope: string, { agent, labels }: Manifest): string | null {
  if (scope === "agent") return agent;
  if (scope === "team") return labels.team;
  return scope === "org" ? labels.org : null;
}

/** The account that all calls of the agent draw on; none where it depends on the call. */
function accountOf(budget: Budget, manifest: Manifest): readonly AccountName[] {
  const only = Object.entries(budget.only);
  if (only.some(([scope, value]) => labelOf(scope, manifest) !== value)) return [];
  const scope = budget.each === null ? "" : labelOf(budget.each, manifest);
  return scope === null ? [] : [{ budget: budget.name, scope }];
}

/** Whether some of the agent's calls may draw on it. */
function mayDrawOn({ only }: Budget, manifest: Manifest): boolean {
  return Object.entries(only).every(([scope, value]) => {
    const own = labelOf(scope, manifest);
    return own === null ? !["agent", "team", "org"].includes(scope) : own === value;
  });
}

/** Null: there is no such agent. */
function manifestOf(agent: string, gateway: Gateway): ManifestState | null {
  const { agents, budgets } = gateway.rules.configuration;
  const manifest = agents.get(agent);
  if (manifest === undefined) return null;
  const { labels, models, observe, tools } = manifest;
  return {
    agent,
    ...{ team: labels.team, owner: labels.owner, org: labels.org },
    observedUntil: manifest.observing ? (observe?.until ?? null) : null,
    models: models === null ? null : [...models.keys()],
    tools: tools.allowed.filter(({ isGranted }) => isGranted).map(toolOf),
    blacklisted: [...tools.blacklisted],
    budgets: budgets.filter((budget) => mayDrawOn(budget, manifest)),
  };
}

function toolOf({ approval, effect, rateLimit, readOnly, server, tool }: GrantedTool): ToolState {
  return { server, tool, effect, readOnly, asksApproval: approval !== "never", rateLimit };
}
