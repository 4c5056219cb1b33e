/**
 * `POST /mcp` and `/mcp/<server>`: the gateway as an MCP server, in the versions with a handshake
 * and in 2026-07-28. Every request stands alone, without a session, so that any gateway can answer
 * it. What is not served is unknown here, in every version alike.
 */
import { ofServer } from "../../guards/library/grants.ts";
import { isBudgetTool } from "../../guards/tool/names.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import {
  type Message,
  RPC_CODES,
  type RpcId,
  readMessage,
  type Unreadable,
} from "../../wire/json-rpc.ts";
import {
  METHODS,
  PROTOCOL_VERSION,
  PROTOCOL_VERSIONS,
  readToolCall as readParams,
  type ToolCallParams,
} from "../../wire/mcp.ts";
import { knowsTasks, TASKS_EXTENSION } from "../../wire/mcp-tasks.ts";
import type { Body } from "../body.ts";
import { type Incoming, originOf, type ToolCall } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { handle } from "../handle.ts";
import { libraryCapabilities, serveLibrary } from "../library/serve.ts";
import { record, refuse } from "../refuse.ts";
import { traceIn } from "../tracing.ts";
import { tellBudgets } from "./budget.ts";
import { listTools } from "./list.ts";
import { cancel, McpClient } from "./mcp-client.ts";
import { McpDesk } from "./mcp-desk.ts";
import {
  type Asked,
  type AskedOf,
  CACHE,
  invalid,
  protest,
  refuseAsError,
  resultText,
  send,
  serverInfo,
} from "./mcp-reply.ts";
import { revisionOf, SPOKEN } from "./mcp-revision.ts";
import { ROUNDS_MAX, roundsOf, stateAfter } from "./mcp-rounds.ts";
import { serveTask } from "./mcp-tasks.ts";
import { readToolCall } from "./read.ts";

const METHOD_CHARS_MAX = 100;

export async function serveMcp(
  server: string | null,
  body: Body,
  incoming: Incoming,
  gateway: Gateway,
): Promise<void> {
  const unknown = unknownServer(server, incoming);
  if (unknown !== null) {
    const refusal = { denial: unknown, origin: originOf(incoming), asked: null };
    return refuse(refusal, [], incoming, gateway);
  }
  const message = readMessage(body.text);
  switch (message.kind) {
    case "unreadable":
      return protest(message, 400, incoming, gateway);
    case "notification":
      hear(message, incoming, gateway);
      return accept(incoming);
    case "result":
    case "error":
      return accept(incoming);
    case "request": {
      const revision = revisionOf(message, incoming.headers);
      if (typeof revision !== "string") return protest(revision, 400, incoming, gateway);
      return answer({ request: message, revision, server }, incoming, gateway);
    }
  }
}

function unknownServer(server: string | null, { manifest, rules }: Incoming): Denial | null {
  if (server === null) return null;
  const { allowed, observed } = manifest.tools;
  const { prompts, resources } = ofServer(manifest.library, server);
  const hasTools = [...allowed, ...observed].some((tool) => tool.server === server);
  const isGranted = hasTools || prompts.length > 0 || resources.length > 0;
  if (isGranted && rules.toolServer(server) !== null) return null;
  return deny("request.unknown-path", { asked: `/mcp/${server.slice(0, 100)}` });
}

/** All others say nothing that matters here: each request says itself what it needs. */
function hear(
  { method, params }: Extract<Message, { kind: "notification" }>,
  incoming: Incoming,
  gateway: Gateway,
): void {
  if (method !== METHODS.cancelled) return;
  const { requestId } = params;
  if (isRpcId(requestId)) cancel(requestId, incoming, gateway);
}

function isRpcId(value: unknown): value is RpcId {
  return typeof value === "string" || typeof value === "number";
}

async function answer(asked: AskedOf, incoming: Incoming, gateway: Gateway): Promise<void> {
  const { request, revision } = asked;
  switch (`${revision} ${request.method}`) {
    case `handshake ${METHODS.initialize}`:
      return send(incoming, 200, resultText(asked, greeting(asked, incoming, gateway), gateway));
    case `handshake ${METHODS.ping}`:
      return send(incoming, 200, resultText(asked, {}, gateway));
    case `stateless ${METHODS.discover}`: {
      const extensions = { [TASKS_EXTENSION]: {} };
      const capabilities = { ...capabilitiesAt(asked, incoming), extensions };
      const offer = { supportedVersions: SPOKEN, capabilities, ...CACHE };
      return send(incoming, 200, resultText(asked, offer, gateway));
    }
    case `handshake ${METHODS.list}`:
    case `stateless ${METHODS.list}`:
      return list(asked, incoming, gateway);
    case `handshake ${METHODS.call}`:
    case `stateless ${METHODS.call}`:
      return callTool(asked, incoming, gateway);
    default:
      return serveOther(asked, incoming, gateway);
  }
}

