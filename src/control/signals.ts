/** An agent's signals as the control plane's API shows them. */
import type { BreakerRule, Line } from "../guards/breaker/rules.ts";
import type { AgentSignals, LevelNow } from "../guards/breaker/standing.ts";
import type { Millis } from "../guards/money.ts";
import { iso } from "./views.ts";

/** A rule in force, in the fields of slipclutch.yaml; those that its signal has. */
export interface BreakerView {
  readonly name: string;
  readonly signal: string;
  readonly above: AboveView;
  readonly window_seconds?: number;
  readonly for_seconds?: number;
  readonly at_least?: number;
  readonly same_result?: boolean;
  readonly action: "trip" | "alert";
}

export interface AboveView {
  readonly value?: number;
  readonly times?: number;
  readonly sigmas?: number;
  readonly mads?: number;
  readonly of?: "rolling_average" | "ewma" | "median";
  readonly over_seconds?: number;
}

/** In the unit of the rule's signal. */
export interface LevelView {
  readonly rule: string;
  /** Empty, as the tool is: of the agent, whatever it calls. */
  readonly server: string;
  readonly tool: string;
  readonly value: number;
  /** Null: nothing draws one yet. */
  readonly line: number | null;
  readonly usual: number | null;
  readonly phase: "calm" | "rising" | "alarmed";
  readonly since: string | null;
  readonly bucket_seconds: number;
  /** Oldest first; where nothing was there is none. */
  readonly buckets: readonly { readonly at: string; readonly value: number | null }[];
}

export interface SignalsView {
  readonly agent: string;
  readonly at: string;
  readonly breakers: readonly BreakerView[];
  readonly levels: readonly LevelView[];
  /** The same call of one task; the longest runs. */
  readonly repeats: AgentSignals["repeats"];
  /** Those that have taken most tokens. */
  readonly tasks: AgentSignals["tasks"];
}

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
