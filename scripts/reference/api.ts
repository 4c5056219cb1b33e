/** docs/reference/api.md, from the routes of both listeners. */
import { PROBLEMS } from "../../src/control/problem.ts";
import { PAGE_MAX } from "../../src/control/requests.ts";
import { ROUTES } from "../../src/control/routes.ts";
import { addressOf } from "../../src/gateway/address.ts";
import { code, table } from "./markdown.ts";

/** What each route does and takes. One that is missing here stops the generator. */
const ROUTE_SENTENCES: Readonly<Record<string, string>> = {
  "GET /metrics": "[Metrics](metrics.md) as text for Prometheus.",
  "POST /api/v1/session":
    'Signs a browser in. Body: `{"token"}`; the answer is empty and sets the cookie `slipclutch_session`.',
  "GET /api/v1/session": 'Who asks: `{"name", "role", "expires_at"}`.',
  "DELETE /api/v1/session": "Signs a browser out: its cookie is taken away.",
  "GET /api/v1/events":
    "The journal of all gateways as it grows, as [live events](../control-api.md#live-events). Query: `agent`, `kinds` (with commas), `after` (a position); so does the header `last-event-id`.",
  "GET /api/v1/status": "Version, configuration, readiness, store, calls in flight.",
  "GET /api/v1/budgets": "Every open account, as the store and this gateway know it together.",
  "GET /api/v1/journal": `Entries of the [journal](events.md). Query: \`agent\`, \`task\`, \`code\`, \`decision\`, \`kind\`, \`writer\`, \`from\`, \`to\` (ISO time, or \`24h\` for so long ago), \`after\` (a \`next\` of before), \`take\` (\`oldest\`, \`newest\`), \`limit\` (at most ${PAGE_MAX}). With \`accept: application/x-ndjson\` one entry a line.`,
  "GET /api/v1/inputs": `What calls of an \`agent\` asked, arguments and all, where that is kept (\`journal.inputs\`), oldest first. Query: \`agent\`, \`from\` (ISO time, or \`24h\` for so long ago), \`after\` (a \`next\` of before), \`limit\` (at most ${PAGE_MAX}).`,
  "GET /api/v1/journal/verify":
    "Whether the journal is what was written, or the first entry that is not.",
  "GET /api/v1/decisions/:id": "One decision explained.",
  "POST /api/v1/reload": "Reads the guardrails folder again: whole, or not at all.",
  "GET /api/v1/keys":
    "Keys and tokens, without their secrets. Query: `all=true` for revoked ones too.",
  "POST /api/v1/keys":
    'Makes one and shows its secret once. Body: `{"agent", "expires_in"?}` or `{"operator", "role", "expires_in"?}`.',
  "DELETE /api/v1/keys/:id": "Ends a key at once.",
  "GET /api/v1/tasks": `Tasks. Query: \`agent\`, \`alive\` (\`true\`, \`false\`), \`limit\` (at most ${PAGE_MAX}).`,
  "POST /api/v1/tasks/:agent/:id/end": "Ends a task as failed: its calls are refused.",
  "GET /api/v1/agents":
    "Each agent with its clutch (`engaged`, `disengaged`, `probing`), since when, the review it waits for, the task that goes on while it is probing, and how many calls this gateway holds.",
  "POST /api/v1/agents/pause":
    'Stops agents at every gateway: durable before the answer. Body: `{"agents": […], "reason"}` or `{"all": true, "reason"}`.',
  "GET /api/v1/reviews": `Reviews, newest first. Query: \`state\` (\`open\`, \`closed\`), \`agent\`, \`limit\` (at most ${PAGE_MAX}).`,
  "GET /api/v1/reviews/:id":
    "One review with its evidence and decisions, and the newest hundred of its calls.",
  "POST /api/v1/reviews/:id/decision":
    'Decides on the version that was looked at. Body: `{"version", "decision": "resume", "reason"}`; or `"probe"` or `"end"` with a `"task"`; `"deny"` with a `"call"` and perhaps a `"message"`; `"ran"` or `"did_not_run"` with a `"call"` and, where two tasks have one of that `call_id`, a `"task"`.',
  "GET /api/v1/forfeits":
    "What gateways that died had held of open accounts, with what is missing to release it, and past releases.",
  "POST /api/v1/forfeits/release":
    'Releases what one of them had held, but for `billed_usd`, once for each `id`. Body: `{"id", "holder", "budget"?, "scope"?, "billed_usd", "reason"}`, or `"without_evidence": true` with or without `billed_usd`. `billed_tokens` or `billed_calls` in its place release what budgets of tokens or calls had held.',
  "GET /api/v1/commitments": `What [tools have begun](../commitments.md) and goes on costing, newest first. Query: \`agent\`, \`all=true\` for ended ones too, \`limit\` (at most ${PAGE_MAX}).`,
  "POST /api/v1/commitments/:id/end":
    'A person says that it is gone: it costs nothing from then on. Body: `{"reason"}`.',
  "GET /api/v1/model-flags": "Models that are reserved in full because they billed above a bound.",
  "DELETE /api/v1/model-flags/:provider/:model": 'Trusts a model again. Body: `{"reason"}`.',
};

