import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import { ToolServerUnreachable } from "../../../ports/tool-server.ts";
import type { JsonObject } from "../../../wire/json.ts";
import { RPC_CODES } from "../../../wire/json-rpc.ts";
import type { AskEnd, Link } from "./link.ts";

/** A server without `list_changed` is looked at again after this. */
export const LIST_KEPT_MS = 30_000;
/** Of all pages together. */
const LIST_MS_MAX = 30_000;
export const LIST_BYTES_MAX = 8 * 1024 * 1024;
export const PAGES_MAX = 100;
export const ITEMS_MAX = 10_000;

/** One of the lists that a server has, and how it is read. */
export interface Listing<Item> {
  readonly method: string;
  /** A text says what is wrong with the page. */
  read(result: JsonObject): Page<Item> | string;
  /** No two are listed by the same. */
  keyOf(item: Item): string;
  /** A server that does not know the question lists nothing; else it is one that is no server. */
  readonly isOptional: boolean;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/**
 * What a server offers: asked for once by all who want it at the same time, and kept for a while,
 * or until the server says that it changed. A list that changed while it was read is not kept.
 */
export class ServerList<Item> {
  readonly #listing: Listing<Item>;
  readonly #link: Link;
  readonly #clock: Clock;
  #kept: { readonly items: readonly Item[]; readonly since: Millis } | null = null;
  #loading: Promise<readonly Item[]> | null = null;

  constructor(listing: Listing<Item>, link: Link, clock: Clock) {
    this.#listing = listing;
    this.#link = link;
    this.#clock = clock;
  }

  get(): Promise<readonly Item[]> {
    const kept = this.#kept;
    if (kept !== null && this.#clock.monotonic() - kept.since < LIST_KEPT_MS) {
      return Promise.resolve(kept.items);
    }
    if (this.#loading !== null) return this.#loading;
    const loading: Promise<readonly Item[]> = this.#load().then(
      (items) => {
        if (this.#loading === loading) {
          this.#kept = { items, since: this.#clock.monotonic() };
          this.#loading = null;
        }
        return items;
      },
      (error) => {
        if (this.#loading === loading) this.#loading = null;
        throw error;
      },
    );
    this.#loading = loading;
    return loading;
  }

  /** The last one that was read, however long ago; without one it is asked for. */
  last(): Promise<readonly Item[]> {
    return this.#kept === null ? this.get() : Promise.resolve(this.#kept.items);
  }

  /** The list has changed. Who waits for the old one gets it; who comes now asks anew. */
  forget(): void {
    this.#kept = null;
    this.#loading = null;
  }

  async #load(): Promise<readonly Item[]> {
    const { isOptional, keyOf, method, read } = this.#listing;
    const until = this.#clock.monotonic() + LIST_MS_MAX;
    const items = new Map<string, Item>();
    let bytesLeft = LIST_BYTES_MAX;
    let cursor: string | null = null;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const params = cursor === null ? {} : { cursor };
      const answer = await this.#ask(params, until - this.#clock.monotonic(), bytesLeft);
      if (answer.kind === "fault") {
        if (isOptional && answer.error?.code === RPC_CODES.methodNotFound) return [];
        throw new ToolServerUnreachable(answer.fault.message);
      }
      const page = read(answer.result);
      if (typeof page === "string") throw new ToolServerUnreachable(`${method} has ${page}`);

      bytesLeft -= answer.bytes;
      for (const item of page.items) {
        if (items.has(keyOf(item))) throw new ToolServerUnreachable(`${method} names one twice`);
        items.set(keyOf(item), item);
      }
      if (items.size > ITEMS_MAX) throw new ToolServerUnreachable(`${method} has too many`);
      cursor = page.nextCursor;
      if (cursor === null) return [...items.values()];
    }
    throw new ToolServerUnreachable(`${method} has more than ${PAGES_MAX} pages`);
  }

  #ask(params: JsonObject, leftMs: Millis, answerBytesMax: number): Promise<AskEnd> {
    const options = {
      method: this.#listing.method,
      params,
      timeoutMs: Math.max(leftMs, 0),
      answerBytesMax,
      progress: null,
    };
    return new Promise((resolve) => {
      this.#link.ask(options, { mayWrite: () => true, end: resolve });
    });
  }
}
