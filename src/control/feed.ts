/**
 * The journal as it grows, for everybody who listens: the store is asked once for all of them, and
 * not at all while nobody does. What came last is kept here for those who are up to date; who asks
 * for older entries reads the store at the pace of their own connection.
 */
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { type Frame, frameOf } from "./frames.ts";
import { type EventsAsked, Listener, type Recent } from "./listener.ts";
import type { Operations } from "./operations.ts";
import { Problem } from "./problem.ts";

/** Pages that listen at one gateway: well under the connections it takes. */
export const LISTENERS_MAX = 64;
/** With the flush that comes with it, what happened here is heard of in less than a second. */
export const POLL_MS: Millis = 500;
/** Kept for those who are up to date: a second or more of a busy gateway. */
export const RECENT_MAX = 2_000;
const RECENT_CHARS_MAX = 8 * 1024 * 1024;
const PAGE = 500;
/** Then the loop yields until the next poll, however much there is. */
const PAGES_A_POLL = 10;
const RETRY_SECONDS = 10;

export interface FeedSettings {
  readonly operations: Pick<Operations, "journal">;
  readonly clock: Clock;
  readonly log: Pick<Log, "error">;
}

export class Feed implements Recent {
  readonly #settings: FeedSettings;
  readonly #listeners = new Set<Listener>();
  /** In the order of their positions: every one after `#since`. */
  #recent: Frame[] = [];
  #chars = 0;
  #since = 0;
  #head = 0;
  #running: Promise<void> | null = null;
  #cancel: () => void = () => undefined;
  #failing = false;
  #closed = false;

  constructor(settings: FeedSettings) {
    this.#settings = settings;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get head(): number {
    return this.#head;
  }

  get since(): number {
    return this.#since;
  }

  after(position: number, max: number): readonly Frame[] {
    const from = this.#recent.findIndex((frame) => frame.position > position);
    return from < 0 ? [] : this.#recent.slice(from, from + max);
  }

  /** Rejects if the store cannot be asked where its journal ends. */
  async listen(asked: EventsAsked): Promise<Listener> {
    if (this.#closed || this.#listeners.size >= LISTENERS_MAX) {
      const message = `${LISTENERS_MAX} pages or programs listen already.`;
      throw new Problem("events.full", message, { retryAfterSeconds: RETRY_SECONDS });
    }
    const { clock, operations } = this.#settings;
    const listener = new Listener(asked, {
      feed: this,
      clock,
      read: (query) => operations.journal(query),
      ended: () => this.#leave(listener),
    });
    this.#listeners.add(listener);
    try {
      this.#running ??= this.#begin();
      await this.#running;
    } catch (error) {
      listener.end();
      throw error;
    }
    listener.begin(this.#head);
    return listener;
  }

  /** Everybody is told to come again: a gateway that stops has nothing more to say. */
  close(): void {
    this.#closed = true;
    for (const listener of [...this.#listeners]) listener.end();
  }

  async #begin(): Promise<void> {
    const { operations } = this.#settings;
    const [last] = await operations.journal({ take: "newest", limit: 1 });
    this.#head = last?.position ?? 0;
    this.#since = this.#head;
    this.#again();
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#cancel();
    this.#running = null;
    this.#recent = [];
    this.#chars = 0;
  }

  #again(): void {
    this.#cancel();
    if (this.#listeners.size === 0) return;
    this.#cancel = this.#settings.clock.after(POLL_MS, () => void this.#poll());
  }

  /** Never rejects: a store that is away is asked again, and its listeners stay. */
  async #poll(): Promise<void> {
    const running = this.#running;
    try {
      for (let pages = 0; pages < PAGES_A_POLL; pages += 1) {
        const isMore = await this.#read(running);
        if (!isMore) break;
      }
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#settings.log.error("live events wait for the store", { error });
      this.#failing = true;
    }
    if (running !== this.#running) return;
    for (const listener of [...this.#listeners]) listener.look();
    this.#again();
  }

  /** One page; whether there may be more. Nobody may be listening any more once it is read. */
  async #read(running: Promise<void> | null): Promise<boolean> {
    const { operations } = this.#settings;
    const asked = { after: this.#head, take: "oldest", limit: PAGE } as const;
    const page = await operations.journal(asked);
    if (running !== this.#running || running === null) return false;
    for (const entry of page) this.#keep(frameOf(entry));
    return page.length === PAGE;
  }

  #keep(frame: Frame): void {
    this.#recent.push(frame);
    this.#chars += frame.text.length;
    this.#head = frame.position;
    let dropped = 0;
    for (const { position, text } of this.#recent) {
      const isFull = this.#recent.length - dropped > RECENT_MAX || this.#chars > RECENT_CHARS_MAX;
      if (!isFull) break;
      this.#chars -= text.length;
      this.#since = position;
      dropped += 1;
    }
    if (dropped > 0) this.#recent.splice(0, dropped);
  }
}
