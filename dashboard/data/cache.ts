/**
 * What the API answered last, by path. A page that shows a path keeps it fresh: whatever happens in
 * the journal makes it ask again, but never more often than `PAUSE_MS`, and an answer that is the
 * same as before changes nothing on the page.
 */
import { useEffect, useState } from "preact/hooks";
import { getText, Refused } from "./api.ts";

/** Two answers for one path are at least so far apart. */
const PAUSE_MS = 1_000;
/** After what a person waits for (a trip, a decision) it is asked almost at once. */
const URGENT_MS = 120;
/** Numbers that move without an entry (leases, heartbeats) are looked at so often. */
const IDLE_MS = 10_000;
/** Paths that nobody shows are kept, for coming back; with more the oldest goes. */
const KEPT_MAX = 60;

export interface Answer<T> {
  /** Undefined: nothing came yet. */
  readonly value: T | undefined;
  /** Of the last try; what came before it stays. */
  readonly error: Refused | null;
  /** When `value` was true. */
  readonly at: number;
}

class Entry {
  readonly path: string;
  readonly listeners = new Set<() => void>();
  answer: Answer<unknown> = { value: undefined, error: null, at: 0 };
  #text = "";
  #timer: ReturnType<typeof setTimeout> | null = null;
  #dueAt = 0;
  #askedAt = 0;
  #asking = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Asks after so long, or sooner if that was planned already. */
  plan(afterMs: number): void {
    const now = performance.now();
    const dueAt = Math.max(now + afterMs, this.#asking ? now + URGENT_MS : 0);
    if (this.#timer !== null) {
      if (this.#dueAt <= dueAt) return;
      clearTimeout(this.#timer);
    }
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#due(), dueAt - now);
  }

  /** How long ago it was asked last decides how soon it may be asked again. */
  stale(urgent: boolean): void {
    // What is not there does not come by asking again, until somebody goes to it anew.
    if (this.answer.error?.status === 404 && this.#timer === null && !urgent) return;
    const sinceMs = performance.now() - this.#askedAt;
    this.plan(urgent ? URGENT_MS : Math.max(URGENT_MS, PAUSE_MS - sinceMs));
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #due(): void {
    this.#timer = null;
    if (this.#asking) return this.plan(URGENT_MS);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    this.#askedAt = performance.now();
    try {
      const text = await getText(this.path);
      const same = text === this.#text;
      const value: unknown = same ? this.answer.value : JSON.parse(text);
      const healed = this.answer.error !== null;
      this.#text = text;
      this.answer = { value, error: null, at: Date.now() };
      if (!same || healed) this.#tell();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.answer = { ...this.answer, error };
      this.#tell();
    } finally {
      this.#asking = false;
    }
    const isThere = this.answer.error?.status !== 404;
    if (this.listeners.size > 0 && isThere) this.plan(IDLE_MS);
  }

  #tell(): void {
    for (const listener of this.listeners) listener();
  }
}

const entries = new Map<string, Entry>();

function entryOf(path: string): Entry {
  const there = entries.get(path);
  if (there !== undefined) return there;
  const made = new Entry(path);
  entries.set(path, made);
  for (const [old, { listeners }] of entries) {
    if (entries.size <= KEPT_MAX) break;
    if (listeners.size === 0 && old !== path) entries.delete(old);
  }
  return made;
}

const NOTHING: Answer<never> = { value: undefined, error: null, at: 0 };

/** What the API says at this path, kept fresh while it is shown; null: nothing is asked. */
export function useApi<T>(path: string | null): Answer<T> {
  const [, redraw] = useState({});
  useEffect(() => {
    if (path === null) return;
    const entry = entryOf(path);
    const listener = () => redraw({});
    entry.listeners.add(listener);
    entry.stale(true);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0) entry.stop();
    };
  }, [path]);
  // `as`: whoever names the path knows the server's type for it.
  return path === null ? NOTHING : (entryOf(path).answer as Answer<T>);
}

/** Something happened: what is shown is asked again. */
export function refresh(urgent: boolean): void {
  for (const entry of entries.values()) {
    if (entry.listeners.size > 0) entry.stale(urgent);
  }
}

/** Another person signs in: nothing of the one before is left. */
export function forgetAll(): void {
  for (const entry of entries.values()) entry.stop();
  entries.clear();
}
