/**
 * A number of one agent, or of one tool of it, over all gateways: is it far more than is usual?
 *
 *   calm ──above the line──► rising ──for so long, without a break──► alarmed
 *    ▲                         │                                         │
 *    └───────── not above ─────┴──────────────── not above ──────────────┘
 *
 * The line is drawn when it is first crossed and stands until the number is below it, so that what
 * is under suspicion neither makes its own baseline nor, once there was an alarm, any later one.
 * Measured is the last window. A burst that is over is a break: else one of a few seconds would be
 * above for a whole window, as long as it takes to leave that.
 */
import type { Millis } from "../money.ts";
import type { RateLimit } from "../tool/tool.ts";
import { alarmOf } from "./alarm.ts";
import { baselineOf, lineAbove } from "./baseline.ts";
import {
  addedTo,
  BUCKETS_MAX,
  bucketMsOf,
  type History,
  isBefore,
  NO_HISTORY,
  suspecting,
} from "./buckets.ts";
import { type Hour, usualOf } from "./last-week.ts";
import { type Amount, figureOf, MEASURES, sumOf } from "./measure.ts";
import { type Alarm, type Drawn, isRelative, type LevelRule, type Subject } from "./rules.ts";

export interface Level {
  readonly seenAt: Millis;
  /** For lines that what is usual draws. */
  readonly history: History;
  /** Of the window: at most `BUCKETS_MAX` and one, in order of their starts. */
  readonly recent: readonly (Amount & { readonly start: Millis })[];
  readonly phase: Phase;
}

export type Phase =
  | { readonly kind: "calm" }
  | { readonly kind: "rising" | "alarmed"; readonly since: Millis; readonly line: Drawn };

export type LevelEvent =
  /** So much more, which happened then: now, or as late as it is heard of. */
  | ({ readonly kind: "count"; readonly at: Millis } & Amount)
  /** What was before there was anybody to look: within so long from then on, evenly. */
  | ({ readonly kind: "history"; readonly at: Millis; readonly withinMs: Millis } & Amount)
  /** Time passes. One a second, at least while it is not calm. */
  | { readonly kind: "tick" };

