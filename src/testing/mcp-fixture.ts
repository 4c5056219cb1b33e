/** A scriptable MCP server over real sockets, which counts what really arrived. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { Millis } from "../guards/money.ts";
import { isObject, type JsonObject } from "../wire/json.ts";
import {
  type Message,
  type RpcId,
  type RpcRequest,
  readMessage,
  renderError,
  renderNotification,
  renderRequest,
  renderResult,
} from "../wire/json-rpc.ts";
import { STATELESS_VERSION } from "../wire/mcp-stateless.ts";

/** How a `tools/call` is answered. */
export type CallAnswer =
  | "well"
  /** Half of the answer, then the connection is cut. */
  | "half"
  /** Half of the answer, then a clean end. */
  | "half-clean"
  | "reset"
  | "never"
  | "garbage"
  | "empty"
  | "wrong-id"
  | "batch"
  | "duplicate-key"
  | "no-content"
  /** The tool wants an answer of the agent's user first. */
  | "input-required"
  | "unknown-result"
  /** A result with nothing in it. */
  | "nothing"
  | "rpc-error"
  /** As of a tool that runs as a task, and in no other way. */
  | "unknown-method"
  | "anonymous-error"
  | "http-500"
  | "http-401"
  | "redirect"
  | "gzip"
  | "text"
  | "accepted"
  /** An answer of `hugeBytes`. */
  | "huge"
  /** Events without an end and without an answer. */
  | "flood";

/** What can be read: a resource answers with its URI, a prompt with its arguments. */
export interface McpShelves {
  readonly resources: readonly JsonObject[];
  readonly resourceTemplates: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
}

export interface McpScript {
  readonly answers: "json" | "sse";
  readonly sessions: boolean;
  /** Speaks 2026-07-28 and nothing else: no handshake, no sessions. */
  readonly stateless: boolean;
  /** To servers of before it is an unknown method; or none that is ever answered. */
  readonly discover: "as-spoken" | "never" | "reset" | "http-403" | "refused";
  /** The session that is told; null: one after another. */
  readonly sessionId: string | null;
  readonly protocolVersion: string;
  readonly initialize: "well" | "error" | "http-401" | "garbage" | "never" | "reset";
  readonly initialized: "well" | "http-500";
  readonly call: CallAnswer;
  readonly latencyMs: Millis;
  /** Sent before the answer, where it comes as events. */
  readonly before: readonly string[];
  /** Told of a call before its answer, if it was asked for and the answer comes as events. */
  readonly progress: readonly JsonObject[];
  /** Sent after the answer, where it comes as events. */
  readonly after: readonly string[];
  /** Whether the stream stays open after its answer. */
  readonly staysOpen: boolean;
  readonly tools: readonly JsonObject[];
  /** Null: it knows nothing of resources and prompts. */
  readonly library: McpShelves | null;
  readonly pageSize: number;
  /** The list never ends. */
  readonly pagesForEver: boolean;
  readonly hugeBytes: number;
  /** What answers a question of ours is not taken: the connection hangs. */
  readonly ignoresAnswers: boolean;
}

const ANY_OBJECT = { type: "object" };

export const ECHO = "echo";
export const FAIL = "fail";

export const MCP_SCRIPT: McpScript = {
  answers: "json",
  sessions: true,
  stateless: false,
  discover: "as-spoken",
  sessionId: null,
  protocolVersion: "2025-11-25",
  initialize: "well",
  initialized: "well",
  call: "well",
  latencyMs: 0,
  before: [],
  progress: [],
  after: [],
  staysOpen: false,
  tools: [
    { name: ECHO, description: "Answers with its arguments.", inputSchema: ANY_OBJECT },
    { name: FAIL, description: "Says that it failed.", inputSchema: ANY_OBJECT },
  ],
  library: null,
  pageSize: 100,
  pagesForEver: false,
  hugeBytes: 4 * 1024 * 1024,
  ignoresAnswers: false,
};

export interface McpArrival {
  readonly message: Message;
  readonly headers: IncomingMessage["headers"];
}

export interface McpFixture {
  readonly url: string;
  /** Of messages that arrived whole, oldest first, at most `ARRIVALS_MAX`. */
  arrivals(): readonly McpArrival[];
  /** How many requests or notifications of a method arrived. */
  count(method: string): number;
  /** Calls that ran: those that arrived in a session that is known. */
  ran(): number;
  /** The most calls that were here at once: from their arrival to the end of their answer. */
  mostAtOnce(): number;
  bytesReceived(): number;
  connections(): number;
  set(script: Partial<McpScript>): void;
  /** Forgets all sessions. With `status`, what is said to those who come with one. */
  loseSessions(status?: number): void;
  dropConnections(): void;
  close(): Promise<void>;
}

