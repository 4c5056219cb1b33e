import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SimulatedExchange } from "../adapters/provider/simulated/exchange.ts";
import { DEFAULT_SCRIPT, type Script } from "../adapters/provider/simulated/script.ts";
import { turnOf } from "../adapters/provider/simulated/turn.ts";
import type { Format } from "../guards/call.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { Exchange, Sink } from "../ports/provider.ts";

/** What the upstream does with one request. What is left out is as its own script says. */
export type Behaviour =
  /** Answers by a script, changed in these fields for this request. */
  | ({ readonly kind: "script"; readonly ignoreCap?: boolean } & Partial<Script>)
  /** Answers exactly this; nothing is billed. */
  | ({ readonly kind: "raw" } & RawAnswer)
  /** Answers with this many bytes as fast as they are taken; nothing is billed. */
  | { readonly kind: "flood"; readonly bytes: number; readonly frameBytes: number };

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: readonly string[];
  readonly partMs?: Millis;
  /** `drop`: ends cleanly, then closes the kept-alive connection without having announced it. */
  readonly ends: "clean" | "reset" | "never" | "drop";
}

/** A request as it arrived, whole. */
export interface Received {
  /** From 1. */
  readonly number: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What a model was billed for: what the usage said, or would have where an answer broke off. */
export interface Billed {
  readonly requests: number;
  readonly input: number;
  readonly output: number;
}

export interface SimulatedUpstream {
  /** Without a trailing slash and without `/v1`. */
  readonly url: string;
  /** Requests that arrived whole. */
  received(): number;
  /** The last ones, oldest first, at most `RECORDED_MAX`. */
  recorded(): readonly Received[];
  /** Bytes that came in over all connections: zero means that nothing was written at all. */
  bytesReceived(): number;
  /** Bytes of answers given to the kernel or waiting for it. */
  bytesAnswered(): number;
  connections(): number;
  billed(): ReadonlyMap<string, Billed>;
  setScript(script: Partial<Script>): void;
  /** Asked for each request; null answers by the script. */
  control(decide: ((request: Received) => Behaviour | null) | null): void;
  /** Closes every connection that is open now. */
  dropConnections(): void;
  close(): Promise<void>;
}

export const RECORDED_MAX = 1_000;
const REQUEST_BYTES_MAX = 64 * 1024 * 1024;
const MODELS_MAX = 1_000;

export interface UpstreamOptions {
  readonly clock: Clock;
  readonly script?: Partial<Script>;
}

/** A real HTTP server on a free port of 127.0.0.1, for both formats, that counts what it bills. */
export async function simulatedUpstream(options: UpstreamOptions): Promise<SimulatedUpstream> {
  const upstream = new Upstream(options);
  await upstream.listen();
  return upstream;
}

class Upstream implements SimulatedUpstream {
  url = "";
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #billed = new Map<string, Billed>();
  readonly #recorded: Received[] = [];
  #script: Script;
  #decide: ((request: Received) => Behaviour | null) | null = null;
  #received = 0;
  #connections = 0;
  #bytesOfClosed = 0;
  #bytesAnswered = 0;

