/** An OPA's REST API as far as the gateway asks it, which decides as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeOpa {
  /** `http://127.0.0.1:PORT`; where it listens on a socket, that. */
  readonly at: string;
  /** Paths that were asked, in order, with the inputs. */
  readonly asked: readonly { readonly path: string; readonly input: unknown }[];
  /** What it answers from now on; undefined: that there is no such document. */
  set(result: unknown): void;
  /** Keeps its answers back until what this answers is called. */
  hold(): () => void;
  close(): Promise<void>;
}

export interface FakeOpaSettings {
  /** Whoever asks without it is told so. */
  readonly token?: string;
  /** A path; else any port of this machine. */
  readonly socket?: string;
}

export async function fakeOpa(settings: FakeOpaSettings = {}): Promise<FakeOpa> {
  const asked: { path: string; input: unknown }[] = [];
  let result: unknown = true;
  let held: Promise<void> | null = null;
  const server = createServer((request, response) => {
    void answer(request, response, settings).then(async (input) => {
      if (input === null) return;
      asked.push({ path: (request.url ?? "").split("?")[0] ?? "", input });
      await held;
      send(response, 200, result === undefined ? {} : { result });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (settings.socket === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(settings.socket, resolve);
  });
  // `as`: a server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    at: settings.socket ?? `http://127.0.0.1:${port}`,
    asked,
    set(next) {
      result = next;
    },
    hold() {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The input of a question; null: it is answered. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { token }: FakeOpaSettings,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  // `as`: without an encoding a request is read in buffers.
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
    send(response, 401, { code: "unauthorized", message: "no such token" });
    return null;
  }
  if (request.url === "/health") {
    send(response, 200, {});
    return null;
  }
  if (request.method !== "POST" || !request.url?.startsWith("/v1/data/")) {
    send(response, 404, { code: "resource_not_found", message: "no such path" });
    return null;
  }
  return JSON.parse(Buffer.concat(chunks).toString()).input;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
