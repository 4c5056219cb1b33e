/** What the scripted MCP server answers with: results of calls, of lists and of what is read. */
import type { JsonObject } from "../wire/json.ts";
import { type RpcId, renderError, renderResult } from "../wire/json-rpc.ts";
import { FAIL, type McpScript, type McpShelves } from "./mcp-script.ts";

/** The lists of a library by the methods that ask for them. */
export const SHELF_OF: Readonly<Record<string, keyof McpShelves>> = {
  "resources/list": "resources",
  "resources/templates/list": "resourceTemplates",
  "prompts/list": "prompts",
};

/** Where what was read stands in the answer. */
export const PLACE_OF: Readonly<Record<string, string>> = {
  "resources/read": "contents",
  "prompts/get": "messages",
};
export const READS: ReadonlySet<string> = new Set(Object.keys(PLACE_OF));

/** One page of a list; the cursor is where it begins. */
export function pageOf(
  name: string,
  all: readonly JsonObject[],
  { pageSize, pagesForEver }: McpScript,
  params: JsonObject,
): JsonObject {
  if (pagesForEver) return { [name]: [], nextCursor: "on and on" };
  const from = Number(params.cursor ?? 0);
  const to = from + pageSize;
  const more = to < all.length ? { nextCursor: String(to) } : {};
  return { [name]: all.slice(from, to), ...more };
}

export function resultText(id: RpcId, params: JsonObject, tools: readonly JsonObject[]): string {
  const { name, arguments: given } = params;
  if (!tools.some((tool) => tool.name === name)) {
    return renderError(id, { code: -32_602, message: `Unknown tool: ${name}` });
  }
  if (name === FAIL) {
    return renderResult(id, { content: [{ type: "text", text: "it failed" }], isError: true });
  }
  const content = [{ type: "text", text: JSON.stringify(given) }];
  return renderResult(id, { content, structuredContent: { given, meta: params._meta ?? null } });
}

export function readText(id: RpcId, params: JsonObject, library: McpShelves | null): string {
  const { arguments: given = {}, name, uri } = params;
  if (typeof uri === "string") {
    const contents = [{ uri, mimeType: "text/plain", text: `what is at ${uri}` }];
    const missing = { code: -32_002, message: "Resource not found", data: { uri } };
    return uri.endsWith("missing") ? renderError(id, missing) : renderResult(id, { contents });
  }
  if (!library?.prompts.some((prompt) => prompt.name === name)) {
    return renderError(id, { code: -32_602, message: `Unknown prompt: ${name}` });
  }
  const content = { type: "text", text: JSON.stringify(given) };
  return renderResult(id, { description: `about ${name}`, messages: [{ role: "user", content }] });
}
