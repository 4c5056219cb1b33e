/**
 * Rules over what happened before: when would each have tripped? The detectors are the very ones
 * that watch, told of one moment after the other.
 */
import type { Millis } from "../money.ts";
import type { RateLimit } from "../tool/tool.ts";
import { WEEK_MS } from "./last-week.ts";
import * as level from "./level.ts";
import { type Count, MEASURES } from "./measure.ts";
import * as progress from "./no-progress.ts";
import { PastHours } from "./past-hours.ts";
import {
  type Alarm,
  type BreakerRule,
  isLevelRule,
  type LevelRule,
  type NoProgressRule,
  type StuckRule,
} from "./rules.ts";
import * as stuck from "./stuck.ts";

/** A moment of one task: a call, or as many of one tool as there were in a minute. */
export interface Past {
  /** The second in which it was, or in which the first of a minute could be. */
  readonly at: Millis;
  readonly agent: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  readonly counts: Readonly<Partial<Record<Count, number>>>;
  /** `minute`: within the minute that begins at `at`, evenly, for all that is known. */
  readonly within: "second" | "minute";
  readonly call: PastCall | null;
}

/** What is known of a single call of a tool. */
export interface PastCall {
  /** Of the arguments. */
  readonly digest: string;
  readonly isRefused: boolean;
  /** Digest of its result; null: none is known. */
  readonly result: string | null;
}

/** What a manifest says of a tool, where that holds in place of a rule's own number. */
export interface ToolLimits {
  rateLimitOf(server: string, tool: string): RateLimit | null;
  repeatsMaxOf(server: string, tool: string): number | null;
}

/** Of no manifest: the rules' own numbers hold. */
const NO_LIMITS: ToolLimits = { rateLimitOf: () => null, repeatsMaxOf: () => null };

export interface Trip {
  readonly at: Millis;
  readonly alarm: Alarm;
}

const SECOND_MS: Millis = 1_000;
const SECONDS_A_MINUTE = 60;

/** Why a rule cannot be held against this past; null: it can. */
export function unreplayable(rule: BreakerRule, past: readonly Past[]): string | null {
  if (rule.signal === "tokens_per_task" || rule.signal === "new_tools") {
    return `${rule.signal} hangs on what was before the file began`;
  }
  const isOfMinutes = past.some(({ within }) => within === "minute");
  if (isLevelRule(rule)) {
    const { count } = MEASURES[rule.signal];
    if (isOfMinutes && count !== "calls") return "counts of minutes say only how many calls";
    const isShort = rule.above.kind === "last-week" && spanOf(past) < WEEK_MS;
    return isShort ? "its line hangs on the week before, and the file is of less" : null;
  }
  if (isOfMinutes) return "counts of minutes do not say which calls were the same";
  const wantsResults = rule.signal === "no_progress" || rule.sameResult;
  const knowsNone = past.every(({ call }) => call === null || call.result === null);
  return wantsResults && knowsNone ? "the file does not say which results were the same" : null;
}

/** From the first to the last of what is in the order of time. */
function spanOf(past: readonly Past[]): Millis {
  return (past.at(-1)?.at ?? 0) - (past[0]?.at ?? 0);
}

/** In the order of time. `past` is in that order, too. */
export function replay(
  rule: BreakerRule,
  past: readonly Past[],
  limits = NO_LIMITS,
): readonly Trip[] {
  switch (rule.signal) {
    case "identical_calls":
      return repeatsIn(rule, past, limits);
    case "no_progress":
      return standstillsIn(rule, past);
    case "tokens_per_task":
    case "new_tools":
      return [];
    default:
      return levelsIn(rule, past, limits);
  }
}

function levelsIn(rule: LevelRule, past: readonly Past[], limits: ToolLimits): readonly Trip[] {
  const measure = MEASURES[rule.signal];
  const subjects = new Map<string, Past[]>();
  for (const one of past) {
    if ((one.counts[measure.beside] ?? 0) === 0 && (one.counts[measure.count] ?? 0) === 0) continue;
    const of = measure.of === "agent" ? { ...one, server: "", tool: "" } : one;
    const key = JSON.stringify([of.agent, of.server, of.tool]);
    const known = subjects.get(key);
    if (known === undefined) subjects.set(key, [of]);
    else known.push(of);
  }
  const trips = [...subjects.values()].flatMap((all) => levelOfOne(rule, all, limits));
  return trips.sort((one, other) => one.at - other.at);
}

