/** For each agent the breaker that is nearest to its line, at this moment, for people. */
import { type Closest, closestOf } from "../../guards/breaker/closest.ts";
import type { Gateway } from "../gateway.ts";
import { standingsOf } from "./look.ts";

/** Repeats of one agent that are compared: the longest runs. */
const REPEATS_MAX = 20;

/** One pass over what is watched; an agent of which nothing is measured is not in it. */
export function closestOfAll(
  agents: Iterable<string>,
  gateway: Gateway,
): ReadonlyMap<string, Closest> {
  const { holding, rules, signals } = gateway;
  const now = holding.storeNow();
  const largest = signals.tasks.largest();
  const found = new Map<string, Closest>();
  for (const agent of agents) {
    const breakers = rules.breakersOf(agent);
    const counted = [...signals.counts.ofAgent(agent)];
    const levels = counted.flatMap((one) => {
      return standingsOf(one, gateway, now).map(({ drawn, held, level, value }) => {
        const { tool } = one.subject;
        const line = drawn?.at ?? null;
        return { rule: held.rule.name, tool, value, line, phase: level.phase.kind };
      });
    });
    const repeats = signals.repeats
      .most(agent, breakers, { max: REPEATS_MAX, storeNow: now })
      .map((one) => ({ ...one, limit: rules.repeatsMaxOf(agent, one) ?? one.limit }));
    const task = largest.get(agent);
    const tasks = task === undefined ? [] : signals.tasks.standingOf(task, breakers, now);
    const closest = closestOf({ breakers, levels, repeats, tasks });
    if (closest !== null) found.set(agent, closest);
  }
  return found;
}
