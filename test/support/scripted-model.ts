/** A model's provider that answers byte by byte what the test says, in both formats. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

// biome-ignore lint/suspicious/noExplicitAny: whatever was sent
type Json = any;

/** One call that the model asks for. */
export interface Call {
  readonly name: string;
  /** As the model writes them: mostly JSON. */
  readonly arguments: string;
  readonly id?: string;
}

export interface Says {
  readonly text?: string;
  readonly calls?: readonly Call[];
  /** Said by the format where it is not given. */
  readonly reason?: string;
  /** One call in the fields that came before `tool_calls`. */
  readonly legacy?: boolean;
}

/** What one request is answered: an answer, or bytes of the test's own. */
export type Play = Says | ((body: Json, response: ServerResponse) => void | Promise<void>);

export interface ScriptedModel {
  readonly url: string;
  /** Bodies, in the order in which they came. */
  readonly requests: readonly Json[];
  /** The next answers; the last one is given again and again. */
  plays(...plays: readonly Play[]): void;
  /** On everybody who waits for an answer. */
  hangUp(): void;
  close(): Promise<void>;
}

export async function scriptedModel(): Promise<ScriptedModel> {
  const requests: Json[] = [];
  let queue: Play[] = [{ text: "hello" }];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await textOf(request));
    requests.push(body);
    const play = (queue.length > 1 ? queue.shift() : queue[0]) ?? {};
    if (typeof play === "function") return play(body, response);
    const isChat = request.url?.endsWith("/chat/completions") === true;
    if (body.stream === true) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const frame of isChat ? chatFrames(play) : messageFrames(play)) response.write(frame);
      return response.end();
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(isChat ? JSON.stringify(chatAnswer(play)) : messageText(play));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    plays: (...plays) => {
      queue = [...plays];
      requests.length = 0;
    },
    hangUp: () => server.closeAllConnections(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const idOf = (call: Call, at: number) => call.id ?? `call_${at}`;
const CHAT_USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
const MESSAGE_USAGE = { input_tokens: 10, output_tokens: 20 };

const INPUT = "the input of one call";

export function chatAnswer({ calls = [], legacy = false, reason, text }: Says): Json {
  const tool_calls = calls.map((call, at) => ({
    id: idOf(call, at),
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const asked = legacy
    ? { function_call: { name: calls[0]?.name, arguments: calls[0]?.arguments } }
    : { tool_calls };
  const message = {
    role: "assistant",
    content: text ?? null,
    refusal: null,
    ...(calls.length > 0 && asked),
  };
  const finish_reason = reason ?? chatReason(calls.length, legacy);
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message, finish_reason }],
    usage: CHAT_USAGE,
  };
}

function chatReason(calls: number, legacy: boolean): string {
  if (calls === 0) return "stop";
  return legacy ? "function_call" : "tool_calls";
}

const data = (value: unknown) =>
  `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;

export function chatFrames(says: Says): readonly string[] {
  const { calls = [], legacy = false, reason, text } = says;
  const chunk = (delta: object, finish: string | null = null) =>
    data({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  const frames = [chunk({ role: "assistant", content: text === undefined ? null : "" })];
  for (const part of parts(text ?? "")) frames.push(chunk({ content: part }));
  for (const [index, call] of calls.entries()) {
    const { arguments: given, name } = call;
    if (legacy) {
      frames.push(chunk({ function_call: { name, arguments: "" } }));
      for (const part of parts(given)) frames.push(chunk({ function_call: { arguments: part } }));
      continue;
    }
    const id = idOf(call, index);
    const first = { index, id, type: "function", function: { name, arguments: "" } };
    frames.push(chunk({ tool_calls: [first] }));
    for (const part of parts(given)) {
      frames.push(chunk({ tool_calls: [{ index, function: { arguments: part } }] }));
    }
  }
  frames.push(chunk({}, reason ?? chatReason(calls.length, legacy)));
  frames.push(
    data({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [],
      usage: CHAT_USAGE,
    }),
  );
  return [...frames, data("[DONE]")];
}

/** Arguments stand there as they were written, with keys given twice and numbers of any length. */
export function messageText({ calls = [], reason, text }: Says): string {
  const blocks = calls.map((call, at) => {
    return { type: "tool_use", id: idOf(call, at), name: call.name, input: INPUT };
  });
  const content = [...(text === undefined ? [] : [{ type: "text", text }]), ...blocks];
  const stop_reason = reason ?? (calls.length > 0 ? "tool_use" : "end_turn");
  const body = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content,
    stop_reason,
    stop_sequence: null,
    usage: MESSAGE_USAGE,
  };
  let at = 0;
  return JSON.stringify(body).replaceAll(JSON.stringify(INPUT), () => {
    at += 1;
    return calls[at - 1]?.arguments || "{}";
  });
}

export function messageFrames({ calls = [], reason, text }: Says): readonly string[] {
  const event = (value: { readonly type: string } & Record<string, unknown>) =>
    `event: ${value.type}\n${data(value)}`;
  const message = {
    ...{ id: "msg_1", type: "message", role: "assistant", model: "m", content: [] },
    ...{ stop_reason: null, stop_sequence: null, usage: { ...MESSAGE_USAGE, output_tokens: 1 } },
  };
  const frames = [event({ type: "message_start", message }), event({ type: "ping" })];
  let index = 0;
  if (text !== undefined) {
    frames.push(
      event({ type: "content_block_start", index, content_block: { type: "text", text: "" } }),
    );
    for (const part of parts(text)) {
      const delta = { type: "text_delta", text: part };
      frames.push(event({ type: "content_block_delta", index, delta }));
    }
    frames.push(event({ type: "content_block_stop", index }));
    index += 1;
  }
  for (const [at, call] of calls.entries()) {
    const block = { type: "tool_use", id: idOf(call, at), name: call.name, input: {} };
    frames.push(event({ type: "content_block_start", index, content_block: block }));
    for (const part of ["", ...parts(call.arguments)]) {
      const delta = { type: "input_json_delta", partial_json: part };
      frames.push(event({ type: "content_block_delta", index, delta }));
    }
    frames.push(event({ type: "content_block_stop", index }));
    index += 1;
  }
  const stop_reason = reason ?? (calls.length > 0 ? "tool_use" : "end_turn");
  const delta = { stop_reason, stop_sequence: null };
  frames.push(event({ type: "message_delta", delta, usage: { output_tokens: 20 } }));
  return [...frames, event({ type: "message_stop" })];
}

/** In pieces, as models write. */
function parts(text: string): readonly string[] {
  return text.match(/[\s\S]{1,7}/gu) ?? [];
}