const AGENT_PATHS: readonly (readonly [method: string, path: string, sentence: string])[] = [
  ["POST", "/v1/chat/completions", "OpenAI chat completions, streamed or whole."],
  ["POST", "/v1/messages", "Anthropic messages, streamed or whole."],
  [
    "POST",
    "/mcp",
    "MCP over streamable HTTP: all [tools](../tools.md#mcp) of the agent. One message a request, no sessions.",
  ],
  ["POST", "/mcp/SERVER", "The same, with the tools of one server."],
  [
    "POST",
    "/guard/v1/tools/NAME/call",
    'Runs a [tool](../tools.md#the-dispatcher). Body: `{"arguments"?, "call_id"?}`; answer: `{"decision", "result"}`.',
  ],
  ["GET", "/v1/models", "The models that are named for this agent, in a shape both clients read."],
  ["GET", "/guard/v1/budgets", "What this agent and task may still spend."],
  [
    "GET",
    "/guard/v1/parked/CALL",
    'How a [parked call](../clutch.md#what-an-agent-sees) stands: `{"id", "state", "task", "review", "message"}`, once it waits no longer or after 25 s.',
  ],
  [
    "POST",
    "/guard/v1/tasks",
    'Opens a task. Body: `{"name"?, "parent"?}`; answer: `{"task", "parent", "key"}` with a key for this task alone.',
  ],
  ["POST", "/guard/v1/tasks/TASK/end", 'Ends a task. Body: `{"outcome": "ok"}` or `"failed"`.'],
];

function agentRows() {
  return AGENT_PATHS.map(([method, path, sentence]) => {
    const served = [path, `/t/TASK${path}`].every((url) => addressOf(method, url) !== null);
    if (!served) throw new Error(`${method} ${path} is not served`);
    return [code(`${method} ${path}`), sentence];
  });
}

function routeRows() {
  return ROUTES.map(({ method, path, role }) => {
    const sentence = ROUTE_SENTENCES[`${method} ${path}`];
    if (sentence === undefined) throw new Error(`${method} ${path} has no sentence`);
    return [code(`${method} ${path}`), role ?? "open", sentence];
  });
}

const AGENT_INTRO = `## For agents

On the agents' listener (\`127.0.0.1:4141\`), with an agent key as \`authorization: Bearer\` or \`x-api-key\`.
Every path may be prefixed with \`/t/TASK\`, which names the task; so does the header \`x-slipclutch-task\`, and
a key for one task does always. \`/v1\` may be missing or stand twice, as clients with the other one's base
URL send it. Any other path is refused: it could not be metered.
`;

const HEADERS = `Headers of answers:

${table(
  ["header", "what it says"],
  [
    [
      code("x-slipclutch-decision"),
      "The id for `slipclutch explain`; on a refusal also `; code=CODE`.",
    ],
    [code("x-slipclutch-task"), "The task that the call was counted for."],
    [
      code("x-slipclutch-budget-remaining-usd"),
      "The smallest rest among the budgets of money it drew on, as this gateway knows it.",
    ],
    [
      `${code("x-slipclutch-budget-remaining-tokens")}, ${code("…-calls")}`,
      "The same, of budgets that count tokens or calls.",
    ],
    [
      code("x-slipclutch-narrowed"),
      "`max_output_tokens=N`: the output cap that was sent, where it is not the one asked for; `tools_removed=N`: so many of the tools that were offered are not granted.",
    ],
    [code("x-should-retry"), "On refusals: what the official clients are to do."],
    [code("retry-after"), "On refusals that may soon be over: 1 to 59 seconds."],
  ],
)}
`;

const CONTROL_INTRO = `## For operators

On the control listener (\`127.0.0.1:4142\`), with an operator token as \`authorization: Bearer\`. Roles:
\`viewer\` reads, \`operator\` also reloads, ends tasks, pauses agents, decides reviews, ends
commitments, clears flags and releases forfeits, \`admin\` also makes and ends keys.
Amounts are decimal texts in fields that end in their unit (\`limit_usd\`, \`limit_tokens\`), times are ISO. \`GET /healthz\` and \`GET /readyz\` are open to all.
`;

/** The whole page. */
export function apiPage(): string {
  const problems = Object.entries(PROBLEMS).map(([name, { status, hint }]) => [
    code(name),
    String(status),
    hint,
  ]);
  return [
    "# HTTP API\n",
    AGENT_INTRO,
    table(["path", "what"], agentRows()),
    "",
    HEADERS,
    CONTROL_INTRO,
    table(["path", "role", "what"], routeRows()),
    '\nWhat is refused here: `{"error": {"code", "message", "hint"}}`.\n',
    table(["code", "status", "way forward"], problems),
  ].join("\n");
}
