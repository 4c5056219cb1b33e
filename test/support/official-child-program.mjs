/** A server of the official SDK of MCP 2026-07-28 on its pipes; "reject" or "serve" versions before. */
import { fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

serveStdio(
  () => {
    const server = new McpServer({ name: "official", version: "1" });
    const inputSchema = fromJsonSchema({ type: "object" });
    server.registerTool("echo", { inputSchema }, async (given) => {
      return { content: [{ type: "text", text: JSON.stringify(given) }] };
    });
    return server;
  },
  { legacy: process.argv[2] },
);
