/**
 * `POST /mcp` and `/mcp/<server>`: the gateway as an MCP server, version 2025-11-25. Every request
 * stands alone, without a session, so that any gateway can answer it.
 */
import { isIP } from "node:net";
import type { Origin } from "../../guards/events.ts";
import { isBudgetTool } from "../../guards/tool/names.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import type { ToolResult } from "../../ports/tool-server.ts";
import {
  RPC_CODES,
  type RpcId,
  type RpcRequest,
  readMessage,
  renderError,
  renderResult,
  type Unreadable,
} from "../../wire/json-rpc.ts";
import {
  METHODS,
  PROTOCOL_VERSION,
  PROTOCOL_VERSIONS,
  readToolCall as readParams,
} from "../../wire/mcp.ts";
import { messageOf } from "../../wire/refusal.ts";
import type { Body } from "../body.ts";
import { type Desk, type Incoming, originOf } from "../call.ts";
import { HttpClient } from "../client.ts";
import type { Gateway } from "../gateway.ts";
import { handle } from "../handle.ts";
import { record, refuse } from "../refuse.ts";
import { tellBudgets } from "./budget.ts";
import { listTools } from "./list.ts";
import { readToolCall } from "./read.ts";

const MS_PER_SECOND = 1_000;
/** The official clients give up after a minute, and nothing that is sent extends it. */
const PATIENCE_MS = 50_000;

export async function serveMcp(
  server: string | null,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const foreign = foreignOrigin(incoming) ?? unknownServer(server, incoming);
  if (foreign !== null) {
    const refusal = { denial: foreign, origin: originOf(incoming), asked: null };
    return refuse(refusal, [], incoming, gateway);
  }
  const message = readMessage(body.text);
  switch (message.kind) {
    case "unreadable":
      return sendUnreadable(message, 400, incoming, gateway);
    case "notification":
    case "result":
    case "error":
      return accept(incoming);
    case "request":
      return answer(message, server, incoming, gateway);
  }
}

/**
 * A page in a browser must not reach the agents' listener. That its origin is the host that it asks
 * says nothing where the host is a name: it can have made its own name point here.
 */
function foreignOrigin({ headers }: Incoming): Denial | null {
  const { host, origin } = headers;
  if (origin === undefined) return null;
  const from = URL.canParse(origin) ? new URL(origin) : null;
  const fixed = from !== null && isFixed(from.hostname);
  if (fixed && from.host === host?.toLowerCase()) return null;
  return deny("request.unknown-field", { unknown: "header origin" });
}

/** An address, or the one name that points nowhere else. */
function isFixed(hostname: string): boolean {
  return hostname === "localhost" || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}

function unknownServer(server: string | null, { manifest, rules }: Incoming): Denial | null {
  if (server === null) return null;
  const granted = manifest.tools.allowed.some((tool) => tool.server === server);
  if (granted && rules.toolServer(server) !== null) return null;
  return deny("request.unknown-path", { asked: `/mcp/${server.slice(0, 100)}` });
}

async function answer(
  request: RpcRequest,
  server: string | null,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const { id, method } = request;
  const { "mcp-protocol-version": version } = incoming.headers;
  if (version !== undefined && !PROTOCOL_VERSIONS.has(version) && method !== METHODS.discover) {
    const message = `this version is not spoken here: ${version.slice(0, 40)}`;
    const error = { id, code: RPC_CODES.invalidRequest, message };
    return sendUnreadable(error, 400, incoming, gateway);
  }
  switch (method) {
    case METHODS.initialize:
      return send(incoming, 200, renderResult(id, greeting(request, gateway)));
    case METHODS.ping:
      return send(incoming, 200, renderResult(id, {}));
    case METHODS.list:
      return send(
        incoming,
        200,
        renderResult(id, { tools: await listTools(server, incoming, gateway) }),
      );
    case METHODS.call:
      return callTool(request, server, incoming, gateway);
    default: {
      const error = {
        code: RPC_CODES.methodNotFound,
        message: `${method.slice(0, 100)} is not served`,
      };
      // Clients that ask which newer versions there are take this for: none. A 403 would stop them.
      return send(incoming, method === METHODS.discover ? 400 : 200, renderError(id, error));
    }
  }
}

