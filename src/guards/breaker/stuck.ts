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
import { callsIn, type Tally, withOne } from "./tally.ts";

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
  /** The same call at other gateways. */
  readonly elsewhere: readonly Elsewhere[];
}

/** How often another gateway has seen a call of late, and with which result the last times. */
export interface Elsewhere {
  readonly result: string | null;
  readonly calls: number;
}

/** One call of one task, as often as it was made. */
export interface Run {
  readonly result: string | null;
  readonly lastAt: Millis;
  readonly calls: Tally;
}

const MINUTE_MS = 60_000;
/** No name of ours has it. */
const BETWEEN = "\u0000";

/** Two events with one key are of one run. */
export function runOf({ digest, server, task, tool }: Omit<StuckEvent, "elsewhere">): string {
  return [task, server, tool, digest].join(BETWEEN);
}

/** Whose run it is, from its name. */
export function callOf(run: string): { task: string; server: string; tool: string } {
  const [task = "", server = "", tool = ""] = run.split(BETWEEN);
  return { task, server, tool };
}

/** Null: there is no run, before as well as after. */
export function observe(
  before: Run | null,
  rule: StuckRule,
  event: StuckEvent,
  now: Millis,
): [Run | null, Alarm | null] {
  const recent = recentOf(before, rule, now);
  if (rule.sameResult && event.result === null && recent === null) return [before, null];

  const run = longer(recent, rule, event, now);
  const calls = callsOf(run, rule, event.elsewhere);
  const limit = event.repeatsMax ?? rule.above;
  if (calls <= limit) return [run, null];
  return [{ ...run, calls: [] }, alarmOf(rule, event, calls, limit)];
}

/** Over all gateways; of those alone where there is no run here. */
export function callsOf(
  run: Run | null,
  { sameResult }: StuckRule,
  elsewhere: readonly Elsewhere[],
): number {
  const isAlike = ({ result }: Elsewhere) => !sameResult || run === null || result === run.result;
  const alike = elsewhere.filter(isAlike);
  return alike.reduce((sum, { calls }) => sum + calls, run === null ? 0 : callsIn(run.calls));
}

function recentOf(run: Run | null, rule: StuckRule, now: Millis): Run | null {
  return run === null || run.lastAt <= now - rule.windowMs ? null : run;
}

function longer(before: Run | null, rule: StuckRule, event: StuckEvent, now: Millis): Run {
  const result = event.result ?? before?.result ?? null;
  const isOther = rule.sameResult && before !== null && result !== before.result;
  const earlier = before === null || isOther ? [] : before.calls;
  return { result, lastAt: now, calls: withOne(earlier, rule.windowMs, now) };
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
    value: calls,
    limit,
    numbers: { identical_calls: calls, limit, window_minutes: minutes },
    says: `One task called the tool ${tool} ${calls} times within ${minutes} min with ${alike}.`,
  };
}
