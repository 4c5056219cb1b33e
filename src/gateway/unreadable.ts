/** Bytes that are no request: refused like everything else, on a connection that ends with it. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type Denial, deny } from "../guards/verdict.ts";
import { renderRefusal } from "../wire/refusal.ts";
import { unknownOrigin } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import { record } from "./refuse.ts";

interface Answers {
  /** Mostly one, of which a set would take three times the memory. */
  open: readonly ServerResponse[];
  latest: ServerResponse | null;
}

/** Answers that have not ended, by connection: bytes in between would become part of them. */
export class OpenAnswers {
  readonly #of = new WeakMap<Duplex, Answers>();

  begin(socket: Duplex, response: ServerResponse): void {
    const answers = this.#of.get(socket);
    if (answers === undefined) {
      this.#of.set(socket, { open: [response], latest: response });
      return;
    }
    answers.open = [...answers.open, response];
    answers.latest = response;
  }

  /** It is over, whatever became of it. */
  end(socket: Duplex, response: ServerResponse): void {
    const answers = this.#of.get(socket);
    if (answers !== undefined) answers.open = answers.open.filter((one) => one !== response);
  }

  /** Whether a refusal on this connection is the answer that its client waits for. */
  mayAnswer(socket: Duplex, error: Error): boolean {
    // A client that has gone, or a connection kept ready on which nothing was ever asked.
    if (!socket.writable || codeOf(error) === "ECONNRESET") return false;
    if ("bytesRead" in socket && socket.bytesRead === 0) return false;
    const { latest = null, open = [] } = this.#of.get(socket) ?? {};
    // The rest of a request that was refused before it had arrived: it has its answer.
    if (latest?.writableEnded && !latest.req.complete) return false;
    return open.length <= 1 && open.every((one) => !one.headersSent);
  }
}

/** What the parser found: named by its code, never by the bytes. */
export function denialOf(error: Error, headBytesMax: number): Denial {
  const code = codeOf(error);
  if (code === "HPE_HEADER_OVERFLOW") {
    return deny("request.too-large", { at: "path and headers", max_bytes: headBytesMax });
  }
  const late = code === "ERR_HTTP_REQUEST_TIMEOUT";
  const expected = late ? "the whole request in time" : "HTTP/1.1 that can be read in one way only";
  return deny("request.malformed", { at: "request", got: late ? "a part of it" : code, expected });
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : error.name;
}

/** Writes the refusal itself, for there is no response object without a request. */
export function refuseUnreadable(
  denial: Denial,
  socket: Duplex,
  { decision, gateway }: { readonly decision: string; readonly gateway: Gateway },
): void {
  const origin = unknownOrigin(decision, gateway.rules);
  record({ denial, origin, asked: null }, [], gateway);
  const { body, headers, status } = renderRefusal(denial, { decision, requestId: decision });
  const length = Buffer.byteLength(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${length}`,
    "connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
