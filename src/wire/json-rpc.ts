/**
 * JSON-RPC 2.0 as MCP uses it: one message, read strictly, and the texts of those we write. Both
 * ends read with it: the agents' bodies and the tool servers' answers. What cannot be read is a
 * value that says why, with the code to answer it by; nothing here throws.
 */
import { isDenial } from "../guards/verdict.ts";
import { describe, isObject, type JsonObject, parseObject, parseOrNothing } from "./json.ts";

export type RpcId = string | number;

export type Message =
  | RpcRequest
  | { readonly kind: "notification"; readonly method: string; readonly params: JsonObject }
  | RpcResult
  | RpcError
  | Unreadable;

export interface RpcResult {
  readonly kind: "result";
  readonly id: RpcId;
  readonly result: JsonObject;
}

export interface RpcRequest {
  readonly kind: "request";
  readonly id: RpcId;
  readonly method: string;
  readonly params: JsonObject;
  /** The parameters as they were written; empty where there are none. */
  readonly paramsText: string;
}

/** What the other side answered. */
export interface RpcError {
  readonly kind: "error";
  /** Null where the other side could not tell which request it was. */
  readonly id: RpcId | null;
  readonly code: number;
  readonly message: string;
  /** What it says to programs, if anything. */
  readonly data?: JsonObject;
}

/** No message of the protocol. `id` is that of the request it would have been, where it has one. */
export interface Unreadable {
  readonly kind: "unreadable";
  readonly id: RpcId | null;
  readonly code: number;
  readonly message: string;
  /** What a program can do better by. */
  readonly data?: JsonObject;
}

/** The codes of JSON-RPC 2.0, section 5.1. */
export const RPC_CODES = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
} as const;

/** As deep as a model's request may be: arguments of tools are written by models. */
export const DEPTH_MAX = 64;

/** Longer than any id a client makes, short enough for a log. */
const ID_CHARS_MAX = 256;

/** Longer than any name of a method. */
const METHOD_CHARS_MAX = 256;

/** Reads the body of one POST, or the data of one event. A batch is refused, as MCP does. */
export function readMessage(text: string): Message {
  const parsed = parseObject(text, DEPTH_MAX);
  if (isDenial(parsed)) return notAnObject(text, parsed.facts);
  const { root, members } = parsed;
  const id = isId(root.id) ? root.id : null;

  if (root.jsonrpc !== "2.0") return invalid(id, `jsonrpc must be "2.0"`);
  if ("id" in root && id === null && !isAnonymousError(root)) {
    const got = describe(root.id);
    return invalid(null, `id must be a string or a whole number, and not too long, got ${got}`);
  }
  const kinds = ["method", "result", "error"].filter((name) => name in root);
  if (kinds.length !== 1) return invalid(id, "must have one of method, result and error");
  if ("result" in root) return readResult(id, root.result);
  if ("error" in root) return readError(id, root.error);

  const { method, params = {} } = root;
  if (typeof method !== "string" || method === "" || method.length > METHOD_CHARS_MAX) {
    return invalid(id, "method must be a name");
  }
  if (!isObject(params)) {
    const message = `params must be an object, got ${describe(params)}`;
    return { kind: "unreadable", id, code: RPC_CODES.invalidParams, message };
  }
  if (id === null) return { kind: "notification", method, params };
  const place = members.find(({ name }) => name === "params");
  const paramsText = place === undefined ? "" : text.slice(place.valueFrom, place.valueTo);
  return { kind: "request", id, method, params, paramsText };
}

/** A number that two parsers may read differently could answer another request than was asked. */
export function isId(value: unknown): value is RpcId {
  if (typeof value === "string") return value.length <= ID_CHARS_MAX;
  return typeof value === "number" && Number.isSafeInteger(value);
}

function isAnonymousError(root: JsonObject): boolean {
  return root.id === null && "error" in root;
}

function notAnObject(text: string, facts: Readonly<Record<string, unknown>>): Unreadable {
  const value = parseOrNothing(text);
  if (value === undefined) {
    return { kind: "unreadable", id: null, code: RPC_CODES.parse, message: "is not JSON" };
  }
  if (Array.isArray(value)) return invalid(null, "batches are not taken: send one message");
  const id = isObject(value) && isId(value.id) ? value.id : null;
  return invalid(id, `${facts.at}: got ${facts.got}, expected ${facts.expected}`);
}

function readResult(id: RpcId | null, result: unknown): Message {
  if (id === null) return invalid(null, "a result must have an id");
  if (!isObject(result)) return invalid(id, `result must be an object, got ${describe(result)}`);
  return { kind: "result", id, result };
}

function readError(id: RpcId | null, error: unknown): Message {
  if (!isObject(error)) return invalid(id, `error must be an object, got ${describe(error)}`);
  const { code, data, message } = error;
  if (typeof code !== "number" || !Number.isSafeInteger(code)) {
    return invalid(id, "error.code must be a whole number");
  }
  const told = isObject(data) ? { data } : {};
  return { kind: "error", id, code, message: typeof message === "string" ? message : "", ...told };
}

function invalid(id: RpcId | null, message: string): Unreadable {
  return { kind: "unreadable", id, code: RPC_CODES.invalidRequest, message };
}

export function renderRequest(id: RpcId, method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

export function renderNotification(method: string, params: JsonObject | null = null): string {
  return JSON.stringify({ jsonrpc: "2.0", method, ...(params === null ? {} : { params }) });
}

export function renderResult(id: RpcId, result: JsonObject): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

/** `id` is null where the request could not be read so far as to know it. */
export function renderError(
  id: RpcId | null,
  error: { readonly code: number; readonly message: string; readonly data?: JsonObject },
): string {
  const { code, message, data } = error;
  const rest = data === undefined ? {} : { data };
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, ...rest } });
}
