/** Budgets of one tool: which tool they mean, and whether its calls draw on them at all. */
import type { Manifest } from "../guards/manifest/manifest.ts";
import { fullName } from "../guards/tool/names.ts";
import type { ToolServerSettings } from "./configuration.ts";
import type { RawBudget } from "./schema.ts";

const LISTED_MAX = 20;

/** A tool that some agent may call here. */
export interface CallableTool {
  readonly tool: string;
  /** With its server's name before it: what its accounts are called. */
  readonly full: string;
  /** For some agent it has a price. */
  readonly hasCost: boolean;
}

/** What is wrong with a field of a budget. */
export interface BudgetProblem {
  readonly key: "tool" | "each" | "model" | "limit_tokens" | "limit_usd";
  readonly expected: string;
  readonly hint: string;
}

/** Those whose calls come by here, each once. */
export function callableTools(
  agents: Iterable<Manifest>,
  servers: ReadonlyMap<string, ToolServerSettings>,
): readonly CallableTool[] {
  const tools = new Map<string, CallableTool>();
  for (const { tools: grants } of agents) {
    for (const granted of grants.allowed) {
      const server = servers.get(granted.server);
      if (server?.kind === "agent" && !server.asks) continue;
      const full = fullName(granted);
      const hasCost = granted.cost !== null || tools.get(full)?.hasCost === true;
      tools.set(full, { tool: granted.tool, full, hasCost });
    }
  }
  return [...tools.values()];
}

/** What a budget calls it, with the server's name or without. */
export function toolsCalled(name: string, tools: readonly CallableTool[]): readonly CallableTool[] {
  const exact = tools.filter(({ full }) => full === name);
  return exact.length > 0 ? exact : tools.filter(({ tool }) => tool === name);
}

/** A budget of a tool that no call would draw on holds nothing, and is told. */
export function toolBudgetProblems(
  { each, limit_tokens, limit_usd, model, tool }: RawBudget,
  tools: readonly CallableTool[],
): readonly BudgetProblem[] {
  const problems: BudgetProblem[] = [];
  const isOfTools = tool !== undefined || each === "tool";
  const isOfModels = model !== undefined || each === "model";
  if (isOfTools && isOfModels) {
    const hint = "No call is one of a model and of a tool: make two budgets.";
    const key = each === "tool" || each === "model" ? "each" : "model";
    problems.push({ key, expected: "a tool or a model, not both", hint });
  }
  if (isOfTools && limit_tokens !== undefined) {
    const hint = "Calls of tools take no tokens: use limit_usd or limit_calls.";
    problems.push({ key: "limit_tokens", expected: "limit_usd or limit_calls", hint });
  }
  if (tool === undefined) return problems;
  const [meant, another] = toolsCalled(tool, tools);
  if (meant === undefined || another !== undefined) {
    problems.push({ key: "tool", ...unclear(tool, tools) });
  } else if (limit_usd !== undefined && !meant.hasCost) {
    const hint = "The tool costs nothing: add its cost to a manifest, or use limit_calls.";
    problems.push({ key: "limit_usd", expected: "limit_calls, or a tool with a cost", hint });
  }
  return problems;
}

function unclear(name: string, tools: readonly CallableTool[]): Omit<BudgetProblem, "key"> {
  const several = toolsCalled(name, tools).map(({ full }) => full);
  if (several.length > 0) {
    const hint = `Several servers have it: write one of ${several.slice(0, LISTED_MAX).join(", ")}.`;
    return { expected: "one tool, with its server's name before it", hint };
  }
  const known = tools.map(({ full }) => full).slice(0, LISTED_MAX);
  const hint = known.length === 0 ? "No agent has any." : `There are: ${known.join(", ")}.`;
  return { expected: "a tool that an agent may call here", hint };
}