/** One subject, second by second; where nothing can happen time is skipped. */
function levelOfOne(rule: LevelRule, past: readonly Past[], limits: ToolLimits): readonly Trip[] {
  const [first] = past;
  if (first === undefined) return [];
  const { agent, server, tool } = first;
  const rateLimit = tool === "" ? null : limits.rateLimitOf(server, tool);
  const held = { rule, subject: { agent, server, tool }, cold: level.coldLineOf(rule, rateLimit) };
  const bySecond = secondsOf(rule, past);
  const seconds = [...bySecond.keys()].sort((one, other) => one - other);
  const trips: Trip[] = [];
  const hours = new PastHours();
  let state = level.UNSEEN;
  const tell = (event: level.LevelEvent, at: Millis) => {
    const [after, alarm] = level.observe(state, knowing(held, hours, at), event, at);
    state = after;
    if (alarm !== null) trips.push({ at, alarm });
    const { phase } = state;
    if (phase.kind !== "alarmed") return;
    hours.leaveOut(alarm === null ? at : phase.since - rule.windowMs, at);
  };
  for (const [place, at] of seconds.entries()) {
    const { beside, count } = bySecond.get(at) ?? { beside: 0, count: 0 };
    hours.add(at, { count, beside });
    tell({ kind: "count", at, count, beside }, at);
    const next = seconds[place + 1] ?? Number.POSITIVE_INFINITY;
    // After a window without a call it is calm, whatever it was before.
    const until = Math.min(next, at + rule.windowMs + SECOND_MS);
    for (let tick = at + SECOND_MS; tick < until; tick += SECOND_MS) tell({ kind: "tick" }, tick);
  }
  return trips;
}

function knowing(held: level.Held, hours: PastHours, now: Millis): level.Held {
  const { above, windowMs } = held.rule;
  return above.kind === "last-week" ? { ...held, hours: hours.before(now, windowMs) } : held;
}

interface Sum {
  count: number;
  beside: number;
}

function secondsOf({ signal }: LevelRule, past: readonly Past[]): ReadonlyMap<Millis, Sum> {
  const seconds = new Map<Millis, Sum>();
  const add = (at: Millis, count: number, beside: number) => {
    if (count === 0 && beside === 0) return;
    const second = Math.floor(at / SECOND_MS) * SECOND_MS;
    const sum = seconds.get(second) ?? { count: 0, beside: 0 };
    seconds.set(second, { count: sum.count + count, beside: sum.beside + beside });
  };
  const measure = MEASURES[signal];
  for (const { at, counts, within } of past) {
    const [count, beside] = [counts[measure.count] ?? 0, counts[measure.beside] ?? 0];
    if (within === "second") {
      add(at, count, beside);
      continue;
    }
    for (let second = 0; second < SECONDS_A_MINUTE; second += 1) {
      const here = (all: number) => shareOf(all, second);
      add(at + second * SECOND_MS, here(count), here(beside));
    }
  }
  return seconds;
}

/** Of what came evenly within a minute, what came in this second of it. */
function shareOf(all: number, second: number): number {
  const until = (end: number) => Math.floor((all * end) / SECONDS_A_MINUTE);
  return until(second + 1) - until(second);
}

function repeatsIn(rule: StuckRule, past: readonly Past[], limits: ToolLimits): readonly Trip[] {
  const trips: Trip[] = [];
  const runs = new Map<string, stuck.Run | null>();
  for (const { agent, at, call, server, task, tool } of past) {
    if (call === null) continue;
    const result = call.isRefused ? null : (call.result ?? "");
    const about = { agent, task, server, tool, digest: call.digest, result };
    const event = { ...about, repeatsMax: limits.repeatsMaxOf(server, tool), elsewhere: [] };
    const key = JSON.stringify([agent, stuck.runOf(event)]);
    const [after, alarm] = stuck.observe(runs.get(key) ?? null, rule, event, at);
    runs.set(key, after);
    if (alarm !== null) trips.push({ at, alarm });
  }
  return trips;
}

/** The journal does not say which tools only read: new are results of arguments. */
function standstillsIn(rule: NoProgressRule, past: readonly Past[]): readonly Trip[] {
  const trips: Trip[] = [];
  const tasks = new Map<string, progress.Standstill | null>();
  for (const { agent, at, call, server, task, tool } of past) {
    if (call === null) continue;
    const news = call.isRefused ? null : `${call.digest} ${call.result}`;
    const key = JSON.stringify([agent, task]);
    const event = { agent, task, server, tool, news };
    const [after, alarm] = progress.observe(tasks.get(key) ?? null, rule, event, at);
    tasks.set(key, after);
    if (alarm !== null) trips.push({ at, alarm });
  }
  return trips;
}
