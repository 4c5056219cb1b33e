/**
 * What the demo's model and tool server have in common: a small HTTP server on a free port of
 * 127.0.0.1 that knows its customers, and ends with the process that started it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { systemClock } from "../adapters/clock/system.ts";
import type { Millis } from "../guards/money.ts";
import { type Account, isAccount } from "./bills.ts";

export interface Asked {
  readonly account: Account;
  readonly body: Uint8Array;
}

export interface Said {
  readonly status: number;
  /** JSON, or nothing. */
  readonly text: string;
  /** How long it takes, as the real one would. */
  readonly afterMs: Millis;
}

export interface FarEnd {
  /** What `GET /bills` answers. */
  readonly books: { render(): string };
  /** Where customers POST. */
  readonly path: string;
  readonly answer: (asked: Asked) => Said;
  /** What the demo POSTs beside, by path: switches of its own. */
  readonly switches: Readonly<Record<string, () => void>>;
}

const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Told to who started it, once it can be called. */
export interface Ready {
  readonly kind: "ready";
  readonly url: string;
}

export function serve(farEnd: FarEnd): void {
  endWithParent();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > BODY_BYTES_MAX) request.destroy();
      else chunks.push(chunk);
    });
    request.on("end", () => respond(request, Buffer.concat(chunks), farEnd, response));
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it has no port");
    const ready: Ready = { kind: "ready", url: `http://127.0.0.1:${address.port}` };
    process.send?.(ready);
  });
}

/** Ctrl-c goes to every process of a terminal: this one is ended by the demo, when it is time. */
export function endWithParent(): void {
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => process.exit(0));
}

function respond(
  request: IncomingMessage,
  body: Uint8Array,
  farEnd: FarEnd,
  response: ServerResponse,
): void {
  const { status, text, afterMs } = saidTo(request, body, farEnd);
  const headers = text === "" ? {} : { "content-type": "application/json" };
  systemClock.after(afterMs, () => response.writeHead(status, headers).end(text));
}

function saidTo(
  { method, url = "", headers }: IncomingMessage,
  body: Uint8Array,
  far: FarEnd,
): Said {
  if (method === "GET" && url === "/bills") return now(200, far.books.render());
  if (method !== "POST") return now(405, "");
  const turn = far.switches[url];
  if (turn !== undefined) {
    turn();
    return now(204, "");
  }
  if (url !== far.path) return now(404, "");
  const account = (headers.authorization ?? "").replace(/^Bearer /, "");
  return isAccount(account) ? far.answer({ account, body }) : now(401, "");
}

export function now(status: number, text: string): Said {
  return { status, text, afterMs: 0 };
}
