/** Of all that breakers watch of one agent, what is nearest to its line. */
import type { BreakerAction, BreakerRule, Signal } from "./rules.ts";
import type { LevelNow, RepeatNow, TaskNow } from "./standing.ts";

/** In the unit of the signal. */
export interface Closest {
  readonly rule: string;
  readonly signal: Signal;
  readonly action: BreakerAction;
  /** Both empty: it is about all that the agent does. */
  readonly tool: string;
  readonly task: string;
  readonly value: number;
  readonly line: number;
  readonly alarmed: boolean;
}

export interface Watched {
  readonly breakers: readonly BreakerRule[];
  readonly levels: readonly Pick<LevelNow, "rule" | "tool" | "value" | "line" | "phase">[];
  readonly repeats: readonly RepeatNow[];
  readonly tasks: readonly TaskNow[];
}

type Near = Omit<Closest, "signal" | "action">;

/** Null: nothing has a line yet. What has alarmed is nearer than anything that has not. */
export function closestOf({ breakers, levels, repeats, tasks }: Watched): Closest | null {
  const near: Near[] = [
    ...levels.flatMap(({ line, phase, rule, tool, value }) => {
      if (line === null) return [];
      return { rule, tool, task: "", value, line, alarmed: phase === "alarmed" };
    }),
    ...repeats.map(({ calls: value, limit: line, rule, task, tool }) => {
      return { rule, tool, task, value, line, alarmed: value > line };
    }),
    ...tasks.map(({ line, rule, task, tokens: value }) => {
      return { rule, tool: "", task, value, line, alarmed: value > line };
    }),
  ];
  let closest: Near | null = null;
  for (const one of near) if (closest === null || isNearer(one, closest)) closest = one;
  const rule = breakers.find(({ name }) => name === closest?.rule);
  if (closest === null || rule === undefined) return null;
  return { ...closest, signal: rule.signal, action: rule.action };
}

function isNearer(one: Near, other: Near): boolean {
  if (one.alarmed !== other.alarmed) return one.alarmed;
  return shareOf(one) > shareOf(other);
}

/** A line at 0 is reached by the first thing that happens. */
function shareOf({ line, value }: Near): number {
  if (line > 0) return value / line;
  return value > 0 ? Number.POSITIVE_INFINITY : 0;
}
