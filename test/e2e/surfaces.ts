/** Every surface on which a tool call can be seen, each asked in its own way for one verdict. */
import { expect } from "vitest";
import { DENIALS } from "../../src/guards/verdict.ts";
import type { TestGateway } from "../support/gateway.ts";
import type { ScriptedModel } from "../support/scripted-model.ts";

export const SURFACE_NAMES = [
  "an answer of chat completions",
  "a stream of chat completions",
  "a legacy call",
  "a legacy call in a stream",
  "an answer of messages",
  "a stream of messages",
  "the dispatcher",
  "a decision",
  "MCP, all servers",
  "MCP, one server",
] as const;

export type SurfaceName = (typeof SURFACE_NAMES)[number];

/** Where only a call's result is seen: its verdict is written down, and nobody is told. */
export const RESULT_SURFACE_NAMES = [
  "a result in chat completions",
  "a legacy result",
  "a result in messages",
] as const;

export type ResultSurfaceName = (typeof RESULT_SURFACE_NAMES)[number];

export interface World {
  readonly gateway: TestGateway;
  readonly model: ScriptedModel;
  /** Of the agent that asks. */
  readonly key: string;
}

/** Asks on one surface: allowed, or the code. */
export type Surface = (call: AskedCall) => Promise<string>;

interface AskedCall {
  readonly name: string;
  readonly arguments: string;
}

const codeIn = (text: string): string => {
  for (const [code, { says }] of Object.entries(DENIALS)) if (text.includes(says)) return code;
  throw new Error(`no refusal in ${text.slice(0, 500)}`);
};

async function modelCall({ gateway, key }: World, path: string, body: object): Promise<string> {
  const answer = await gateway.call(path, body, { authorization: `Bearer ${key}` });
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

function chatSurface(
  world: World,
  options: { readonly stream: boolean; readonly legacy: boolean },
): Surface {
  return async (call) => {
    world.model.plays({ calls: [call], legacy: options.legacy });
    const text = await modelCall(world, "/v1/chat/completions", {
      ...CHAT,
      stream: options.stream,
    });
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

function messagesSurface(world: World, stream: boolean): Surface {
  return async (call) => {
    world.model.plays({ calls: [call] });
    const text = await modelCall(world, "/v1/messages", { ...CHAT, stream });
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

const dispatcher =
  ({ gateway, key }: World): Surface =>
  async ({ arguments: given, name }) => {
    const path = `/guard/v1/tools/${encodeURIComponent(name)}/call`;
    const answer = await fetch(`${gateway.agentUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: `{"arguments":${given}}`,
    });
    const text = await answer.text();
    return answer.ok ? "allow" : JSON.parse(text).code;
  };

function mcpSurface({ gateway, key }: World, path: string): Surface {
  return async ({ arguments: given, name }) => {
    const answer = await fetch(`${gateway.agentUrl}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":${given}}}`,
    });
    const { code, error, result } = JSON.parse(await answer.text());
    return result?._meta?.["slipclutch/code"] ?? code ?? (error ? "request.malformed" : "allow");
  };
}

const decision =
  ({ gateway, key }: World): Surface =>
  async ({ arguments: given, name }) => {
    const answer = await fetch(`${gateway.agentUrl}/guard/v1/decisions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: `{"tool":${JSON.stringify(name)},"arguments":${given}}`,
    });
    const { code, error, verdict } = JSON.parse(await answer.text());
    return verdict === "allow" ? "allow" : (code ?? error.code);
  };

/** One surface of each kind, by name. */
export function surfacesOf(world: World): Readonly<Record<SurfaceName, Surface>> {
  return {
    "an answer of chat completions": chatSurface(world, { stream: false, legacy: false }),
    "a stream of chat completions": chatSurface(world, { stream: true, legacy: false }),
    "a legacy call": chatSurface(world, { stream: false, legacy: true }),
    "a legacy call in a stream": chatSurface(world, { stream: true, legacy: true }),
    "an answer of messages": messagesSurface(world, false),
    "a stream of messages": messagesSurface(world, true),
    "the dispatcher": dispatcher(world),
    "a decision": decision(world),
    "MCP, all servers": mcpSurface(world, "/mcp"),
    "MCP, one server": mcpSurface(world, "/mcp/desk"),
  };
}

/** The result comes back in the next request: what is counted there is the verdict on its call. */
function resultSurface(
  { gateway, key, model }: World,
  path: string,
  historyOf: (call: AskedCall) => string,
): Surface {
  return async (call) => {
    model.plays({ text: "so" });
    const before = await unallowedResults(gateway);
    const { messages, ...rest } = CHAT;
    const sent = `${JSON.stringify(messages).slice(0, -1)},${historyOf(call)}]`;
    const body = `${JSON.stringify(rest).slice(0, -1)},"messages":${sent}}`;
    const answer = await gateway.call(path, body, { authorization: `Bearer ${key}` });
    const text = await answer.text();
    if (answer.status !== 200) return JSON.parse(text).code;
    const after = await unallowedResults(gateway);
    const codes = Object.keys(after).filter((code) => after[code] !== before[code]);
    expect(codes.length, codes.join()).toBeLessThan(2);
    return codes[0] ?? "allow";
  };
}

/** How many, by code. */
async function unallowedResults(gateway: TestGateway): Promise<Readonly<Record<string, string>>> {
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

export function resultSurfacesOf(world: World): Readonly<Record<ResultSurfaceName, Surface>> {
  const chat = "/v1/chat/completions";
  return {
    "a result in chat completions": resultSurface(world, chat, chatHistory),
    "a legacy result": resultSurface(world, chat, legacyHistory),
    "a result in messages": resultSurface(world, "/v1/messages", messagesHistory),
  };
}