/** Whom it is about, and what it is held to. */
export interface Held {
  readonly subject: Subject;
  readonly rule: LevelRule;
  /** The line while too little is known of what is usual; null: there is none. */
  readonly cold: number | null;
  /** What is known of the hours a week ago, where the rule asks for them. */
  readonly hours?: readonly Hour[];
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Quiet for a quarter of the window is a break: agents that fan out and think are quicker. */
const RECENT_SHARE = 3 / 4;

const CALM: Phase = { kind: "calm" };

export const UNSEEN: Level = { seenAt: 0, history: NO_HISTORY, recent: [], phase: CALM };

/** A tool's rate limit as calls in a minute. */
export function perMinuteOf({ perMs, requests }: RateLimit): number {
  return (requests * MINUTE_MS) / perMs;
}

/** Where nothing is known yet: a tool's rate limit, else the floor, where that is of one kind. */
export function coldLineOf(rule: LevelRule, rateLimit: RateLimit | null): number | null {
  switch (rule.signal) {
    case "calls_per_tool":
      return rateLimit === null ? rule.atLeast : perMinuteOf(rateLimit);
    case "refusals":
      return rule.atLeast;
    case "spend_usd_per_hour":
    case "tool_error_rate":
      return null;
  }
}

export function observe(
  level: Level,
  held: Held,
  event: LevelEvent,
  now: Millis,
): [Level, Alarm | null] {
  const counted = event.kind === "tick" ? level : count(level, held.rule, event, now);
  // Not those ahead either: a clock that was set back must not count them until it has caught up.
  const from = now - held.rule.windowMs;
  const recent = counted.recent.every(({ start }) => start > from && start <= now)
    ? counted.recent
    : counted.recent.filter(({ start }) => start > from && start <= now);
  const [after, alarm] = advance({ ...counted, recent }, held, now);
  return [{ ...after, seenAt: now }, alarm];
}

/** The clutch is engaged again: what goes on is a new alarm. What was, still teaches nothing. */
export function rearm(level: Level, rule: LevelRule, now: Millis): Level {
  return level.phase.kind === "calm" ? level : calmed(level, rule, now);
}

/** Nothing is in it that could ever matter again. */
export function isOver({ history, phase, recent }: Level, rule: LevelRule, now: Millis): boolean {
  if (phase.kind !== "calm") return false;
  const last = recent.at(-1)?.start ?? Number.NEGATIVE_INFINITY;
  const { above } = rule;
  const overMs = isRelative(above) ? above.overMs + bucketMsOf(above) : rule.windowMs;
  return last <= now - rule.windowMs && isBefore(history, bucketMsOf(above), now - overMs);
}

function advance(level: Level, held: Held, now: Millis): [Level, Alarm | null] {
  const { rule } = held;
  const { phase } = level;
  switch (phase.kind) {
    case "calm": {
      if (sumOf(level.recent).beside < rule.atLeast) return [level, null];
      const line = lineOf(level, held, now);
      if (line === null || !isAbove(level, rule, line, now)) return [level, null];
      const rising: Phase = { kind: "rising", since: now, line };
      return rule.forMs > 0 ? [{ ...level, phase: rising }, null] : alarmed(level, held, rising);
    }
    case "rising": {
      if (!isAbove(level, rule, phase.line, now)) return [{ ...level, phase: CALM }, null];
      // What was in a gap longer than the window that is measured, nobody knows.
      const isGap = now < level.seenAt || now - level.seenAt > rule.windowMs;
      if (isGap) return [{ ...level, phase: { ...phase, since: now } }, null];
      return now - phase.since >= rule.forMs ? alarmed(level, held, phase) : [level, null];
    }
    case "alarmed":
      if (isAbove(level, rule, phase.line, now)) return [level, null];
      return [calmed(level, rule, now), null];
  }
}

function count(
  level: Level,
  rule: LevelRule,
  event: LevelEvent & { readonly kind: "count" | "history" },
  now: Millis,
): Level {
  const { above, windowMs } = rule;
  const bucketMs = bucketMsOf(above);
  if (event.kind === "history") {
    if (!isRelative(above)) return level;
    const pieces = piecesOf(event, bucketMs);
    const into = (all: History, piece: Piece) => addedTo(all, bucketMs, piece, now);
    return { ...level, history: pieces.reduce(into, level.history) };
  }
  const history = isRelative(above) ? addedTo(level.history, bucketMs, event, now) : level.history;
  const grainMs = Math.max(SECOND_MS, Math.ceil(windowMs / BUCKETS_MAX));
  const start = Math.floor(event.at / grainMs) * grainMs;
  return { ...level, history, recent: more(level.recent, { ...event, start }) };
}

type Piece = Amount & { readonly at: Millis };

function piecesOf(
  { at, beside, count: n, withinMs }: LevelEvent & { readonly kind: "history" },
  bucketMs: Millis,
): readonly Piece[] {
  const pieces = Math.max(1, Math.floor(withinMs / bucketMs));
  return Array.from({ length: pieces }, (_, no) => ({
    ...{ at: at + (no * withinMs) / pieces, count: n / pieces, beside: beside / pieces },
  }));
}

function more(
  recent: Level["recent"],
  { beside, count: n, start }: Amount & { readonly start: Millis },
): Level["recent"] {
  const known = recent.find((one) => one.start === start);
  const sum = { start, count: n + (known?.count ?? 0), beside: beside + (known?.beside ?? 0) };
  return [...recent.filter((one) => one !== known), sum];
}

function isAbove(level: Level, rule: LevelRule, { at }: Drawn, now: Millis): boolean {
  const { windowMs } = rule;
  const window = measured(level, rule, { after: now - windowMs, now });
  const recent = measured(level, rule, { after: now - windowMs * RECENT_SHARE, now });
  return window.value > at && window.beside >= rule.atLeast && recent.value > at;
}

/** What was since then, and its value as that of the signal. */
function measured(
  { recent }: Level,
  { signal }: LevelRule,
  { after, now }: { readonly after: Millis; readonly now: Millis },
) {
  const sum = sumOf(recent.filter(({ start }) => start > after));
  return { ...sum, value: figureOf(MEASURES[signal], sum, now - after) ?? 0 };
}

/** What it is now, in the signal's unit. */
export function valueNow(level: Level, rule: LevelRule, now: Millis): number {
  return measured(level, rule, { after: now - rule.windowMs, now }).value;
}

/** Where the line is that it would have to cross now; null: nothing draws one yet. */
export function lineOf(level: Level, held: Held, now: Millis): Drawn | null {
  const { cold, rule } = held;
  if (rule.above.kind === "value") return { at: rule.above.value, usual: null };
  const learnt = learntLine(level, held, now);
  if (learnt === null) return cold === null ? null : { at: cold, usual: null };
  const { at, isLong, usual } = learnt;
  if (isLong) return { at, usual };
  return cold === null ? null : { at: Math.max(cold, at), usual: null };
}

/** Where what is usual draws it, and whether that is enough to judge by; null: nothing is known. */
function learntLine(
  { history }: Level,
  { hours = [], rule }: Held,
  now: Millis,
): { readonly at: number; readonly usual: number; readonly isLong: boolean } | null {
  const { above, windowMs } = rule;
  const measure = MEASURES[rule.signal];
  if (isRelative(above)) {
    const span = {
      ...{ from: now - above.overMs, until: now - windowMs },
      ...{ bucketMs: bucketMsOf(above), windowMs },
    };
    const baseline = baselineOf(history, measure, span, above.kind);
    return baseline === null ? null : { ...baseline, at: lineAbove(above, baseline) };
  }
  const usual = above.kind === "last-week" ? usualOf(hours, measure, { now, windowMs }) : null;
  return usual === null || above.kind === "value"
    ? null
    : { ...usual, at: above.times * usual.usual };
}

/** All that was since shortly before it rose is not what is usual. */
function calmed(level: Level, rule: LevelRule, now: Millis): Level {
  const isLearning = isRelative(rule.above);
  if (level.phase.kind !== "alarmed" || !isLearning) return { ...level, phase: CALM };
  const from = level.phase.since - rule.windowMs;
  const bucketMs = bucketMsOf(rule.above);
  const history = suspecting(level.history, bucketMs, { from, until: now });
  return { ...level, history, phase: CALM };
}

function alarmed(
  level: Level,
  { rule, subject }: Held,
  { line, since }: Phase & { readonly kind: "rising" | "alarmed" },
): [Level, Alarm] {
  const amount = sumOf(level.recent);
  const value = figureOf(MEASURES[rule.signal], amount, rule.windowMs) ?? 0;
  const alarm = alarmOf({ rule, subject, amount, value, line });
  return [{ ...level, phase: { kind: "alarmed", since, line } }, alarm];
}
