/**
 * A tool server to try things with, by the official MCP SDK: three tools, a resource and a prompt
 * on tickets and recordings that are made up. `node examples/tools/tool-server.mjs`; it listens on
 * 127.0.0.1 alone, for who can reach it needs no gateway.
 */
import { createServer } from "node:http";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const tickets = new Map([
  [4711, "open"],
  [4712, "open"],
]);

function tools() {
  const server = new McpServer({ name: "tickets", version: "1.0.0" });
  server.registerTool(
    "transcribe_audio",
    {
      description: "The words of a recording.",
      inputSchema: { recording: z.string() },
      outputSchema: { text: z.string(), duration_seconds: z.number() },
    },
    ({ recording }) => said({ text: `(the words of ${recording})`, duration_seconds: 150 }),
  );
  server.registerTool(
    "update_ticket_status",
    {
      description: "Changes the status of a ticket.",
      inputSchema: { ticket: z.number().int(), status: z.string() },
    },
    ({ ticket, status }) => {
      if (!tickets.has(ticket)) return failed(`There is no ticket ${ticket}.`);
      tickets.set(ticket, status);
      return said({ ticket, status });
    },
  );
  server.registerTool(
    "delete_ticket",
    { description: "Deletes a ticket.", inputSchema: { ticket: z.number().int() } },
    ({ ticket }) => said({ ticket, deleted: tickets.delete(ticket) }),
  );
  server.registerResource(
    "ticket",
    new ResourceTemplate("tickets://open/{ticket}", { list: undefined }),
    { description: "A ticket as it is now." },
    (uri, { ticket }) => ({
      contents: [{ uri: uri.href, text: `${ticket}: ${tickets.get(Number(ticket)) ?? "unknown"}` }],
    }),
  );
  server.registerPrompt(
    "answer_ticket",
    { description: "How to answer a ticket.", argsSchema: { ticket: z.string() } },
    ({ ticket }) => ({
      messages: [{ role: "user", content: { type: "text", text: `Answer ticket ${ticket}.` } }],
    }),
  );
  return server;
}

function said(value) {
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
}

function failed(text) {
  return { content: [{ type: "text", text }], isError: true };
}

// Without sessions every request stands alone and has a server of its own.
const server = createServer(async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => transport.close());
  await tools().connect(transport);
  await transport.handleRequest(request, response);
});
server.listen(Number(process.env.PORT ?? 7000), "127.0.0.1", () => {
  console.log(`Tools: http://127.0.0.1:${server.address().port}/mcp`);
});
