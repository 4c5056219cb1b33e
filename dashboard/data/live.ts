/**
 * What happens, as it happens: every entry of the journal over one connection that comes back by
 * itself. Whatever was missed meanwhile is asked for again, so nothing depends on the gap.
 */
import type { EntryView } from "../../src/control/schemas/journal.ts";
import { KINDS } from "../words/entries.ts";
import { get, Refused, watchAnswers } from "./api.ts";
import { refresh } from "./cache.ts";

const EVENTS = "/api/v1/events";
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 15_000;
/** A server that says nothing at all is not taken for lost at once. */
const LOST_AFTER_MS = 1_500;

/** What people wait for: shown almost at once, whatever else goes on. */
const URGENT: ReadonlySet<string> = new Set([
  "clutch.disengaged",
  "breaker.alarmed",
  "review.decided",
  "call.parked",
  "task.ended",
  "configuration.changed",
]);

export type Liveness =
  | { readonly state: "starting" }
  | { readonly state: "live" }
  /** Since when, and when it is tried again; both by this machine's clock. */
  | { readonly state: "lost"; readonly since: number; readonly retryAt: number };

type Heard = (entry: EntryView) => void;

class Live {
  liveness: Liveness = { state: "starting" };
  readonly #heard = new Set<Heard>();
  readonly #watchers = new Set<() => void>();
  #source: EventSource | null = null;
  #lastAt = Date.now();
  #retryMs = RETRY_FIRST_MS;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #signedOut: () => void = () => undefined;

  /** Connects, and says when the session is over. */
  start(signedOut: () => void): void {
    this.#signedOut = signedOut;
    this.#connect();
  }

  stop(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#set({ state: "starting" });
  }

  /** Now, because a person does not want to wait. */
  retry(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#connect();
  }

  hear(heard: Heard): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #connect(): void {
    this.#source?.close();
    const source = new EventSource(EVENTS);
    this.#source = source;
    const listener = (event: MessageEvent<string>) => this.#message(event);
    source.onmessage = listener;
    // Named events reach nobody who has not asked for them by name.
    for (const kind of KINDS) source.addEventListener(kind, listener);
    source.onopen = () => this.#opened();
    source.onerror = () => this.#failed(source);
  }

  #opened(): void {
    this.#retryMs = RETRY_FIRST_MS;
    this.#lastAt = Date.now();
    this.#set({ state: "live" });
    refresh(true);
  }

  #message(event: MessageEvent<string>): void {
    this.#lastAt = Date.now();
    // `as`: the server writes entries, and nothing else, into this stream.
    const entry = JSON.parse(event.data) as EntryView;
    refresh(URGENT.has(entry.kind));
    for (const heard of this.#heard) heard(entry);
  }

  #failed(source: EventSource): void {
    source.close();
    this.#source = null;
    const now = Date.now();
    const since = this.liveness.state === "lost" ? this.liveness.since : this.#lastAt;
    const lost = { state: "lost", since, retryAt: now + this.#retryMs } as const;
    if (this.liveness.state === "live") {
      // A reload of the gateway's listener is over before anybody should be told.
      this.#timer = setTimeout(() => this.#connect(), LOST_AFTER_MS / 3);
      this.#set({ ...lost, retryAt: now + LOST_AFTER_MS / 3 });
    } else {
      this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
      this.#set(lost);
    }
    void this.#stillSignedIn();
  }

  /** A stream does not say why it ended. */
  async #stillSignedIn(): Promise<void> {
    try {
      await get("/api/v1/session");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) this.#signedOut();
    }
  }

  #set(liveness: Liveness): void {
    this.liveness = liveness;
    for (const watcher of this.#watchers) watcher();
  }
}

export const live = new Live();

/** By how much the gateway's clock is ahead of this machine's, as its answers say. */
let aheadMs = 0;
/** The header has whole seconds: less than this is no difference. */
const SKEW_MIN_MS = 3_000;

export function watchClock(): void {
  watchAnswers(({ date }) => {
    if (date === null) return;
    const ahead = Date.parse(date) - Date.now();
    aheadMs = Math.abs(ahead) < SKEW_MIN_MS ? 0 : ahead;
  });
}

/** The gateway's time: what all that is shown is measured by. */
export function now(): number {
  return Date.now() + aheadMs;
}
