/**
 * The methods of MCP that list and read resources and prompts. To an agent that is granted nothing
 * of one kind they are unknown, as is everything else that is not served.
 */
import { ofServer } from "../../guards/library/grants.ts";
import { type Denial, isDenial } from "../../guards/verdict.ts";
import { METHODS } from "../../wire/mcp.ts";
import {
  type ReadingParams,
  readPromptParams,
  readResourceParams,
  SHELVES,
  type Shelf,
} from "../../wire/mcp-library.ts";
import { type Incoming, originOf } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { handle } from "../handle.ts";
import { record } from "../refuse.ts";
import { type AskedOf, CACHE, invalid, protest, resultText, send } from "../tools/mcp-reply.ts";
import { readingCall } from "./call.ts";
import { ReadingDesk } from "./desk.ts";
import { listShelf } from "./list.ts";

/** What an agent is granted at an address, as its server says that it offers it. */
export function libraryCapabilities(server: string | null, { manifest }: Incoming) {
  const { prompts, resources } = ofServer(manifest.library, server);
  return {
    ...(resources.length === 0 ? {} : { resources: { subscribe: false, listChanged: false } }),
    ...(prompts.length === 0 ? {} : { prompts: { listChanged: false } }),
  };
}

/** Null: this is none of these methods, or not for this agent. */
export function serveLibrary(
  asked: AskedOf,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> | null {
  const { method } = asked.request;
  const capabilities = libraryCapabilities(asked.server, incoming);
  const [kind = ""] = method.split("/", 1);
  if (!(kind in capabilities)) return null;
  const shelf = shelfOf(method);
  if (shelf !== null) return list(shelf, asked, incoming, gateway);
  if (method === METHODS.read) return read(readResourceParams, asked, incoming, gateway);
  return method === METHODS.prompt ? read(readPromptParams, asked, incoming, gateway) : null;
}

function shelfOf(method: string): Shelf | null {
  // `as`: the keys of that very table.
  const shelves = Object.keys(SHELVES) as readonly Shelf[];
  return shelves.find((shelf) => SHELVES[shelf].method === method) ?? null;
}

async function list(
  shelf: Shelf,
  asked: AskedOf,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const { request, revision, server } = asked;
  const { cursor } = request.params;
  const page = await listShelf({ shelf, server, cursor }, incoming, gateway);
  if (page === null) {
    return protest(invalid(asked, "params.cursor is none of here"), 200, incoming, gateway);
  }
  const { items, ...rest } = page;
  const result = { [SHELVES[shelf].items]: items, ...rest };
  const kept = revision === "stateless" ? { ...result, ...CACHE } : result;
  send(incoming, 200, resultText(asked, kept, gateway));
}

async function read(
  readParams: typeof readResourceParams,
  asked: AskedOf,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const params = readParams(asked.request);
  if (params.kind === "unreadable") return protest(params, 200, incoming, gateway);
  const call = readingCall(asked, params, incoming, gateway);
  if (isDenial(call)) return refuse(call, params, asked, { incoming, gateway });
  return handle(call, gateway);
}

interface Here {
  readonly incoming: Incoming;
  readonly gateway: Gateway;
}

function refuse(
  denial: Denial,
  { kind }: ReadingParams,
  asked: AskedOf,
  { incoming, gateway }: Here,
): void {
  const origin = originOf(incoming);
  record({ denial, origin, asked: null }, [], gateway);
  new ReadingDesk(asked, kind, incoming, gateway).refuse(denial, origin, {});
}
