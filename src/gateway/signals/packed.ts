/**
 * A level as it lies between two looks: numbers alone, one after the other, written where the ones
 * before were. Hundreds of thousands of small objects would be walked by the collector each time.
 */
import type { Level, Phase } from "../../guards/breaker/level.ts";

/**
 *   seenAt, phase, since, line.at, line.usual, last,
 *   how many counts, besides, suspects and rows of recent follow, then these
 */
export type Packed = number[];

const HEAD = 10;
const RECENT_ROW = 3;
/** There is nothing of it: no line, no besides. */
const NONE = Number.NaN;
const NO_BESIDES = -1;
/** Room is made for so many at a time, for a level changes its size with every second. */
const ROOM = 8;

const PHASES = ["calm", "rising", "alarmed"] as const;

/** Into the numbers of before, where there are as many. */
export function pack({ history, phase, recent, seenAt }: Level, before: Packed | null): Packed {
  const { besides, counts, last, suspects } = history;
  const size =
    HEAD + counts.length + (besides?.length ?? 0) + suspects.length + recent.length * RECENT_ROW;
  const room = Math.ceil(size / ROOM) * ROOM;
  const numbers = before?.length === room ? before : new Array<number>(room).fill(NONE);
  let place = 0;
  const put = (number: number) => {
    numbers[place] = number;
    place += 1;
  };
  put(seenAt);
  put(PHASES.indexOf(phase.kind));
  putPhase(phase, put);
  put(last);
  put(counts.length);
  put(besides?.length ?? NO_BESIDES);
  put(suspects.length);
  put(recent.length);
  for (const count of counts) put(count);
  for (const beside of besides ?? []) put(beside);
  for (const suspect of suspects) put(suspect);
  for (const { beside, count, start } of recent) {
    put(start);
    put(count);
    put(beside);
  }
  return numbers;
}

function putPhase(phase: Phase, put: (number: number) => void): void {
  const isCalm = phase.kind === "calm";
  put(isCalm ? NONE : phase.since);
  put(isCalm ? NONE : phase.line.at);
  put(isCalm ? NONE : (phase.line.usual ?? NONE));
}

export function unpack(numbers: Packed): Level {
  let place = 0;
  const take = () => {
    place += 1;
    return numbers[place - 1] ?? 0;
  };
  const takeAll = (length: number) => {
    place += length;
    return numbers.slice(place - length, place);
  };
  const [seenAt, kind] = [take(), PHASES[take()] ?? "calm"];
  const [since, at, usual] = [take(), take(), take()];
  const line = { at, usual: Number.isNaN(usual) ? null : usual };
  const last = take();
  const [counts, besides, suspects, rows] = [take(), take(), take(), take()];
  const history = {
    last,
    counts: takeAll(counts),
    besides: besides === NO_BESIDES ? null : takeAll(besides),
    suspects: takeAll(suspects),
  };
  const recent = Array.from({ length: rows }, () => ({
    ...{ start: take(), count: take(), beside: take() },
  }));
  return { seenAt, history, recent, phase: kind === "calm" ? { kind } : { kind, since, line } };
}
