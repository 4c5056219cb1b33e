/**
 * What each signal measures, and of whom. All of it comes from counts that only grow, so that the
 * counts of several gateways add up.
 */
import type { Millis } from "../money.ts";
import type { LevelSignal } from "./rules.ts";

/**
 * What is counted, per agent and tool or per agent alone:
 *
 *   calls    attempts, refused ones too        refused  refusals that a person decided once
 *   ended    calls that had an outcome         spent    nano-USD that were charged
 *   errors   those of them that failed         tokens, tasks   of tasks that ended
 */
export const COUNTS = ["calls", "ended", "errors", "refused", "spent", "tokens", "tasks"] as const;
export type Count = (typeof COUNTS)[number];

/** How a number comes from two counts. */
export interface Measure {
  readonly of: "tool" | "agent";
  readonly count: Count;
  /** Calls beneath it: what `at_least` is about, and what a share or a mean is of. */
  readonly beside: Count;
  readonly kind: "rate" | "share" | "mean";
  /** What a rate is told per. */
  readonly perMs: Millis;
  /** Of the count, as people are told it. */
  readonly unit: number;
}

const MINUTE_MS: Millis = 60_000;
const NANO = 1e-9;

function rate(of: Measure["of"], count: Count, beside: Count, perMs = MINUTE_MS): Measure {
  return { of, count, beside, kind: "rate", perMs, unit: 1 };
}

export const MEASURES: Readonly<Record<LevelSignal | "tokens_per_task", Measure>> = {
  calls_per_tool: rate("tool", "calls", "calls"),
  tool_error_rate: { ...rate("tool", "errors", "ended"), kind: "share" },
  refusals: rate("agent", "refused", "refused"),
  spend_usd_per_hour: { ...rate("agent", "spent", "ended", 60 * MINUTE_MS), unit: NANO },
  tokens_per_task: { ...rate("agent", "tokens", "tasks"), kind: "mean" },
};

/** So much of what is measured, and so many calls beneath it. */
export interface Amount {
  readonly count: number;
  readonly beside: number;
}

export const NOTHING: Amount = { count: 0, beside: 0 };

/** In the signal's unit; null: there is nothing that it could be of. */
export function figureOf(measure: Measure, amount: Amount, overMs: Millis): number | null {
  const { kind, perMs, unit } = measure;
  const { beside, count } = amount;
  if (kind === "rate") return (count * unit * perMs) / overMs;
  return beside === 0 ? null : (count * unit) / beside;
}

export function sumOf(amounts: readonly Amount[]): Amount {
  return amounts.reduce(
    (sum, { beside, count }) => ({ count: sum.count + count, beside: sum.beside + beside }),
    NOTHING,
  );
}
