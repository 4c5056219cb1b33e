/** Every read that the rules need for one call: its task, where it goes, what it draws on. */
import { horizonCost } from "../guards/commitment/terms.ts";
import { admit, admitTool } from "../guards/decide.ts";
import type { Target, TaskFacts } from "../guards/facts.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import { reserveOf } from "../guards/tool/cost.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import type { Call, Gathered, ModelCall, ToolCall } from "./call.ts";
import { accountsOf } from "./draws.ts";
import type { Gateway } from "./gateway.ts";
import { toldBytes } from "./messages.ts";
import { approvalOf } from "./parking/approval.ts";
import { policiesOnModel, policiesOnTool } from "./policies/ask.ts";
import type { Route } from "./ruleset.ts";
import type { Lineage } from "./tasks.ts";
import { offeredPin } from "./tools/pins.ts";

/** Mostly all of it is known here: then there is nothing to wait for, and no promise is made. */
export async function gather(call: Call, gateway: Gateway): Promise<Gathered | Denial> {
  const { manifest, taskName } = call.incoming;
  const known = gateway.tasks.lineage(manifest, taskName);
  const lineage = known instanceof Promise ? await known : known;
  if (isDenial(lineage)) return lineage;
  const task = taskFacts(taskName.id, lineage, manifest, gateway);
  if (call.kind === "tool") return gatherTool(call, { lineage, task }, gateway);
  return gatherModel(call, { lineage, task }, gateway);
}

interface OfTask {
  readonly lineage: Lineage;
  readonly task: TaskFacts;
}

async function gatherModel(
  call: ModelCall,
  { lineage, task }: OfTask,
  gateway: Gateway,
): Promise<Gathered> {
  const { incoming, read, route, told } = call;
  const drawn = accountsOf(call, lineage, gateway);
  const accounts = drawn instanceof Promise ? await drawn : drawn;
  const approval = approvalOf(call, gateway);
  const approved = approval instanceof Promise ? await approval : approval;
  const known = { incoming, lineage, accounts };
  const target = route === null ? null : targetOf(route, gateway);
  const { manifest } = incoming;
  const asked = {
    ...{ ask: read.ask, manifest, target, task, approved },
    letGo: call.turn !== null,
    toldBytes: toldBytes(told),
  };
  const said = policiesOnModel(call, asked, known, gateway);
  const policy = said instanceof Promise ? await said : said;
  // Last: the agent may have been paused while its policies were asked.
  const facts = { ...asked, policy, clutch: gateway.clutches.of(manifest.agent) };
  return { ask: (states) => admit(facts, states), accounts, lease: nothingToLease };
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
  const offered = await offeredPin(resolved, incoming.rules, gateway);
  const look = { ask, manifest, resolved, grants: manifest.tools, offered };
  const policy = await policiesOnTool(look, { incoming, lineage, accounts }, gateway);
  // Only of a tool whose calls go on costing: others are decided on what is known here.
  const commitments = granted?.commitment ? await placesOf(granted, call, gateway) : null;
  const clutch = gateway.clutches.of(manifest.agent);
  const facts = {
    ...{ ...look, approved, clutch, letGo: call.turn !== null, policy, task, commitments },
    reserve: reserve + horizonCost(granted?.commitment ?? null),
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

async function placesOf({ server, tool }: GrantedTool, { incoming }: ToolCall, gateway: Gateway) {
  const { agent } = incoming.manifest;
  return { active: await gateway.store.commitments.count({ agent, server, tool }) };
}

/** A task ends with any of those it was opened under, and is as old as the oldest of them. */
export function taskFacts(
  id: string,
  lineage: Lineage,
  manifest: Manifest,
  gateway: Gateway,
): TaskFacts {
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