const ARRIVALS_MAX = 1_000;
const REQUEST_BYTES_MAX = 64 * 1024 * 1024;
const FLOOD_NOTICE = renderNotification("notifications/message", { data: "x".repeat(4_000) });
const FLOOD_FRAME = `data: ${FLOOD_NOTICE}\n\n`;

/** Starts it on a free port of 127.0.0.1. */
export async function mcpFixture(script: Partial<McpScript> = {}): Promise<McpFixture> {
  const fixture = new ScriptedServer(script);
  await fixture.listen();
  return fixture;
}

class ScriptedServer implements McpFixture {
  url = "";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #arrivals: McpArrival[] = [];
  readonly #counts = new Map<string, number>();
  readonly #sessions = new Set<string>();
  #script: McpScript;
  #lostStatus = 404;
  #sessionsMade = 0;
  #ran = 0;
  #here = 0;
  #mostHere = 0;
  #connections = 0;
  #bytesOfClosed = 0;

  constructor(script: Partial<McpScript>) {
    this.#script = { ...MCP_SCRIPT, ...script };
    this.#server = createServer((request, response) => this.#read(request, response));
    this.#server.on("connection", (socket) => this.#welcome(socket));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address() as AddressInfo; // it listens on TCP, see above
        this.url = `http://127.0.0.1:${address.port}/mcp`;
        resolve();
      });
    });
  }

  arrivals(): readonly McpArrival[] {
    return this.#arrivals;
  }

  count(method: string): number {
    return this.#counts.get(method) ?? 0;
  }

  ran(): number {
    return this.#ran;
  }

  mostAtOnce(): number {
    return this.#mostHere;
  }

  bytesReceived(): number {
    let bytes = this.#bytesOfClosed;
    for (const socket of this.#sockets) bytes += socket.bytesRead;
    return bytes;
  }

  connections(): number {
    return this.#connections;
  }

  set(script: Partial<McpScript>): void {
    this.#script = { ...this.#script, ...script };
  }

  loseSessions(status = 404): void {
    this.#sessions.clear();
    this.#lostStatus = status;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.dropConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #welcome(socket: Socket): void {
    this.#connections += 1;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#bytesOfClosed += socket.bytesRead;
    });
  }

  #read(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > REQUEST_BYTES_MAX) request.destroy();
      else chunks.push(chunk);
    });
    request.on("end", () => {
      const message = readMessage(Buffer.concat(chunks).toString("utf8"));
      this.#note({ message, headers: request.headers });
      this.#answer(message, request, response);
    });
  }

  #note(arrival: McpArrival): void {
    this.#arrivals.push(arrival);
    if (this.#arrivals.length > ARRIVALS_MAX) this.#arrivals.shift();
    const { message } = arrival;
    if (!("method" in message)) return;
    this.#counts.set(message.method, this.count(message.method) + 1);
  }

  #answer(message: Message, request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(this.url).pathname;
    if (request.method !== "POST" || request.url !== path) return status(response, 405);
    if (message.kind === "unreadable") return status(response, 400);
    if ("method" in message && message.method === "server/discover") {
      const { discover } = this.#script;
      if (discover === "never") return;
      if (discover === "reset") return reset(response);
      if (discover === "http-403") return status(response, 403);
      if (discover === "refused" && message.kind === "request") {
        const data = { supported: [STATELESS_VERSION], requested: "another" };
        const error = { code: -32_022, message: "Unsupported protocol version", data };
        return json(response, renderError(message.id, error), 400);
      }
    }
    if (this.#script.stateless) {
      if (message.kind === "request") return this.#answerStateless(message, request, response);
      return status(response, 400);
    }
    if ("method" in message && message.method === "initialize") {
      if (message.kind === "request") this.#initialize(message, response);
      return;
    }
    if (this.#script.sessions && !this.#sessions.has(String(request.headers["mcp-session-id"]))) {
      const text = renderError(null, { code: -32_001, message: "Session not found" });
      return json(response, text, this.#lostStatus);
    }
    if (message.kind === "notification" && message.method === "notifications/initialized") {
      return status(response, this.#script.initialized === "well" ? 202 : 500);
    }
    if (message.kind !== "request") {
      if (!this.#script.ignoresAnswers) status(response, 202);
      return;
    }
    this.#run(message, response);
  }

  /** As 2026-07-28 wants it: what a request says in its headers is what it says in its body. */
  #answerStateless(message: RpcRequest, request: IncomingMessage, response: ServerResponse): void {
    const { id, method, params } = message;
    const meta = params._meta as JsonObject | undefined; // checked by the comparison
    const version = meta?.["io.modelcontextprotocol/protocolVersion"];
    const { headers } = request;
    const name = params.name ?? params.uri;
    const named = name === undefined ? true : plain(headers["mcp-name"]) === name;
    if (version !== STATELESS_VERSION) {
      const message = "Unsupported protocol version";
      return json(response, renderError(id, { code: -32_022, message }), 400);
    }
    if (headers["mcp-protocol-version"] !== version || headers["mcp-method"] !== method || !named) {
      const message = "Header mismatch";
      return json(response, renderError(id, { code: -32_020, message }), 400);
    }
    if (method !== "server/discover") return this.#run(message, response);
    const supportedVersions = [STATELESS_VERSION];
    const result = { resultType: "complete", supportedVersions, capabilities: { tools: {} } };
    this.#send(response, renderResult(id, result));
  }

  #run(message: RpcRequest, response: ServerResponse): void {
    if (message.method === "tools/call") this.#count(response);
    const { latencyMs } = this.#script;
    if (latencyMs === 0) this.#respond(message, response);
    else setTimeout(() => this.#respond(message, response), latencyMs).unref();
  }

  #count(response: ServerResponse): void {
    this.#ran += 1;
    this.#here += 1;
    this.#mostHere = Math.max(this.#mostHere, this.#here);
    response.once("close", () => {
      this.#here -= 1;
    });
  }

  #initialize({ id }: RpcRequest, response: ServerResponse): void {
    const { initialize, sessions, protocolVersion } = this.#script;
    switch (initialize) {
      case "error":
        return json(response, renderError(id, { code: -32_603, message: "not today" }));
      case "http-401":
        return status(response, 401);
      case "garbage":
        return json(response, "{");
      case "never":
        return;
      case "reset":
        return reset(response);
      case "well":
    }
    if (sessions) {
      this.#sessionsMade += 1;
      const sessionId = this.#script.sessionId ?? `session-${this.#sessionsMade}`;
      this.#sessions.add(sessionId);
      response.setHeader("mcp-session-id", sessionId);
    }
    const serverInfo = { name: "scripted", version: "1" };
    const capabilities = { tools: { listChanged: true } };
    this.#send(response, renderResult(id, { protocolVersion, capabilities, serverInfo }));
  }

  #respond(request: RpcRequest, response: ServerResponse): void {
    const { id, method, params } = request;
    if (method === "tools/list") return this.#send(response, renderResult(id, this.#page(params)));
    if (method === "ping") return this.#send(response, renderResult(id, {}));
    if (method === "tools/call") return this.#call(request, response);
    const shelf = SHELF_OF[method];
    if (this.#script.library !== null && shelf !== undefined) {
      return this.#send(response, renderResult(id, this.#shelfPage(shelf, params)));
    }
    if (this.#script.library !== null && READS.has(method)) return this.#call(request, response);
    const error = { code: -32_601, message: `no such method: ${method}` };
    this.#send(response, renderError(id, error));
  }

  #page(params: JsonObject): JsonObject {
    const { tools, pageSize, pagesForEver } = this.#script;
    if (pagesForEver) return { tools: [], nextCursor: "on and on" };
    const from = Number(params.cursor ?? 0);
    const to = from + pageSize;
    const more = to < tools.length ? { nextCursor: String(to) } : {};
    return { tools: tools.slice(from, to), ...more };
  }

  #shelfPage(shelf: keyof McpShelves, params: JsonObject): JsonObject {
    const { library, pageSize, pagesForEver } = this.#script;
    if (pagesForEver) return { [shelf]: [], nextCursor: "on and on" };
    const all = library?.[shelf] ?? [];
    const from = Number(params.cursor ?? 0);
    const to = from + pageSize;
    const more = to < all.length ? { nextCursor: String(to) } : {};
    return { [shelf]: all.slice(from, to), ...more };
  }

  #call({ id, method, params }: RpcRequest, response: ServerResponse): void {
    const { call, hugeBytes, library } = this.#script;
    const text = READS.has(method)
      ? readText(id, params, library)
      : resultText(id, params, this.#script.tools);
    const meta = isObject(params._meta) ? params._meta : {};
    const told = "progressToken" in meta ? this.#script.progress : [];
    const notices = told.map((one) => {
      const said = { progressToken: meta.progressToken, ...one };
      return `data: ${renderNotification("notifications/progress", said)}\n\n`;
    });
    const send = (body: string) => this.#send(response, body, notices);
    const answers: Readonly<Record<CallAnswer, () => void>> = {
      well: () => send(text),
      half: () => this.#half(response, text, () => reset(response)),
      "half-clean": () => this.#half(response, text, () => response.end()),
      reset: () => reset(response),
      never: () => undefined,
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
      "http-500": () => status(response, 500),
      "http-401": () => {
        const quoted = `who is ${response.req.headers.authorization}?`;
        json(response, renderError(id, { code: -32_000, message: quoted }), 401);
      },
      redirect: () => {
        response.writeHead(307, { location: this.url }).end();
      },
      gzip: () => {
        const headers = { "content-type": "application/json", "content-encoding": "gzip" };
        response.writeHead(200, headers).end(gzipSync(text));
      },
      text: () => {
        response.writeHead(200, { "content-type": "text/html" }).end("<p>hello");
      },
      accepted: () => status(response, 202),
      huge: () => {
        const block = { type: "text", text: "x".repeat(hugeBytes) };
        send(renderResult(id, { [PLACE_OF[method] ?? "content"]: [block] }));
      },
      flood: () => flood(response),
    };
    answers[call]();
  }

  #half(response: ServerResponse, text: string, then: () => void): void {
    const isJson = this.#script.answers === "json";
    const type = isJson ? "application/json" : "text/event-stream";
    const half = text.slice(0, text.length / 2);
    response.writeHead(200, { "content-type": type });
    response.write(isJson ? half : `data: ${half}`, then);
  }

  #send(response: ServerResponse, text: string, notices: readonly string[] = []): void {
    const { answers, before, after, staysOpen } = this.#script;
    if (answers === "json") return json(response, text);
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    for (const part of [...before, ...notices]) response.write(part);
    response.write(`event: message\r\ndata: ${text}\r\n\r\n`);
    for (const part of after) response.write(part);
    if (!staysOpen) response.end();
  }
}

