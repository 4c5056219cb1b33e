/** An HTTP server for tools over plain HTTP: it answers by a script and remembers what came. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Arrival {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answering = (arrival: Arrival, response: ServerResponse) => void;

export interface HttpDesk {
  /** Without a path. */
  readonly url: string;
  readonly port: number;
  arrivals(): readonly Arrival[];
  connections(): number;
  set(answering: Answering): void;
  close(): Promise<void>;
}

/** Answers with what came, so that a test can see all of it. */
export const ECHO: Answering = (arrival, response) => json(response, arrival);

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

export async function httpDesk(first: Answering = ECHO): Promise<HttpDesk> {
  const arrivals: Arrival[] = [];
  let answering = first;
  let connections = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { headers, method = "", url: target = "" } = request;
    const arrival = { method, target, headers, body };
    arrivals.push(arrival);
    answering(arrival, response);
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    arrivals: () => arrivals,
    connections: () => connections,
    set: (next) => {
      answering = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