  constructor(options: UpstreamOptions) {
    this.#clock = options.clock;
    this.#script = { ...DEFAULT_SCRIPT, ...options.script };
    this.#server = createServer((request, response) => this.#read(request, response));
    this.#server.on("connection", (socket) => this.#welcome(socket));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address() as AddressInfo; // it listens on TCP, see above
        this.url = `http://127.0.0.1:${address.port}`;
        resolve();
      });
    });
  }

  received(): number {
    return this.#received;
  }

  recorded(): readonly Received[] {
    return this.#recorded;
  }

  bytesReceived(): number {
    let bytes = this.#bytesOfClosed;
    for (const socket of this.#sockets) bytes += socket.bytesRead;
    return bytes;
  }

  bytesAnswered(): number {
    return this.#bytesAnswered;
  }

  connections(): number {
    return this.#connections;
  }

  billed(): ReadonlyMap<string, Billed> {
    return this.#billed;
  }

  setScript(script: Partial<Script>): void {
    this.#script = { ...this.#script, ...script };
  }

  control(decide: ((request: Received) => Behaviour | null) | null): void {
    this.#decide = decide;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.dropConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #welcome(socket: Socket): void {
    this.#connections++;
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
      const { url = "", headers } = request;
      const body = Buffer.concat(chunks);
      const received = { number: ++this.#received, path: url, headers, body };
      this.#recorded.push(received);
      if (this.#recorded.length > RECORDED_MAX) this.#recorded.shift();
      this.#answer(received, response);
    });
  }

  #answer(request: Received, response: ServerResponse): void {
    const behaviour = this.#decide?.(request) ?? { kind: "script" as const };
    if (behaviour.kind === "flood") this.#flood(behaviour, response);
    else if (behaviour.kind === "raw") this.#raw(behaviour, response);
    else this.#byScript(request, behaviour, response);
  }

  #byScript(
    request: Received,
    changes: Extract<Behaviour, { kind: "script" }>,
    response: ServerResponse,
  ): void {
    const format = formatOf(request.path);
    if (format === null) {
      const body = JSON.stringify({ error: { message: `no such path: ${request.path}` } });
      response.writeHead(404, { "content-type": "application/json" }).end(body);
      return;
    }
    const script = { ...this.#script, ...changes };
    const { number, body } = request;
    const ignoreCap = changes.ignoreCap === true;
    const turn = turnOf({ format, body, number, wall: this.#clock.wall(), ignoreCap }, script);
    if (turn.billed) this.#bill(turn.billed);
    this.#play(turn, script, response);
  }

  #raw(answer: RawAnswer, response: ServerResponse): void {
    const { status, headers, parts } = answer;
    const ends = answer.ends === "drop" ? "clean" : answer.ends;
    const { socket } = response; // no longer the response's when it has finished
    if (answer.ends === "drop") response.once("finish", () => socket?.destroySoon());
    const turn = { ends, head: { status, headers }, parts, billed: null } as const;
    this.#play(turn, { latencyMs: 0, chunkMs: answer.partMs ?? 0 }, response);
  }

  /** The player of turns is the simulated provider's own; a server is just another sink. */
  #play(
    turn: ConstructorParameters<typeof SimulatedExchange>[0],
    pace: { readonly latencyMs: Millis; readonly chunkMs: Millis },
    response: ServerResponse,
  ): void {
    const timing = { ...pace, timeoutMs: Number.POSITIVE_INFINITY };
    const sink: Sink = {
      mayWrite: () => true,
      head: (status, headers) => {
        response.writeHead(status, { ...headers });
        response.flushHeaders();
      },
      data: (chunk) => {
        this.#bytesAnswered += chunk.byteLength;
        if (!response.write(chunk)) exchange.pause();
      },
      end: () => response.end(),
      fail: (fault) => {
        if (fault.kind === "reset") resetSoon(response);
      },
    };
    const exchange: Exchange = new SimulatedExchange(turn, timing, this.#clock, sink);
    response.on("drain", () => exchange.resume());
    response.on("close", () => exchange.abort());
  }

  #flood(flood: Extract<Behaviour, { kind: "flood" }>, response: ServerResponse): void {
    const frame = Buffer.alloc(flood.frameBytes, "x");
    frame.write("data: ", 0);
    frame.write("\n\n", flood.frameBytes - 2);
    let left = Math.ceil(flood.bytes / flood.frameBytes);
    const more = () => {
      while (left > 0 && !response.destroyed) {
        left--;
        this.#bytesAnswered += frame.byteLength;
        if (!response.write(frame)) return;
      }
      if (!response.destroyed) response.end();
    };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("drain", more);
    more();
  }

  #bill(bill: { readonly model: string; readonly input: number; readonly output: number }): void {
    const before = this.#billed.get(bill.model) ?? { requests: 0, input: 0, output: 0 };
    if (before.requests === 0 && this.#billed.size >= MODELS_MAX)
      throw new Error("too many models");
    this.#billed.set(bill.model, {
      requests: before.requests + 1,
      input: before.input + bill.input,
      output: before.output + bill.output,
    });
  }
}

function formatOf(path: string): Format | null {
  const bare = path.split("?", 1)[0] ?? "";
  if (bare.endsWith("/chat/completions")) return "openai-chat";
  return bare.endsWith("/messages") ? "anthropic-messages" : null;
}

/** After what was written has left: a reset that overtook it would be a reset before any answer. */
function resetSoon(response: ServerResponse): void {
  const { socket } = response;
  if (!socket) return;
  if (!response.headersSent) socket.resetAndDestroy();
  else response.write("", () => setImmediate(() => socket.resetAndDestroy()));
}
