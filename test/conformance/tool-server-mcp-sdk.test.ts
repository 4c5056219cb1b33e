/** The MCP adapter against servers made with the official SDK. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { EmptyResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { toolServerConformance } from "../../src/testing/tool-server-conformance.ts";
import {
  recordCall,
  type ToolScript,
  toolRequest,
  until,
} from "../../src/testing/tool-server-fixture.ts";
import { RAW, readBody } from "../support/raw-answers.ts";

const SCRIPT: ToolScript = { call: "well", latencyMs: 0, hugeBytes: 0 };

interface OfficialServer {
  readonly server: ToolServer;
  ran(): number;
  /** Calls whose signal told them that nobody waits any more. */
  cancelled(): number;
  dispose(): Promise<void>;
}

/** Faults that the SDK cannot be brought to are the HTTP server's around it. */
async function officialServer(
  script: ToolScript,
  options: { readonly json: boolean; readonly sessions: boolean },
): Promise<OfficialServer> {
  const counts = { ran: 0, cancelled: 0 };
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  const connect = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      ...(options.sessions ? { sessionIdGenerator: () => randomUUID() } : {}),
      enableJsonResponse: options.json,
      onsessioninitialized: (id) => {
        sessions.set(id, transport);
      },
    });
    await offer(script, counts).connect(transport);
    return transport;
  };

  const http = createServer(async (request, response) => {
    const body = await readBody(request);
    const isCall = body.method === "tools/call";
    const fault = isCall ? RAW[script.call] : undefined;
    if (fault !== undefined) {
      counts.ran += 1;
      return fault(response, options.json);
    }
    const known = sessions.get(String(request.headers["mcp-session-id"]));
    await (known ?? (await connect())).handleRequest(request, response, body);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo; // it listens on TCP
  const url = `http://127.0.0.1:${port}/mcp`;
  const settings = { name: "official", bearer: null, headers: {}, connectionsMax: 128 };
  const server = mcpToolServer({ url, ...settings }, systemClock);
  return {
    server,
    ran: () => counts.ran,
    cancelled: () => counts.cancelled,
    dispose: async () => {
      await server.close();
      for (const transport of sessions.values()) await transport.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function offer(script: ToolScript, counts: { ran: number; cancelled: number }): McpServer {
  const official = new McpServer({ name: "official", version: "1" });
  const any = { inputSchema: z.looseObject({}) };
  official.registerTool("echo", any, async (given, { signal }) => {
    counts.ran += 1;
    signal.addEventListener("abort", () => {
      counts.cancelled += 1;
    });
    if (script.call === "never") return new Promise(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, script.latencyMs));
    const text = script.call === "huge" ? "x".repeat(script.hugeBytes) : JSON.stringify(given);
    return { content: [{ type: "text", text }] };
  });
  official.registerTool("fail", any, async () => {
    counts.ran += 1;
    throw new Error("it failed");
  });
  return official;
}

for (const json of [true, false]) {
  for (const sessions of [true, false]) {
    const name = `mcp, the official SDK's${json ? " in JSON" : ""}${sessions ? " in sessions" : ""}`;
    toolServerConformance(name, (script) =>
      officialServer({ ...SCRIPT, ...script }, { json, sessions }),
    );
  }
}

test("a server of the official SDK learns that a call was cancelled", async () => {
  const official = await officialServer(
    { ...SCRIPT, call: "never" },
    { json: false, sessions: true },
  );
  const recording = recordCall(official.server, toolRequest());
  await until(() => official.ran() === 1);
  recording.exchange.abort();
  await until(() => official.cancelled() === 1);
  await official.dispose();
});

test("a tool of the official SDK that pings us from within its call gets its answer", async () => {
  const official = new McpServer({ name: "asking", version: "1" });
  official.registerTool("ask", {}, async ({ sendRequest }) => {
    await sendRequest({ method: "ping" }, EmptyResultSchema);
    const refused = await sendRequest({ method: "roots/list" }, EmptyResultSchema).catch(String);
    return { content: [{ type: "text", text: String(refused) }] };
  });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID() });
  await official.connect(transport);
  const http = createServer((request, response) => transport.handleRequest(request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo; // it listens on TCP
  const settings = { name: "asking", bearer: null, headers: {}, connectionsMax: 1 };
  const server = mcpToolServer({ url: `http://127.0.0.1:${port}/`, ...settings }, systemClock);
  const end = await recordCall(server, toolRequest({ tool: "ask", arguments: {} })).over;
  expect(JSON.stringify(end)).toContain("-32601");
  expect(end.kind).toBe("result");
  await server.close();
  await transport.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});
