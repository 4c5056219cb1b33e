/**
 * The upstream of the benchmarks: fixed answers in both formats, made once, written as fast as Node
 * can, so that it is never what is measured.
 *
 *   node bench/upstream.ts --port 0 [--overbill 5]
 *
 * It prints one line of JSON with its url, and stops at SIGTERM. What is answered:
 *
 *   "stream": true in the body      100 chunks of about 180 bytes, at once
 *   … and a model with "paced-N"    the same, N ms apart
 *   a model with "slow-N"           a whole answer after N ms
 *   otherwise                       a whole answer of about 600 bytes with usage
 *   GET /stats                      requests, connections, billed tokens, last arrival; POST /reset
 *                                   sets all to 0
 *
 * Every answer bills 12 tokens of input and 40 of output (100 when streamed), or as many as the cap
 * of the request allows, times --overbill.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { nowUs } from "./clock.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, overbill: { type: "string", default: "1" } },
});
const overbill = Number(values.overbill);

const INPUT_TOKENS = 12;
const WHOLE_TOKENS = 40;
const STREAM_CHUNKS = 100;
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const MODELS_MAX = 1_000;

type Format = "chat" | "messages";
interface Count {
  requests: number;
  input: number;
  output: number;
}

const models = new Map<string, Count>();
let requests = 0;
let connections = 0;
let lastAtUs = 0;
/** Answers by what they depend on; a benchmark uses a handful. */
const made = new Map<string, Buffer[]>();
const MADE_MAX = 1_000;

function chatWhole(output: number): string {
  return JSON.stringify({
    id: "chatcmpl-benchmark-0000000000000000",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "benchmark",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "A fixed answer. ".repeat(17), refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: chatUsage(output),
    system_fingerprint: null,
  });
}

function chatUsage(output: number) {
  const input = INPUT_TOKENS * overbill;
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function chatStream(output: number): string[] {
  const shell = {
    id: "chatcmpl-benchmark-0000000000000000",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "benchmark",
  };
  const frame = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ ...shell, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const text = Array.from({ length: STREAM_CHUNKS }, () => frame({ content: " word" }, null));
  const last = { ...shell, choices: [], usage: chatUsage(output) };
  return [...text, frame({}, "stop"), `data: ${JSON.stringify(last)}\n\n`, "data: [DONE]\n\n"];
}

function messagesWhole(output: number): string {
  return JSON.stringify({
    ...messagesShell(output),
    content: [{ type: "text", text: "A fixed answer. ".repeat(20) }],
    stop_reason: "end_turn",
  });
}

function messagesShell(output: number) {
  return {
    id: "msg_benchmark_0000000000000000",
    type: "message",
    role: "assistant",
    model: "benchmark",
    content: [],
    stop_reason: null as string | null,
    stop_sequence: null,
    usage: { input_tokens: INPUT_TOKENS * overbill, output_tokens: output },
  };
}

function messagesStream(output: number): string[] {
  const event = (type: string, data: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const delta = {
    type: "text_delta",
    text: " a piece of the text that is always the same".repeat(2),
  };
  return [
    event("message_start", { message: messagesShell(1) }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...Array.from({ length: STREAM_CHUNKS }, () =>
      event("content_block_delta", { index: 0, delta }),
    ),
    event("content_block_stop", { index: 0 }),
    event("message_delta", {
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: output },
    }),
    event("message_stop", {}),
  ];
}

function answerOf(format: Format, stream: boolean, output: number): Buffer[] {
  const key = `${format} ${stream} ${output}`;
  const known = made.get(key);
  if (known) return known;
  const texts =
    format === "chat"
      ? stream
        ? chatStream(output)
        : [chatWhole(output)]
      : stream
        ? messagesStream(output)
        : [messagesWhole(output)];
  const buffers = texts.map((text) => Buffer.from(text));
  if (made.size < MADE_MAX) made.set(key, buffers);
  return buffers;
}

/** Pulled out by pattern: parsing whole bodies would cost more than everything else here. */
function readBody(text: string) {
  const cap = /"max_(?:completion_)?tokens"\s*:\s*(\d+)/.exec(text);
  return {
    model: /"model"\s*:\s*"([^"]{0,200})"/.exec(text)?.[1] ?? "",
    stream: /"stream"\s*:\s*true/.test(text),
    cap: cap ? Number(cap[1]) : Number.POSITIVE_INFINITY,
  };
}

function bill(model: string, output: number): void {
  requests++;
  let count = models.get(model);
  if (!count) {
    if (models.size >= MODELS_MAX) throw new Error("more models than a benchmark has");
    count = { requests: 0, input: 0, output: 0 };
    models.set(model, count);
  }
  count.requests++;
  count.input += INPUT_TOKENS * overbill;
  count.output += output;
}

function answer(request: IncomingMessage, response: ServerResponse, text: string): void {
  const format: Format = request.url?.includes("/messages") ? "messages" : "chat";
  const { model, stream, cap } = readBody(text);
  const output = Math.min(cap, stream ? STREAM_CHUNKS : WHOLE_TOKENS) * overbill;
  bill(model, output);
  const parts = answerOf(format, stream, output);

  if (stream) {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    const pace = /paced-(\d{1,5})/.exec(model);
    if (pace) writePaced(response, parts, Number(pace[1]));
    else writeAtOnce(response, parts);
    return;
  }
  const whole = parts[0] ?? Buffer.alloc(0);
  const send = () => {
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": whole.byteLength,
    });
    response.end(whole);
  };
  const slow = /slow-(\d{1,6})/.exec(model);
  if (slow) setTimeout(send, Number(slow[1]));
  else send();
}

function writeAtOnce(response: ServerResponse, parts: readonly Buffer[]): void {
  response.cork();
  for (const part of parts) response.write(part);
  response.uncork();
  response.end();
}

function writePaced(response: ServerResponse, parts: readonly Buffer[], paceMs: number): void {
  let next = 0;
  const timer = setInterval(() => {
    const part = parts[next++];
    if (part !== undefined && !response.destroyed) {
      response.write(part);
      return;
    }
    clearInterval(timer);
    response.end();
  }, paceMs);
}

function stats(): string {
  let input = 0;
  let output = 0;
  for (const count of models.values()) {
    input += count.input;
    output += count.output;
  }
  return JSON.stringify({
    requests,
    connections,
    last_at_us: lastAtUs,
    billed: { input, output },
    models: Object.fromEntries(models),
  });
}

const server = createServer((request, response) => {
  if (request.url === "/stats") {
    response.writeHead(200, { "content-type": "application/json" }).end(stats());
    return;
  }
  if (request.url === "/reset") {
    requests = 0;
    connections = 0;
    lastAtUs = 0;
    models.clear();
    response.writeHead(204).end();
    return;
  }
  lastAtUs = nowUs();
  let text = "";
  request.setEncoding("latin1");
  request.on("data", (chunk: string) => {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) request.destroy();
  });
  request.on("end", () => answer(request, response, text));
});
server.keepAliveTimeout = 60_000;
server.on("connection", (socket) => {
  connections++;
  socket.setNoDelay(true);
});
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address() as AddressInfo; // it listens on TCP
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}`, pid: process.pid }));
});
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
