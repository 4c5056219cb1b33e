/** Entries in requests of a bounded size, each of them sent until it was taken once. */
import type { DecisionEvent } from "../../../ports/decision-log.ts";
import { packed, refused } from "./post.ts";

/** Entries differ in how much they shrink. */
const CLEARLY = 1.25;

export interface UploadSettings {
  /** The text of one request. */
  readonly textOf: (events: readonly DecisionEvent[]) => string;
  /** Of a request's body, packed. */
  readonly bytesMax: number;
  /** Rejects where it was not taken. */
  readonly post: (body: Buffer) => Promise<void>;
}

export class Uploads {
  readonly #settings: UploadSettings;
  /** Of a batch that was taken in part: when it comes again, the rest of it is sent. */
  readonly #taken = new WeakSet<DecisionEvent>();
  /** Of the last body to its text: what is far too large need not be packed to be known. */
  #shrinks = 0;

  constructor(settings: UploadSettings) {
    this.#settings = settings;
  }

  async send(events: readonly DecisionEvent[]): Promise<void> {
    await this.#sendAll(events.filter((event) => !this.#taken.has(event)));
  }

  /** In halves, until each of them is small enough. */
  async #sendAll(events: readonly DecisionEvent[]): Promise<void> {
    const [first, ...more] = events;
    if (first === undefined) return;
    const text = this.#settings.textOf(events);
    if (more.length === 0 || text.length * this.#shrinks <= CLEARLY * this.#settings.bytesMax) {
      const body = await packed(text);
      this.#shrinks = body.length / text.length;
      if (body.length <= this.#settings.bytesMax) return this.#sendOne(events, body);
      if (more.length === 0) return this.#sendLarge(first);
    }
    const half = Math.ceil(events.length / 2);
    await this.#sendAll(events.slice(0, half));
    await this.#sendAll(events.slice(half));
  }

  /** OPA loses it; that it was decided, and when, is still worth a line. */
  async #sendLarge(event: DecisionEvent): Promise<void> {
    const { bytesMax, textOf } = this.#settings;
    const body = await packed(textOf([withoutValues(event)]));
    if (body.length > bytesMax) {
      throw refused(`an entry is larger than ${bytesMax} bytes even without its values`);
    }
    await this.#sendOne([event], body);
  }

  async #sendOne(events: readonly DecisionEvent[], body: Buffer): Promise<void> {
    await this.#settings.post(body);
    for (const event of events) this.#taken.add(event);
  }
}

function withoutValues(event: DecisionEvent): DecisionEvent {
  const { input: _input, result: _result, ...rest } = event;
  const message = "input and result are left out: the entry is larger than one upload may be";
  return { ...rest, error: { code: "decision_log_too_large", message } };
}
