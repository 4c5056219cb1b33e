/**
 * The demo's support agent, in a process of its own: the official clients of OpenAI and MCP as
 * they come, and the loop that everybody writes around them. It knows nothing of Slipclutch but
 * that its base URL and its key may be the gateway's, and names its task in a header.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import OpenAI from "openai";
import { systemClock } from "../adapters/clock/system.ts";
import type { Order, Report } from "./agent-messages.ts";
import { endWithParent } from "./far-end.ts";
import { HANDBOOK } from "./handbook.ts";

type Place = Extract<Order, { kind: "begin" }>;
type Plan = Extract<Order, { kind: "use" }>;
type Message = OpenAI.ChatCompletionMessageParam;
type Call = OpenAI.ChatCompletionMessageToolCall;

/** More than a ticket takes; a loop that nobody stops must end all the same. */
const TURNS_MAX = 2_000;
/** An agent that must wait for people does not give up with its client. */
const MODEL_ATTEMPTS_MAX = 100;
const COME_BACK_MS = 5_000;
const OUTPUT_TOKENS_MAX = 300;
/** Calls of a plan. */
const AT_ONCE = 16;

let place: Place | null = null;

endWithParent();
process.on("message", (order: Order) => {
  if (order.kind === "begin") place = order;
  else if (place === null) return;
  else if (order.kind === "use") void useAll(order, place);
  else void work(order.ticket, place);
});
report({ kind: "ready" });

function report(what: Report): void {
  process.send?.(what);
}

async function work(ticket: number, at: Place): Promise<void> {
  try {
    await solve(ticket, at);
  } catch (error) {
    report({ kind: "gave-up", ticket, says: String(error) });
  }
}

/** As an agent does that has made its plan, and carries it out. */
async function useAll({ given, tool }: Plan, at: Place): Promise<void> {
  const client = new Client({ name: "optimizer-agent", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${at.key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(at.toolsUrl), { requestInit });
  const left = [...given];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const result = await client.callTool({ name: tool, arguments: next });
      const failed = result.isError === true;
      report({ kind: "used", value: failed ? null : (result.structuredContent ?? null) });
    }
  };
  try {
    // See below.
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await client.close();
  } catch (error) {
    report({ kind: "gave-up", ticket: 0, says: String(error) });
  }
}

async function solve(ticket: number, at: Place): Promise<void> {
  const headers = { "x-slipclutch-task": `ticket-${ticket}` };
  const model = new OpenAI({ baseURL: at.modelUrl, apiKey: at.key, defaultHeaders: headers });
  const tools = new Client({ name: "support-agent", version: "1.0.0" });
  const requestInit = { headers: { ...headers, authorization: `Bearer ${at.key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(at.toolsUrl), { requestInit });
  // The transport's own declaration is looser about undefined than the interface it implements.
  await tools.connect(transport as Parameters<Client["connect"]>[0]);
  try {
    await converse(ticket, at.model, model, tools);
  } finally {
    await tools.close();
  }
}

async function converse(ticket: number, name: string, model: OpenAI, tools: Client): Promise<void> {
  const offered = (await tools.listTools()).tools.map((tool) => ({
    type: "function" as const,
    function: {
      name: tool.name,
      description: tool.description ?? "",
      parameters: tool.inputSchema,
    },
  }));
  const messages: Message[] = [
    { role: "system", content: HANDBOOK },
    { role: "user", content: `Ticket ${ticket} came by phone: call-${ticket}.wav. Solve it.` },
  ];
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const answer = await ask(model, `${ticket}, turn ${turn}`, {
      model: name,
      max_completion_tokens: OUTPUT_TOKENS_MAX,
      messages,
      tools: offered,
    });
    const [choice] = answer.choices;
    if (choice === undefined) throw new Error("the model said nothing");
    messages.push(choice.message);
    const calls = choice.message.tool_calls ?? [];
    if (calls.length === 0) return;
    for (const call of calls) messages.push(await useTool(call, ticket, tools));
  }
  throw new Error(`no end after ${TURNS_MAX} turns`);
}

/** One turn of the model. An error is the agent's to see: it is told, and asked again later. */
async function ask(
  model: OpenAI,
  which: string,
  request: OpenAI.ChatCompletionCreateParamsNonStreaming,
): Promise<OpenAI.ChatCompletion> {
  for (let attempt = 1; ; attempt += 1) {
    const from = systemClock.wall();
    try {
      const answer = await model.chat.completions.create(request);
      report({ kind: "call", which, from, to: systemClock.wall(), answered: true });
      return answer;
    } catch (error) {
      report({ kind: "call", which, from, to: systemClock.wall(), answered: false });
      report({ kind: "model-error", says: String(error) });
      if (attempt === MODEL_ATTEMPTS_MAX) throw error;
    }
    await new Promise<void>((resolve) => systemClock.after(COME_BACK_MS, resolve));
  }
}

/** A tool's answer goes to the model as it came: also one that says that it failed. */
async function useTool(call: Call, ticket: number, tools: Client): Promise<Message> {
  if (call.type !== "function") throw new Error(`the model called a ${call.type}`);
  const which = `${ticket}, ${call.function.name} ${call.function.arguments}`;
  const from = systemClock.wall();
  const result = await tools.callTool({
    name: call.function.name,
    arguments: JSON.parse(call.function.arguments),
  });
  const answered = result.isError !== true;
  report({ kind: "call", which, from, to: systemClock.wall(), answered });
  const blocks = Array.isArray(result.content) ? result.content : [];
  const content = blocks.map((block) => (block.type === "text" ? block.text : "")).join("\n");
  return { role: "tool", tool_call_id: call.id, content };
}
