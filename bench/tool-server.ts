/**
 * The tool server of the benchmarks, made with the official SDK as its examples show it: sessions,
 * and answers as events. It knows when each call arrived, on the clock that all processes of the
 * machine share.
 *
 *   node bench/tool-server.ts
 *
 * It prints one line of JSON with its url, and stops at SIGTERM. `work` and `limited` are two names
 * of one tool, which answers with its arguments. GET /arrivals answers when calls arrived, in
 * microseconds, oldest first, GET /counts how many there were and how many different ones; POST
 * /reset forgets them.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";
import { nowUs } from "./clock.ts";

export const TOOLS = ["work", "limited"] as const;

const ARRIVALS_MAX = 2_000_000;
const BODY_BYTES_MAX = 1024 * 1024;

let arrivals: number[] = [];
/** What calls asked. */
let asked = new Set<string>();
const sessions = new Map<string, StreamableHTTPServerTransport>();

async function connect(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => {
      sessions.set(id, transport);
    },
  });
  const server = new McpServer({ name: "benchmark", version: "1" });
  for (const tool of TOOLS) {
    server.registerTool(tool, { inputSchema: z.looseObject({}) }, async (given) => ({
      content: [{ type: "text", text: JSON.stringify(given) }],
    }));
  }
  await server.connect(transport);
  return transport;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrivedAt = nowUs();
  if (request.url === "/arrivals") {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(arrivals));
    return;
  }
  if (request.url === "/counts") {
    const counts = { calls: arrivals.length, distinct: asked.size };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(counts));
    return;
  }
  if (request.url === "/reset") {
    arrivals = [];
    asked = new Set();
    response.writeHead(204).end();
    return;
  }
  const text = await read(request);
  const body: Asked | undefined = text === "" ? undefined : JSON.parse(text);
  if (body?.method === "tools/call" && arrivals.length < ARRIVALS_MAX) {
    arrivals.push(arrivedAt);
    asked.add(JSON.stringify(body.params?.arguments));
  }
  const known = sessions.get(String(request.headers["mcp-session-id"]));
  await (known ?? (await connect())).handleRequest(request, response, body);
}

interface Asked {
  readonly method?: unknown;
  readonly params?: { readonly arguments?: unknown };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new Error("a body larger than a benchmark has");
  }
  return text;
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
server.keepAliveTimeout = 60_000;
server.on("connection", (socket) => socket.setNoDelay(true));
server.listen(0, "127.0.0.1", () => {
  const address = server.address() as AddressInfo; // it listens on TCP
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
});
process.on("SIGTERM", () => process.exit(0));
