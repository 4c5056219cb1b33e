/**
 * The MCP adapter as a program for the protocol's own conformance runner: lists the tools of the
 * server in its last argument, and calls them as the scenario wants.
 */
import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import type { OfferedTool, ToolEnd } from "../../src/ports/tool-server.ts";
import { isObject } from "../../src/wire/json.ts";

const url = process.argv.at(-1) ?? "";
const settings = { name: "conformance", bearer: null, headers: {}, connectionsMax: 4 };
const server = mcpToolServer({ url, ...settings }, systemClock);
// Timers of the adapter keep no process alive.
const alive = setInterval(() => undefined, 1_000);

const tools = await server.list();
for (const { name, given } of callsOf(tools)) await call(name, given);
await server.close();
clearInterval(alive);

interface Call {
  readonly name: string;
  readonly given: Record<string, unknown>;
}

function callsOf(offered: readonly OfferedTool[]): readonly Call[] {
  const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
  if (Array.isArray(context.toolCalls)) {
    return context.toolCalls.map(({ name, arguments: given }: Record<string, unknown>) => {
      return { name: String(name), given: isObject(given) ? given : {} };
    });
  }
  return offered.map(({ name, raw }) => ({ name, given: exampleOf(raw.inputSchema, offered) }));
}

function exampleOf(schema: unknown, offered: readonly OfferedTool[]): Record<string, unknown> {
  const properties = isObject(schema) && isObject(schema.properties) ? schema.properties : {};
  const values = Object.entries(properties).map(([name, property]) => {
    const type = isObject(property) ? property.type : null;
    if (type === "string") return [name, "text"];
    if (type === "object") return [name, offered[0]?.raw.inputSchema];
    return [name, type === "boolean" ? true : 1];
  });
  return Object.fromEntries(values);
}

function call(tool: string, given: Call["given"]): Promise<ToolEnd> {
  const limits = { timeoutMs: 10_000, resultBytesMax: 1024 * 1024 };
  const request = { tool, arguments: given, meta: {}, progress: null, ...limits };
  return new Promise((resolve) => {
    server.call(request, { mayWrite: () => true, end: resolve });
  });
}
