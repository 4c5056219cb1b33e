/** Signals in words: what is measured, and how near it is to its line. */
import type { BreakerView, LevelView, SignalsView } from "../../src/control/schemas/signals.ts";
import { usd } from "./money.ts";
import { count } from "./numbers.ts";

const MEASURES: Readonly<Record<string, string>> = {
  calls_per_tool: "calls of one tool",
  tool_error_rate: "share of tool calls that failed",
  refusals: "refused calls",
  spend_usd_per_hour: "USD an hour",
  tokens_per_task: "tokens of one task",
  identical_calls: "identical calls of one task",
  no_progress: "calls of one task without anything new",
  new_tools: "tools that were never called before",
};

/** What a breaker looks at. */
export function measureOf(signal: string): string {
  return MEASURES[signal] ?? signal.replaceAll("_", " ");
}

/** A value of it, as a person writes it. */
export function measured(signal: string, value: number): string {
  if (signal === "tool_error_rate") return `${(100 * value).toFixed(0)} %`;
  if (signal === "spend_usd_per_hour") return usd(value.toFixed(9));
  return Number.isInteger(value) ? count(value) : value.toFixed(1);
}

export interface Nearest {
  readonly value: number;
  readonly limit: number;
  /** Of which tool or task. */
  readonly of: string;
  readonly alarmed: boolean;
}

/** Of all that this breaker watches, what is nearest to its line; null: nothing has one yet. */
export function nearestOf({ name }: BreakerView, signals: SignalsView): Nearest | null {
  const levels = signals.levels.flatMap((level) => (level.rule === name ? ofLevel(level) : []));
  const repeats = signals.repeats
    .filter(({ rule }) => rule === name)
    .map(({ calls: value, limit, task, tool }) => ({ value, limit, of: `${tool} of ${task}` }));
  const tasks = signals.tasks
    .filter(({ rule }) => rule === name)
    .map(({ line: limit, task, tokens: value }) => ({ value, limit, of: task }));
  const others = [...repeats, ...tasks].map((one) => ({ ...one, alarmed: one.value > one.limit }));
  const ratio = ({ limit, value }: Nearest) => (limit > 0 ? value / limit : 0);
  const [nearest] = [...levels, ...others].sort((one, other) => ratio(other) - ratio(one));
  return nearest ?? null;
}

function ofLevel({ line, phase, tool, value }: LevelView): readonly Nearest[] {
  return line === null ? [] : [{ value, limit: line, of: tool, alarmed: phase === "alarmed" }];
}
