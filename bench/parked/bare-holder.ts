/**
 * A server that reads each request whole and answers none: what a held connection costs by itself.
 *
 *   node bench/parked/bare-holder.ts
 *
 * It prints one line of JSON with its url, and stops at SIGTERM. GET /held answers how many wait.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const held = new Set<{ readonly response: ServerResponse; readonly text: string }>();

async function hold(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "GET") {
    response.end(JSON.stringify({ held: held.size }));
    return;
  }
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  held.add({ response, text });
}

const server = createServer((request, response) => {
  hold(request, response).catch(() => response.destroy());
});
server.requestTimeout = 0;
server.listen({ host: "127.0.0.1", port: 0, backlog: 4_096 }, () => {
  const address = server.address() as AddressInfo; // it listens on TCP
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
});
process.on("SIGTERM", () => process.exit(0));
