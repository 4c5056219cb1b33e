/**
 * MCP's messages about tools, over JSON-RPC: what is asked and what is answered, read strictly.
 * A string in place of a value says what is wrong with the message.
 */
import { numbersAreExact } from "./exact-numbers.ts";
import { describe, isObject, type JsonObject, membersOf } from "./json.ts";
import { RPC_CODES, type RpcRequest, type Unreadable } from "./json-rpc.ts";
import { byteLength } from "./utf8.ts";

/** The version we ask for. */
export const PROTOCOL_VERSION = "2025-11-25";

/** Versions whose calls and lists of tools are alike for us; a server may answer with any. */
export const PROTOCOL_VERSIONS: ReadonlySet<string> = new Set([
  PROTOCOL_VERSION,
  "2025-06-18",
  "2025-03-26",
  "2024-11-05",
]);

export const METHODS = {
  initialize: "initialize",
  initialized: "notifications/initialized",
  cancelled: "notifications/cancelled",
  progress: "notifications/progress",
  /** Of versions after these: which ones a server speaks. */
  discover: "server/discover",
  ping: "ping",
  list: "tools/list",
  call: "tools/call",
  read: "resources/read",
  prompt: "prompts/get",
} as const;

/** A server says so of any of its lists. */
export const LIST_CHANGED: ReadonlySet<string> = new Set([
  "notifications/tools/list_changed",
  "notifications/resources/list_changed",
  "notifications/prompts/list_changed",
]);

/** Longer than any name that a model's API lets pass (64 or 128 characters). */
export const TOOL_NAME_CHARS_MAX = 256;

/** Since 2026-07-28 results say what they are; one that does not is whole. */
export const COMPLETE = "complete";
export const INPUT_REQUIRED = "input_required";
/** Of what a server asks for, in the sentence that refuses it. */
const ASKED_SHOWN_MAX = 5;
const ASKED_CHARS_MAX = 200;

/** An agent's call of a tool. */
export interface ToolCallParams {
  readonly name: string;
  readonly arguments: JsonObject;
  /** Of the arguments as they came. */
  readonly argumentsBytes: number;
  /** `_meta`: traceparent and the like. */
  readonly meta: JsonObject;
}

/** What a tool answered. */
export interface CallResult {
  readonly content: readonly JsonObject[];
  readonly structuredContent: unknown;
  readonly isError: boolean;
}

/** Some of the tools of a server, and where the list goes on. */
export interface ToolPage {
  readonly items: readonly { readonly name: string; readonly raw: JsonObject }[];
  readonly nextCursor: string | null;
}

/** Reads the parameters of an agent's `tools/call`. */
export function readToolCall(request: RpcRequest): ToolCallParams | Unreadable {
  const { name, arguments: given = {}, _meta: meta = {} } = request.params;
  const invalid = (message: string): Unreadable => {
    return { kind: "unreadable", id: request.id, code: RPC_CODES.invalidParams, message };
  };
  if (!isToolName(name)) return invalid("params.name must be the name of a tool");
  if (!isObject(given)) {
    return invalid(`params.arguments must be an object, got ${describe(given)}`);
  }
  if (!isObject(meta)) return invalid(`params._meta must be an object, got ${describe(meta)}`);
  if (!numbersAreExact(given)) {
    return invalid("params.arguments has a number past 2^53: send it as a string");
  }
  const place = membersOf(request.paramsText, 0).find((member) => member.name === "arguments");
  const text = place ? request.paramsText.slice(place.valueFrom, place.valueTo) : "";
  return { name, arguments: given, argumentsBytes: byteLength(text), meta };
}

/** Reads the result of `tools/call`. */
export function readCallResult(result: JsonObject): CallResult | string {
  const { resultType = COMPLETE } = result;
  if (resultType === INPUT_REQUIRED) return inputRefused(result);
  if (resultType !== COMPLETE) return "a resultType that is not known here";
  const { content = [], structuredContent, isError = false } = result;
  if (!("content" in result) && !isObject(structuredContent)) return "a result without content";
  if (!Array.isArray(content)) return `content that is ${describe(content)}`;
  const blocks: JsonObject[] = [];
  for (const block of content) {
    if (!isObject(block)) return `a block of content that is ${describe(block)}`;
    if (typeof block.type !== "string") return "a block of content without a type";
    blocks.push(block);
  }
  if (typeof isError !== "boolean") return `isError that is ${describe(isError)}`;
  return { content: blocks, structuredContent, isError };
}

/**
 * A tool that wants something of the agent's user, model or files before it goes on. None of that
 * is granted to a server, so its call has failed; the model is told why.
 */
function inputRefused({ inputRequests }: JsonObject): CallResult {
  const asked = Object.values(isObject(inputRequests) ? inputRequests : {}).flatMap((request) =>
    isObject(request) && typeof request.method === "string" ? [request.method] : [],
  );
  const what = [...new Set(asked)].slice(0, ASKED_SHOWN_MAX).join(", ").slice(0, ASKED_CHARS_MAX);
  const named = what === "" ? "" : ` (${what})`;
  const text = `The tool did not go on: it asked for input${named}, which is not granted here.`;
  return { content: [{ type: "text", text }], structuredContent: undefined, isError: true };
}

/** By which a tool says in its server's list that it runs as a task of MCP, and in no other way. */
export function needsTask(tool: JsonObject): boolean {
  return isObject(tool.execution) && tool.execution.taskSupport === "required";
}

/** What a server means by an unknown method: a tool that runs as a task of MCP alone. */
export const NOT_AS_A_CALL: CallResult = {
  content: [
    {
      type: "text",
      text: "The tool did not run: its server does not know the call. A tool that runs as an MCP task alone is not called here.",
    },
  ],
  structuredContent: undefined,
  isError: true,
};

/** Reads one page of `tools/list`. */
export function readToolPage(result: JsonObject): ToolPage | string {
  const { tools, nextCursor = null, resultType = COMPLETE } = result;
  if (resultType !== COMPLETE) return "a resultType that is not known here";
  if (!Array.isArray(tools)) return `tools that are ${describe(tools)}`;
  const read: { name: string; raw: JsonObject }[] = [];
  for (const raw of tools) {
    if (!isObject(raw)) return `a tool that is ${describe(raw)}`;
    if (!isToolName(raw.name)) return "a tool without a name";
    read.push({ name: raw.name, raw });
  }
  if (nextCursor !== null && typeof nextCursor !== "string") {
    return `a cursor that is ${describe(nextCursor)}`;
  }
  return { items: read, nextCursor };
}

/** The version that a server answers `initialize` with, if we speak it. */
export function readInitialized(result: JsonObject): { readonly version: string } | string {
  const { protocolVersion } = result;
  if (typeof protocolVersion !== "string") return "no protocolVersion";
  if (PROTOCOL_VERSIONS.has(protocolVersion)) return { version: protocolVersion };
  return "a protocolVersion that is not spoken here";
}

function isToolName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= TOOL_NAME_CHARS_MAX;
}
