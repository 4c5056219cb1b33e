/** Which of a provider's headers reach the agent, and ours beside them. */

/** Of the connection and of bodies as they were sent to us, or none of the agent's business. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "content-encoding",
  "set-cookie",
  "server",
  "date",
  "alt-svc",
  "strict-transport-security",
  "access-control-allow-origin",
  "openai-organization",
  "openai-project",
  "anthropic-organization-id",
]);
/** Clients fail on 16 KB of headers in all. */
const PASSED_CHARS_MAX = 8_192;

export function answerHeaders(
  theirs: Readonly<Record<string, string>>,
  ours: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  let chars = 0;
  for (const name in theirs) {
    const value = theirs[name];
    if (value === undefined || NOT_PASSED.has(name) || name.startsWith("x-slipclutch-d")) continue;
    chars += name.length + value.length + 4;
    if (chars > PASSED_CHARS_MAX) break;
    headers[name] = value;
  }
  return Object.assign(headers, ours);
}
