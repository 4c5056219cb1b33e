/**
 * Server-sent events as bytes: finds where each frame ends, wherever the network cut the stream,
 * and shows each whole frame to a sink. Nothing is changed; a sink may have a frame taken out, and
 * only then are bytes held back until their frame is whole.
 */
import { decode, encode } from "./utf8.ts";

/** Longer than any frame of text; a fetched document inside one can be megabytes. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

/** A frame without an end: the stream cannot be metered any more and is to be cut. */
export class StreamTooLong extends Error {
  override readonly name = "StreamTooLong";
  constructor() {
    super(`a frame of the stream is longer than ${FRAME_BYTES_MAX} bytes`);
  }
}

/**
 * Sees each frame once, with its blank line, and says what goes on in its place. The bytes hold
 * only during the call.
 */
export type FrameSink = (frame: Uint8Array) => "keep" | "take out" | Uint8Array;

const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];
const NOTHING = new Uint8Array(0);
const TAIL_BYTES_MIN = 4096;

export class FrameReader {
  /** All bytes that came in. */
  bytes = 0;
  private readonly sink: FrameSink;
  private readonly holdsBack: boolean;
  /** The beginning of a frame whose end has not come, in a buffer that doubles. */
  private tail = NOTHING;
  private tailBytes = 0;
  /** The line being read: how much of it came in earlier chunks, and the last byte of that. */
  private lineBytes = 0;
  private lineLast = 0;

  /** `holdsBack`: the sink may take frames out, so each is sent on only when it is whole. */
  constructor(sink: FrameSink, holdsBack: boolean) {
    this.sink = sink;
    this.holdsBack = holdsBack;
  }

  /** The bytes to send on for those that came in. */
  push(chunk: Uint8Array): Uint8Array {
    this.bytes += chunk.length;
    const kept: Uint8Array[] = [];
    let [same, from] = [this.tailBytes === 0, 0];
    for (let end = this.frameEnd(chunk, 0); end > 0; end = this.frameEnd(chunk, end)) {
      const frame = this.takeWhole(chunk.subarray(from, end));
      const instead = this.sink(frame);
      if (instead === "keep") kept.push(frame);
      else {
        same = false;
        if (instead !== "take out") kept.push(instead);
      }
      from = end;
    }
    this.hold(chunk.subarray(from));
    const unchanged = same && from === chunk.length;
    return unchanged || !this.holdsBack ? chunk : joinedBytes(kept);
  }

  /**
   * The stream has ended; its last frame may lack the blank line. What was held back is sent on.
   */
  rest(): Uint8Array {
    if (this.tailBytes === 0) return NOTHING;
    const frame = this.takeWhole(NOTHING);
    const instead = this.sink(frame);
    if (!this.holdsBack || instead === "take out") return NOTHING;
    return instead === "keep" ? frame : instead;
  }

  /** Where the frame that goes on at `from` ends: after an empty line. 0: not in this chunk. */
  private frameEnd(chunk: Uint8Array, from: number): number {
    let lineFrom = from;
    for (;;) {
      const feed = chunk.indexOf(LINE_FEED, lineFrom);
      const lineTo = feed < 0 ? chunk.length : feed;
      this.lineBytes += lineTo - lineFrom;
      if (lineTo > lineFrom) this.lineLast = chunk[lineTo - 1] ?? 0;
      if (feed < 0) return 0;
      const isEmpty =
        this.lineBytes === 0 || (this.lineBytes === 1 && this.lineLast === CARRIAGE_RETURN);
      this.lineBytes = 0;
      if (isEmpty) return feed + 1;
      lineFrom = feed + 1;
    }
  }

  /** The held beginning and the end that came now, as one frame. */
  private takeWhole(end: Uint8Array): Uint8Array {
    if (this.tailBytes + end.length > FRAME_BYTES_MAX) throw new StreamTooLong();
    if (this.tailBytes === 0) return end;
    const frame = joinedBytes([this.tail.subarray(0, this.tailBytes), end]);
    this.tailBytes = 0;
    return frame;
  }

  private hold(bytes: Uint8Array): void {
    const needed = this.tailBytes + bytes.length;
    if (needed > FRAME_BYTES_MAX) throw new StreamTooLong();
    if (needed > this.tail.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.tail.length, TAIL_BYTES_MIN));
      larger.set(this.tail.subarray(0, this.tailBytes));
      this.tail = larger;
    }
    this.tail.set(bytes, this.tailBytes);
    this.tailBytes = needed;
  }
}

/** Several stretches of bytes as one. */
export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One event as a frame. */
export function frameOf(event: string | null, data: unknown): Uint8Array {
  const name = event === null ? "" : `event: ${event}\n`;
  return encode(`${name}data: ${JSON.stringify(data)}\n\n`);
}

/** The data of a frame: its `data:` lines, joined. */
export function dataOf(frame: Uint8Array): string {
  return fieldsOf(frame, "data").join("\n");
}

/** The name of a frame's event, "" where it has none. */
export function eventOf(frame: Uint8Array): string {
  return fieldsOf(frame, "event").at(-1) ?? "";
}

function fieldsOf(frame: Uint8Array, name: string): readonly string[] {
  const values: string[] = [];
  const from = name.length + 1;
  for (const line of decode(frame).split(/\r\n|\n|\r/)) {
    if (line.startsWith(`${name}:`)) values.push(line.slice(line[from] === " " ? from + 1 : from));
  }
  return values;
}
