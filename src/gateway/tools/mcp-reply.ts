/** The texts of answers to MCP requests, as their version wants them, and how they leave. */
import type { Millis } from "../../guards/money.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import type { JsonObject } from "../../wire/json.ts";
import {
  RPC_CODES,
  type RpcRequest,
  renderError,
  renderResult,
  type Unreadable,
} from "../../wire/json-rpc.ts";
import { renderComplete, type ServerInfo } from "../../wire/mcp-stateless.ts";
import { type Incoming, originOf } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { record } from "../refuse.ts";
import type { Revision } from "./mcp-revision.ts";

export type Headers = Readonly<Record<string, string>>;

/** One request, and which version it is of. */
export interface Asked {
  readonly request: RpcRequest;
  readonly revision: Revision;
}

/** A request, and whose URL it was posted to; null: that of all servers. */
export interface AskedOf extends Asked {
  readonly server: string | null;
}

/** As long as a server's own list is kept: nothing can be pushed to clients that it changed. */
const LIST_FRESH_MS: Millis = 30_000;
/** What there is, is each agent's own. */
export const CACHE = { ttlMs: LIST_FRESH_MS, cacheScope: "private" };

export function serverInfo({ version }: Gateway): ServerInfo {
  return { name: "slipclutch", version };
}

export function resultText({ request, revision }: Asked, result: JsonObject, gateway: Gateway) {
  if (revision === "handshake") return renderResult(request.id, result);
  return renderComplete(request.id, result, serverInfo(gateway));
}

/** Told in the protocol's own words, and written down like every refusal. */
export function protest(
  fault: Unreadable,
  status: number,
  incoming: Incoming,
  gateway: Gateway,
): void {
  const { code, message } = fault;
  const facts = { at: "message", wrong: message, rpc_code: code };
  refuseAsError(fault, { status, denial: deny("request.malformed", facts) }, incoming, gateway);
}

export function invalid({ request }: Asked, message: string): Unreadable {
  return { kind: "unreadable", id: request.id, code: RPC_CODES.invalidParams, message };
}

/** With which status, and what is written down of it. */
export interface Refused {
  readonly status: number;
  readonly denial: Denial;
}

export function refuseAsError(
  { id, code, message, data }: Unreadable,
  { denial, status }: Refused,
  incoming: Incoming,
  gateway: Gateway,
): void {
  record({ denial, origin: originOf(incoming), asked: null }, [], gateway);
  const text = renderError(id, { code, message, ...(data === undefined ? {} : { data }) });
  send(incoming, status, text, decisionHeader(incoming, denial));
}

/** As the refusals of models say it. */
export function decisionHeader({ decision }: Incoming, { code }: Denial): Headers {
  return { "x-slipclutch-decision": `${decision}; code=${code}` };
}

export function send(incoming: Incoming, status: number, text: string, headers: Headers = {}) {
  const { response } = incoming;
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    ...ownHeaders(incoming),
    ...headers,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

export function ownHeaders({ decision, taskName }: Incoming): Headers {
  return { "x-slipclutch-decision": decision, "x-slipclutch-task": encodeURI(taskName.id) };
}
