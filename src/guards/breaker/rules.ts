/** What an agent's behaviour is held to, as `breakers:` says it, and the alarm when it is not. */
import type { Millis } from "../money.ts";

/** `trip` disengages the agent's clutch; `alert` only tells people. */
export type BreakerAction = "trip" | "alert";

/** Too many calls of one tool, refused ones included, in a minute. */
export interface SurgeRule {
  readonly signal: "calls_per_tool";
  readonly name: string;
  readonly above: SurgeLine;
  /** How long it must be above without a break. */
  readonly forMs: Millis;
  /** Fewer calls in a minute are never a surge. */
  readonly atLeast: number;
  readonly action: BreakerAction;
}

export type SurgeLine =
  | { readonly kind: "value"; readonly perMinute: number }
  /** So many times what was usual over that long. */
  | { readonly kind: "average"; readonly times: number; readonly overMs: Millis }
  /** So many deviations above the mean, where what is newer weighs more. */
  | { readonly kind: "ewma"; readonly sigmas: number; readonly overMs: Millis }
  /** So many deviations above the median: single bursts of before do not move it. */
  | { readonly kind: "median"; readonly mads: number; readonly overMs: Millis };

/** A line that is drawn by what was usual. */
export type RelativeLine = Exclude<SurgeLine, { readonly kind: "value" }>;

/** The same call of one task, again and again. */
export interface StuckRule {
  readonly signal: "identical_calls";
  readonly name: string;
  /** More than so many; a tool's `repeats` stands in its place for that tool. */
  readonly above: number;
  /** Only calls with an equal result count. */
  readonly sameResult: boolean;
  readonly windowMs: Millis;
  readonly action: BreakerAction;
}

export type BreakerRule = SurgeRule | StuckRule;

/** On for every agent unless turned off by name. */
export const DEFAULT_RULES: readonly BreakerRule[] = [
  {
    signal: "calls_per_tool",
    name: "tool-surge",
    above: { kind: "average", times: 5, overMs: 3_600_000 },
    forMs: 60_000,
    atLeast: 20,
    action: "trip",
  },
  {
    signal: "identical_calls",
    name: "stuck",
    above: 8,
    sameResult: true,
    windowMs: 600_000,
    action: "trip",
  },
];

export interface Alarm {
  readonly rule: string;
  readonly signal: BreakerRule["signal"];
  readonly action: BreakerAction;
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  /** Null: of all tasks of the agent together. */
  readonly task: string | null;
  /** What tripped it. */
  readonly numbers: Readonly<Record<string, number>>;
  /** One sentence, for people. */
  readonly says: string;
}
