/** What pages use of the live connection, the clock and the person's settings. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { EntryView } from "../../src/control/schemas/journal.ts";
import { type Liveness, live, now } from "./live.ts";

const TICK_MS = 1_000;
const tickers = new Set<() => void>();

/** One timer for all that ticks, so that all of it changes in one frame. */
export function startTicking(): void {
  setInterval(() => {
    if (document.hidden) return;
    for (const ticker of tickers) ticker();
  }, TICK_MS);
}

/** The gateway's time, once a second; or by whole steps, where less changes nothing. */
export function useNow(stepMs = 1): number {
  const stepped = () => Math.floor(now() / stepMs) * stepMs;
  const [at, set] = useState(stepped);
  useEffect(() => {
    const ticker = () => set(stepped());
    tickers.add(ticker);
    return () => {
      tickers.delete(ticker);
    };
  }, [stepMs]);
  return at;
}

/** For what says minutes, in each of many rows. */
export const MINUTE_MS = 60_000;

export function useLive(): Liveness {
  const [liveness, set] = useState(live.liveness);
  useEffect(() => {
    set(live.liveness);
    return live.watch(() => set(live.liveness));
  }, []);
  return liveness;
}

export function useHeard(heard: (entry: EntryView) => void): void {
  useEffect(() => live.hear(heard), [heard]);
}

/** True where this media query holds now. */
export function useMedia(query: string): boolean {
  const [matches, set] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const listener = () => set(list.matches);
    listener();
    list.addEventListener("change", listener);
    return () => list.removeEventListener("change", listener);
  }, [query]);
  return matches;
}

export const PHONE = "(max-width: 720px)";

/** Kept in this browser only; a browser that keeps nothing has the default. */
export function useKept<T extends string>(name: string, initial: T): [T, (value: T) => void] {
  // `as`: written by the setter below, and by nothing else.
  const [value, set] = useState(() => (localStorage.getItem(name) as T | null) ?? initial);
  const keep = (next: T) => {
    localStorage.setItem(name, next);
    set(next);
  };
  return [value, keep];
}

/**
 * Rows in the order in which they were first shown: live data changes numbers in place, and what is
 * new comes last. `sort` orders them again, when the person asks for it.
 */
export function useSteadyOrder(wanted: readonly string[]): {
  readonly ids: readonly string[];
  readonly moved: boolean;
  sort(): void;
} {
  const [kept, keep] = useState<readonly string[]>([]);
  const there = new Set(wanted);
  const known = new Set(kept);
  const ids = [...kept.filter((id) => there.has(id)), ...wanted.filter((id) => !known.has(id))];
  useEffect(() => {
    if (ids.length !== kept.length || ids.some((id, index) => id !== kept[index])) keep(ids);
  });
  const moved = ids.some((id, index) => id !== wanted[index]);
  return { ids, moved, sort: () => keep(wanted) };
}

/** About a screen of rows: what one frame draws. */
const SLICE = 16;

/** Once the next frame is on the screen; what is given back calls it off. */
function afterFrame(run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(run);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

/**
 * How many of so many rows are drawn: a screen at once, then more with each frame, so that no frame
 * has to wait for all of them.
 */
export function useSlices(total: number): number {
  const [shown, show] = useState(SLICE);
  useEffect(() => {
    if (shown >= total) return;
    return afterFrame(() => show((before) => before + SLICE));
  }, [shown, total]);
  return Math.min(shown, total);
}

/**
 * Rows as they are wanted, where one answer may change all of them: a screen of those that changed
 * at once, the others with the next frames. A row that says the same is the same object again.
 */
export function useGradually<Row>(wanted: ReadonlyMap<string, Row>): ReadonlyMap<string, Row> {
  const [shown, show] = useState(wanted);
  const last = useRef(shown);
  last.current = shown;
  useEffect(() => {
    const left = changedIn(last.current, wanted);
    let callOff = () => {};
    const step = () => {
      const ids = new Set(left.splice(0, SLICE));
      show((before) => mixed(before, wanted, ids));
      if (left.length > 0) callOff = afterFrame(step);
    };
    if (left.length > 0 || last.current.size !== wanted.size) step();
    return () => callOff();
  }, [wanted]);
  return shown;
}

function changedIn<Row>(
  before: ReadonlyMap<string, Row>,
  wanted: ReadonlyMap<string, Row>,
): string[] {
  return [...wanted].flatMap(([id, row]) => {
    const known = before.get(id);
    const same = known === row || JSON.stringify(known) === JSON.stringify(row);
    return same ? [] : [id];
  });
}

function mixed<Row>(
  before: ReadonlyMap<string, Row>,
  wanted: ReadonlyMap<string, Row>,
  ids: ReadonlySet<string>,
): ReadonlyMap<string, Row> {
  const rows = [...wanted].map(([id, row]): [string, Row] => {
    return [id, ids.has(id) ? row : (before.get(id) ?? row)];
  });
  return new Map(rows);
}
