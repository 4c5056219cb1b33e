/**
 * What happened here and is not in the store yet. Recording costs one push; text and hashes are
 * made when a batch is taken, off the path of the call: events are immutable.
 */
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { Anchor, JournalEntry } from "../ports/store.ts";
import { type Heads, OTHER_HEADS_MAX, signAnchor } from "./anchor.ts";
import { Chain, type Written, written } from "./chain.ts";
import { eventOf } from "./entry-text.ts";

/** Events that wait for the store; about a kilobyte each. Beyond it calls are to be refused. */
export const PENDING_MAX = 20_000;
/** What the calls in flight still have to say must find room after the gateway began to refuse. */
export const PENDING_SPARE = 4_000;
/** Between two checkpoints: at most this much of a chain's end is unsigned. */
export const ANCHOR_EVERY_MS: Millis = 5_000;

export interface JournalBatch {
  readonly entries: readonly JournalEntry[];
  readonly anchor: Anchor | null;
}

export interface JournalSettings {
  readonly writer: string;
  /** Of `anchorKey`. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  /** Of `readHeads`: the chains of writers that came before. */
  readonly others: Heads;
}

const NOTHING: JournalBatch = { entries: [], anchor: null };

/** The journal of one writer: `record` on a call's path, `take` and `flushed` by the flusher. */
export class Journal {
  readonly #settings: JournalSettings;
  readonly #chain: Chain;
  #others: Heads;
  #pending: Written[] = [];
  #offered: JournalBatch = NOTHING;
  #dropped = 0;
  #anchorNo = 0;
  #anchoredNo = 0;
  #anchoredAt = Number.NEGATIVE_INFINITY;
  #sealing = false;

  constructor(settings: JournalSettings) {
    this.#settings = settings;
    this.#chain = new Chain(settings.writer);
    this.#others = settings.others;
  }

  /** False: refuse new calls until the store has taken what waits. */
  get hasRoom(): boolean {
    return this.#events < PENDING_MAX - PENDING_SPARE;
  }

  /** What is not in the store yet: events, and a checkpoint that is due. */
  get waiting(): number {
    return this.#events + (this.#offered.anchor !== null || this.#anchorDue() ? 1 : 0);
  }

  get #events(): number {
    return this.#pending.length + this.#offered.entries.length;
  }

  record(event: Event): void {
    if (this.#events >= PENDING_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#admitDropped();
    this.#pending.push(written(event, this.#settings.clock.wall()));
  }

  /** The end of another writer's chain, to be signed with the next checkpoint. */
  learn(writer: string, no: number, hash: string): void {
    const others = new Map(this.#others);
    others.delete(writer);
    others.set(writer, { no, hash });
    this.#others = new Map([...others].slice(-OTHER_HEADS_MAX));
  }

  /** At most `max` entries, and a checkpoint when due. The same ones again until `flushed`. */
  take(max: number): JournalBatch {
    if (this.#offered.entries.length > 0 || this.#offered.anchor) return this.#offered;
    this.#admitDropped();
    const taken = this.#pending.slice(0, max);
    this.#pending = this.#pending.slice(taken.length);
    const entries = taken.map((event) => this.#chain.append(event));
    this.#offered = { entries, anchor: this.#anchor() };
    return this.#offered;
  }

  /** What was taken last is durable. */
  flushed(): void {
    this.#offered = NOTHING;
  }

  /** From now on every batch ends with a checkpoint: this process is about to stop. */
  seal(): void {
    this.#sealing = true;
  }

  /** What waits about one decision, for an explanation that the store cannot give yet. */
  about(decision: string): readonly { readonly event: Event; readonly at: Millis }[] {
    return [...this.#offered.entries, ...this.#pending]
      .filter((entry) => entry.decision === decision)
      .map((entry) => ({ event: eventOf(entry), at: entry.at }));
  }

  #admitDropped(): void {
    if (this.#dropped === 0 || this.#events >= PENDING_MAX) return;
    const event: Event = { kind: "journal.overflowed", dropped: this.#dropped };
    this.#pending.push(written(event, this.#settings.clock.wall()));
    this.#dropped = 0;
  }

  /** Whether the chain went on since its last checkpoint, and that one is old enough. */
  #anchorDue(): boolean {
    if (this.#chain.head.no === this.#anchoredNo) return false;
    const now = this.#settings.clock.monotonic();
    return this.#sealing || now - this.#anchoredAt >= ANCHOR_EVERY_MS;
  }

  #anchor(): Anchor | null {
    if (!this.#anchorDue()) return null;
    const { clock, key, writer } = this.#settings;
    const head = this.#chain.head;
    this.#anchorNo += 1;
    this.#anchoredNo = head.no;
    this.#anchoredAt = clock.monotonic();
    const heads = new Map([...this.#others, [writer, head] as const]);
    return signAnchor(key, { writer, no: this.#anchorNo, at: clock.wall(), heads });
  }
}
