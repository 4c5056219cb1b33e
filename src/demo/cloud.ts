/**
 * The cloud of the demo's optimizer, over MCP 2025-11-25, in a process of its own. It makes as many
 * services as it is asked for: whatever keeps them few is on the agent's side.
 */
import { isObject } from "../wire/json.ts";
import type { RpcRequest } from "../wire/json-rpc.ts";
import type { Account } from "./bills.ts";
import { type Said, serve } from "./far-end.ts";
import { mcpAnswers, noSuchTool, result, saying } from "./mcp-answers.ts";
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

serve({
  books: { render: bills },
  path: "/mcp",
  answer: mcpAnswers({ name: "cloud", tools: TOOLS, call }),
  switches: {},
});

/** The counts of the far end: `created` ever, `running` now. */
function bills(): string {
  const of = (account: Account) => ({ created: made[account], running: services[account].size });
  return JSON.stringify({ unguarded: of("unguarded"), guarded: of("guarded") });
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
    return noSuchTool(request);
  }
  const id = isObject(given) ? String(given.service_id) : "";
  return result(request, saying({ deleted: services[account].delete(id) }));
}
