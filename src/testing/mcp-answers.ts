/** How the scripted MCP server answers a call: as it should, or in one of the ways to go wrong. */
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { isObject, type JsonObject } from "../wire/json.ts";
import {
  type RpcId,
  type RpcRequest,
  renderError,
  renderNotification,
  renderRequest,
  renderResult,
} from "../wire/json-rpc.ts";
import { flood, json, reset, status } from "./http-replies.ts";
import { PLACE_OF, READS, readText, resultText } from "./mcp-results.ts";
import type { CallAnswer, McpScript } from "./mcp-script.ts";

/** An answer of the server's, as JSON or as events. */
export function send(
  response: ServerResponse,
  { after, answers, before, staysOpen }: McpScript,
  text: string,
  notices: readonly string[] = [],
): void {
  if (answers === "json") return json(response, text);
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  for (const part of [...before, ...notices]) response.write(part);
  response.write(`event: message\r\ndata: ${text}\r\n\r\n`);
  for (const part of after) response.write(part);
  if (!staysOpen) response.end();
}

/** Answers `tools/call`, `resources/read` or `prompts/get`; `url` is where the server is. */
export function answerCall(
  request: RpcRequest,
  response: ServerResponse,
  script: McpScript,
  url: string,
): void {
  const { id, method, params } = request;
  const text = READS.has(method)
    ? readText(id, params, script.library)
    : resultText(id, params, script.tools);
  const notices = progressOf(params, script);
  const answer = {
    ...request,
    text,
    send: (body: string) => send(response, script, body, notices),
  };
  const answers: Readonly<Record<CallAnswer, () => void>> = {
    ...spoken(answer, script),
    ...broken(answer, response, script, url),
  };
  answers[script.call]();
}

/** What is told before the answer to those who asked for it. */
function progressOf({ _meta }: JsonObject, { progress }: McpScript): readonly string[] {
  const meta = isObject(_meta) ? _meta : {};
  const told = "progressToken" in meta ? progress : [];
  return told.map((one) => {
    const said = { progressToken: meta.progressToken, ...one };
    return `data: ${renderNotification("notifications/progress", said)}\n\n`;
  });
}

interface Answer extends RpcRequest {
  /** The one that is right. */
  readonly text: string;
  send(body: string): void;
}

/** Whole messages, right or wrong. */
function spoken({ id, method, send, text }: Answer, { hugeBytes }: McpScript) {
  return {
    well: () => send(text),
    garbage: () => send("this is {no JSON"),
    empty: () => send(""),
    "wrong-id": () => send(renderResult(`not-${id}`, { content: [] })),
    batch: () => send(`[${text}]`),
    "duplicate-key": () => send(text.replace('"id"', '"jsonrpc":"2.0","id"')),
    "no-content": () => send(renderResult(id, { task: { taskId: "1" } })),
    "input-required": () => {
      const request = { method: "elicitation/create", params: { message: "your name?" } };
      send(renderResult(id, { resultType: "input_required", inputRequests: { a: request } }));
    },
    "unknown-result": () => send(renderResult(id, { resultType: "later", content: [] })),
    nothing: () => send(renderResult(id, { content: [] })),
    "rpc-error": () => send(renderError(id, { code: -32_602, message: "Unknown tool: x" })),
    "unknown-method": () => send(renderError(id, { code: -32_601, message: "needs a task" })),
    "anonymous-error": () => send(renderError(null, { code: -32_700, message: "Parse error" })),
    huge: () => {
      const block = { type: "text", text: "x".repeat(hugeBytes) };
      send(renderResult(id, { [PLACE_OF[method] ?? "content"]: [block] }));
    },
  };
}

/** Ways to go wrong below the messages. */
function broken(
  { id, text }: Answer,
  response: ServerResponse,
  { answers }: McpScript,
  url: string,
) {
  const half = (then: () => void): void => {
    const isJson = answers === "json";
    const type = isJson ? "application/json" : "text/event-stream";
    const first = text.slice(0, text.length / 2);
    response.writeHead(200, { "content-type": type });
    response.write(isJson ? first : `data: ${first}`, then);
  };
  return {
    half: () => half(() => reset(response)),
    "half-clean": () => half(() => response.end()),
    reset: () => reset(response),
    never: () => undefined,
    "http-500": () => status(response, 500),
    "http-401": () => {
      const quoted = `who is ${response.req.headers.authorization}?`;
      json(response, renderError(id, { code: -32_000, message: quoted }), 401);
    },
    redirect: () => {
      response.writeHead(307, { location: url }).end();
    },
    gzip: () => {
      const headers = { "content-type": "application/json", "content-encoding": "gzip" };
      response.writeHead(200, headers).end(gzipSync(text));
    },
    text: () => {
      response.writeHead(200, { "content-type": "text/html" }).end("<p>hello");
    },
    accepted: () => status(response, 202),
    flood: () => flood(response),
  };
}

/** An event with a request of the server's in it. */
export function requestEvent(id: RpcId, method: string): string {
  return `id: 7\nevent: message\ndata: ${renderRequest(id, method, {})}\n\n`;
}

/** An event with a notification in it. */
export function noticeEvent(method: string): string {
  return `data: ${renderNotification(method)}\n\n`;
}
