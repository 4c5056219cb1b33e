/**
 * What goes to servers of MCP beside the request itself, and what comes back beside its answer. In
 * 2026-07-28 there is no handshake, and every request says itself in `_meta` what it is.
 */
import { isObject, type JsonObject } from "./json.ts";
import type { RpcError, RpcId, RpcResult } from "./json-rpc.ts";
import { PROTOCOL_VERSIONS } from "./mcp.ts";
import { STATELESS_META, STATELESS_VERSION } from "./mcp-stateless.ts";

/** Who we say that we are. It decides nothing anywhere. */
export const CLIENT = { name: "slipclutch", version: "1" };

/** What we can do for a server: nothing. It must not ask for more than stands here. */
const CAPABILITIES = {};

const OWN_META: JsonObject = {
  [STATELESS_META.version]: STATELESS_VERSION,
  [STATELESS_META.client]: CLIENT,
  [STATELESS_META.capabilities]: CAPABILITIES,
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

/** By which a server of 2026-07-28 or later refuses a version, with those that it takes. */
const UNSUPPORTED_VERSION = -32_022;

/**
 * How to speak to a server, by its answer to `server/discover`; null: that does not say it, as
 * that of a server of before which does not know the question.
 */
export function readDiscovered(answer: RpcResult | RpcError): "stateless" | "handshake" | null {
  if (answer.kind === "result") return spoken(answer.result.supportedVersions);
  return answer.code === UNSUPPORTED_VERSION ? spoken(answer.data?.supported) : null;
}

function spoken(versions: unknown): "stateless" | "handshake" | null {
  if (!Array.isArray(versions)) return null;
  if (versions.includes(STATELESS_VERSION)) return "stateless";
  return versions.some((version) => PROTOCOL_VERSIONS.has(version)) ? "handshake" : null;
}
