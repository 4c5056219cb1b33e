/** One connection that listens: how far it has read, and what it is sent next. */
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { JournalQuery } from "../ports/store.ts";
import { droppedText, type Frame, frameOf, placeText, retryText } from "./frames.ts";
import type { StoredEntry } from "./operations.ts";

/** Proxies cut a silent connection after a minute, some after half of it. */
export const HEARTBEAT_MS: Millis = 15_000;
/** Who has not taken what was sent for so long does not read. */
export const STUCK_MS: Millis = 30_000;
const COME_AGAIN_MS: Millis = 1_000;
/** Sent at once, so that a slow reader is not owed much. */
const FRAMES_AT_ONCE = 200;

export interface EventsAsked {
  /** Null: all of them. */
  readonly agent: string | null;
  readonly kinds: ReadonlySet<string> | null;
  /** Entries after this position; null: what comes from now on. */
  readonly after: number | null;
  /** Whether it may still listen: its token or its session may have ended. */
  readonly stillMay: () => Promise<boolean>;
}

/** The entries that are at hand: all after `since`, up to `head`. */
export interface Recent {
  readonly head: number;
  readonly since: number;
  /** Up to `max` of them, after this position. */
  after(position: number, max: number): readonly Frame[];
}

interface Source {
  readonly feed: Recent;
  readonly clock: Clock;
  readonly read: (query: JournalQuery) => Promise<readonly StoredEntry[]>;
  readonly ended: () => void;
}

export class Listener {
  readonly #asked: EventsAsked;
  readonly #source: Source;
  #cursor = 0;
  /** It has caught up once: from then on it is to keep up. */
  #live = false;
  #ended = false;
  /** That it was dropped is the last that it is told. */
  #dropped = false;
  #greeted = false;
  #askedAt: Millis;
  #checkedAt: Millis;
  /** Since when what was sent last is not taken; null: it waits for more. */
  #busySince: Millis | null;
  #wake: () => void = () => undefined;
  /** Ends the connection where nothing more can be sent. */
  cut: () => void = () => undefined;

  constructor(asked: EventsAsked, source: Source) {
    this.#asked = asked;
    this.#source = source;
    this.#askedAt = source.clock.monotonic();
    this.#checkedAt = this.#askedAt;
    this.#busySince = this.#askedAt;
  }

  begin(head: number): void {
    this.#cursor = this.#asked.after ?? head;
  }

  /** Once after every poll: there may be something, or it may have stopped reading. */
  look(): void {
    this.#wake();
    const { clock } = this.#source;
    const isStuck = this.#busySince !== null && clock.monotonic() - this.#busySince > STUCK_MS;
    if (!isStuck) return;
    this.end();
    this.cut();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#source.ended();
    this.#wake();
  }

  /** The next text for this connection, as soon as there is one; null: it has ended. */
  async next(): Promise<string | null> {
    this.#busySince = null;
    this.#askedAt = this.#source.clock.monotonic();
    try {
      return await this.#next();
    } catch (error) {
      this.end();
      throw error;
    } finally {
      this.#busySince = this.#source.clock.monotonic();
    }
  }

  async #next(): Promise<string | null> {
    const { clock, feed } = this.#source;
    for (;;) {
      if (this.#ended || this.#dropped || !(await this.#stillMay())) {
        this.end();
        return null;
      }
      if (!this.#greeted) return await this.#greeting();
      if (this.#cursor < feed.since && this.#live) return this.#drop("it was read too slowly");
      const text = this.#cursor < feed.since ? await this.#fromStore() : this.#fromFeed();
      if (text !== "") return text;
      if (this.#cursor < feed.head) continue;
      if (clock.monotonic() - this.#askedAt >= HEARTBEAT_MS) return placeText(this.#cursor);
      await this.#sleep();
    }
  }

  /** Who comes from another gateway may know of more than has been heard of here. */
  async #greeting(): Promise<string> {
    this.#greeted = true;
    const { feed, read } = this.#source;
    if (this.#cursor > feed.head) {
      const found = await read({ after: this.#cursor - 1, take: "oldest", limit: 1 });
      if (found.length === 0) return this.#drop("the journal ends before that id", feed.head);
    }
    return retryText(COME_AGAIN_MS) + placeText(this.#cursor);
  }

  #drop(because: string, from: number | null = null): string {
    this.#dropped = true;
    return droppedText(because, from);
  }

  #fromFeed(): string {
    this.#live = true;
    const frames = this.#source.feed.after(this.#cursor, FRAMES_AT_ONCE);
    this.#cursor = frames.at(-1)?.position ?? this.#cursor;
    return this.#textOf(frames);
  }

  async #fromStore(): Promise<string> {
    const { agent } = this.#asked;
    const { head } = this.#source.feed;
    const query = { after: this.#cursor, take: "oldest", limit: FRAMES_AT_ONCE } as const;
    const page = await this.#source.read(agent === null ? query : { ...query, agent });
    const last = page.at(-1)?.position ?? this.#cursor;
    // A short page is the end of them, as of when the head was known.
    this.#cursor = page.length === FRAMES_AT_ONCE ? last : Math.max(last, head);
    return this.#textOf(page.map(frameOf));
  }

  #textOf(frames: readonly Frame[]): string {
    const { agent, kinds } = this.#asked;
    const wanted = frames.filter((frame) => {
      return (agent ?? frame.agent) === frame.agent && (kinds === null || kinds.has(frame.kind));
    });
    return wanted.map(({ text }) => text).join("");
  }

  async #stillMay(): Promise<boolean> {
    const now = this.#source.clock.monotonic();
    if (now - this.#checkedAt < HEARTBEAT_MS) return true;
    this.#checkedAt = now;
    return this.#asked.stillMay();
  }

  /** Until the next poll has looked, or a heartbeat is due. */
  #sleep(): Promise<void> {
    const { clock } = this.#source;
    return new Promise((resolve) => {
      const left = this.#askedAt + HEARTBEAT_MS - clock.monotonic();
      const cancel = clock.after(left, () => this.#wake());
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** What a listener is sent, at the pace at which its connection takes it. */
export function streamOf(listener: Listener): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        listener.cut = () => controller.error(new Error("it is not read"));
      },
      pull: async (controller) => {
        const text = await listener.next();
        if (text === null) controller.close();
        else controller.enqueue(encoder.encode(text));
      },
      cancel: () => listener.end(),
    },
    // Nothing is made before it can be written.
    { highWaterMark: 0 },
  );
}
