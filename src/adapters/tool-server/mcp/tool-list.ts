import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import { type OfferedTool, ToolServerUnreachable } from "../../../ports/tool-server.ts";
import type { JsonObject } from "../../../wire/json.ts";
import { METHODS, readToolPage } from "../../../wire/mcp.ts";
import type { AskEnd, Link } from "./link.ts";

/** A server without `list_changed` is looked at again after this. */
export const LIST_KEPT_MS = 30_000;
/** Of all pages together. */
export const LIST_MS_MAX = 30_000;
export const LIST_BYTES_MAX = 8 * 1024 * 1024;
export const PAGES_MAX = 100;
export const TOOLS_MAX = 10_000;

type Tools = readonly OfferedTool[];

/**
 * What a server offers: asked for once by all who want it at the same time, and kept for a while,
 * or until the server says that it changed. A list that changed while it was read is not kept.
 */
export class ToolList {
  readonly #link: Link;
  readonly #clock: Clock;
  #kept: { readonly tools: Tools; readonly since: Millis } | null = null;
  #loading: Promise<Tools> | null = null;

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  get(): Promise<Tools> {
    const kept = this.#kept;
    if (kept !== null && this.#clock.monotonic() - kept.since < LIST_KEPT_MS) {
      return Promise.resolve(kept.tools);
    }
    if (this.#loading !== null) return this.#loading;
    const loading: Promise<Tools> = this.#load().then(
      (tools) => {
        if (this.#loading === loading) {
          this.#kept = { tools, since: this.#clock.monotonic() };
          this.#loading = null;
        }
        return tools;
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
  last(): Promise<Tools> {
    return this.#kept === null ? this.get() : Promise.resolve(this.#kept.tools);
  }

  /** The list has changed. Who waits for the old one gets it; who comes now asks anew. */
  forget(): void {
    this.#kept = null;
    this.#loading = null;
  }

  async #load(): Promise<Tools> {
    const until = this.#clock.monotonic() + LIST_MS_MAX;
    const tools = new Map<string, OfferedTool>();
    let bytesLeft = LIST_BYTES_MAX;
    let cursor: string | null = null;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const params = cursor === null ? {} : { cursor };
      const answer = await this.#ask(params, until - this.#clock.monotonic(), bytesLeft);
      if (answer.kind === "fault") throw new ToolServerUnreachable(answer.fault.message);
      const page = readToolPage(answer.result);
      if (typeof page === "string") throw new ToolServerUnreachable(`tools/list has ${page}`);

      bytesLeft -= answer.bytes;
      for (const tool of page.tools) {
        if (tools.has(tool.name)) throw new ToolServerUnreachable("tools/list names a tool twice");
        tools.set(tool.name, tool);
      }
      if (tools.size > TOOLS_MAX) throw new ToolServerUnreachable("tools/list has too many tools");
      cursor = page.nextCursor;
      if (cursor === null) return [...tools.values()];
    }
    throw new ToolServerUnreachable(`tools/list has more than ${PAGES_MAX} pages`);
  }

  #ask(params: JsonObject, leftMs: Millis, answerBytesMax: number): Promise<AskEnd> {
    const options = {
      method: METHODS.list,
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
