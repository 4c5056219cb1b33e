/**
 * One call of a tool, one verdict: every case on every surface where a tool call can be seen. A
 * control that holds on one wire format and not on another is no control.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DENIALS, type DenialCode } from "../../src/guards/verdict.ts";
import { MCP_SCRIPT, type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";

let desk: McpFixture;
let model: ScriptedModel;
let gateway: TestGateway;

const SCHEMA = {
  type: "object",
  properties: {
    table: { enum: ["tickets"] },
    limit: { type: "integer", maximum: 10 },
    id: { type: "integer" },
  },
  required: ["table"],
};

beforeAll(async () => {
  const query = { name: "query", inputSchema: { type: "object" } };
  const callTool = { name: "call_tool", inputSchema: { type: "object" } };
  desk = await mcpFixture({ tools: [...MCP_SCRIPT.tools, query, callTool] });
  model = await scriptedModel();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
          anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
        },
        tool_servers: {
          desk: {
            kind: "mcp",
            url: desk.url,
            tools: {
              ...{ echo: { effect: "read" }, fail: { effect: "write" } },
              query: { sql: "/arguments/sql" },
              call_tool: {
                effect: "read",
                unwraps: { tool: "/arguments/name", arguments: "/arguments/with" },
              },
            },
          },
        },
        breakers: [
          { name: "stuck", enabled: false },
          { name: "tool-surge", enabled: false },
        ],
        budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }],
      },
      "prices.yaml": PRICES,
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        limits: { max_arguments_bytes: 2000 },
        refusal_rounds: 0,
        allowed_tools: [
          { tool_name: "echo", arguments: SCHEMA },
          { tool_name: "fail", read_only: false },
          { tool_name: "query", resource: { sql_tables: "/arguments/sql" } },
          { tool_name: "call_tool" },
        ],
        blacklisted_tools: ["delete_ticket"],
      },
    },
  });
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
  await desk.close();
});

const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };
const PRICES = { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } };

/** Calls of tools that have reached their server. */
const ran = () => desk.ran();

interface Case {
  readonly is: string;
  readonly name: string;
  readonly arguments: string;
  readonly verdict: "allow" | DenialCode;
}

