/** What can be read: of what servers list now, that which is granted, and nothing else. */
import {
  type LibraryGrants,
  ofServer,
  serversOf,
  serversOfTemplate,
} from "../../guards/library/grants.ts";
import { displayNames } from "../../guards/tool/names.ts";
import { type Listed, ToolServerUnreachable } from "../../ports/tool-server.ts";
import type { JsonObject } from "../../wire/json.ts";
import { SHELVES, type Shelf } from "../../wire/mcp-library.ts";
import type { Incoming } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { listInTime } from "../tools/list-in-time.ts";

/** As of tools: many clients read the first page alone. */
export const PAGE_ITEMS_MAX = 500;

export interface ShelfAsked {
  readonly shelf: Shelf;
  readonly server: string | null;
  readonly cursor: unknown;
}

interface Page {
  readonly items: readonly JsonObject[];
  readonly nextCursor?: string;
}

/** One of what a server lists, and by what an agent asks for it. */
interface Shown {
  readonly server: string;
  readonly key: string;
  readonly raw: JsonObject;
}

/** Null: the cursor is none, or it stood at what is not there any more. */
export async function listShelf(
  { cursor, server, shelf }: ShelfAsked,
  incoming: Incoming,
  gateway: Gateway,
): Promise<Page | null> {
  const all = await shownOn(shelf, server, incoming, gateway);
  const from = startOf(cursor, all);
  if (from === null) return null;
  const page = all.slice(from, from + PAGE_ITEMS_MAX);
  const items = page.map(({ raw }) => raw);
  const last = page.at(-1);
  const isWhole = last === undefined || from + page.length === all.length;
  return isWhole ? { items } : { items, nextCursor: cursorAt(last) };
}

async function shownOn(
  shelf: Shelf,
  server: string | null,
  { manifest, rules }: Incoming,
  gateway: Gateway,
): Promise<readonly Shown[]> {
  const { library } = manifest;
  const granted = ofServer(library, server)[shelf === "prompts" ? "prompts" : "resources"];
  const servers = [...new Set(granted.map((one) => one.server))];
  const listed = await Promise.all(
    servers.map(async (name): Promise<readonly Shown[]> => {
      const items = await listedBy(name, shelf, rules, gateway);
      return items.map((one) => ({ ...one, server: name }));
    }),
  );
  const shown = listed.flat();
  return shelf === "prompts"
    ? grantedPrompts(shown, server, library)
    : shown.filter((one) => isGranted(one, shelf, server, library));
}

/** Shown is what can be read here, at this URL: of one server and no other. */
function isGranted(
  { key, server }: Shown,
  shelf: Exclude<Shelf, "prompts">,
  asked: string | null,
  library: LibraryGrants,
): boolean {
  const { resources } = ofServer(library, asked);
  const servers =
    shelf === "templates" ? serversOfTemplate(key, resources) : serversOf(key, resources);
  return servers.length === 1 && servers[0] === server;
}

/** Under the names by which they mean one prompt. */
function grantedPrompts(
  listed: readonly Shown[],
  server: string | null,
  library: LibraryGrants,
): readonly Shown[] {
  const names = displayNames(ofServer(library, server).prompts);
  return [...names].flatMap(([prompt, name]): readonly Shown[] => {
    const found = listed.find((one) => one.server === prompt.server && one.key === prompt.tool);
    return found === undefined ? [] : [{ ...found, raw: { ...found.raw, name } }];
  });
}

/** One server that is away hides what is its own, not that of the others. */
async function listedBy(
  name: string,
  shelf: Shelf,
  rules: Incoming["rules"],
  gateway: Gateway,
): Promise<readonly Listed[]> {
  const library = rules.toolServer(name)?.library;
  if (library === undefined) return [];
  try {
    return await listInTime({ list: () => library.list(shelf) }, gateway.clock);
  } catch (error) {
    if (!(error instanceof ToolServerUnreachable)) throw error;
    gateway.log.warn(`a tool server did not list its ${shelf}`, { tool_server: name, error });
    gateway.metrics.error(SHELVES[shelf].method);
    return [];
  }
}

function cursorAt({ key, server }: Shown): string {
  return Buffer.from(JSON.stringify([server, key])).toString("base64url");
}

function startOf(cursor: unknown, all: readonly Shown[]): number | null {
  if (cursor === undefined) return 0;
  // Compared as it was made, so that whatever was not made here is none.
  const at = typeof cursor === "string" ? all.findIndex((one) => cursorAt(one) === cursor) : -1;
  return at < 0 ? null : at + 1;
}
