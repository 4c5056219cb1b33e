/**
 * MCP's messages about what can be read beside tools: resources and prompts. Of what is read only
 * the shape is looked at; a text in place of a value says what is wrong with the message.
 */
import { describe, isObject, type JsonObject, membersOf } from "./json.ts";
import { RPC_CODES, type RpcRequest, type Unreadable } from "./json-rpc.ts";
import { COMPLETE, INPUT_REQUIRED, TOOL_NAME_CHARS_MAX } from "./mcp.ts";
import { byteLength } from "./utf8.ts";

/** Longer than any URI that a server takes. */
const URI_CHARS_MAX = 4096;

/** An agent's `resources/read` or `prompts/get`. */
export interface ReadingParams {
  readonly kind: "resource" | "prompt";
  /** A URI, or the name of a prompt. */
  readonly name: string;
  /** Of a prompt. */
  readonly arguments: JsonObject;
  readonly argumentsBytes: number;
  /** `_meta`: traceparent and the like. */
  readonly meta: JsonObject;
}

/** What servers list, each in a list of its own: how its method and its members are called. */
export const SHELVES = {
  resources: { method: "resources/list", items: "resources", key: "uri" },
  templates: {
    method: "resources/templates/list",
    items: "resourceTemplates",
    key: "uriTemplate",
  },
  prompts: { method: "prompts/list", items: "prompts", key: "name" },
} as const;

export type Shelf = keyof typeof SHELVES;

/** Some of what a server lists, and where the list goes on. */
export interface ShelfPage {
  readonly items: readonly { readonly key: string; readonly raw: JsonObject }[];
  readonly nextCursor: string | null;
}

export function readResourceParams(request: RpcRequest): ReadingParams | Unreadable {
  const { uri, _meta: meta = {} } = request.params;
  if (typeof uri !== "string" || uri === "" || uri.length > URI_CHARS_MAX) {
    return invalid(request, "params.uri must be a URI");
  }
  if (!isObject(meta)) return invalid(request, `params._meta must be an object`);
  return { kind: "resource", name: uri, arguments: {}, argumentsBytes: 0, meta };
}

export function readPromptParams(request: RpcRequest): ReadingParams | Unreadable {
  const { arguments: given = {}, name, _meta: meta = {} } = request.params;
  if (typeof name !== "string" || name === "" || name.length > TOOL_NAME_CHARS_MAX) {
    return invalid(request, "params.name must be the name of a prompt");
  }
  if (!isObject(given)) {
    return invalid(request, `params.arguments must be an object, got ${describe(given)}`);
  }
  const other = Object.values(given).find((value) => typeof value !== "string");
  if (other !== undefined) {
    return invalid(request, `params.arguments must be texts, got ${describe(other)}`);
  }
  if (!isObject(meta)) return invalid(request, `params._meta must be an object`);
  const place = membersOf(request.paramsText, 0).find((member) => member.name === "arguments");
  const text = place ? request.paramsText.slice(place.valueFrom, place.valueTo) : "";
  return { kind: "prompt", name, arguments: given, argumentsBytes: byteLength(text), meta };
}

function invalid({ id }: RpcRequest, message: string): Unreadable {
  return { kind: "unreadable", id, code: RPC_CODES.invalidParams, message };
}

/** Reads one page of what a server lists. */
export function readShelfPage(shelf: Shelf, result: JsonObject): ShelfPage | string {
  const { items, key } = SHELVES[shelf];
  const { [items]: listed, nextCursor = null, resultType = COMPLETE } = result;
  if (resultType !== COMPLETE) return "a resultType that is not known here";
  if (!Array.isArray(listed)) return `${items} that are ${describe(listed)}`;
  const read: { key: string; raw: JsonObject }[] = [];
  for (const raw of listed) {
    if (!isObject(raw)) return `an entry that is ${describe(raw)}`;
    const named = raw[key];
    if (typeof named !== "string" || named === "") return `an entry without ${key}`;
    read.push({ key: named, raw });
  }
  if (nextCursor !== null && typeof nextCursor !== "string") {
    return `a cursor that is ${describe(nextCursor)}`;
  }
  return { items: read, nextCursor };
}

/** Reads what came of a reading: what agents get of it, and nothing beside. */
export function readReading(kind: ReadingParams["kind"], result: JsonObject): JsonObject | string {
  const { resultType = COMPLETE } = result;
  if (resultType === INPUT_REQUIRED) return "a request for input, which is not granted here";
  if (resultType !== COMPLETE) return "a resultType that is not known here";
  const { contents, description, messages } = result;
  if (kind === "resource") return areObjects(contents) ? { contents } : "no contents";
  if (!areObjects(messages)) return "no messages";
  return typeof description === "string" ? { description, messages } : { messages };
}

function areObjects(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every(isObject);
}
