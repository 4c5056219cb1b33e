/** The budgets of slipclutch.yaml, and whether each has something to hold. */
import type { Budget, Scope } from "../guards/budget/budget.ts";
import { UNITS } from "../guards/budget/unit.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import { isReservedName, taskLimit } from "../guards/task/limits.ts";
import type { Issue } from "./configuration.ts";
import { issueAt, nearest } from "./issues.ts";
import type { RawBudget } from "./schema.ts";
import type { Source } from "./source.ts";
import { type CallableTool, toolBudgetProblems, toolsCalled } from "./tool-budgets.ts";

/** Scopes that a budget can be narrowed to. */
const ONLY = ["agent", "team", "org", "key", "model", "tool"] as const satisfies readonly Scope[];

/** Budgets as the guards see them. */
export function budgetsOf(raw: readonly RawBudget[], tools: readonly CallableTool[]): Budget[] {
  return raw.map((budget) => ({
    name: budget.name,
    only: onlyOf(budget, tools),
    each: budget.each ?? null,
    ...limitOf(budget),
    window: budget.window,
    onExhausted: budget.on_exhausted ?? "deny",
  }));
}

/** A tool by the one name that its accounts have; one that is none is an issue, see below. */
function onlyOf(budget: RawBudget, tools: readonly CallableTool[]): Budget["only"] {
  const named = ONLY.flatMap((scope) => {
    const value = budget[scope];
    if (value === undefined) return [];
    return [[scope, scope === "tool" ? (toolsCalled(value, tools)[0]?.full ?? value) : value]];
  });
  return Object.fromEntries(named);
}

/** What manifests say of the calls of their tasks, kept as budgets are. */
export function taskLimitsOf(agents: Iterable<Manifest>): Budget[] {
  return [...agents].flatMap(({ agent, tasks: { callsMax, toolCallsMax } }) => [
    ...(callsMax === null ? [] : [taskLimit("max_calls", agent, callsMax)]),
    ...(toolCallsMax === null ? [] : [taskLimit("max_tool_calls", agent, toolCallsMax)]),
  ]);
}

/** The schema lets exactly one through; without any nothing could be admitted. */
function limitOf(budget: RawBudget): Pick<Budget, "unit" | "limit"> {
  for (const unit of UNITS) {
    const limit = budget[`limit_${unit}`];
    if (limit !== undefined) return { unit, limit };
  }
  throw new Error(`the budget ${budget.name} has no limit`);
}

/** What budgets must not contradict. */
export interface Known {
  readonly agents: ReadonlyMap<string, Manifest>;
  /** Whether any provider serves the model under this name. */
  serves(model: string): boolean;
  readonly tools: readonly CallableTool[];
}

/** What is wrong with the budgets: a rule that matches nothing holds nothing, and says so now. */
export function budgetIssues(raw: readonly RawBudget[], source: Source, known: Known): Issue[] {
  const manifests = [...known.agents.values()];
  const names: Readonly<Record<string, ReadonlySet<string>>> = {
    agent: new Set(known.agents.keys()),
    team: new Set(manifests.flatMap(({ labels }) => labels.team ?? [])),
    org: new Set(manifests.flatMap(({ labels }) => labels.org ?? [])),
  };
  const seen = new Set<string>();
  return raw.flatMap((budget, index) => {
    const issues: Issue[] = [];
    const at = (key: string, expected: string, hint: string) =>
      issues.push(issueAt(source, ["budgets", index, key], expected, hint));

    if (seen.has(budget.name)) {
      at("name", "a name of its own", "Rename it: spending is kept by the budget's name.");
    }
    seen.add(budget.name);
    if (isReservedName(budget.name)) {
      const hint = "Rename it: limits of manifests on the calls of a task are kept by such names.";
      at("name", "a name that does not begin with limits.", hint);
    }
    if (budget.window === "task" && budget.each !== "task") {
      at("each", '"task"', "A window of one task needs `each: task`: one account for each task.");
    }
    for (const scope of ["agent", "team", "org"] as const) {
      const name = budget[scope];
      const existing = names[scope];
      if (name === undefined || existing === undefined || existing.has(name)) continue;
      at(
        scope,
        `${scope === "team" ? "a" : "an"} ${scope} that exists`,
        missing(scope, name, existing),
      );
    }
    if (budget.model !== undefined && !known.serves(budget.model)) {
      at("model", "a model that a provider serves", "Correct it, or add the model to a provider.");
    }
    for (const { expected, hint, key } of toolBudgetProblems(budget, known.tools)) {
      at(key, expected, hint);
    }
    return issues;
  });
}

function missing(scope: "agent" | "team" | "org", name: string, names: ReadonlySet<string>) {
  const near = nearest(name, names);
  const add =
    scope === "agent"
      ? `Add agents/${name}.yaml, or remove the budget.`
      : `Set labels.${scope} in a manifest, or remove the budget.`;
  return near ? `Did you mean "${near}"?` : `This budget would hold nothing. ${add}`;
}

/**
 * Whether whatever this agent asks for draws on some budget of money: a limit on tokens or calls is
 * none on what they cost. One for a single key does not count:
 * the agent may get another key. Those for single models count only if they are all its models, and
 * not for tools: what these cost is of no model. Those of tools never count: models cost too.
 */
export function isCapped(manifest: Manifest, budgets: readonly Budget[]): boolean {
  const own = budgets.filter((budget) => drawsOn(budget, manifest));
  const whole = own.filter(({ only }) => only.model === undefined);
  if (manifest.tools.allowed.some(({ commitment, cost }) => (cost ?? commitment) !== null)) {
    return whole.some(({ each }) => each !== "model");
  }
  if (whole.length > 0) return true;
  const capped = new Set(own.map(({ only }) => only.model));
  return manifest.models !== null && [...manifest.models.keys()].every((id) => capped.has(id));
}

function drawsOn({ only, each, unit }: Budget, { agent, labels }: Manifest): boolean {
  return (
    unit === "usd" &&
    only.key === undefined &&
    only.tool === undefined &&
    each !== "tool" &&
    (only.agent === undefined || only.agent === agent) &&
    (only.team === undefined || only.team === labels.team) &&
    (only.org === undefined || only.org === labels.org) &&
    hasAccount(each, labels)
  );
}

/** A budget for each team holds nothing for an agent that has none. */
function hasAccount(each: Scope | null, labels: Manifest["labels"]): boolean {
  if (each === "team") return labels.team !== null;
  return each !== "org" || labels.org !== null;
}
