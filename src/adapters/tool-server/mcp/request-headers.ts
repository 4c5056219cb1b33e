import { ACCEPTED_TYPES } from "../../../wire/mcp-answer.ts";
import type { McpSettings } from "./mcp-settings.ts";

/** The protocol's own and the connection's: no setting may change them. */
const FIXED: readonly string[] = [
  "accept",
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "last-event-id",
  "mcp-protocol-version",
  "mcp-session-id",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * The headers of every request, as a flat array. Answers are asked for uncompressed, because a
 * bound on bytes is one on what is read, and a kilobyte can unpack to a gigabyte.
 */
export function requestHeaders(settings: McpSettings): readonly string[] {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(settings.headers)) own.set(name.toLowerCase(), value);
  for (const name of FIXED) own.delete(name);
  if (settings.bearer !== null) own.set("authorization", `Bearer ${settings.bearer}`);
  own.set("content-type", "application/json");
  own.set("accept", ACCEPTED_TYPES);
  own.set("accept-encoding", "identity");
  return [...own].flat();
}
