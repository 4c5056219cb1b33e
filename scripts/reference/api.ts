/** docs/reference/api.md, from the routes of both listeners. */
import { z } from "zod";
import { openApiDocument } from "../../src/control/openapi.ts";
import { PROBLEMS } from "../../src/control/problem.ts";
import { ROUTES } from "../../src/control/routes/index.ts";
import { addressOf } from "../../src/gateway/address.ts";
import { code, table } from "./markdown.ts";

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
  return ROUTES.map((route) => {
    const { body, headers, method, path, query, role, says } = route;
    const parts = [says];
    if (query !== undefined) parts.push(`Query: ${namesOf(query)}.`);
    if (headers !== undefined) parts.push(`Header: ${namesOf(headers)}.`);
    if (body !== undefined) parts.push(`Body: ${bodyText(body)}.`);
    return [code(`${method} ${path}`), role ?? "open", parts.join(" ")];
  });
}

/** Names of fields; those that may be left out have a question mark. */
function namesOf(schema: z.ZodObject): string {
  const fields = Object.entries(schema.shape).map(([name, field]) => {
    // `as`: the shape of an object of zod holds schemas of zod.
    const isOptional = (field as z.ZodType).safeParse(undefined).success;
    return code(isOptional ? `${name}?` : name);
  });
  return fields.join(", ");
}

/** One or more shapes of objects. */
function bodyText(body: z.ZodType): string {
  const shapes = body instanceof z.ZodUnion ? body.options : [body];
  return shapes
    .map((shape) => {
      if (!(shape instanceof z.ZodObject)) throw new Error("a body is an object");
      return namesOf(shape);
    })
    .join("; or ");
}

/** The document that programs read: openapi.json. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(ROUTES), null, 2)}\n`;
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

On the control listener (\`127.0.0.1:4142\`), with an operator token as \`authorization: Bearer\`, or the cookie of a
[session](../control-api.md). Roles: \`viewer\` reads, \`operator\` also reloads, ends tasks, pauses agents, decides reviews, ends
commitments, clears flags and releases forfeits, \`admin\` also makes and ends keys; \`open\`: whoever reaches the listener.
Amounts are decimal texts in fields that end in their unit (\`limit_usd\`, \`limit_tokens\`), times are ISO, and a name with a question mark may be left out.
What is answered, field by field: the OpenAPI 3.1 document [openapi.json](openapi.json), which a gateway serves too.
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
