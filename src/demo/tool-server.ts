/**
 * The demo's tool server, over MCP 2025-11-25, in a process of its own. Its transcription has the
 * bug of the story, between `POST /break` and `POST /repair`: an empty file, billed as a full one.
 */
import { systemClock } from "../adapters/clock/system.ts";
import type { RpcRequest } from "../wire/json-rpc.ts";
import { type Account, Books } from "./bills.ts";
import { type Said, serve } from "./far-end.ts";
import { mcpAnswers, noSuchTool, result, saying } from "./mcp-answers.ts";
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
  answer: mcpAnswers({ name: "help-desk", tools: TOOLS, call }),
  switches: {
    "/break": () => {
      bug.on = true;
    },
    "/repair": () => {
      bug.on = false;
    },
  },
});

function call(request: RpcRequest, account: Account): Said {
  const { name, arguments: given } = request.params;
  if (name === TRANSCRIBE) return { ...transcribe(request, account), afterMs: TRANSCRIBES_MS };
  if (name !== UPDATE) {
    return noSuchTool(request);
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
