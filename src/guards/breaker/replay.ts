/**
 * Rules over what happened before: when would each have tripped? The detectors are the very ones
 * that watch, told of one moment after the other.
 */
import type { Millis } from "../money.ts";
import type { Alarm, BreakerRule, StuckRule, SurgeRule } from "./rules.ts";
import * as stuck from "./stuck.ts";
import * as surge from "./surge.ts";

/** Calls of one tool, attempts all of them. */
export interface PastCalls {
  /** The second in which the calls were made, or in which the first of a minute could be. */
  readonly at: Millis;
  readonly agent: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  readonly calls: number;
  /** `minute`: they came within the minute that begins at `at`, evenly, for all that is known. */
  readonly within: "second" | "minute";
  /** Of the arguments; null: it is not known. */
  readonly digest: string | null;
}

export interface Trip {
  readonly at: Millis;
  readonly alarm: Alarm;
  readonly value: number;
  readonly limit: number;
}

const SECOND_MS: Millis = 1_000;
const SECONDS_A_MINUTE = 60;
const MINUTE_MS: Millis = SECONDS_A_MINUTE * SECOND_MS;

/** Why a rule cannot be held against this past; null: it can. */
export function unreplayable(rule: BreakerRule, past: readonly PastCalls[]): string | null {
  if (rule.signal !== "identical_calls") return null;
  if (past.some(({ within }) => within === "minute")) {
    return "counts of minutes do not say which calls were the same";
  }
  return rule.sameResult ? "the journal does not say which results were the same" : null;
}

/** In the order of time. `past` is in that order, too. */
export function replay(rule: BreakerRule, past: readonly PastCalls[]): readonly Trip[] {
  return rule.signal === "calls_per_tool" ? surgesIn(rule, past) : repeatsIn(rule, past);
}

function surgesIn(rule: SurgeRule, past: readonly PastCalls[]): readonly Trip[] {
  const tools = new Map<string, PastCalls[]>();
  for (const one of past) {
    const key = JSON.stringify([one.agent, one.server, one.tool]);
    const known = tools.get(key);
    if (known === undefined) tools.set(key, [one]);
    else known.push(one);
  }
  const trips = [...tools.values()].flatMap((calls) => surgesOfOne(rule, calls));
  return trips.sort((one, other) => one.at - other.at);
}

/** One tool of one agent, second by second; where nothing can happen time is skipped. */
function surgesOfOne(rule: SurgeRule, past: readonly PastCalls[]): readonly Trip[] {
  const [first] = past;
  if (first === undefined) return [];
  const { agent, server, tool } = first;
  const bySecond = secondsOf(past);
  const seconds = [...bySecond.keys()].sort((one, other) => one - other);
  const bucketMs = surge.bucketMsOf(rule);
  const trips: Trip[] = [];
  const totals = new Map<Millis, number>();
  let state = surge.watch({ agent, server, tool, perMinute: null }, seconds[0] ?? 0);
  const tell = (event: surge.SurgeEvent, at: Millis) => {
    const [after, alarm] = surge.observe(state, rule, event, at);
    state = after;
    if (alarm !== null) trips.push(tripOf(alarm, at));
  };
  for (const [place, at] of seconds.entries()) {
    const bucket = Math.floor(at / bucketMs) * bucketMs;
    const total = (totals.get(bucket) ?? 0) + (bySecond.get(at) ?? 0);
    totals.set(bucket, total);
    tell({ kind: "count", bucket, total }, at);
    const next = seconds[place + 1] ?? Number.POSITIVE_INFINITY;
    // After a minute without a call it is calm, whatever it was before.
    const until = Math.min(next, at + MINUTE_MS + SECOND_MS);
    for (let tick = at + SECOND_MS; tick < until; tick += SECOND_MS) tell({ kind: "tick" }, tick);
  }
  return trips;
}

function secondsOf(past: readonly PastCalls[]): ReadonlyMap<Millis, number> {
  const seconds = new Map<Millis, number>();
  const add = (at: Millis, calls: number) => {
    const second = Math.floor(at / SECOND_MS) * SECOND_MS;
    if (calls > 0) seconds.set(second, (seconds.get(second) ?? 0) + calls);
  };
  for (const { at, calls, within } of past) {
    if (within === "second") {
      add(at, calls);
      continue;
    }
    for (let second = 0; second < SECONDS_A_MINUTE; second += 1) {
      const until = Math.floor((calls * (second + 1)) / SECONDS_A_MINUTE);
      add(at + second * SECOND_MS, until - Math.floor((calls * second) / SECONDS_A_MINUTE));
    }
  }
  return seconds;
}

function repeatsIn(rule: StuckRule, past: readonly PastCalls[]): readonly Trip[] {
  const trips: Trip[] = [];
  const runs = new Map<string, stuck.Run | null>();
  for (const { agent, at, digest, server, task, tool } of past) {
    if (digest === null) continue;
    const event = { agent, task, server, tool, digest, result: "", repeatsMax: null };
    const key = JSON.stringify([agent, stuck.runOf(event)]);
    const [after, alarm] = stuck.observe(runs.get(key) ?? null, rule, event, at);
    runs.set(key, after);
    if (alarm !== null) trips.push(tripOf(alarm, at));
  }
  return trips;
}

function tripOf(alarm: Alarm, at: Millis): Trip {
  const { numbers } = alarm;
  const value = numbers.calls_last_minute ?? numbers.identical_calls ?? 0;
  return { at, alarm, value, limit: numbers.line_per_minute ?? numbers.limit ?? 0 };
}
