/**
 * Calls of one task, whichever they are, that all came to what it had seen before: an agent that
 * tries one thing after the other, and nothing comes of it.
 *
 *   ──a result that is new to the task──► 0 ──one that is not, or refused──► n ──above──► alarm
 *                  ▲                                   │                             │
 *                  └──────────── a new one ────────────┘     it begins again at 0  ◄─┘
 *
 * Of a tool that only reads, new is a result; of any other a result of arguments, for to write one
 * thing after the other is progress though each is answered alike.
 */
import type { Millis } from "../money.ts";
import type { Alarm, NoProgressRule } from "./rules.ts";
import { callsIn, type Tally, withOne } from "./tally.ts";

export interface ProgressEvent {
  readonly agent: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  /** Digest of what would be new; null: the call was refused. */
  readonly news: string | null;
}

export interface Standstill {
  /** At most `SEEN_MAX`, the newest last. */
  readonly seen: readonly string[];
  readonly lastAt: Millis;
  /** Calls since the last that was new. */
  readonly calls: Tally;
}

export const SEEN_MAX = 64;
const MINUTE_MS = 60_000;

/** Null: the task has had no result. */
export function observe(
  before: Standstill | null,
  rule: NoProgressRule,
  event: ProgressEvent,
  now: Millis,
): [Standstill | null, Alarm | null] {
  const { news } = event;
  if (before === null) {
    return [news === null ? null : { seen: [news], lastAt: now, calls: [] }, null];
  }
  const { seen } = before;
  if (news !== null && !seen.includes(news)) {
    return [{ seen: [...seen, news].slice(-SEEN_MAX), lastAt: now, calls: [] }, null];
  }
  const calls = withOne(before.calls, rule.windowMs, now);
  if (callsIn(calls) <= rule.above) return [{ seen, lastAt: now, calls }, null];
  return [{ seen, lastAt: now, calls: [] }, alarmOf(rule, event, callsIn(calls))];
}

function alarmOf(rule: NoProgressRule, event: ProgressEvent, calls: number): Alarm {
  const { agent, server, task, tool } = event;
  const minutes = rule.windowMs / MINUTE_MS;
  return {
    rule: rule.name,
    signal: rule.signal,
    action: rule.action,
    ...{ agent, server, tool, task, value: calls, limit: rule.above },
    numbers: { calls, limit: rule.above, window_minutes: minutes },
    says:
      `One task made ${calls} calls within ${minutes} min, the last of the tool ${tool}, ` +
      "and each came to what it had seen before.",
  };
}
