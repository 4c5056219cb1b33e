/** Every read that the rules need for one call: its task, where it goes, what it draws on. */
import { horizonCost } from "../guards/commitment/terms.ts";
import { admit, admitTool } from "../guards/decide.ts";
import type { Target, TaskFacts } from "../guards/facts.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import { taskLimitOf } from "../guards/task/limits.ts";
import { drawsOn, reserveOf } from "../guards/tool/cost.ts";
import { callsInside } from "../guards/tool/inner.ts";
import { fullName } from "../guards/tool/names.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import type { AccountSpec } from "../ports/store.ts";
import type { Account } from "./account.ts";
import type { Call, Gathered, ModelCall, ToolCall } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import { toldBytes } from "./messages.ts";
import { approvalOf } from "./parking/approval.ts";
import type { Route } from "./ruleset.ts";
import { type Lineage, taskKey } from "./tasks.ts";
import { offeredPin } from "./tools/pins.ts";

/** Mostly all of it is known here: then there is nothing to wait for, and no promise is made. */
export async function gather(call: Call, gateway: Gateway): Promise<Gathered | Denial> {
  const { manifest, taskName } = call.incoming;
  const known = gateway.tasks.lineage(manifest, taskName);
  const lineage = known instanceof Promise ? await known : known;
  if (isDenial(lineage)) return lineage;
  const task = taskFacts(taskName.id, lineage, manifest, gateway);
  if (call.kind === "tool") return gatherTool(call, { lineage, task }, gateway);
  const drawn = accountsOf(call, lineage, gateway);
  const accounts = drawn instanceof Promise ? await drawn : drawn;
  return { ask: asksModel(call, task, gateway), accounts, lease: nothingToLease };
}

interface OfTask {
  readonly lineage: Lineage;
  readonly task: TaskFacts;
}

function asksModel(call: ModelCall, task: OfTask["task"], gateway: Gateway): Gathered["ask"] {
  const { incoming, read, route, told } = call;
  const target = route === null ? null : targetOf(route, gateway);
  const { manifest } = incoming;
  const clutch = gateway.clutches.of(manifest.agent);
  const letGo = call.turn !== null;
  const facts = {
    ask: read.ask,
    manifest,
    task,
    clutch,
    letGo,
    target,
    toldBytes: toldBytes(told),
  };
  return (states) => admit(facts, states);
}

/** A model call has no rate limit. */
async function nothingToLease(): Promise<void> {}

async function gatherTool(
  call: ToolCall,
  { lineage, task }: OfTask,
  gateway: Gateway,
): Promise<Gathered | Denial> {
  const { ask, incoming, resolved } = call;
  const granted = typeof resolved === "string" ? null : resolved;
  const reserve = reserveOf(granted?.cost ?? null, ask.arguments);
  if (reserve === null) return deny("manifest.arguments", { wrong: "a cost beyond all counting" });
  // A name that is granted to nobody is refused, whatever is left.
  const accounts = typeof resolved === "string" ? [] : await accountsOf(call, lineage, gateway);
  const { manifest } = incoming;
  const approved = await approvalOf(call, gateway);
  // Only of a tool whose calls go on costing: others are decided on what is known here.
  const commitments = granted?.commitment ? await placesOf(granted, call, gateway) : null;
  const clutch = gateway.clutches.of(manifest.agent);
  const facts = {
    ...{ approved, ask, clutch, letGo: call.turn !== null, manifest, resolved, task, commitments },
    reserve: reserve + horizonCost(granted?.commitment ?? null),
    grants: manifest.tools,
    offered: await offeredPin(resolved, incoming.rules, gateway),
  };
  const pools = gateway.rates.poolsOf(incoming.tenure, manifest.agent, resolved);
  return {
    ask: (states) => {
      const held = gateway.rates.stateOf(pools);
      const decision = admitTool({ ...facts, ...held.facts }, { ...states, ...held.states });
      // Taken in the same stretch in which the money is: nothing else can take it in between.
      if (decision.verdict.kind === "allow") gateway.rates.keep(pools, decision.states);
      return decision;
    },
    accounts,
    lease: () => gateway.rates.lease(incoming.tenure, pools),
  };
}

function accountsOf(
  call: Call,
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
  const drawn = call.kind === "tool" ? ofTool(call, specs) : specs.filter(isOfModels);
  return gateway.cashier.accountsFor(tenure, drawn);
}

/** The tool that is called, and those whose calls stand inside: budgets of each are drawn on. */
function toolsOf({ ask, incoming, resolved }: ToolCall): readonly string[] {
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

function ofTool({ resolved }: ToolCall, specs: readonly AccountSpec[]): readonly AccountSpec[] {
  const granted = typeof resolved === "string" ? null : resolved;
  return specs.filter(({ unit }) => drawsOn(unit, granted));
}

async function placesOf({ server, tool }: GrantedTool, { incoming }: ToolCall, gateway: Gateway) {
  const { agent } = incoming.manifest;
  return { active: await gateway.store.commitments.count({ agent, server, tool }) };
}

/** A task ends with any of those it was opened under, and is as old as the oldest of them. */
function taskFacts(id: string, lineage: Lineage, manifest: Manifest, gateway: Gateway): TaskFacts {
  const openedAt = Math.min(...lineage.map((task) => task.openedAt));
  return {
    id,
    ended: lineage.some((task) => task.endedAt !== null),
    ageMs: gateway.holding.storeNow() - openedAt,
    durationMaxMs: manifest.tasks.durationMaxMs,
  };
}

function targetOf(route: Route, gateway: Gateway): Target {
  const { model, price, provider } = route;
  const { rules } = provider;
  return {
    rules,
    model,
    price,
    overbillsOutput: gateway.flags.has(rules.name, model, "output"),
    overbillsInput: gateway.flags.has(rules.name, model, "input"),
  };
}
