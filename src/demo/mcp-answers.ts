/** MCP 2025-11-25 as little as the demo's tool servers need it: a handshake, a list, and calls. */
import type { JsonObject } from "../wire/json.ts";
import { type RpcRequest, readMessage, renderError, renderResult } from "../wire/json-rpc.ts";
import { METHODS, PROTOCOL_VERSION } from "../wire/mcp.ts";
import type { Account } from "./bills.ts";
import { type Asked, now, type Said } from "./far-end.ts";

interface McpServer {
  readonly name: string;
  readonly tools: readonly JsonObject[];
  readonly call: (request: RpcRequest, account: Account) => Said;
}

export function mcpAnswers({ call, name, tools }: McpServer): (asked: Asked) => Said {
  return ({ account, body }) => {
    const message = readMessage(Buffer.from(body).toString("utf8"));
    if (message.kind === "unreadable") return now(400, renderError(message.id, message));
    if (message.kind !== "request") return now(202, "");
    switch (message.method) {
      case METHODS.initialize:
        return result(message, {
          protocolVersion: PROTOCOL_VERSION,
          capabilities: { tools: {} },
          serverInfo: { name, version: "1.0.0" },
        });
      case METHODS.ping:
        return result(message, {});
      case METHODS.list:
        return result(message, { tools });
      case METHODS.call:
        return call(message, account);
    }
    return now(200, renderError(message.id, { code: -32_601, message: "no such method" }));
  };
}

export function noSuchTool({ id }: RpcRequest): Said {
  return now(200, renderError(id, { code: -32_602, message: "no such tool" }));
}

/** A value as a tool says it: as text too. */
export function saying(value: JsonObject): JsonObject {
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
}

export function result(request: RpcRequest, value: JsonObject): Said {
  return now(200, renderResult(request.id, value));
}
