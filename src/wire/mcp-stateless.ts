/**
 * MCP 2026-07-28 towards servers, where it differs from the versions before it: no handshake, and
 * every request says itself in `_meta` what it is.
 */
import { isObject, type JsonObject } from "./json.ts";
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

/** How to speak to a server, by its answer to `server/discover`; null: that is none. */
export function readDiscovered(result: JsonObject): "stateless" | "handshake" | null {
  const { supportedVersions: versions } = result;
  if (!Array.isArray(versions)) return null;
  if (versions.includes(STATELESS_VERSION)) return "stateless";
  return versions.some((version) => PROTOCOL_VERSIONS.has(version)) ? "handshake" : null;
}
