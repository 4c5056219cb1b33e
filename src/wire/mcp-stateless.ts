/**
 * MCP 2026-07-28, in which every request stands alone: it says itself in which version it speaks,
 * who asks and what that client can do, and every result says whether it is the last word.
 */
import { describe, isObject, type JsonObject } from "./json.ts";
import { type RpcId, type RpcRequest, renderResult } from "./json-rpc.ts";

export const STATELESS_VERSION = "2026-07-28";

/** What requests and results of this version carry in `_meta`. */
export const STATELESS_META = {
  version: "io.modelcontextprotocol/protocolVersion",
  client: "io.modelcontextprotocol/clientInfo",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  server: "io.modelcontextprotocol/serverInfo",
} as const;

/** The codes of the specification, beside those of JSON-RPC. */
export const STATELESS_CODES = {
  headerMismatch: -32_020,
  unsupportedVersion: -32_022,
} as const;

/** The version that a request itself names; undefined: it is of a version with a handshake. */
export function versionIn({ params }: RpcRequest): unknown {
  return isObject(params._meta) ? params._meta[STATELESS_META.version] : undefined;
}

/** What its `_meta` lacks; null: nothing. Who asks may be left out, if it is not wrong. */
export function envelopeFault({ params }: RpcRequest): string | null {
  const { _meta: meta } = params;
  if (!isObject(meta)) return `params._meta must be an object, got ${describe(meta)}`;
  const { version, client, capabilities } = STATELESS_META;
  if (typeof meta[version] !== "string") {
    return `params._meta["${version}"] must be a version, got ${describe(meta[version])}`;
  }
  if (!isObject(meta[capabilities])) {
    const got = describe(meta[capabilities]);
    return `params._meta["${capabilities}"] must be an object, got ${got}`;
  }
  const info = meta[client] ?? null;
  if (info === null && !(client in meta)) return null;
  const named = isObject(info) && typeof info.name === "string" && typeof info.version === "string";
  return named ? null : `params._meta["${client}"] must have a name and a version`;
}

/** Who answers. */
export interface ServerInfo {
  readonly name: string;
  readonly version: string;
}

export function renderComplete(id: RpcId, result: JsonObject, server: ServerInfo): string {
  return renderResult(id, withServer({ resultType: "complete", ...result }, server));
}

/** Asks for nothing but that the same request comes once more, with what is told here. */
export function renderComeAgain(id: RpcId, again: ComeAgain, server: ServerInfo): string {
  return renderResult(id, withServer({ resultType: "input_required", ...again }, server));
}

export interface ComeAgain {
  readonly requestState: string;
  readonly _meta: JsonObject;
}

function withServer(result: JsonObject, server: ServerInfo): JsonObject {
  const meta = isObject(result._meta) ? result._meta : {};
  return { ...result, _meta: { ...meta, [STATELESS_META.server]: server } };
}
