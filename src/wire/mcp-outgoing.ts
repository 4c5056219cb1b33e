/**
 * What goes to servers of MCP beside the request itself, and what comes back beside its answer. In
 * 2026-07-28 there is no handshake, and every request says itself in `_meta` what it is.
 */
import { isObject, type JsonObject } from "./json.ts";
import type { RpcId } from "./json-rpc.ts";
import { PROTOCOL_VERSIONS } from "./mcp.ts";

export const STATELESS_VERSION = "2026-07-28";

/** Who we say that we are. It decides nothing anywhere. */
export const CLIENT = { name: "slipclutch", version: "1" };

/** What we can do for a server: nothing. It must not ask for more than stands here. */
const CAPABILITIES = {};

const OWN_META: JsonObject = {
  "io.modelcontextprotocol/protocolVersion": STATELESS_VERSION,
  "io.modelcontextprotocol/clientInfo": CLIENT,
  "io.modelcontextprotocol/clientCapabilities": CAPABILITIES,
};

/** The parameters with what each request must have in this version. */
export function statelessParams(params: JsonObject): JsonObject {
  const { _meta: beside } = params;
  return { ...params, _meta: { ...(isObject(beside) ? beside : {}), ...OWN_META } };
}

/** The parameters of a request whose server is to say how far it has come, under this token. */
export function withProgress(params: JsonObject, token: RpcId): JsonObject {
  const { _meta: beside } = params;
  return { ...params, _meta: { ...(isObject(beside) ? beside : {}), progressToken: token } };
}

export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** What `notifications/progress` says of a request, and of which; null: it says nothing. */
export function readProgress(params: JsonObject): (Progress & { readonly token: unknown }) | null {
  const { message, progress, progressToken: token, total } = params;
  if (typeof progress !== "number") return null;
  return {
    token,
    progress,
    ...(typeof total === "number" ? { total } : {}),
    ...(typeof message === "string" ? { message } : {}),
  };
}

/** How to speak to a server, by its answer to `server/discover`; null: that is none. */
export function readDiscovered(result: JsonObject): "stateless" | "handshake" | null {
  const { supportedVersions: versions } = result;
  if (!Array.isArray(versions)) return null;
  if (versions.includes(STATELESS_VERSION)) return "stateless";
  return versions.some((version) => PROTOCOL_VERSIONS.has(version)) ? "handshake" : null;
}