function greeting({ params }: RpcRequest, { version }: Gateway) {
  const { protocolVersion: asked } = params;
  const known = typeof asked === "string" && PROTOCOL_VERSIONS.has(asked);
  return {
    protocolVersion: known ? asked : PROTOCOL_VERSION,
    capabilities: { tools: {} },
    serverInfo: { name: "slipclutch", version },
  };
}

function callTool(
  request: RpcRequest,
  server: string | null,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> | void {
  const params = readParams(request);
  if ("kind" in params) return sendUnreadable(params, 200, incoming, gateway);
  const desk = deskOf(request.id, incoming);
  if (server === null && isBudgetTool(params.name)) {
    return tellBudgets(params.arguments, desk, incoming, gateway);
  }
  const client = new HttpClient(incoming.response, incoming.headers, PATIENCE_MS);
  const named = { name: params.name, server, arguments: params.arguments };
  const rest = { bytes: params.argumentsBytes, callId: null, by: "mcp" } as const;
  const call = readToolCall({ ...named, ...rest }, incoming, { desk, client });
  if (!isDenial(call)) return handle(call, gateway);
  const origin = originOf(incoming);
  record({ denial: call, origin, asked: null }, [], gateway);
  desk.refuse(call, origin, {});
}

/** Refusals are results that the model reads: every client hands those on, errors many do not. */
function deskOf(id: RpcId, incoming: Incoming): Desk {
  return {
    refuse: (denial, origin, headers) => {
      const text = renderResult(id, refusal(denial, origin));
      send(incoming, 200, text, { ...headers, ...decisionHeader(incoming, denial) });
    },
    answer: ({ content, isError, structuredContent }: ToolResult, headers) => {
      const structured = structuredContent === undefined ? {} : { structuredContent };
      send(incoming, 200, renderResult(id, { content, ...structured, isError }), headers);
    },
  };
}

/** The same call takes the place of the one that waits. */
const PARKED: ReadonlySet<string> = new Set(["clutch.parked", "approval.pending", "budget.parked"]);

function refusal(denial: Denial, { decision }: Origin) {
  const { code, retryAfterMs } = denial;
  const seconds = retryAfterMs === undefined ? null : Math.ceil(retryAfterMs / MS_PER_SECOND);
  const same = PARKED.has(code) ? " with the same arguments" : "";
  const wait = seconds === null ? "" : ` Call again${same} after ${seconds} s.`;
  return {
    content: [{ type: "text", text: `${messageOf(denial)}${wait}` }],
    isError: true,
    _meta: {
      "slipclutch/code": code,
      "slipclutch/decision": decision,
      ...(seconds === null ? {} : { "slipclutch/retry-after": seconds }),
    },
  };
}

/** As the refusals of models say it. */
function decisionHeader({ decision }: Incoming, { code }: Denial): Record<string, string> {
  return { "x-slipclutch-decision": `${decision}; code=${code}` };
}

/** Told in the protocol's own words, and written down like every refusal. */
function sendUnreadable(
  { id, code, message }: Pick<Unreadable, "id" | "code" | "message">,
  status: number,
  incoming: Incoming,
  gateway: Gateway,
): void {
  const denial = deny("request.malformed", { at: "message", wrong: message, rpc_code: code });
  record({ denial, origin: originOf(incoming), asked: null }, [], gateway);
  const text = renderError(id, { code, message });
  send(incoming, status, text, decisionHeader(incoming, denial));
}

function send(
  { decision, response, taskName }: Incoming,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    "x-slipclutch-decision": decision,
    "x-slipclutch-task": encodeURI(taskName.id),
    ...headers,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function accept({ response }: Incoming): void {
  response.writeHead(202, { "content-length": 0 });
  response.end();
}