/** An event with a request of the server's in it. */
export function requestEvent(id: RpcId, method: string): string {
  return `id: 7\nevent: message\ndata: ${renderRequest(id, method, {})}\n\n`;
}

/** An event with a notification in it. */
export function noticeEvent(method: string): string {
  return `data: ${renderNotification(method)}\n\n`;
}

/** A header's value without its encoding. */
function plain(value: string | string[] | undefined): string | undefined {
  const text = String(value);
  const [, encoded] = /^=\?base64\?(.*)\?=$/.exec(text) ?? [];
  return encoded === undefined ? text : Buffer.from(encoded, "base64").toString();
}

function resultText(id: RpcId, params: JsonObject, tools: readonly JsonObject[]): string {
  const { name, arguments: given } = params;
  if (!tools.some((tool) => tool.name === name)) {
    return renderError(id, { code: -32_602, message: `Unknown tool: ${name}` });
  }
  if (name === FAIL) {
    return renderResult(id, { content: [{ type: "text", text: "it failed" }], isError: true });
  }
  const content = [{ type: "text", text: JSON.stringify(given) }];
  return renderResult(id, { content, structuredContent: { given, meta: params._meta ?? null } });
}

const SHELF_OF: Readonly<Record<string, keyof McpShelves>> = {
  "resources/list": "resources",
  "resources/templates/list": "resourceTemplates",
  "prompts/list": "prompts",
};
/** Where what was read stands in the answer. */
const PLACE_OF: Readonly<Record<string, string>> = {
  "resources/read": "contents",
  "prompts/get": "messages",
};
const READS: ReadonlySet<string> = new Set(Object.keys(PLACE_OF));

function readText(id: RpcId, params: JsonObject, library: McpShelves | null): string {
  const { arguments: given = {}, name, uri } = params;
  if (typeof uri === "string") {
    const contents = [{ uri, mimeType: "text/plain", text: `what is at ${uri}` }];
    const missing = { code: -32_002, message: "Resource not found", data: { uri } };
    return uri.endsWith("missing") ? renderError(id, missing) : renderResult(id, { contents });
  }
  if (!library?.prompts.some((prompt) => prompt.name === name)) {
    return renderError(id, { code: -32_602, message: `Unknown prompt: ${name}` });
  }
  const content = { type: "text", text: JSON.stringify(given) };
  return renderResult(id, { description: `about ${name}`, messages: [{ role: "user", content }] });
}

function json(response: ServerResponse, text: string, code = 200): void {
  response.writeHead(code, { "content-type": "application/json" }).end(text);
}

function status(response: ServerResponse, code: number): void {
  response.writeHead(code).end();
}

function reset(response: ServerResponse): void {
  response.socket?.destroy();
}

function flood(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const more = (): void => {
    while (!response.destroyed && response.write(FLOOD_FRAME));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}
