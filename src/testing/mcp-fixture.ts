/** A scriptable MCP server over real sockets, which counts what really arrived. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { JsonObject } from "../wire/json.ts";
import {
  type Message,
  type RpcRequest,
  readMessage,
  renderError,
  renderResult,
} from "../wire/json-rpc.ts";
import { STATELESS_VERSION } from "../wire/mcp-stateless.ts";
import { json, reset, status } from "./http-replies.ts";
import { answerCall, send } from "./mcp-answers.ts";
import { pageOf, READS, SHELF_OF } from "./mcp-results.ts";
import { MCP_SCRIPT, type McpScript } from "./mcp-script.ts";

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
    const { library, tools } = this.#script;
    if (method === "tools/list") {
      const page = pageOf("tools", tools, this.#script, params);
      return this.#send(response, renderResult(id, page));
    }
    if (method === "ping") return this.#send(response, renderResult(id, {}));
    const shelf = SHELF_OF[method];
    if (library !== null && shelf !== undefined) {
      const page = pageOf(shelf, library[shelf], this.#script, params);
      return this.#send(response, renderResult(id, page));
    }
    if (method === "tools/call" || (library !== null && READS.has(method))) {
      return answerCall(request, response, this.#script, this.url);
    }
    const error = { code: -32_601, message: `no such method: ${method}` };
    this.#send(response, renderError(id, error));
  }

  #send(response: ServerResponse, text: string): void {
    send(response, this.#script, text);
  }
}

/** A header's value without its encoding. */
function plain(value: string | string[] | undefined): string | undefined {
  const text = String(value);
  const [, encoded] = /^=\?base64\?(.*)\?=$/.exec(text) ?? [];
  return encoded === undefined ? text : Buffer.from(encoded, "base64").toString();
}
