/** `tools/list`: what is granted and offered, under the names by which it can be called. */
import { BUDGET_TOOL, displayNames, usableTools } from "../../guards/tool/names.ts";
import { type OfferedTool, ToolServerUnreachable } from "../../ports/tool-server.ts";
import type { JsonObject } from "../../wire/json.ts";
import type { Incoming } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { listInTime } from "./list-in-time.ts";

/** Read only, of the agent itself: every agent has it, where all its tools are. */
const BUDGET: JsonObject = {
  name: BUDGET_TOOL,
  description: "Tells what this agent and its current task may still spend, for each budget.",
  inputSchema: { type: "object", properties: {}, additionalProperties: false },
  annotations: { readOnlyHint: true, openWorldHint: false },
};

export async function listTools(
  server: string | null,
  { manifest, rules }: Incoming,
  gateway: Gateway,
): Promise<readonly JsonObject[]> {
  const usable = usableTools(manifest.tools, server);
  const names = displayNames(usable);
  const servers = [...new Set(usable.map((tool) => tool.server))];
  const offers = new Map<string, readonly OfferedTool[]>();
  await Promise.all(
    servers.map(async (name) =>
      offers.set(name, await offersOf(name, rules.toolServer(name), gateway)),
    ),
  );
  const granted = usable.flatMap((tool) => {
    const name = names.get(tool);
    const offered = offers.get(tool.server)?.find((one) => one.name === tool.tool);
    return name === undefined || offered === undefined ? [] : [{ ...offered.raw, name }];
  });
  return server === null ? [...granted, BUDGET] : granted;
}

/** One server that is away hides its own tools, not those of the others. */
async function offersOf(
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
