/**
 * Calls of one tool by one agent, over all gateways: is it called far more than is usual for it?
 *
 *   calm ──above the line──► rising ──for so long, without a break──► alarmed
 *    ▲                         │                                         │
 *    └───────── not above ─────┴──────────────── not above ──────────────┘
 *
 * The line is drawn when it is first crossed and stands until the calls are below it, so that what
 * is under suspicion neither makes its own baseline nor, once there was an alarm, any later one.
 * Counted is the last minute. A burst that is over is a break: else one of a few seconds would be
 * above for a whole minute, as long as it takes to leave that minute.
 *
 * It is told totals ("bucket b has n calls so far"), and a total that is not above the one it knows
 * is none, so that merged counts may come twice, late or never. Begin with the buckets that the
 * store knows: what is first heard of a bucket that began before is history, not a call of now.
 */
import type { Millis } from "../money.ts";
import type { RateLimit } from "../tool/tool.ts";
import { type Baseline, baselineOf, type SurgeBucket } from "./baseline.ts";
import type { Alarm, RelativeLine, SurgeRule } from "./rules.ts";

export interface SurgeSubject {
  readonly agent: string;
  readonly server: string;
  readonly tool: string;
  /** The line while too little is known of what is usual; null: the rule's `atLeast`. */
  readonly perMinute: number | null;
}

export interface Surge {
  readonly subject: SurgeSubject;
  readonly bornAt: Millis;
  readonly seenAt: Millis;
  /** At most `BUCKETS_MAX`, in order of their starts. */
  readonly buckets: readonly SurgeBucket[];
  /** Calls of the last minute by the second in which they were heard of. */
  readonly seconds: readonly { readonly start: Millis; readonly calls: number }[];
  readonly phase: SurgePhase;
}

export type SurgePhase =
  | { readonly kind: "calm" }
  | { readonly kind: "rising" | "alarmed"; readonly since: Millis; readonly line: Line };

export interface Line {
  readonly perMinute: number;
  /** Calls a minute, as was usual; null: too little was known. */
  readonly usual: number | null;
}

export type SurgeEvent =
  | { readonly kind: "count"; readonly bucket: Millis; readonly total: number }
  /** Time passes. One a second, at least while it is not calm. */
  | { readonly kind: "tick" };

export const BUCKETS_MAX = 60;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Quiet for this long is a break: agents that fan out and think in between are quicker. */
const RECENT_MS = 45_000;

const CALM: SurgePhase = { kind: "calm" };

/** `now` and buckets are of the wall clock, which gateways share as well as may be. */
export function watch(subject: SurgeSubject, now: Millis): Surge {
  return { subject, bornAt: now, seenAt: now, buckets: [], seconds: [], phase: CALM };
}

/** How long a bucket of this rule's counts is. */
export function bucketMsOf({ above }: SurgeRule): Millis {
  return above.kind === "value" ? MINUTE_MS : Math.ceil(above.overMs / BUCKETS_MAX);
}

/** A tool's rate limit as calls in a minute. */
export function perMinuteOf({ perMs, requests }: RateLimit): number {
  return (requests * MINUTE_MS) / perMs;
}

export function observe(
  surge: Surge,
  rule: SurgeRule,
  event: SurgeEvent,
  now: Millis,
): [Surge, Alarm | null] {
  const counted = event.kind === "count" ? count(surge, rule, event, now) : surge;
  // Not those ahead either: a clock that was set back must not count them until it has caught up.
  const seconds = counted.seconds.filter(({ start }) => start > now - MINUTE_MS && start <= now);
  const [after, alarm] = advance({ ...counted, seconds }, rule, now);
  return [{ ...after, seenAt: now }, alarm];
}

/** The clutch is engaged again: what goes on is a new alarm. What was, still teaches nothing. */
export function rearm(surge: Surge, rule: SurgeRule, now: Millis): Surge {
  return surge.phase.kind === "calm" ? surge : calmed(surge, rule, now);
}

function advance(surge: Surge, rule: SurgeRule, now: Millis): [Surge, Alarm | null] {
  const { phase } = surge;
  switch (phase.kind) {
    case "calm": {
      const line = lineOf(surge, rule, now);
      if (!isAbove(surge, rule, line, now)) return [surge, null];
      const rising: SurgePhase = { kind: "rising", since: now, line };
      return rule.forMs > 0 ? [{ ...surge, phase: rising }, null] : alarmed(surge, rule, rising);
    }
    case "rising": {
      if (!isAbove(surge, rule, phase.line, now)) return [{ ...surge, phase: CALM }, null];
      // What was in a gap longer than the minute that is counted, nobody knows.
      const isGap = now < surge.seenAt || now - surge.seenAt > MINUTE_MS;
      if (isGap) return [{ ...surge, phase: { ...phase, since: now } }, null];
      return now - phase.since >= rule.forMs ? alarmed(surge, rule, phase) : [surge, null];
    }
    case "alarmed":
      if (isAbove(surge, rule, phase.line, now)) return [surge, null];
      return [calmed(surge, rule, now), null];
  }
}

