/**
 * Which version of MCP a request is of. One that names its version in `_meta` stands alone, as of
 * 2026-07-28, and its headers must say what its body says: whoever routes by the headers has then
 * seen the call that is decided here. All others come from clients that shake hands first.
 */
import { RPC_CODES, type RpcRequest, type Unreadable } from "../../wire/json-rpc.ts";
import { METHODS, PROTOCOL_VERSIONS } from "../../wire/mcp.ts";
import {
  envelopeFault,
  STATELESS_CODES,
  STATELESS_VERSION,
  versionIn,
} from "../../wire/mcp-stateless.ts";

export type Revision = "handshake" | "stateless";

/** All that are spoken here, newest first. */
export const SPOKEN: readonly string[] = [STATELESS_VERSION, ...PROTOCOL_VERSIONS];

type Headers = Readonly<Record<string, string | undefined>>;

const SHOWN_CHARS_MAX = 100;
/** Names that are no plain header values travel as base64 between these two. */
const [ENCODED_FROM, ENCODED_TO] = ["=?base64?", "?="];
/** Where the body has what the header `mcp-name` repeats. */
const NAMED_BY: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

export function revisionOf(request: RpcRequest, headers: Headers): Revision | Unreadable {
  const named = versionIn(request);
  const header = headers["mcp-protocol-version"];
  if (named === undefined && header !== STATELESS_VERSION && request.method !== METHODS.discover) {
    const isSpoken = header === undefined || PROTOCOL_VERSIONS.has(header);
    return isSpoken ? "handshake" : notSpoken(request, header);
  }
  const fault = envelopeFault(request);
  if (fault !== null) return unreadable(request, RPC_CODES.invalidParams, fault);
  const version = String(named);
  if (header !== version) return mismatch(request, "mcp-protocol-version", header, version);
  if (PROTOCOL_VERSIONS.has(version)) return "handshake";
  if (version !== STATELESS_VERSION) return notSpoken(request, version);
  return headersFault(request, headers) ?? "stateless";
}

function headersFault(request: RpcRequest, headers: Headers): Unreadable | null {
  const { method, params } = request;
  const { "mcp-method": methodHeader, "mcp-name": nameHeader } = headers;
  if (methodHeader !== method) return mismatch(request, "mcp-method", methodHeader, method);
  const field = NAMED_BY[method];
  const name = field === undefined ? undefined : params[field];
  // What is no name at all is refused for that, by whoever reads it.
  if (typeof name !== "string" || isNamedBy(nameHeader, name)) return null;
  return mismatch(request, "mcp-name", nameHeader, name);
}

function isNamedBy(header: string | undefined, name: string): boolean {
  if (header === undefined) return false;
  if (!header.startsWith(ENCODED_FROM) || !header.endsWith(ENCODED_TO)) return header === name;
  const encoded = header.slice(ENCODED_FROM.length, -ENCODED_TO.length);
  // Encoded anew and not decoded: there is one spelling of a name that is right.
  return encoded === Buffer.from(name).toString("base64");
}

function mismatch(
  request: RpcRequest,
  name: string,
  header: string | undefined,
  body: string,
): Unreadable {
  const got = header === undefined ? "is missing" : `says ${shown(header)}`;
  const message = `the header ${name} ${got}, and the body says ${shown(body)}`;
  return unreadable(request, STATELESS_CODES.headerMismatch, message);
}

/** Clients that know another version go on with that one. */
function notSpoken(request: RpcRequest, version: string): Unreadable {
  const requested = shown(version);
  const message = `this version is not spoken here: ${requested}`;
  const fault = unreadable(request, STATELESS_CODES.unsupportedVersion, message);
  return { ...fault, data: { supported: SPOKEN, requested } };
}

function unreadable({ id }: RpcRequest, code: number, message: string): Unreadable {
  return { kind: "unreadable", id, code, message };
}

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARS_MAX);
}
