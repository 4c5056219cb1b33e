/**
 * The reference that our own cost is divided by: a proxy that relays bytes and knows nothing of
 * them, written as fast as `node:http` in front and `undici` behind reasonably allow.
 *
 *   node bench/bare-proxy.ts --upstream http://127.0.0.1:9000 --port 0
 *
 * It prints one line of JSON with its url, and stops at SIGTERM.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { type Dispatcher, Pool } from "undici";

const { values } = parseArgs({
  options: {
    upstream: { type: "string" },
    port: { type: "string", default: "0" },
    connections: { type: "string", default: "512" },
  },
});
if (values.upstream === undefined) throw new Error("--upstream URL is required");

const pool = new Pool(values.upstream, { connections: Number(values.connections), pipelining: 1 });
const BODY_BYTES_MAX = 64 * 1024 * 1024;

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #controller: Dispatcher.DispatchController | null = null;
  #over = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("close", () => {
      if (!this.#over) this.#controller?.abort(new Error("client gone"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    delete headers.connection;
    delete headers["keep-alive"];
    delete headers["transfer-encoding"];
    this.#response.writeHead(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#over = true;
    this.#response.end();
  }

  onResponseError(): void {
    this.#over = true;
    if (this.#response.headersSent) this.#response.destroy();
    else this.#response.writeHead(502).end();
  }
}

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { method = "GET", url = "/", headers } = request;
  const passed: Record<string, string | string[] | undefined> = { ...headers };
  for (const name of ["host", "connection", "content-length", "transfer-encoding", "keep-alive"]) {
    delete passed[name];
  }
  const sent = body.byteLength > 0 ? body : null;
  pool.dispatch({ method, path: url, headers: passed, body: sent }, new Relay(response));
}

const server = createServer((request, response) => {
  let only: Buffer | null = null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) request.destroy();
    else if (only === null) only = chunk;
    else chunks.push(chunk);
  });
  request.on("end", () => {
    const first = only ?? Buffer.alloc(0);
    forward(request, response, chunks.length === 0 ? first : Buffer.concat([first, ...chunks]));
  });
});
// As the gateway: a connection of a load that idles for a while is not closed.
server.keepAliveTimeout = 65_000;
server.on("connection", (socket) => socket.setNoDelay(true));
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address() as AddressInfo; // it listens on TCP
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}`, pid: process.pid }));
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  void pool.destroy().then(() => process.exit(0));
});
