/** A cloud behind a tool server, which counts what really runs, and agents that begin things there. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestGateway } from "../support/gateway.ts";

/** What the next call of `create_service` does. */
export type Creating = "well" | "fails" | "no-id" | "reset" | "never";

export interface Cloud {
  readonly url: string;
  /** Services that run now. */
  readonly running: Set<string>;
  /** Calls that arrived, by tool. */
  count(tool: string): number;
  creating: Creating;
  deleting: "well" | "fails";
  close(): Promise<void>;
}

interface Rpc {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly name: string; readonly arguments?: Record<string, unknown> };
}

const TOOLS = ["create_service", "delete_service"].map((name) => ({
  name,
  description: name,
  inputSchema: { type: "object" },
}));

/** MCP over HTTP, as little of it as the gateway needs. */
export async function cloud(): Promise<Cloud> {
  const running = new Set<string>();
  const counts = new Map<string, number>();
  let made = 0;
  const world = {
    url: "",
    running,
    creating: "well" as Creating,
    deleting: "well" as Cloud["deleting"],
    count: (tool: string) => counts.get(tool) ?? 0,
    close: () => closed(server),
  };
  const call = (name: string, given: Record<string, unknown>): object | Creating => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (name === "delete_service") {
      if (world.deleting === "fails") return result({ error: "not now" }, true);
      return result({ deleted: running.delete(String(given.service_id)) });
    }
    if (world.creating === "fails") return result({ error: "no quota" }, true);
    made += 1;
    running.add(`svc-${made}`);
    if (world.creating === "no-id") return result({ done: true });
    return world.creating === "well" ? result({ service_id: `svc-${made}` }) : world.creating;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method !== "POST") return response.writeHead(405).end();
      const rpc = JSON.parse(Buffer.concat(chunks).toString()) as Rpc;
      if (rpc.id === undefined) return response.writeHead(202).end();
      const answer = answerOf(rpc, call);
      if (answer === "reset") return request.socket.destroy();
      if (answer === "never") return;
      const text = JSON.stringify({ jsonrpc: "2.0", id: rpc.id, result: answer });
      response.writeHead(200, { "content-type": "application/json" }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return world;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function answerOf(
  { method, params }: Rpc,
  call: (name: string, given: Record<string, unknown>) => object | Creating,
): object | Creating {
  if (method === "initialize") {
    const serverInfo = { name: "cloud", version: "1" };
    return { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo };
  }
  if (method === "tools/list") return { tools: TOOLS };
  if (method === "tools/call" && params) return call(params.name, params.arguments ?? {});
  return {};
}

function result(structuredContent: object, isError = false): object {
  const content = [{ type: "text", text: JSON.stringify(structuredContent) }];
  return { content, structuredContent, isError };
}

type Json = Record<string, unknown>;

/** What `create_service` goes on costing: a dollar an hour, and a horizon of an hour. */
export const COMMITMENT = {
  usd_per_hour: 1,
  id: "/result/service_id",
  ends_with: { tool: "delete_service", id: "/arguments/service_id" },
  max_active: 5,
};

export interface Told {
  readonly commitment?: Json;
  readonly tool?: Json;
  readonly budgets?: readonly Json[];
  readonly more?: Json;
}

/** The guardrails of an agent `optimizer`. */
export function cloudFolder(url: string, told: Told = {}) {
  const budgets = told.budgets ?? [{ name: "all", limit_usd: 100, window: "lifetime" }];
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { cloud: { kind: "mcp", url } },
      budgets,
      // They would pause it first: here it is seen what holds without them.
      breakers: ["stuck", "tool-surge"].map((name) => ({ name, enabled: false })),
      ...told.more,
    },
    "agents/optimizer.yaml": {
      version: 1,
      agent: "optimizer",
      allowed_tools: [
        {
          ...{ tool_name: "create_service", read_only: false, timeout: "5s" },
          ...told.tool,
          commitment: { ...COMMITMENT, ...told.commitment },
        },
        { tool_name: "delete_service", read_only: false },
      ],
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly decision: string;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what tests look at
  readonly json: any;
}

async function dispatch(
  gateway: TestGateway,
  tool: string,
  given: object,
  key?: string,
): Promise<Answer> {
  const path = `/guard/v1/tools/${tool}/call`;
  const own = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await gateway.call(path, { arguments: given }, own);
  const { headers, status } = response;
  const decision = headers.get("x-slipclutch-decision")?.split(";")[0] ?? "";
  return { status, decision, headers, json: await response.json() };
}

export const create = (gateway: TestGateway, key?: string) =>
  dispatch(gateway, "create_service", {}, key);

export const destroy = (gateway: TestGateway, id: unknown, key?: string) =>
  dispatch(gateway, "delete_service", { service_id: id }, key);

/** The only budget, as operators see it. */
export async function books(gateway: TestGateway): Promise<Record<string, string>> {
  const budgets = (await (await gateway.api("GET", "/api/v1/budgets")).json()) as object[];
  return { ...budgets[0] };
}

/** What goes on costing, newest first. */
export async function listed(gateway: TestGateway, query = ""): Promise<Json[]> {
  return (await (await gateway.api("GET", `/api/v1/commitments${query}`)).json()) as Json[];
}
