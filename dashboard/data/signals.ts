/** How often tools were called against their trip lines, where the gateway says so. */
import type { Answer } from "./cache.ts";
import { useApi } from "./cache.ts";

/** One signal of one tool. A bucket without a value is a gap, and no zero. */
export interface Signal {
  readonly server: string;
  readonly tool: string;
  /** Of the first bucket. */
  readonly from: string;
  readonly bucket_ms: number;
  /** Calls in each bucket that went out, the oldest first. */
  readonly calls: readonly (number | null)[];
  /** Attempts that were parked instead. */
  readonly parked: readonly number[];
  /** What is usual, and what trips: both in calls a bucket. Null: there is none yet. */
  readonly average: number | null;
  readonly line: number | null;
  readonly tripped_at: string | null;
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isCount = (value: unknown): boolean => value === null || isNumber(value);

/** An answer of another shape is that of another version: nothing is drawn by guessing. */
export function signalsOf(value: unknown): readonly Signal[] {
  if (typeof value !== "object" || value === null || !("signals" in value)) return [];
  return Array.isArray(value.signals) ? value.signals.filter(isSignal) : [];
}

function isSignal(value: unknown): value is Signal {
  if (typeof value !== "object" || value === null) return false;
  // Checked below, field by field.
  const one = value as Readonly<Record<string, unknown>>;
  const names = [one.server, one.tool, one.from].every((name) => typeof name === "string");
  const bars = [one.calls, one.parked].every((list) => Array.isArray(list) && list.every(isCount));
  const lines = isCount(one.average) && isCount(one.line) && isNumber(one.bucket_ms);
  return names && bars && lines && (one.tripped_at === null || typeof one.tripped_at === "string");
}

/** Empty where the gateway has no such path, or nothing to say of this agent. */
export function useSignals(agent: string): readonly Signal[] {
  const path = `/api/v1/agents/${encodeURIComponent(agent)}/signals`;
  const answer: Answer<unknown> = useApi<unknown>(path);
  return signalsOf(answer.value);
}
