/**
 * The same call of one task, again and again, with the same result: an agent that does not see that
 * nothing changes.
 *
 *   ──a call──► run of 1 ──the same result, or refused──► run of n ──n above the limit──► alarm
 *                  ▲                                         │                              │
 *                  └──────────── another result ─────────────┘      a new run begins at 0 ◄─┘
 *
 * One that was refused has no result: it counts as if it had the last one, for the agent asked
 * again with that before it. Where nothing has answered yet there is nothing to be stuck at, and
 * the refusals have their own signal. Calls in turns (a, b, a, b) are two runs, and each counts.
 */
import type { Millis } from "../money.ts";
import type { Alarm, StuckRule } from "./rules.ts";

export interface StuckEvent {
  /** `result`: its digest, or the kind of the fault in its place; null: the call was refused. */
  readonly result: string | null;
  readonly agent: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  /** Of the arguments. */
  readonly digest: string;
  /** A tool that is polled on purpose: the manifest's `repeats`. */
  readonly repeatsMax: number | null;
}

interface Run {
  readonly result: string | null;
  readonly lastAt: Millis;
  /** At most `BUCKETS_MAX`. */
  readonly buckets: readonly { readonly start: Millis; readonly calls: number }[];
}

/** The runs of one agent, the one that was longest untouched first. */
export type Stuck = ReadonlyMap<string, Run>;

export const NOT_STUCK: Stuck = new Map();

/** Different calls of an agent that are watched at once; beyond, the oldest is forgotten. */
export const RUNS_MAX = 256;
export const BUCKETS_MAX = 60;
const MINUTE_MS = 60_000;

export function observe(
  stuck: Stuck,
  rule: StuckRule,
  event: StuckEvent,
  now: Millis,
): [Stuck, Alarm | null] {
  const key = JSON.stringify([event.task, event.server, event.tool, event.digest]);
  const before = recentOf(stuck.get(key), rule, now);
  if (rule.sameResult && event.result === null && before === null) return [stuck, null];

  const run = longer(before, rule, event, now);
  const calls = run.buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const limit = event.repeatsMax ?? rule.above;
  if (calls <= limit) return [kept(stuck, key, run), null];
  return [kept(stuck, key, { ...run, buckets: [] }), alarmOf(rule, event, calls, limit)];
}

function recentOf(run: Run | undefined, rule: StuckRule, now: Millis): Run | null {
  return run === undefined || run.lastAt <= now - rule.windowMs ? null : run;
}

function longer(before: Run | null, rule: StuckRule, event: StuckEvent, now: Millis): Run {
  const result = event.result ?? before?.result ?? null;
  const isOther = rule.sameResult && before !== null && result !== before.result;
  const bucketMs = Math.ceil(rule.windowMs / BUCKETS_MAX);
  const start = Math.floor(now / bucketMs) * bucketMs;
  const earlier = before === null || isOther ? [] : before.buckets;
  const known = earlier.find((bucket) => bucket.start === start);
  const rest = earlier.filter((bucket) => bucket !== known && bucket.start > now - rule.windowMs);
  const buckets = [...rest, { start, calls: (known?.calls ?? 0) + 1 }].slice(-BUCKETS_MAX);
  return { result, lastAt: now, buckets };
}

/** A map is read in the order of its making: what is touched goes to the end. */
function kept(stuck: Stuck, key: string, run: Run): Stuck {
  const runs = [...stuck].filter(([other]) => other !== key);
  return new Map([...runs, [key, run] as const].slice(-RUNS_MAX));
}

function alarmOf(rule: StuckRule, event: StuckEvent, calls: number, limit: number): Alarm {
  const { agent, server, task, tool } = event;
  const minutes = rule.windowMs / MINUTE_MS;
  const alike = rule.sameResult ? "the same arguments and the same result" : "the same arguments";
  return {
    rule: rule.name,
    signal: rule.signal,
    action: rule.action,
    agent,
    server,
    tool,
    task,
    numbers: { identical_calls: calls, limit, window_minutes: minutes },
    says: `One task called the tool ${tool} ${calls} times within ${minutes} min with ${alike}.`,
  };
}
