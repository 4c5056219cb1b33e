/** Which budgets a call draws on, and the accounts of them that are in force. */
import { taskLimitOf } from "../guards/task/limits.ts";
import { drawsOn } from "../guards/tool/cost.ts";
import { callsInside } from "../guards/tool/inner.ts";
import { fullName } from "../guards/tool/names.ts";
import type { Resolved, ToolAsk } from "../guards/tool/tool.ts";
import type { AccountSpec } from "../ports/store.ts";
import type { Account } from "./account.ts";
import type { Caller, ModelCall } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import { type Lineage, taskKey } from "./tasks.ts";

/** What of whoever asks says what a call draws on, and by which policies it is decided. */
export interface Asker extends Pick<Caller, "manifest" | "rules" | "taskName" | "tenure"> {
  readonly key: Pick<Caller["key"], "id">;
  /** Absent: nothing is decided, only looked at. */
  readonly decision?: string;
}

export type Drawing =
  | { readonly kind: "model"; readonly incoming: Asker; readonly read: ModelCall["read"] }
  | {
      readonly kind: "tool";
      readonly incoming: Asker;
      readonly ask: ToolAsk;
      readonly resolved: Resolved;
    }
  /** Of no call: the agent and its task alone. */
  | { readonly kind: "agent"; readonly incoming: Asker };

export function accountsOf(
  call: Drawing,
  lineage: Lineage,
  gateway: Gateway,
): readonly Account[] | Promise<readonly Account[]> {
  const { key, manifest, rules, tenure } = call.incoming;
  const { labels } = manifest;
  const belongs = {
    org: labels.org,
    team: labels.team,
    agent: manifest.agent,
    key: key.id,
    model: call.kind === "model" ? call.read.ask.model : null,
  };
  const scopes = lineage.map((task) => taskKey(task.agent, task.id));
  const now = gateway.holding.storeNow();
  const tools = call.kind === "tool" ? toolsOf(call) : [null];
  const specs = eachOnce(tools.map((tool) => rules.accountsOf({ ...belongs, tool }, scopes, now)));
  return gateway.cashier.accountsFor(tenure, drawnBy(call, specs));
}

function drawnBy(call: Drawing, specs: readonly AccountSpec[]): readonly AccountSpec[] {
  switch (call.kind) {
    case "tool":
      return ofTool(call, specs);
    case "model":
      return specs.filter(isOfModels);
    case "agent":
      return specs;
  }
}

type OfTool = Extract<Drawing, { readonly kind: "tool" }>;

/** The tool that is called, and those whose calls stand inside: budgets of each are drawn on. */
function toolsOf({ ask, incoming, resolved }: OfTool): readonly string[] {
  const { manifest } = incoming;
  const inside = callsInside({ ask, manifest, resolved, grants: manifest.tools, offered: null });
  // One that cannot be made out is refused by its guard.
  const calls = "kind" in inside ? [] : inside;
  return [ask, ...calls.map((call) => call.ask)].map(fullName);
}

function eachOnce(lists: readonly AccountSpec[][]): readonly AccountSpec[] {
  const [only = [], ...others] = lists;
  if (others.length === 0) return only;
  const all = lists
    .flat()
    .map((spec) => [JSON.stringify([spec.budget, spec.scope]), spec] as const);
  return [...new Map(all).values()];
}

function isOfModels({ budget }: AccountSpec): boolean {
  return taskLimitOf(budget) !== "max_tool_calls";
}

function ofTool({ resolved }: OfTool, specs: readonly AccountSpec[]): readonly AccountSpec[] {
  const granted = typeof resolved === "string" ? null : resolved;
  return specs.filter(({ unit }) => drawsOn(unit, granted));
}
