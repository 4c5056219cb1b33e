import type { ToolFault } from "../../../ports/tool-server.ts";

const CLOSED: ReadonlySet<string> = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]);

/** What an error of the HTTP client means. Before the write nothing but the way there can fail. */
export function faultOf(error: Error, written: boolean): ToolFault {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const kind = written || CLOSED.has(code) ? "reset" : "unreachable";
  return { kind, written, message: describe(error, code) };
}

/** A host with several addresses fails with one error for each and no message of its own. */
function describe(error: Error, code: string): string {
  const causes = error instanceof AggregateError ? error.errors : [error];
  const texts = causes.map((cause) => (cause instanceof Error ? cause.message : String(cause)));
  const text = texts.filter((part) => part !== "").join("; ") || error.name;
  return code === "" || text.includes(code) ? text : `${text} (${code})`;
}
