/**
 * Takes in a request's body: whole, within its limits, valid UTF-8, or a refusal that says why not.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Millis } from "../guards/money.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import type { Clock } from "../ports/clock.ts";

export interface BodyLimits {
  readonly bytesMax: number;
  /** It must have arrived whole by then. */
  readonly withinMs: Millis;
}

export interface Body {
  readonly bytes: Buffer;
  readonly text: string;
}

export type Collected = Body | Denial | "gone";

/** The body at once where it has come with its head, as most do; else when it is whole. */
export function collect(
  request: IncomingMessage,
  limits: BodyLimits,
  clock: Clock,
): Collected | Promise<Collected> {
  const refused = refuseEarly(request, limits);
  if (refused !== null) return refused;
  return hasArrived(request) ? taken(request) : whole(request, limits, clock);
}

/** As many bytes as were announced wait in the request's own buffer. */
function hasArrived({ headers, readableLength }: IncomingMessage): boolean {
  return readableLength > 0 && readableLength === Number(headers["content-length"]);
}

function taken(request: IncomingMessage): Collected {
  // `as`: no encoding is set, and there is something to read, so it is bytes.
  return decode(request.read() as Buffer);
}

function whole(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Collected> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (result: Collected) => {
      cancel();
      request.removeAllListeners("data").removeAllListeners("end").removeListener("close", gone);
      // A client that stops half-way keeps the request, and by its listeners what they can reach.
      chunks = [];
      resolve(result);
    };
    const gone = () => finish("gone");
    const cancel = clock.after(limits.withinMs, () => {
      finish(malformed("body", `${bytes} bytes`, `the whole body within ${limits.withinMs} ms`));
    });
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limits.bytesMax) finish(tooLarge(bytes, limits));
      else chunks.push(chunk);
    });
    request.on("end", () => finish(decode(joined(chunks))));
    request.on("close", gone);
    request.on("error", gone);
  });
}

function refuseEarly(request: IncomingMessage, limits: BodyLimits): Denial | null {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    return malformed("content-encoding", encoding.slice(0, 40), "an uncompressed body");
  }
  const declared = Number(request.headers["content-length"] ?? 0);
  return declared > limits.bytesMax ? tooLarge(declared, limits) : null;
}

/** All pieces in one; the only one there is, as of most bodies, is not copied. */
export function joined(pieces: readonly Uint8Array[]): Buffer {
  const [first] = pieces;
  if (pieces.length !== 1 || first === undefined) return Buffer.concat(pieces);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

function decode(bytes: Buffer): Body | Denial {
  if (!isUtf8(bytes)) return malformed("body", "bytes that are not UTF-8", "JSON in UTF-8");
  return { bytes, text: bytes.toString("utf8") };
}

function malformed(at: string, got: string, expected: string): Denial {
  return deny("request.malformed", { at, got, expected });
}

function tooLarge(bytes: number, { bytesMax }: BodyLimits): Denial {
  return deny("request.too-large", { bytes, max_request_bytes: bytesMax });
}
