import type { HttpToolRequest } from "../../../wire/http-tool-request.ts";
import type { HttpOperationSettings } from "./http-settings.ts";

/** The connection's and the body's own: no setting and no argument may change them. */
const FIXED: readonly string[] = [
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * The headers of one request, as a flat array. What the operator has set wins over arguments, and
 * credentials over both. Answers are asked for uncompressed, because a bound on bytes is one on
 * what is read, and a kilobyte can unpack to a gigabyte.
 */
export function requestHeaders(
  { credentials, headers }: HttpOperationSettings,
  request: HttpToolRequest,
  trace: Readonly<Record<string, string>>,
): readonly string[] {
  const all = new Map<string, string>([
    ["accept", "application/json, */*;q=0.5"],
    ["user-agent", "slipclutch"],
    ...Object.entries(trace),
  ]);
  for (const [name, value] of request.headers) all.set(name.toLowerCase(), value);
  const [type, cookie] = [all.get("content-type"), all.get("cookie")];
  for (const [name, value] of Object.entries(headers)) all.set(name.toLowerCase(), value);
  for (const one of credentials)
    if (one.in === "header") all.set(one.name.toLowerCase(), one.value);
  if (type !== undefined) all.set("content-type", type);
  const cookies = [all.get("cookie"), cookie].filter((one) => one !== undefined);
  if (cookies.length > 0) all.set("cookie", [...new Set(cookies)].join("; "));
  for (const name of FIXED) all.delete(name);
  all.set("accept-encoding", "identity");
  return [...all].flat();
}
