/** An agent's signals as the control plane's API shows them. */
import type { BreakerRule, Line } from "../guards/breaker/rules.ts";
import type { AgentSignals, LevelNow } from "../guards/breaker/standing.ts";
import type { Millis } from "../guards/money.ts";
import type { AboveView, BreakerView, LevelView, SignalsView } from "./schemas/signals.ts";
import { iso } from "./views.ts";

export function signalsView(agent: string, signals: AgentSignals): SignalsView {
  const { at, breakers, levels, repeats, tasks } = signals;
  const shown = { breakers: breakers.map(breakerView), levels: levels.map(levelView) };
  return { agent, at: iso(at), ...shown, repeats, tasks };
}

const MS_PER_SECOND = 1_000;

function seconds(ms: Millis): number {
  return ms / MS_PER_SECOND;
}

function breakerView(rule: BreakerRule): BreakerView {
  const { action, above, name, signal } = rule;
  return {
    name,
    signal,
    above: typeof above === "number" ? { value: above } : aboveView(above),
    ...("windowMs" in rule ? { window_seconds: seconds(rule.windowMs) } : {}),
    ...("forMs" in rule ? { for_seconds: seconds(rule.forMs) } : {}),
    ...("atLeast" in rule ? { at_least: rule.atLeast } : {}),
    ...("sameResult" in rule ? { same_result: rule.sameResult } : {}),
    action,
  };
}

function aboveView(line: Line): AboveView {
  switch (line.kind) {
    case "value":
      return { value: line.value };
    case "average":
      return { times: line.times, of: "rolling_average", over_seconds: seconds(line.overMs) };
    case "last-week":
      return { times: line.times, of: "same_hour_last_week" };
    case "ewma":
      return { sigmas: line.sigmas, of: "ewma", over_seconds: seconds(line.overMs) };
    case "median":
      return { mads: line.mads, of: "median", over_seconds: seconds(line.overMs) };
  }
}

function levelView({ bucketMs, buckets, since, ...level }: LevelNow): LevelView {
  return {
    ...level,
    since: since === null ? null : iso(since),
    bucket_seconds: seconds(bucketMs),
    buckets: buckets.map(({ start, value }) => ({ at: iso(start), value })),
  };
}
