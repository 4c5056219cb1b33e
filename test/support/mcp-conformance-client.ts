/**
 * What the conformance runner drives when it looks at our road to tool servers: it is started with
 * a server's URL, lists what that offers, and makes the calls that the scenario names, else one of
 * each tool with arguments that its schema takes.
 */
import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import type { ToolEnd } from "../../src/ports/tool-server.ts";

interface Called {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

const url = process.argv.at(-1) ?? "";
const server = mcpToolServer(
  { name: "conformance", url, bearer: null, headers: {}, connectionsMax: 4 },
  systemClock,
);
const offered = await server.list();
const { toolCalls } = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
const calls: readonly Called[] =
  toolCalls ?? offered.map(({ name, raw }) => ({ name, arguments: someOf(raw.inputSchema) }));
for (const called of calls) console.log(called.name, JSON.stringify(await call(called)));
await server.close();

function call({ arguments: given, name }: Called): Promise<ToolEnd> {
  const request = { tool: name, arguments: given, meta: {}, progress: null };
  const limits = { timeoutMs: 5_000, resultBytesMax: 1_000_000 };
  return new Promise((end) =>
    server.call({ ...request, ...limits }, { mayWrite: () => true, end }),
  );
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
