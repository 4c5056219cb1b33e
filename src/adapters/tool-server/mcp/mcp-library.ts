import type { Clock } from "../../../ports/clock.ts";
import {
  type Library,
  type Listed,
  type ReadRequest,
  type ToolEnd,
  type ToolExchange,
  type ToolRun,
  ToolServerUnreachable,
} from "../../../ports/tool-server.ts";
import { METHODS } from "../../../wire/mcp.ts";
import { readReading, readShelfPage, SHELVES, type Shelf } from "../../../wire/mcp-library.ts";
import { byteLength } from "../../../wire/utf8.ts";
import type { AskEnd, Link } from "./link.ts";
import { type Listing, ServerList } from "./server-list.ts";

/** What of a server is told to others. */
export interface Voice {
  readonly name: string;
  /** Blots out secrets. */
  readonly clean: (message: string) => string;
}

/** Resources and prompts of a server that speaks MCP. */
export class McpLibrary implements Library {
  readonly #voice: Voice;
  readonly #link: Link;
  readonly #shelves: Readonly<Record<Shelf, ServerList<Listed>>>;

  constructor(voice: Voice, link: Link, clock: Clock) {
    this.#voice = voice;
    this.#link = link;
    const list = (shelf: Shelf) => new ServerList(listingOf(shelf), link, clock);
    this.#shelves = {
      resources: list("resources"),
      templates: list("templates"),
      prompts: list("prompts"),
    };
  }

  forget(): void {
    for (const shelf of Object.values(this.#shelves)) shelf.forget();
  }

  async list(shelf: Shelf): Promise<readonly Listed[]> {
    try {
      return await this.#shelves[shelf].get();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { clean, name } = this.#voice;
      throw new ToolServerUnreachable(clean(`tool server ${name}: ${message}`));
    }
  }

  read(request: ReadRequest, run: ToolRun): ToolExchange {
    const { kind, meta, name, progress, resultBytesMax, timeoutMs } = request;
    const beside = Object.keys(meta).length === 0 ? {} : { _meta: meta };
    const asked =
      kind === "resource"
        ? { method: METHODS.read, params: { uri: name, ...beside } }
        : { method: METHODS.prompt, params: { name, arguments: request.arguments, ...beside } };
    const options = { ...asked, timeoutMs, answerBytesMax: resultBytesMax, progress };
    return this.#link.ask(options, {
      mayWrite: () => run.mayWrite(),
      end: (end) => run.end(this.#endOf(kind, end)),
    });
  }

  /** A server that refuses has answered, by its own words. */
  #endOf(kind: ReadRequest["kind"], end: AskEnd): ToolEnd {
    const { clean } = this.#voice;
    if (end.kind === "fault" && end.error !== undefined) {
      const told = { code: end.error.code, message: clean(end.error.message) };
      const bytes = byteLength(told.message);
      const result = { content: [], structuredContent: told, isError: true, bytes };
      return { kind: "result", result };
    }
    if (end.kind === "fault") {
      return { kind: "fault", fault: { ...end.fault, message: clean(end.fault.message) } };
    }
    const read = readReading(kind, end.result);
    if (typeof read === "string") {
      const message = clean(`answered with ${read}`);
      return { kind: "fault", fault: { kind: "protocol", written: true, message } };
    }
    const result = { content: [], structuredContent: read, isError: false, bytes: end.bytes };
    return { kind: "result", result };
  }
}

function listingOf(shelf: Shelf): Listing<Listed> {
  return {
    method: SHELVES[shelf].method,
    read: (result) => readShelfPage(shelf, result),
    keyOf: ({ key }) => key,
    isOptional: true,
  };
}
