/** What an agent's behaviour is held to, as `breakers:` says it, and the alarm when it is not. */
import type { Millis } from "../money.ts";

/** `trip` disengages the agent's clutch; `alert` only tells people. */
export type BreakerAction = "trip" | "alert";

/** A number that is measured over a window, and must not stay above its line. */
export interface LevelRule {
  readonly signal: LevelSignal;
  readonly name: string;
  readonly above: Line;
  /** Over how long it is measured. */
  readonly windowMs: Millis;
  /** How long it must be above without a break. */
  readonly forMs: Millis;
  /** Fewer than so many calls within the window are never above. */
  readonly atLeast: number;
  readonly action: BreakerAction;
}

export type LevelSignal = "calls_per_tool" | "tool_error_rate" | "refusals" | "spend_usd_per_hour";

export type Line =
  /** In the signal's own unit. */
  | { readonly kind: "value"; readonly value: number }
  /** So many times what was usual over that long. */
  | { readonly kind: "average"; readonly times: number; readonly overMs: Millis }
  /** So many deviations above the mean, where what is newer weighs more. */
  | { readonly kind: "ewma"; readonly sigmas: number; readonly overMs: Millis }
  /** So many deviations above the median: single bursts of before do not move it. */
  | { readonly kind: "median"; readonly mads: number; readonly overMs: Millis }
  /** So many times what was in the same hour of the day a week ago, in UTC. */
  | { readonly kind: "last-week"; readonly times: number };

/** A line that is drawn by what was usual until now. */
export type RelativeLine = Extract<Line, { readonly overMs: Millis }>;

export function isRelative(line: Line): line is RelativeLine {
  return "overMs" in line;
}

/** The tokens of one task, held to those of the agent's tasks that ended before. */
export interface TaskTokensRule {
  readonly signal: "tokens_per_task";
  readonly name: string;
  readonly above: Exclude<Line, { readonly kind: "last-week" }>;
  /** Fewer tokens are never above. */
  readonly atLeast: number;
  readonly action: BreakerAction;
}

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

/** Calls of one task, whichever they are, that all came to what it had seen before. */
export interface NoProgressRule {
  readonly signal: "no_progress";
  readonly name: string;
  /** More than so many. */
  readonly above: number;
  readonly windowMs: Millis;
  readonly action: BreakerAction;
}

/** Tools that the agent has never called before. */
export interface NewToolsRule {
  readonly signal: "new_tools";
  readonly name: string;
  /** More than so many. */
  readonly above: number;
  readonly windowMs: Millis;
  /** To an agent that knows fewer tools than these everything is new: it says nothing. */
  readonly atLeast: number;
  readonly action: BreakerAction;
}

export type BreakerRule = LevelRule | TaskTokensRule | StuckRule | NoProgressRule | NewToolsRule;
export type Signal = BreakerRule["signal"];

export function isLevelRule(rule: BreakerRule): rule is LevelRule {
  return "forMs" in rule;
}

const MINUTE_MS: Millis = 60_000;
const HOUR_MS: Millis = 60 * MINUTE_MS;

/** On for every agent unless turned off by name. */
export const DEFAULT_RULES: readonly BreakerRule[] = [
  {
    signal: "calls_per_tool",
    name: "tool-surge",
    above: { kind: "average", times: 5, overMs: HOUR_MS },
    windowMs: MINUTE_MS,
    forMs: MINUTE_MS,
    atLeast: 20,
    action: "trip",
  },
  {
    signal: "identical_calls",
    name: "stuck",
    above: 8,
    sameResult: true,
    windowMs: 10 * MINUTE_MS,
    action: "trip",
  },
  {
    signal: "tokens_per_task",
    name: "token-spike",
    above: { kind: "average", times: 5, overMs: 24 * HOUR_MS },
    atLeast: 20_000,
    action: "alert",
  },
  {
    signal: "tool_error_rate",
    name: "error-burst",
    above: { kind: "value", value: 0.5 },
    windowMs: 2 * MINUTE_MS,
    forMs: 0,
    atLeast: 10,
    action: "alert",
  },
];

export interface Subject {
  readonly agent: string;
  /** Empty, as the tool is: of the agent, whatever it calls. */
  readonly server: string;
  readonly tool: string;
}

/** In the signal's unit. */
export interface Drawn {
  readonly at: number;
  /** Null: too little is known, or the rule does not ask. */
  readonly usual: number | null;
}

export interface Alarm extends Subject {
  readonly rule: string;
  readonly signal: Signal;
  readonly action: BreakerAction;
  /** Null: of all tasks of the agent together. */
  readonly task: string | null;
  /** In the signal's unit: what it was, and the line that it is above. */
  readonly value: number;
  readonly limit: number;
  /** The same and what is beside it, as people are told. */
  readonly numbers: Readonly<Record<string, number>>;
  /** One sentence, for people. */
  readonly says: string;
}