async function serveOther(asked: AskedOf, incoming: Incoming, gateway: Gateway): Promise<void> {
  const served = serveLibrary(asked, incoming, gateway) ?? serveTask(asked, incoming, gateway);
  return served === null ? refuseMethod(asked, incoming, gateway) : served;
}

function capabilitiesAt({ server }: AskedOf, incoming: Incoming) {
  return { tools: {}, ...libraryCapabilities(server, incoming) };
}

function greeting(asked: AskedOf, incoming: Incoming, gateway: Gateway) {
  const { protocolVersion: version } = asked.request.params;
  const known = typeof version === "string" && PROTOCOL_VERSIONS.has(version);
  return {
    protocolVersion: known ? version : PROTOCOL_VERSION,
    capabilities: capabilitiesAt(asked, incoming),
    serverInfo: serverInfo(gateway),
  };
}

/** Clients of 2026-07-28 want it in the status too; older ones take such a one for a break. */
function refuseMethod({ request, revision }: Asked, incoming: Incoming, gateway: Gateway): void {
  const method = request.method.slice(0, METHOD_CHARS_MAX);
  const message = `${method} is not served`;
  const fault = { kind: "unreadable", id: request.id, code: RPC_CODES.methodNotFound } as const;
  const denial = deny("request.unknown-path", { asked: `/mcp ${method}` });
  const status = revision === "stateless" ? 404 : 200;
  return refuseAsError({ ...fault, message }, { denial, status }, incoming, gateway);
}

async function list(asked: AskedOf, incoming: Incoming, gateway: Gateway): Promise<void> {
  const { request, revision, server } = asked;
  const page = await listTools({ server, cursor: request.params.cursor }, incoming, gateway);
  if (page === null) {
    return protest(invalid(asked, "params.cursor is none of here"), 200, incoming, gateway);
  }
  const result = revision === "stateless" ? { ...page, ...CACHE } : { ...page };
  send(incoming, 200, resultText(asked, result, gateway));
}

function callTool(asked: AskedOf, incoming: Incoming, gateway: Gateway): Promise<void> | void {
  const { request, revision, server } = asked;
  const params = readParams(request);
  if ("kind" in params) return protest(params, 200, incoming, gateway);
  const desk = new McpDesk(asked, incoming, gateway);
  if (server === null && isBudgetTool(params.name)) {
    return tellBudgets(params.arguments, desk, incoming, gateway);
  }
  const follows = revision === "stateless" && knowsTasks(request);
  if (follows) desk.handsTask();
  const client = new McpClient({ id: request.id, revision, follows }, incoming, gateway);
  const trace = traceIn(params.meta, incoming, gateway);
  const named = { ...namedIn(params, server), trace };
  const call = readToolCall(named, incoming, { desk, client });
  if (isDenial(call)) {
    const origin = originOf(incoming);
    record({ denial: call, origin, asked: null }, [], gateway);
    return desk.refuse(call, origin, {});
  }
  const fault = revision === "stateless" ? countRounds(asked, call, desk, gateway) : null;
  return fault === null ? handle(call, gateway) : protest(fault, 400, incoming, gateway);
}

function namedIn(params: ToolCallParams, server: string | null) {
  const { arguments: given, argumentsBytes: bytes, name } = params;
  return { name, server, arguments: given, bytes, callId: null, by: "mcp" } as const;
}

/** A client that was held in vain says how often, in the words that it was told. */
function countRounds(
  asked: Asked,
  call: ToolCall,
  desk: McpDesk,
  gateway: Gateway,
): Unreadable | null {
  const { requestState: state = null } = asked.request.params;
  if (state !== null && typeof state !== "string") {
    return invalid(asked, "params.requestState must be a text");
  }
  const rounds = roundsOf(state, call, gateway);
  if (rounds === null) return invalid(asked, "params.requestState is none of this call");
  if (rounds < ROUNDS_MAX) desk.comesAgain(() => stateAfter(rounds + 1, call, gateway));
  return null;
}

function accept({ response }: Incoming): void {
  response.writeHead(202, { "content-length": 0 });
  response.end();
}
