import type { JsonObject } from "../../../wire/json.ts";
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
  "mcp-method",
  "mcp-name",
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

/** What can stand in a header as it is, and is not mistaken for what is encoded. */
const PLAIN = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const ENCODED = /^=\?base64\?.*\?=$/;

/** A value as a header: as it is, or in the encoding that 2026-07-28 has for all others. */
export function headerText(value: string): string {
  if (PLAIN.test(value) && !ENCODED.test(value)) return value;
  return `=?base64?${Buffer.from(value).toString("base64")}?=`;
}

/** What 2026-07-28 repeats of a request in its headers. */
export function standardHeaders(method: string, params: JsonObject): readonly string[] {
  const { name = params.uri } = params;
  const named = typeof name === "string" ? ["mcp-name", headerText(name)] : [];
  return ["mcp-method", method, ...named];
}
