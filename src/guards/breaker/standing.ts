/** How an agent stands to its breakers at one moment, for people to see. */
import type { Millis } from "../money.ts";
import type { BreakerRule } from "./rules.ts";

export interface AgentSignals {
  readonly at: Millis;
  readonly breakers: readonly BreakerRule[];
  readonly levels: readonly LevelNow[];
  readonly repeats: readonly RepeatNow[];
  readonly tasks: readonly TaskNow[];
}

/** One rule on one tool, or on the agent: `tool` is empty. In the signal's unit. */
export interface LevelNow {
  readonly rule: string;
  readonly server: string;
  readonly tool: string;
  readonly value: number;
  /** Null: nothing draws one yet. */
  readonly line: number | null;
  /** Null: too little is known, or the rule does not ask. */
  readonly usual: number | null;
  readonly phase: "calm" | "rising" | "alarmed";
  readonly since: Millis | null;
  readonly bucketMs: Millis;
  /** Where the line hangs on what is usual: what that was, oldest first; null: nothing. */
  readonly buckets: readonly { readonly start: Millis; readonly value: number | null }[];
}

export interface RepeatNow {
  readonly rule: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  readonly calls: number;
  readonly limit: number;
}

export interface TaskNow {
  readonly rule: string;
  readonly task: string;
  readonly tokens: number;
  readonly line: number;
  readonly usual: number | null;
}
