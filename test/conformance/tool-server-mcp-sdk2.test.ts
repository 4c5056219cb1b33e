/** The MCP adapter against servers made with the official SDK of version 2026-07-28. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { describe, expect, test } from "vitest";
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
import { NODE } from "../support/gateway.ts";
import { openChild } from "../support/mcp-child.ts";
import { RAW, readBody } from "../support/raw-answers.ts";

interface Options {
  /** Whether versions of before are served too. */
  readonly legacy: "stateless" | "reject";
  readonly responseMode: "auto" | "sse";
}

interface Counts {
  ran: number;
  cancelled: number;
}

interface OfficialServer {
  readonly server: ToolServer;
  readonly methods: readonly unknown[];
  ran(): number;
  cancelled(): number;
  dispose(): Promise<void>;
}

const MODERN: Options = { legacy: "reject", responseMode: "auto" };

async function officialServer(
  script: Partial<ToolScript>,
  options: Options,
  make = offer,
): Promise<OfficialServer> {
  const counts = { ran: 0, cancelled: 0 };
  const methods: unknown[] = [];
  const handler = createMcpHandler(() => make(script, counts), options);
  const node = toNodeHandler(handler);
  const http = createServer(async (request, response) => {
    const body = await readBody(request);
    methods.push(body.method);
    const fault = body.method === "tools/call" ? RAW[script.call ?? "well"] : undefined;
    if (fault !== undefined) {
      counts.ran += 1;
      return fault(response, options.responseMode === "auto");
    }
    // `as`: Node's own type has members that are there and undefined.
    await node(request as Parameters<typeof node>[0], response, body);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo; // it listens on TCP
  const url = `http://127.0.0.1:${port}/mcp`;
  const settings = { name: "official", bearer: null, headers: {}, connectionsMax: 128 };
  const server = mcpToolServer({ url, ...settings }, systemClock);
  return {
    server,
    methods,
    ran: () => counts.ran,
    cancelled: () => counts.cancelled,
    dispose: async () => {
      await server.close();
      await handler.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** With `regional` beside the two tools that every suite wants. */
function offerMore(script: Partial<ToolScript>, counts: Counts): McpServer {
  const official = offer(script, counts);
  const regional = {
    type: "object",
    properties: { region: { type: "string", "x-mcp-header": "Region" }, n: { type: "integer" } },
  } as const;
  official.registerTool(
    "regional",
    { inputSchema: fromJsonSchema<Record<string, unknown>>(regional) },
    async (given) => ({ content: [{ type: "text", text: JSON.stringify(given) }] }),
  );
  return official;
}

function offer(script: Partial<ToolScript>, counts: Counts): McpServer {
  const official = new McpServer({ name: "official", version: "1" });
  const any = { inputSchema: fromJsonSchema<Record<string, unknown>>({ type: "object" }) };
  official.registerTool("echo", any, async (given, context) => {
    counts.ran += 1;
    context.mcpReq.signal.addEventListener("abort", () => {
      counts.cancelled += 1;
    });
    if (script.call === "never") return new Promise(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, script.latencyMs));
    const text = script.call === "huge" ? "x".repeat(script.hugeBytes ?? 0) : JSON.stringify(given);
    return { content: [{ type: "text", text }] };
  });
  official.registerTool("fail", any, async () => {
    counts.ran += 1;
    throw new Error("it failed");
  });
  return official;
}

for (const options of [
  MODERN,
  { legacy: "reject", responseMode: "sse" },
  { legacy: "stateless", responseMode: "auto" },
] as const) {
  const { legacy, responseMode } = options;
  const name = `mcp, the official SDK's of 2026-07-28, ${responseMode}, legacy ${legacy}`;
  toolServerConformance(name, (script) => officialServer(script, options));
}

describe("a server of the official SDK of 2026-07-28", () => {
  test("is not asked for a handshake", async () => {
    const official = await officialServer({}, MODERN);
    await official.server.list();
    await recordCall(official.server, toolRequest()).over;
    expect(official.methods).toEqual(["server/discover", "tools/list", "tools/call"]);
    await official.dispose();
  });

  test("gets the parameters in headers that it wants there", async () => {
    const official = await officialServer({}, MODERN, offerMore);
    for (const region of ["us-west1", "Österreich ", "=?base64?eA==?="]) {
      const given = { region, n: 1 };
      const request = toolRequest({ tool: "regional", arguments: given });
      const end = await recordCall(official.server, request).over;
      const text = JSON.stringify(given);
      expect(end).toMatchObject({
        kind: "result",
        result: { content: [{ text }], isError: false },
      });
    }
    expect(official.methods.filter((method) => method === "tools/list")).toHaveLength(1);
    await official.dispose();
  });

  test("learns that a call was cancelled", async () => {
    for (const responseMode of ["auto", "sse"] as const) {
      const official = await officialServer({ call: "never" }, { ...MODERN, responseMode });
      const recording = recordCall(official.server, toolRequest());
      await until(() => official.ran() === 1);
      recording.exchange.abort();
      await until(() => official.cancelled() === 1);
      expect(official.methods).not.toContain("notifications/cancelled");
      await official.dispose();
    }
  });

  test.each(["reject", "serve"])("is spoken to over its pipes, legacy %s", async (legacy) => {
    const program = join(import.meta.dirname, "../support/official-child-program.mjs");
    const { fixture, server } = openChild({}, { command: [NODE, program, legacy] });
    expect((await server.list()).map(({ name }) => name)).toEqual(["echo"]);
    expect(await recordCall(server, toolRequest()).over).toMatchObject({
      kind: "result",
      result: { content: [{ text: '{"text":"hello"}' }], isError: false },
    });
    expect(await recordCall(server, toolRequest({ tool: "other" })).over).toMatchObject({
      fault: { kind: "protocol", written: true },
    });
    await server.close();
    fixture.forget();
  });
});
