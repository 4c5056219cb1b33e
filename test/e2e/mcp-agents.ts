/** The official clients of MCP, unmodified, behind one way to list and to call. */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import {
  Client as ClientNow,
  StreamableHTTPClientTransport as TransportNow,
} from "@modelcontextprotocol/client";
import { Client as ClientBefore } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportBefore } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { part } from "../support/parts.ts";
import { pythonClients } from "../support/python.ts";
import type { Json } from "./wiring-world.ts";

export interface McpAgent {
  /** What it agreed on with the gateway. */
  readonly version: string | undefined;
  list(): Promise<readonly string[]>;
  /** The result; what it raises is `{ raised, message }`. */
  call(name: string, given: object): Promise<Json>;
  /** URIs of all resources, templates of URIs, and names of all prompts. */
  library(): Promise<Json>;
  /** What it raises is `{ raised, message, code, data }`. */
  read(uri: string): Promise<Json>;
  prompt(name: string, given: Readonly<Record<string, string>>): Promise<Json>;
  close(): Promise<unknown>;
}

export interface OfficialMcpClient {
  readonly name: string;
  /** Of MCP, that it comes to with this gateway. */
  readonly speaks: string;
  connect(url: string, key: string): Promise<McpAgent>;
}

const PROGRAM = path.join(import.meta.dirname, "python", "mcp_agent.py");
const INFO = { name: "agent", version: "1" };
const [HANDSHAKE, STATELESS] = ["2025-11-25", "2026-07-28"];

async function raised(call: Promise<Json>): Promise<Json> {
  try {
    return await call;
  } catch (error) {
    const { name, message, code, data } = error as Json;
    return { raised: name, message, code, data };
  }
}

/** What both of the official clients in TypeScript have. */
interface Reads {
  listResources(): Promise<Json>;
  listResourceTemplates(): Promise<Json>;
  listPrompts(): Promise<Json>;
  readResource(asked: { uri: string }): Promise<Json>;
  getPrompt(asked: { name: string; arguments: Record<string, string> }): Promise<Json>;
}

function reading(client: Reads): Pick<McpAgent, "library" | "read" | "prompt"> {
  return {
    library: async () => {
      const { resources } = await client.listResources();
      const { resourceTemplates } = await client.listResourceTemplates();
      const { prompts } = await client.listPrompts();
      return {
        resources: resources.map(({ uri }: Json) => uri),
        templates: resourceTemplates.map(({ uriTemplate }: Json) => uriTemplate),
        prompts: prompts.map(({ name }: Json) => name),
      };
    },
    read: (uri) => raised(client.readResource({ uri })),
    prompt: (name, given) => raised(client.getPrompt({ name, arguments: given })),
  };
}

function typeScript(name: string, mode: "legacy" | "auto", speaks: string): OfficialMcpClient {
  return {
    name,
    speaks,
    connect: async (url, key) => {
      const client = new ClientNow(INFO, { versionNegotiation: { mode } });
      const requestInit = { headers: { authorization: `Bearer ${key}` } };
      await client.connect(new TransportNow(new URL(url), { requestInit }));
      return {
        version: client.getNegotiatedProtocolVersion(),
        list: async () => (await client.listTools()).tools.map((tool) => tool.name),
        call: (tool, given) =>
          raised(client.callTool({ name: tool, arguments: given as Record<string, unknown> })),
        ...reading(client),
        close: () => client.close(),
      };
    },
  };
}

const BEFORE: OfficialMcpClient = {
  name: "TypeScript 1",
  speaks: HANDSHAKE,
  connect: async (url, key) => {
    const client = new ClientBefore(INFO);
    const requestInit = { headers: { authorization: `Bearer ${key}` } };
    const transport = new TransportBefore(new URL(url), { requestInit });
    // `as`: its types and ours disagree on one optional callback.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    return {
      version: transport.protocolVersion,
      list: async () => (await client.listTools()).tools.map((tool) => tool.name),
      call: (tool, given) =>
        raised(client.callTool({ name: tool, arguments: given as Record<string, unknown> })),
      ...reading(client),
      close: () => client.close(),
    };
  },
};

function python(name: string, mode: "legacy" | "auto", speaks: string): OfficialMcpClient {
  return {
    name,
    speaks,
    connect: async (url, key) => {
      const child = spawn(pythonClients() ?? "", [PROGRAM, url, key, mode], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<Json> => {
        const { done, value } = await lines.next();
        if (done) throw new Error("the Python client has ended");
        return JSON.parse(value);
      };
      const ask = (what: unknown) => {
        child.stdin.write(`${JSON.stringify(what)}\n`);
        return next();
      };
      const { version } = await next();
      return {
        version,
        list: () => ask(null),
        call: (tool, given) => ask({ name: tool, arguments: given }),
        library: () => ask({ library: true }),
        read: (uri) => ask({ uri }),
        prompt: (name, given) => ask({ prompt: name, arguments: given }),
        close: () => {
          child.stdin.end();
          return new Promise((resolve) => child.once("exit", resolve));
        },
      };
    },
  };
}

const PYTHON = [
  python("Python, with a handshake", "legacy", HANDSHAKE),
  python("Python", "auto", STATELESS),
];

/** Each in every way in which it agrees on a version; those that can take 2026-07-28 do. */
export const MCP_CLIENTS: readonly OfficialMcpClient[] = [
  BEFORE,
  typeScript("TypeScript 2, with a handshake", "legacy", HANDSHAKE),
  typeScript("TypeScript 2", "auto", STATELESS),
  ...(part("python").available ? PYTHON : []),
];
