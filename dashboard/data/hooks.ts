/** What pages use of the live connection, the clock and the person's settings. */

import { useEffect, useState } from "preact/hooks";
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

/** The gateway's time, once a second. */
export function useNow(): number {
  const [at, set] = useState(now());
  useEffect(() => {
    const ticker = () => set(now());
    tickers.add(ticker);
    return () => {
      tickers.delete(ticker);
    };
  }, []);
  return at;
}

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