const sql = (text: string) => JSON.stringify({ sql: text });
const TICKETS = '{"table":"tickets"}';
const deep = (levels: number) =>
  `{"table":"tickets","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;

const inside = (name: string, given?: unknown) => JSON.stringify({ name, with: given });

/** Calls of `call_tool`, by what stands in them. */
const INSIDE: readonly (readonly [is: string, given: string, verdict: Case["verdict"]])[] = [
  ["one that is granted", inside("echo", { table: "tickets" }), "allow"],
  ["one with its arguments as a text", inside("echo", TICKETS), "allow"],
  ["one that writes, granted", inside("fail", {}), "allow"],
  ["another one", inside("call_tool", { name: "echo", with: TICKETS }), "allow"],
  ["SQL that reads", inside("query", { sql: "table orders" }), "allow"],
  ["SQL that writes", inside("query", { sql: "drop table orders" }), "manifest.read-only"],
  ["SQL about no table", inside("query", { sql: "select 1" }), "resource.underivable"],
  ["one that is unknown", inside("rm", {}), "manifest.unknown-tool"],
  ["a name of clients alone", inside("desk__echo", TICKETS), "manifest.unknown-tool"],
  ["one that is blacklisted", inside("delete_ticket", {}), "manifest.blacklisted"],
  ["one that looks blacklisted", inside("Delete-Ticket", {}), "manifest.blacklisted"],
  ["another value", inside("echo", { table: "users" }), "manifest.arguments"],
  ["a text of another value", inside("echo", '{"table":"users"}'), "manifest.arguments"],
  [
    "a text with a key twice",
    inside("echo", '{"table":"users","table":"tickets"}'),
    "manifest.arguments",
  ],
  ["no name", inside("", {}), "manifest.arguments"],
  ["no arguments", inside("echo"), "manifest.arguments"],
  ["a list", inside("echo", []), "manifest.arguments"],
];

const CASES: readonly Case[] = [
  { is: "granted", name: "echo", arguments: TICKETS, verdict: "allow" },
  { is: "granted, by its full name", name: "desk__echo", arguments: TICKETS, verdict: "allow" },
  { is: "with a client's prefix", name: "mcp__us__echo", arguments: TICKETS, verdict: "allow" },
  { is: "with both", name: "mcp__us__desk__echo", arguments: TICKETS, verdict: "allow" },
  { is: "one that writes, granted", name: "fail", arguments: "{}", verdict: "allow" },
  { is: "SQL that reads", name: "query", arguments: sql("table orders"), verdict: "allow" },
  {
    is: "SQL that writes",
    name: "query",
    arguments: sql("with x as (delete from orders returning *) table x"),
    verdict: "manifest.read-only",
  },
  {
    is: "SQL about no table",
    name: "query",
    arguments: sql("select 1"),
    verdict: "resource.underivable",
  },
  { is: "unknown", name: "rm", arguments: "{}", verdict: "manifest.unknown-tool" },
  { is: "in another case", name: "Echo", arguments: TICKETS, verdict: "manifest.unknown-tool" },
  { is: "with a blank", name: "echo ", arguments: TICKETS, verdict: "manifest.unknown-tool" },
  { is: "with a look-alike", name: "есho", arguments: TICKETS, verdict: "manifest.unknown-tool" },
  {
    is: "of another server",
    name: "other__echo",
    arguments: TICKETS,
    verdict: "manifest.unknown-tool",
  },
  { is: "blacklisted", name: "delete_ticket", arguments: "{}", verdict: "manifest.blacklisted" },
  {
    is: "blacklisted, dressed up",
    name: "Delete-Ticket",
    arguments: "{}",
    verdict: "manifest.blacklisted",
  },
  {
    is: "blacklisted, look-alike",
    name: "dеlete_tiсket",
    arguments: "{}",
    verdict: "manifest.blacklisted",
  },
  {
    is: "blacklisted, prefixed",
    name: "mcp__x__delete_ticket",
    arguments: "{}",
    verdict: "manifest.blacklisted",
  },
  {
    is: "another value",
    name: "echo",
    arguments: '{"table":"users"}',
    verdict: "manifest.arguments",
  },
  {
    is: "one argument too many",
    name: "echo",
    arguments: '{"table":"tickets","sql":"x"}',
    verdict: "manifest.arguments",
  },
  { is: "none at all", name: "echo", arguments: "{}", verdict: "manifest.arguments" },
  {
    is: "above a bound",
    name: "echo",
    arguments: '{"table":"tickets","limit":11}',
    verdict: "manifest.arguments",
  },
  {
    is: "too large",
    name: "fail",
    arguments: `{"x":"${"y".repeat(2000)}"}`,
    verdict: "request.too-large",
  },
  ...INSIDE.map(([what, given, verdict]) => {
    return { is: `a call around ${what}`, name: "call_tool", arguments: given, verdict };
  }),
];

/** What cannot be read in one way only; each road has its own words for that, and none runs it. */
const UNREADABLE: readonly (readonly [is: string, text: string])[] = [
  ["a key twice", '{"table":"tickets","table":"users"}'],
  ["a number past 2^53", '{"table":"tickets","id":9007199254740993}'],
  ["deep nesting", deep(70)],
  ["a list", "[1]"],
];

/** Asks on one surface: allowed, or the code. */
type Surface = (call: AskedCall) => Promise<string>;
type AskedCall = Pick<Case, "name" | "arguments">;

const codeIn = (text: string): string => {
  for (const [code, { says }] of Object.entries(DENIALS)) if (text.includes(says)) return code;
  throw new Error(`no refusal in ${text.slice(0, 500)}`);
};

async function modelCall(path: string, body: object): Promise<string> {
  const answer = await gateway.call(path, body);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return text;
}

const CHAT = { model: "m", max_tokens: 900, messages: [{ role: "user", content: "x" }] };

/** Whatever the client is given: no call of this name, or this call and nothing else. */
function verdictOf(text: string, name: string, called: readonly string[]): string {
  if (called.length > 0) {
    expect(called).toEqual([name]);
    return "allow";
  }
  return codeIn(text);
}

function chatSurface(options: { readonly stream: boolean; readonly legacy: boolean }): Surface {
  return async (call) => {
    model.plays({ calls: [call], legacy: options.legacy });
    const text = await modelCall("/v1/chat/completions", { ...CHAT, stream: options.stream });
    if (!options.stream) {
      const { choices } = JSON.parse(text);
      const { function_call: legacy, tool_calls: calls = [] } = choices[0].message;
      const names = [
        ...calls.map((one: Json) => one.function.name),
        ...(legacy ? [legacy.name] : []),
      ];
      expect(choices[0].finish_reason === "stop").toBe(names.length === 0);
      return verdictOf(choices[0].message.content ?? "", call.name, names);
    }
    const frames = framesIn(text);
    const deltas = frames.flatMap(({ choices }) => choices.map(({ delta }: Json) => delta));
    const names = deltas.flatMap(({ function_call: legacy, tool_calls: calls = [] }) => [
      ...calls.flatMap((one: Json) => one.function.name ?? []),
      ...(legacy?.name ? [legacy.name] : []),
    ]);
    const reasons = frames.flatMap(({ choices }) =>
      choices.flatMap((one: Json) => one.finish_reason ?? []),
    );
    expect(reasons).toEqual([
      names.length === 0 ? "stop" : options.legacy ? "function_call" : "tool_calls",
    ]);
    return verdictOf(deltas.map(({ content }) => content ?? "").join(""), call.name, names);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire
type Json = any;

function framesIn(text: string): readonly Json[] {
  const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice("data: ".length)));
}

function messagesSurface(stream: boolean): Surface {
  return async (call) => {
    model.plays({ calls: [call] });
    const text = await modelCall("/v1/messages", { ...CHAT, stream });
    const frames = stream ? framesIn(text) : [];
    const message = JSON.parse(stream ? "{}" : text);
    const blocks = stream
      ? frames.flatMap(({ content_block: block }) => block ?? [])
      : message.content;
    const words = stream ? frames.map(({ delta }) => delta?.text ?? "").join("") : text;
    const names = blocks
      .filter(({ type }: Json) => type === "tool_use")
      .map(({ name }: Json) => name);
    const reason = stream
      ? frames.find(({ type }) => type === "message_delta").delta.stop_reason
      : message.stop_reason;
    expect(reason).toBe(names.length === 0 ? "end_turn" : "tool_use");
    return verdictOf(words, call.name, names);
  };
}

const dispatcher: Surface = async ({ arguments: given, name }) => {
  const path = `/guard/v1/tools/${encodeURIComponent(name)}/call`;
  const answer = await fetch(`${gateway.agentUrl}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.agentKey}`, "content-type": "application/json" },
    body: `{"arguments":${given}}`,
  });
  const text = await answer.text();
  return answer.ok ? "allow" : JSON.parse(text).code;
};

function mcpSurface(path: string): Surface {
  return async ({ arguments: given, name }) => {
    const answer = await fetch(`${gateway.agentUrl}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${gateway.agentKey}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":${given}}}`,
    });
    const { code, error, result } = JSON.parse(await answer.text());
    return result?._meta?.["slipclutch/code"] ?? code ?? (error ? "request.malformed" : "allow");
  };
}

