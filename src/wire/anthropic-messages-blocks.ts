/** Anthropic messages: what a content block costs as input. */
import type { InputMeasure } from "../guards/call.ts";
import { inlineBytes, type Measure } from "./input-measure.ts";
import { describe, isObject, type JsonObject, shortName } from "./json.ts";

/** Blocks whose whole content is in the request, as text or as further blocks. */
const PLAIN_BLOCKS: ReadonlySet<unknown> = new Set([
  "text",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "server_tool_use",
  "tool_result",
  "tool_reference",
  "search_result",
  "web_search_tool_result",
  "web_search_result",
  "web_fetch_tool_result",
  "web_fetch_result",
  "tool_search_tool_result",
  "tool_search_tool_search_result",
  "code_execution_tool_result",
  "code_execution_result",
  "bash_code_execution_tool_result",
  "bash_code_execution_result",
  "text_editor_code_execution_tool_result",
  "mcp_tool_use",
  "mcp_tool_result",
]);

/**
 * A tool that is defined in the middle of a conversation: it may run at the provider, for a fee,
 * and no list of tools shows it.
 */
const INLINE_TOOL = "block tool_addition";

/** Measures one block and, by `content`, the blocks inside it. */
export function readBlock(block: JsonObject, measure: Measure, depth: number): void {
  const { type, source, content, tool_changes } = block;
  if (type === "image") {
    measure.images += 1;
    readSource(source, "image", measure);
  } else if (type === "document") {
    readDocument(source, measure, depth);
  } else if (!PLAIN_BLOCKS.has(type)) {
    measure.cannotMeasure(typeof type === "string" ? `block ${shortName(type)}` : describe(type));
  }
  if (type === "tool_addition" && !isToolReference(block.tool)) measure.unbounded.add(INLINE_TOOL);
  if (Array.isArray(tool_changes)) measure.content(tool_changes, "tool_changes", depth + 1);
  // A result is one block where it is not a list: a fetched page is a document inside.
  if (isObject(content)) measure.content([content], "content", depth + 1);
  else if (Array.isArray(content)) measure.content(content, "content", depth + 1);
}

/** Names a tool that the request lists. */
function isToolReference(tool: unknown): boolean {
  return isObject(tool) && tool.type === "tool_reference";
}

function readDocument(source: unknown, measure: Measure, depth: number): void {
  if (isObject(source) && source.type === "content") {
    measure.content(source.content, "source.content", depth + 1);
  } else measure.fileBytes += readSource(source, "document", measure);
}

/** Decoded bytes of a source that is given inline; what is elsewhere cannot be measured. */
function readSource(source: unknown, what: "image" | "document", measure: Measure): number {
  const type = isObject(source) ? source.type : null;
  if (isObject(source) && (type === "base64" || type === "text")) {
    const bytes = type === "base64" ? inlineBytes(source.data) : 0;
    if (bytes === null) measure.cannotMeasure(`${what} data`);
    return bytes ?? 0;
  }
  if (type === "file") measure.cannotMeasure("file_id");
  else if (type !== "url") measure.cannotMeasure(`${what} source`);
  else if (what === "document") measure.cannotMeasure("document url");
  return 0;
}

/**
 * The longest cache write that any `cache_control` asks for, wherever it stands; a lifetime that is
 * not known counts as the longest. Without the word in the text there is none.
 */
export function longestCacheWrite(text: string, root: JsonObject): InputMeasure["cacheWrite"] {
  if (!text.includes("cache_control") && !text.includes("\\u")) return "none";
  return cacheWriteIn(root);
}

function cacheWriteIn(value: unknown): InputMeasure["cacheWrite"] {
  if (typeof value !== "object" || value === null) return "none";
  let longest: InputMeasure["cacheWrite"] = "none";
  for (const [key, inner] of Object.entries(value)) {
    const here = key === "cache_control" ? lifetime(inner) : cacheWriteIn(inner);
    if (here === "1h") return "1h";
    if (here === "5m") longest = "5m";
  }
  return longest;
}

function lifetime(control: unknown): InputMeasure["cacheWrite"] {
  if (control === null) return "none";
  const ttl = isObject(control) ? (control.ttl ?? "5m") : "1h";
  return ttl === "5m" ? "5m" : "1h";
}
