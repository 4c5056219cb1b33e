/** Tools that an agent has never called before: it begins to do what nobody has seen it do. */
import type { Millis } from "../money.ts";
import type { Alarm, NewToolsRule } from "./rules.ts";

export interface NewTool {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  /** Tools that the agent had called before this one. */
  readonly known: number;
}

/** When the new ones of the window were first called, oldest first; at most as many as trip. */
export type Firsts = readonly Millis[];

const MINUTE_MS = 60_000;

export function observe(
  firsts: Firsts,
  rule: NewToolsRule,
  met: NewTool,
  now: Millis,
): [Firsts, Alarm | null] {
  if (met.known < rule.atLeast) return [firsts, null];
  const within = [...firsts.filter((at) => at > now - rule.windowMs && at <= now), now];
  return within.length <= rule.above ? [within, null] : [[], alarmOf(rule, met, within.length)];
}

function alarmOf(
  rule: NewToolsRule,
  { agent, known, server, tool }: NewTool,
  tools: number,
): Alarm {
  const minutes = rule.windowMs / MINUTE_MS;
  const many = tools === 1 ? "a tool" : `${tools} tools`;
  return {
    rule: rule.name,
    signal: rule.signal,
    action: rule.action,
    ...{ agent, server, tool, task: null, value: tools, limit: rule.above },
    numbers: { new_tools: tools, known_tools: known, limit: rule.above, window_minutes: minutes },
    says:
      `The agent called ${many} for the first time within ${minutes} min, ` +
      `the last of them ${tool}; it knew ${known}.`,
  };
}
