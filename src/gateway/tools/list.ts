/** `tools/list`: what is granted and offered, under the names by which it can be called. */
import { BUDGET_TOOL } from "../../guards/tool/names.ts";
import { isAsPinned } from "../../guards/tool/pin.ts";
import { type OfferedTool, ToolServerUnreachable } from "../../ports/tool-server.ts";
import { isObject, type JsonObject } from "../../wire/json.ts";
import { needsTask } from "../../wire/mcp.ts";
import type { Incoming } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import type { ShownTool } from "../ruleset.ts";
import { listInTime } from "./list-in-time.ts";
import { pinOf } from "./pins.ts";

/** Many clients read the first page alone: so it has more than any model can be offered. */
export const PAGE_TOOLS_MAX = 500;

/** Read only, of the agent itself: every agent has it, where all its tools are. */
const BUDGET: JsonObject = {
  name: BUDGET_TOOL,
  description: "Tells what this agent and its current task may still spend, for each budget.",
  inputSchema: { type: "object", properties: {}, additionalProperties: false },
  annotations: { readOnlyHint: true, openWorldHint: false },
};

/** What is asked for: the tools of all servers or of one, from the start or after a page. */
export interface PageAsked {
  readonly server: string | null;
  readonly cursor: unknown;
}

export interface ToolsPage {
  readonly tools: readonly JsonObject[];
  readonly nextCursor?: string;
}

/** As the manifest has them. Null: the cursor is none, or it stood at what is granted no more. */
export async function listTools(
  { cursor, server }: PageAsked,
  { manifest, rules }: Incoming,
  gateway: Gateway,
): Promise<ToolsPage | null> {
  const all = rules.shownTools(manifest, server);
  const from = startOf(cursor, all);
  if (from === null) return null;
  const offers = await offersOf(all.slice(from), rules, gateway);
  const tools: JsonObject[] = [];
  for (const [no, { name, tool }] of all.entries()) {
    const offered = no < from ? undefined : offers.get(tool.server)?.get(tool.tool);
    // No call of such a one succeeds: tasks of servers are not followed here.
    if (offered === undefined || needsTask(offered.raw)) continue;
    // A description that nobody reviewed is not shown either: list and call always agree.
    if (!isAsPinned(tool.pin, tool.pin === null ? null : pinOf(tool, offered))) continue;
    if (tools.length === PAGE_TOOLS_MAX) return { tools, nextCursor: cursorAt(all[no - 1]) };
    tools.push({ ...offered.raw, name, ...withoutMirrors(offered.raw) });
  }
  return { tools: server === null ? [...tools, BUDGET] : tools };
}

/** Its place in the manifest and not in the page: what a server offers may change in between. */
function cursorAt(last: ShownTool | undefined): string {
  if (last === undefined) throw new Error("a page ended before its first tool");
  const { server, tool } = last.tool;
  return Buffer.from(JSON.stringify([server, tool])).toString("base64url");
}

function startOf(cursor: unknown, all: readonly ShownTool[]): number | null {
  if (cursor === undefined) return 0;
  // Compared as it was made, so that whatever was not made here is none.
  const at = typeof cursor === "string" ? all.findIndex((one) => cursorAt(one) === cursor) : -1;
  return at < 0 ? null : at + 1;
}

type Offers = ReadonlyMap<string, ReadonlyMap<string, OfferedTool>>;

async function offersOf(
  shown: readonly ShownTool[],
  rules: Incoming["rules"],
  gateway: Gateway,
): Promise<Offers> {
  const servers = [...new Set(shown.map(({ tool }) => tool.server))];
  const offers = new Map<string, ReadonlyMap<string, OfferedTool>>();
  await Promise.all(
    servers.map(async (name) => {
      const offered = await offeredBy(name, rules.toolServer(name), gateway);
      offers.set(name, new Map(offered.map((tool) => [tool.name, tool])));
    }),
  );
  return offers;
}

/** One server that is away hides its own tools, not those of the others. */
async function offeredBy(
  name: string,
  server: { list(): Promise<readonly OfferedTool[]> } | null,
  gateway: Gateway,
): Promise<readonly OfferedTool[]> {
  if (server === null) return [];
  try {
    return await listInTime(server, gateway.clock);
  } catch (error) {
    if (!(error instanceof ToolServerUnreachable)) throw error;
    gateway.log.warn("a tool server did not list its tools", { tool_server: name, error });
    gateway.metrics.error("tools/list");
    return [];
  }
}

const MIRROR = "x-mcp-header";
/** As deep as a schema may be that arguments of the deepest kind fit. */
const SCHEMA_DEPTH_MAX = 64;

/**
 * A server may ask clients to repeat arguments in headers, so that proxies can see them. Between
 * agent and gateway nobody is to: what a proxy there believed would not be what is decided here.
 */
function withoutMirrors({ inputSchema }: OfferedTool["raw"]): JsonObject {
  if (!isObject(inputSchema) || !isMirrored(inputSchema, 0)) return {};
  return { inputSchema: unmirrored(inputSchema, 0) };
}

/** Looked at first: most schemas have none, and need no copy. */
function isMirrored(schema: JsonObject, depth: number): boolean {
  if (MIRROR in schema) return true;
  const { properties } = schema;
  if (!isObject(properties) || depth === SCHEMA_DEPTH_MAX) return false;
  return Object.values(properties).some((one) => isObject(one) && isMirrored(one, depth + 1));
}

function unmirrored(schema: JsonObject, depth: number): JsonObject {
  const { [MIRROR]: _, ...rest } = schema;
  const { properties } = schema;
  if (!isObject(properties) || depth === SCHEMA_DEPTH_MAX) return rest;
  const inner = Object.entries(properties).map(([name, property]) => {
    return [name, isObject(property) ? unmirrored(property, depth + 1) : property];
  });
  return { ...rest, properties: Object.fromEntries(inner) };
}
