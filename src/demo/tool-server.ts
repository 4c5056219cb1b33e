/**
 * The demo's tool server, over MCP 2025-11-25, in a process of its own. Its transcription has the
 * bug of the story, between `POST /break` and `POST /repair`: an empty file, billed as a full one.
 */
import { systemClock } from "../adapters/clock/system.ts";
import type { JsonObject } from "../wire/json.ts";
import { type RpcRequest, readMessage, renderError, renderResult } from "../wire/json-rpc.ts";
import { METHODS, PROTOCOL_VERSION } from "../wire/mcp.ts";
import { type Account, Books } from "./bills.ts";
import { type Asked, now, type Said, serve } from "./far-end.ts";
import { TRANSCRIBE, UPDATE } from "./model-turn.ts";
import { TRANSCRIPTION } from "./prices.ts";

const TRANSCRIBES_MS = 150;
const UPDATES_MS = 20;

const TOOLS = [
  {
    name: TRANSCRIBE,
    description: "The words of a recorded call.",
    inputSchema: {
      type: "object",
      properties: { recording: { type: "string" } },
      required: ["recording"],
    },
  },
  {
    name: UPDATE,
    description: "Changes the status of a ticket.",
    inputSchema: {
      type: "object",
      properties: { ticket: { type: "integer" }, status: { type: "string" } },
      required: ["ticket", "status"],
    },
  },
];

const books = new Books();
const solved = new Set<string>();
const bug = { on: false };

serve({
  books,
  path: "/mcp",
  answer,
  switches: {
    "/break": () => {
      bug.on = true;
    },
    "/repair": () => {
      bug.on = false;
    },
  },
});

function answer({ account, body }: Asked): Said {
  const message = readMessage(Buffer.from(body).toString("utf8"));
  if (message.kind === "unreadable") return now(400, renderError(message.id, message));
  if (message.kind !== "request") return now(202, "");
  switch (message.method) {
    case METHODS.initialize:
      return result(message, {
        protocolVersion: PROTOCOL_VERSION,
        capabilities: { tools: {} },
        serverInfo: { name: "help-desk", version: "1.0.0" },
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
  if (name === TRANSCRIBE) return { ...transcribe(request, account), afterMs: TRANSCRIBES_MS };
  if (name !== UPDATE) {
    return now(200, renderError(request.id, { code: -32_602, message: "no such tool" }));
  }
  books.charge(account, 0);
  solved.add(`${account} ${JSON.stringify(given)}`);
  const count = [...solved].filter((each) => each.startsWith(`${account} `)).length;
  books.change(account, { solved: count });
  return { ...result(request, saying({ status: "solved" })), afterMs: UPDATES_MS };
}

function transcribe(request: RpcRequest, account: Account): Said {
  const { minutes, nanoUsdPerMinute } = TRANSCRIPTION;
  books.charge(account, minutes * nanoUsdPerMinute);
  if (!bug.on) {
    const words = "It has not worked since Tuesday, and I have called twice.";
    return result(request, saying({ text: words, duration_seconds: minutes * 60 }));
  }
  const firstEmptyAt = books.of(account).firstEmptyAt ?? systemClock.wall();
  books.change(account, { firstEmptyAt });
  return result(request, { content: [{ type: "text", text: "" }] });
}

function saying(value: JsonObject): JsonObject {
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
}

function result(request: RpcRequest, value: JsonObject): Said {
  return now(200, renderResult(request.id, value));
}
