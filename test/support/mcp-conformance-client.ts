/**
 * What the conformance runner drives when it looks at our road to tool servers: it is started with
 * a server's URL, lists what that offers, and calls each tool with arguments that its schema takes.
 */
import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import type { OfferedTool, ToolEnd, ToolServer } from "../../src/ports/tool-server.ts";

const url = process.argv.at(-1) ?? "";
const server = mcpToolServer(
  { name: "conformance", url, bearer: null, headers: {}, connectionsMax: 4 },
  systemClock,
);
const offered = await server.list();
for (const tool of offered) {
  const end = await call(server, tool);
  console.log(tool.name, JSON.stringify(end));
}
await server.close();

function call(on: ToolServer, { name, raw }: OfferedTool): Promise<ToolEnd> {
  const request = { tool: name, arguments: someOf(raw.inputSchema), meta: {}, progress: null };
  const limits = { timeoutMs: 5_000, resultBytesMax: 1_000_000 };
  return new Promise((end) => on.call({ ...request, ...limits }, { mayWrite: () => true, end }));
}

/** A value for each property; one tool wants back the schema of the first, as it was read. */
function someOf(schema: unknown): Record<string, unknown> {
  // `as`: schemas of the runner's own.
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const some = Object.entries(properties).map(([name, { type }]) => {
    if (type === "object") return [name, offered[0]?.raw.inputSchema];
    return [name, type === "number" || type === "integer" ? 1 : "some"];
  });
  return Object.fromEntries(some);
}
