/**
 * The cloud of the demo's optimizer, over MCP 2025-11-25, in a process of its own. It makes as many
 * services as it is asked for: whatever keeps them few is on the agent's side.
 */
import { isObject, type JsonObject } from "../wire/json.ts";
import { type RpcRequest, readMessage, renderError, renderResult } from "../wire/json-rpc.ts";
import { METHODS, PROTOCOL_VERSION } from "../wire/mcp.ts";
import type { Account } from "./bills.ts";
import { type Asked, now, type Said, serve } from "./far-end.ts";
import { CREATE, DELETE } from "./optimizer-guardrails.ts";

const CREATES_MS = 20;

const TOOLS = [CREATE, DELETE].map((name) => ({
  name,
  description: name === CREATE ? "Starts a service." : "Stops a service.",
  inputSchema: { type: "object" },
}));

/** What each customer has. */
const services: Readonly<Record<Account, Set<string>>> = {
  unguarded: new Set(),
  guarded: new Set(),
};
const made: Record<Account, number> = { unguarded: 0, guarded: 0 };

serve({ books: { render: bills }, path: "/mcp", answer, switches: {} });

/** The counts of the far end: `created` ever, `running` now. */
function bills(): string {
  const of = (account: Account) => ({ created: made[account], running: services[account].size });
  return JSON.stringify({ unguarded: of("unguarded"), guarded: of("guarded") });
}

function answer({ account, body }: Asked): Said {
  const message = readMessage(Buffer.from(body).toString("utf8"));
  if (message.kind === "unreadable") return now(400, renderError(message.id, message));
  if (message.kind !== "request") return now(202, "");
  switch (message.method) {
    case METHODS.initialize:
      return result(message, {
        protocolVersion: PROTOCOL_VERSION,
        capabilities: { tools: {} },
        serverInfo: { name: "cloud", version: "1.0.0" },
      });
    case METHODS.ping:
      return result(message, {});
    case METHODS.list:
      return result(message, { tools: TOOLS });
    case METHODS.call:
      return call(message, account);
  }
  return now(200, renderError(message.id, { code: -32_601, message: "no such method" }));
}

function call(request: RpcRequest, account: Account): Said {
  const { name, arguments: given } = request.params;
  if (name === CREATE) {
    made[account] += 1;
    const id = `svc-${made[account]}`;
    services[account].add(id);
    return { ...result(request, saying({ service_id: id })), afterMs: CREATES_MS };
  }
  if (name !== DELETE) {
    return now(200, renderError(request.id, { code: -32_602, message: "no such tool" }));
  }
  const id = isObject(given) ? String(given.service_id) : "";
  return result(request, saying({ deleted: services[account].delete(id) }));
}

function saying(value: JsonObject): JsonObject {
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
}

function result(request: RpcRequest, value: JsonObject): Said {
  return now(200, renderResult(request.id, value));
}
