/**
 * Every read that the rules need for one call: its task, where it would go, the accounts it draws
 * on.
 */

import type { Target } from "../guards/facts.ts";
import { type Denial, isDenial } from "../guards/verdict.ts";
import type { Call, Gathered, ModelCall } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./ruleset.ts";
import { type Lineage, taskKey } from "./tasks.ts";

export async function gather(call: Call, gateway: Gateway): Promise<Gathered | Denial> {
  const { incoming, read, route } = call;
  const { key, manifest, rules, taskName, tenure } = incoming;
  const lineage = await gateway.tasks.lineage(manifest, taskName);
  if (isDenial(lineage)) return lineage;

  const { labels } = manifest;
  const belongs = {
    org: labels.org,
    team: labels.team,
    agent: manifest.agent,
    key: key.id,
    model: read.ask.model,
  };
  const scopes = lineage.map((task) => taskKey(task.agent, task.id));
  const specs = rules.accountsOf(belongs, scopes, gateway.holding.storeNow());
  const accounts = await gateway.cashier.accountsFor(tenure, specs);
  const facts = {
    ask: read.ask,
    manifest,
    task: { id: taskName.id, ended: hasEnded(lineage) },
    target: route === null ? null : targetOf(route, gateway),
  };
  return { facts, lineage, accounts };
}

/** A task ends with any of those it was opened under. */
function hasEnded(lineage: Lineage): boolean {
  return lineage.some((task) => task.endedAt !== null);
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