const decision: Surface = async ({ arguments: given, name }) => {
  const answer = await fetch(`${gateway.agentUrl}/guard/v1/decisions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.agentKey}`, "content-type": "application/json" },
    body: `{"tool":${JSON.stringify(name)},"arguments":${given}}`,
  });
  const { code, error, verdict } = JSON.parse(await answer.text());
  return verdict === "allow" ? "allow" : (code ?? error.code);
};

/** Its result comes back in the next request: what is counted there is the verdict on the call. */
function resultSurface(path: string, historyOf: (call: AskedCall) => string): Surface {
  return async (call) => {
    model.plays({ text: "so" });
    const before = await unallowedResults();
    const { messages, ...rest } = CHAT;
    const sent = `${JSON.stringify(messages).slice(0, -1)},${historyOf(call)}]`;
    const body = `${JSON.stringify(rest).slice(0, -1)},"messages":${sent}}`;
    const answer = await gateway.call(path, body);
    const text = await answer.text();
    if (answer.status !== 200) return JSON.parse(text).code;
    const after = await unallowedResults();
    const codes = Object.keys(after).filter((code) => after[code] !== before[code]);
    expect(codes.length, codes.join()).toBeLessThan(2);
    return codes[0] ?? "allow";
  };
}

/** How many, by code. */
async function unallowedResults(): Promise<Readonly<Record<string, string>>> {
  const text = await (await gateway.api("GET", "/metrics")).text();
  const lines = text.matchAll(/^slipclutch_tool_results_unallowed_total\{.*code="(.*)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, code, count]) => [code, count]));
}

const chatHistory = ({ arguments: given, name }: AskedCall) => {
  const calls = [{ id: "c", type: "function", function: { name, arguments: given } }];
  const turn = { role: "assistant", content: null, tool_calls: calls };
  return `${JSON.stringify(turn)},{"role":"tool","tool_call_id":"c","content":"done"}`;
};

const legacyHistory = ({ arguments: given, name }: AskedCall) => {
  const turn = { role: "assistant", content: null, function_call: { name, arguments: given } };
  return `${JSON.stringify(turn)},${JSON.stringify({ role: "function", name, content: "done" })}`;
};

/** Arguments stand there as they were written. */
const messagesHistory = ({ arguments: given, name }: AskedCall) =>
  `{"role":"assistant","content":[{"type":"tool_use","id":"c","name":${JSON.stringify(name)},"input":${given}}]},` +
  '{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"done"}]}';

const SURFACES: Readonly<Record<string, Surface>> = {
  "an answer of chat completions": chatSurface({ stream: false, legacy: false }),
  "a stream of chat completions": chatSurface({ stream: true, legacy: false }),
  "a legacy call": chatSurface({ stream: false, legacy: true }),
  "a legacy call in a stream": chatSurface({ stream: true, legacy: true }),
  "an answer of messages": messagesSurface(false),
  "a stream of messages": messagesSurface(true),
  "a result in chat completions": resultSurface("/v1/chat/completions", chatHistory),
  "a legacy result": resultSurface("/v1/chat/completions", legacyHistory),
  "a result in messages": resultSurface("/v1/messages", messagesHistory),
  "the dispatcher": dispatcher,
  "a decision": decision,
  "MCP, all servers": mcpSurface("/mcp"),
  "MCP, one server": mcpSurface("/mcp/desk"),
};

describe.each(Object.entries(SURFACES))("on %s", (_, ask) => {
  test.each(CASES)("a tool that is $is: $verdict", async (one) => {
    const before = ran();
    expect(await ask(one)).toBe(one.verdict);
    if (one.verdict !== "allow") expect(ran()).toBe(before);
  });

  test.each(UNREADABLE)("arguments with %s are refused, and nothing runs", async (_is, text) => {
    const before = ran();
    const code = await ask({ name: "echo", arguments: text });
    expect(["manifest.arguments", "request.malformed"]).toContain(code);
    expect(ran()).toBe(before);
  });
});
