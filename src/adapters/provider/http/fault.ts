import type { Fault } from "../../../ports/provider.ts";

const MESSAGE_CHARACTERS_MAX = 300;

const TIMEOUTS: ReadonlySet<string> = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
const CLOSED: ReadonlySet<string> = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]);

/** What an error of the HTTP client means. Before the write nothing but the way there can fail. */
export function faultOf(error: Error, written: boolean): Fault {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const message = describe(error, code);
  if (CLOSED.has(code)) return { kind: "reset", written, message };
  if (!written) return { kind: "unreachable", written, message };
  return { kind: TIMEOUTS.has(code) ? "timeout" : "reset", written, message };
}

/** A host with several addresses fails with one error for each and no message of its own. */
function describe(error: Error, code: string): string {
  const causes = error instanceof AggregateError ? error.errors : [error];
  const texts = causes.map((cause) => (cause instanceof Error ? cause.message : String(cause)));
  const text = texts.filter((part) => part !== "").join("; ") || error.name;
  const named = code === "" || text.includes(code) ? text : `${text} (${code})`;
  return named.slice(0, MESSAGE_CHARACTERS_MAX);
}
