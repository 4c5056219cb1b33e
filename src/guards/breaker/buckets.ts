/** What is remembered of the time before: sums of stretches of it, as many as there is room for. */
import type { Millis } from "../money.ts";
import { type Amount, NOTHING } from "./measure.ts";
import { isRelative, type Line } from "./rules.ts";

/**
 * Buckets one after the other, up to the newest. Numbers alone, so that a hundred thousand agents
 * fit: a bucket has no instant, only its place.
 */
export interface History {
  /** The newest: its start divided by the length of a bucket. */
  readonly last: number;
  /** Of each bucket up to the newest; at most `BUCKETS_MAX`. */
  readonly counts: readonly number[];
  /** The same of what is beside; null: it is what is counted itself. */
  readonly besides: readonly number[] | null;
  /** Buckets in which there was an alarm: a runaway must not become what is usual. */
  readonly suspects: readonly number[];
}

export const BUCKETS_MAX = 60;
export const NO_HISTORY: History = { last: 0, counts: [], besides: null, suspects: [] };
const MINUTE_MS = 60_000;

/** How long a bucket of this line's baseline is. */
export function bucketMsOf(above: Line): Millis {
  return isRelative(above) ? Math.ceil(above.overMs / BUCKETS_MAX) : MINUTE_MS;
}

/** So much more, at that time; what is older than all that there is room for is left out. */
export function addedTo(
  history: History,
  bucketMs: Millis,
  { at, beside, count }: Amount & { readonly at: Millis },
  now: Millis,
): History {
  const no = Math.floor(at / bucketMs);
  if (no * bucketMs < now - BUCKETS_MAX * bucketMs) return history;
  const { counts, last } = history;
  if (counts.length === 0) return { ...history, last: no, ...one({ count, beside }) };
  const newest = Math.max(last, no);
  const first = Math.max(Math.min(last - counts.length + 1, no), newest - BUCKETS_MAX + 1);
  if (no < first) return history;
  const span: Span = { from: last - counts.length + 1, first, newest };
  const besides = history.besides ?? (beside === count ? null : counts);
  return {
    last: newest,
    counts: raised(counts, span, no, count),
    besides: besides === null ? null : raised(besides, span, no, beside),
    suspects: history.suspects.filter((suspect) => suspect >= first),
  };
}

function one({ beside, count }: Amount): Pick<History, "besides" | "counts"> {
  return { counts: [count], besides: beside === count ? null : [beside] };
}

/** Where the numbers began, and where those that are kept begin and end. */
interface Span {
  readonly from: number;
  readonly first: number;
  readonly newest: number;
}

function raised(
  numbers: readonly number[],
  { first, from, newest }: Span,
  no: number,
  by: number,
): readonly number[] {
  const all: number[] = [];
  for (let bucket = first; bucket <= newest; bucket += 1) {
    all.push((numbers[bucket - from] ?? 0) + (bucket === no ? by : 0));
  }
  return all;
}

/** From one instant to another nothing teaches. */
export function suspecting(
  history: History,
  bucketMs: Millis,
  { from, until }: { readonly from: Millis; readonly until: Millis },
): History {
  const suspects = new Set(history.suspects);
  const oldest = Math.max(Math.floor(from / bucketMs), history.last - BUCKETS_MAX);
  for (let no = oldest; no <= Math.floor(until / bucketMs); no += 1) suspects.add(no);
  return { ...history, suspects: [...suspects] };
}

/** Nothing in it begins after that. */
export function isBefore({ counts, last }: History, bucketMs: Millis, at: Millis): boolean {
  return counts.length === 0 || last * bucketMs <= at;
}

/** Whole buckets within the span, oldest first, with what may not teach left out. */
export function bucketsIn(
  { besides, counts, last, suspects }: History,
  bucketMs: Millis,
  { from, until }: { readonly from: Millis; readonly until: Millis },
): readonly Amount[] {
  const begin = last - counts.length + 1;
  const [oldest, end] = [Math.ceil(from / bucketMs), Math.floor(until / bucketMs)];
  const amounts: Amount[] = [];
  for (let no = Math.max(begin, oldest); no < end; no += 1) {
    if (suspects.includes(no)) continue;
    const count = counts[no - begin] ?? 0;
    const beside = besides === null ? count : (besides[no - begin] ?? 0);
    // Time counts from the first call on: a tool that was not there yet was not called seldom.
    const isBegun = amounts.length > 0 || count !== 0 || beside !== 0;
    if (isBegun) amounts.push(count === 0 && beside === 0 ? NOTHING : { count, beside });
  }
  return amounts;
}

/** All of it, for people to see. */
export function shownBuckets({ besides, counts, last }: History, bucketMs: Millis) {
  return counts.map((count, place) => ({
    start: (last - counts.length + 1 + place) * bucketMs,
    ...{ count, beside: besides?.[place] ?? count },
  }));
}