/** Raises the bucket to its total; what is new in it was called now, or as the bucket ended. */
function count(
  surge: Surge,
  rule: SurgeRule,
  { bucket, total }: SurgeEvent & { readonly kind: "count" },
  now: Millis,
): Surge {
  const known = surge.buckets.find(({ start }) => start === bucket);
  const isNews = total > (known?.total ?? 0);
  if (!isNews || bucket < now - BUCKETS_MAX * bucketMsOf(rule)) return surge;

  const raised: SurgeBucket = { start: bucket, total, teaches: known?.teaches ?? true };
  const buckets = [...surge.buckets.filter((each) => each !== known), raised]
    .sort((a, b) => a.start - b.start)
    .slice(-BUCKETS_MAX);
  const isHistory = known === undefined && bucket < surge.bornAt;
  if (isHistory) return { ...surge, buckets };

  const at = Math.min(now, bucket + bucketMsOf(rule) - 1);
  const calls = total - (known?.total ?? 0);
  return { ...surge, buckets, seconds: added(surge.seconds, at, calls) };
}

function added(seconds: Surge["seconds"], at: Millis, calls: number): Surge["seconds"] {
  const start = Math.floor(at / SECOND_MS) * SECOND_MS;
  const known = seconds.find((second) => second.start === start);
  const rest = seconds.filter((second) => second !== known);
  return [...rest, { start, calls: calls + (known?.calls ?? 0) }];
}

function isAbove(surge: Surge, rule: SurgeRule, { perMinute }: Line, now: Millis): boolean {
  const minute = callsSince(surge, now - MINUTE_MS);
  const recent = callsSince(surge, now - RECENT_MS);
  return (
    minute > perMinute && minute >= rule.atLeast && recent > perMinute * (RECENT_MS / MINUTE_MS)
  );
}

function callsSince({ seconds }: Surge, after: Millis): number {
  return seconds.reduce((sum, { calls, start }) => sum + (start > after ? calls : 0), 0);
}

function lineOf({ buckets, subject }: Surge, rule: SurgeRule, now: Millis): Line {
  const { above, atLeast } = rule;
  if (above.kind === "value") return { perMinute: above.perMinute, usual: null };
  const cold = subject.perMinute ?? atLeast;
  const span = { from: now - above.overMs, until: now - MINUTE_MS };
  const baseline = baselineOf(buckets, bucketMsOf(rule), span, above.kind);
  if (baseline === null) return { perMinute: cold, usual: null };
  const perMinute = perMinuteAbove(above, baseline);
  if (baseline.isLong) return { perMinute, usual: baseline.perMinute };
  return { perMinute: Math.max(cold, perMinute), usual: null };
}

function perMinuteAbove(above: RelativeLine, { perMinute, spread }: Baseline): number {
  switch (above.kind) {
    case "average":
      return above.times * perMinute;
    case "ewma":
      return perMinute + above.sigmas * spread;
    case "median":
      return perMinute + above.mads * spread;
  }
}

/** All that was called since shortly before it rose is not what is usual. */
function calmed(surge: Surge, rule: SurgeRule, now: Millis): Surge {
  if (surge.phase.kind !== "alarmed") return { ...surge, phase: CALM };
  const from = surge.phase.since - MINUTE_MS;
  const buckets = surge.buckets.map((bucket) => {
    const isSuspect = bucket.start + bucketMsOf(rule) > from && bucket.start <= now;
    return isSuspect ? { ...bucket, teaches: false } : bucket;
  });
  return { ...surge, buckets, phase: CALM };
}

function alarmed(
  surge: Surge,
  rule: SurgeRule,
  { line, since }: SurgePhase & { readonly kind: "rising" | "alarmed" },
): [Surge, Alarm] {
  const { perMinute: _, ...subject } = surge.subject;
  const calls = callsSince(surge, Number.NEGATIVE_INFINITY);
  const seconds = rule.forMs / SECOND_MS;
  const numbers = {
    calls_last_minute: calls,
    line_per_minute: line.perMinute,
    for_seconds: seconds,
  };
  const alarm: Alarm = {
    rule: rule.name,
    signal: rule.signal,
    action: rule.action,
    ...subject,
    task: null,
    numbers: line.usual === null ? numbers : { ...numbers, usual_per_minute: line.usual },
    says:
      `The tool ${subject.tool} was called ${calls} times in the last minute, ` +
      `and more than ${rounded(line.perMinute)} a minute for ${seconds} s${usualOf(line)}.`,
  };
  return [{ ...surge, phase: { kind: "alarmed", since, line } }, alarm];
}

function usualOf({ usual }: Line): string {
  return usual === null ? "" : `; usual are ${rounded(usual)}`;
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10;
}
