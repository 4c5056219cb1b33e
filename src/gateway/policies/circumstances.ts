/** What policies are told beside the call itself: whose it is, and how its agent stands. */
import { formatAmount } from "../../guards/budget/unit.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import type { Millis } from "../../guards/money.ts";
import type {
  BudgetInput,
  LabelsInput,
  MetricInput,
  PolicyInput,
} from "../../guards/policy/input.ts";
import type { ToolId } from "../../guards/tool/tool.ts";
import { type Account, remainingOf } from "../account.ts";
import type { Asker } from "../draws.ts";
import type { Gateway } from "../gateway.ts";
import { standingsOf } from "../signals/look.ts";
import type { Lineage } from "../tasks.ts";

const MS_PER_SECOND = 1_000;

/** What was found out about a call before any policy is asked. */
export interface Known {
  readonly incoming: Asker;
  readonly lineage: Lineage;
  readonly accounts: readonly Account[];
}

export type Circumstances = Omit<PolicyInput, "call" | "resource" | "commits">;

/** `tool`: that which is called; null: a model is. */
export function circumstancesOf(
  { accounts, incoming, lineage }: Known,
  tool: ToolId | null,
  now: Millis,
  gateway: Gateway,
): Circumstances {
  const { manifest } = incoming;
  const { agent, labels } = manifest;
  const [task] = lineage;
  return {
    version: 1,
    agent_id: agent,
    task: {
      id: task.id,
      parent: task.parent,
      age_seconds: Math.max(0, now - task.openedAt) / MS_PER_SECOND,
      calls: gateway.signals.taskCalls.of(agent, task.id, now),
    },
    budgets: accounts.map(budgetOf),
    metrics: metricsOf(agent, task.id, tool, gateway),
    time: new Date(now).toISOString(),
    labels: labelsInput(labels),
  };
}

export function labelsInput({ org, owner, team }: Manifest["labels"]): LabelsInput {
  return {
    ...(team !== null && { team }),
    ...(org !== null && { org }),
    ...(owner !== null && { owner }),
  };
}

function budgetOf(account: Account): BudgetInput {
  const { budget: name, unit } = account.purse;
  const amount = (value: bigint) => Number(formatAmount(unit, value));
  return {
    name,
    unit,
    limit: amount(account.view.limit),
    remaining: amount(remainingOf(account)),
    window_ends_at: account.ends === null ? null : new Date(account.ends).toISOString(),
  };
}

function metricsOf(
  agent: string,
  task: string,
  tool: ToolId | null,
  gateway: Gateway,
): Readonly<Record<string, MetricInput>> {
  const { holding, rules, signals } = gateway;
  const now = holding.storeNow();
  const subjects = [
    { agent, server: "", tool: "" },
    ...(tool === null ? [] : [{ agent, ...tool }]),
  ];
  const counted = subjects.flatMap((subject) => signals.counts.find(subject) ?? []);
  const metrics: Record<string, MetricInput> = {};
  for (const { drawn, held, value } of counted.flatMap((one) => standingsOf(one, gateway, now))) {
    const { name, signal } = held.rule;
    metrics[name] = { signal, value, line: drawn?.at ?? null };
  }
  for (const { line, rule, tokens } of signals.tasks.of(
    agent,
    task,
    rules.breakersOf(agent),
    now,
  )) {
    metrics[rule] = { signal: "tokens_per_task", value: tokens, line: finite(line) };
  }
  return metrics;
}

/** A line that nothing draws yet is infinitely far. */
function finite(line: number): number | null {
  return Number.isFinite(line) ? line : null;
}
