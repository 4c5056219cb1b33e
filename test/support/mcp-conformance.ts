/** The official conformance runner, and what stands around a gateway that it is to look at. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server as McpServer } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { NODE } from "./gateway.ts";
import { offerLibrary, PIXEL } from "./mcp-conformance-library.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const RUNNER = join(
  ROOT,
  "node_modules",
  "@modelcontextprotocol",
  "conformance",
  "dist",
  "index.js",
);
/** Of one scenario. */
const SCENARIO_MS = 10_000;

/** Something that listens on a free port of 127.0.0.1. */
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** What one scenario came to: the checks that failed, by their ids. */
export interface ScenarioRun {
  readonly scenario: string;
  readonly checks: number;
  readonly failed: readonly string[];
}

/** What the runner's scenarios call and read, on a server made with the official SDK. */
export async function conformanceTools(): Promise<Listening> {
  return listen(
    createServer(async (incoming, response) => {
      const server = offered();
      const transport = new StreamableHTTPServerTransport({});
      response.on("close", () => void server.close());
      // `as`: its types and ours disagree on one optional callback.
      await server.connect(transport as Parameters<typeof server.connect>[0]);
      await transport.handleRequest(incoming, response, await read(incoming));
    }),
  );
}

const SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";
const IMAGE = { type: "image", data: PIXEL, mimeType: "image/png" };
const text = (said: string) => ({ type: "text", text: said });
const resource = (uri: string) => ({
  type: "resource",
  resource: { uri, mimeType: "text/plain", text: "embedded" },
});

/** What each answers; the runner looks at their kinds alone. */
const ANSWERS: Readonly<Record<string, readonly object[]>> = {
  test_simple_text: [text("a simple text")],
  test_image_content: [IMAGE],
  test_audio_content: [{ type: "audio", data: SILENCE, mimeType: "audio/wav" }],
  test_embedded_resource: [resource("test://embedded")],
  test_multiple_content_types: [text("several"), IMAGE, resource("test://several")],
  test_tool_with_progress: [text("done")],
  test_tool_with_logging: [text("done")],
  test_error_handling: [text("it fails on purpose")],
  json_schema_2020_12_tool: [text("done")],
};

export const CONFORMANCE_TOOLS: readonly string[] = Object.keys(ANSWERS);

const SCHEMA_2020_12 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: { $anchor: "address", type: "object", properties: { city: { type: "string" } } },
  },
  properties: { address: { $ref: "#/$defs/address" }, phone: { type: "string" } },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["address"] }] }],
  if: { required: ["phone"] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ["address"] },
  else: { required: ["phone"] },
  additionalProperties: false,
};

function offered(): McpServer {
  const server = new McpServer(
    { name: "conformance", version: "1" },
    { capabilities: { tools: {}, resources: {}, prompts: {} } },
  );
  offerLibrary(server);
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: CONFORMANCE_TOOLS.map((name) => ({
      name,
      description: name,
      inputSchema: name === "json_schema_2020_12_tool" ? SCHEMA_2020_12 : { type: "object" },
    })) as never,
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification }) => {
    const { _meta: meta, name } = params;
    const progressToken = meta?.progressToken;
    if (name === "test_tool_with_progress" && progressToken !== undefined) {
      for (const progress of [0, 50, 100]) {
        const heard = { progressToken, progress, total: 100 };
        await sendNotification({ method: "notifications/progress", params: heard });
      }
    }
    const content = ANSWERS[name] ?? [text(`there is no ${name}`)];
    return { content: content as never, isError: name === "test_error_handling" };
  });
  return server;
}

/** Gives every request the agent's key, for a runner that has none, and changes nothing else. */
export function withKey(agentUrl: string, key: string): Promise<Listening> {
  const { hostname, port } = new URL(agentUrl);
  return listen(
    createServer((incoming, response) => {
      const headers = { ...incoming.headers, authorization: `Bearer ${key}` };
      const { method, url: path } = incoming;
      const onward = request({ hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      response.on("close", () => onward.destroy());
      incoming.pipe(onward);
    }),
  );
}

/** Runs every scenario of a version, in processes of the runner's own. */
export async function runServerScenarios(url: string, version: string): Promise<ScenarioRun[]> {
  const suite = ["--suite", "all", "--spec-version", version];
  return run(["server", "--url", url, ...suite, "--timeout", String(SCENARIO_MS)], "server-");
}

export async function runClientScenario(
  command: string,
  scenario: string,
  version: string,
): Promise<ScenarioRun[]> {
  const which = ["--scenario", scenario, "--spec-version", version];
  return run(["client", "--command", command, ...which, "--timeout", String(SCENARIO_MS)], "");
}

async function run(args: readonly string[], prefix: string): Promise<ScenarioRun[]> {
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-conformance-"));
  try {
    await ended([...args, "--output-dir", folder]);
    const names = await readdir(folder);
    const runs = names.map(async (name) => {
      const checks = JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8"));
      return scenarioRun(name.slice(prefix.length), checks);
    });
    return (await Promise.all(runs)).toSorted((a, b) => a.scenario.localeCompare(b.scenario));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its folders are named by scenario and time: `tools-list-2026-11-23T…`. */
function scenarioRun(name: string, checks: readonly { id: string; status: string }[]): ScenarioRun {
  const scenario = name.replace(/-\d{4}-\d\d-\d\dT.*$/, "");
  const failed = checks.filter(({ status }) => status === "FAILURE").map(({ id }) => id);
  return { scenario, checks: checks.length, failed: [...new Set(failed)].toSorted() };
}

/** Its exit code says that anything failed; which, is in its folders. */
function ended(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(NODE, [RUNNER, ...args], { stdio: "ignore" });
    child.on("error", reject);
    child.on("close", () => resolve());
  });
}

function listen(server: Server): Promise<Listening> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo; // it listens on TCP
      const close = () => {
        server.closeAllConnections();
        return new Promise<void>((closed) => server.close(() => closed()));
      };
      resolve({ url: `http://127.0.0.1:${port}`, close });
    });
  });
}

async function read(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  return body === "" ? undefined : JSON.parse(body);
}
