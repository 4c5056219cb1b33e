/** A tool server's answer to one POST, as bytes: one JSON text, or events with messages in them. */
import { FrameReader, StreamTooLong } from "./event-stream.ts";
import { type Message, RPC_CODES, readMessage } from "./json-rpc.ts";
import { decodeStrictly } from "./utf8.ts";

/** A message, and how many bytes it took. */
export interface Incoming {
  readonly message: Message;
  readonly bytes: number;
}

export interface AnswerReader {
  /** Whether a limit was passed: what comes from now on is not read, and is to be cut off. */
  readonly tooLarge: boolean;
  /** The messages that became whole with these bytes. */
  push(chunk: Uint8Array): readonly Incoming[];
  /** The answer has ended. */
  rest(): readonly Incoming[];
}

/** Beside the answer itself: progress, logs and questions. */
export const NOTICE_BYTES_MAX = 1024 * 1024;
/** Events of one stream. More is a flood, whatever is in them. */
export const EVENTS_MAX = 10_000;

const JSON_TYPE = "application/json";
const EVENTS_TYPE = "text/event-stream";
/** What a client must say that it takes. */
export const ACCEPTED_TYPES = `${JSON_TYPE}, ${EVENTS_TYPE}`;

/** A reader for the content type of an answer; null: it is none of the protocol's. */
export function answerReader(contentType: string, bytesMax: number): AnswerReader | null {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === JSON_TYPE) return new JsonAnswer(bytesMax);
  return type === EVENTS_TYPE ? new EventsAnswer(bytesMax) : null;
}

class JsonAnswer implements AnswerReader {
  tooLarge = false;
  private readonly bytesMax: number;
  /** Doubles as it fills: a list of chunks would take far more than its bytes if they are tiny. */
  private buffer = new Uint8Array(0);
  private bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  push(chunk: Uint8Array): readonly Incoming[] {
    const needed = this.bytes + chunk.length;
    if (needed > this.bytesMax) this.tooLarge = true;
    if (this.tooLarge) return [];
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
      larger.set(this.buffer.subarray(0, this.bytes));
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.bytes);
    this.bytes = needed;
    return [];
  }

  rest(): readonly Incoming[] {
    if (this.tooLarge) return [];
    const whole = this.buffer.subarray(0, this.bytes);
    return [{ message: messageOf(decodeStrictly(whole)), bytes: this.bytes }];
  }
}

class EventsAnswer implements AnswerReader {
  tooLarge = false;
  private readonly bytesMax: number;
  private readonly frames: FrameReader;
  private found: Incoming[] = [];
  private events = 0;
  private noticeBytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.frames = new FrameReader((frame) => this.read(frame), false);
  }

  push(chunk: Uint8Array): readonly Incoming[] {
    if (this.tooLarge) return [];
    try {
      this.frames.push(chunk);
    } catch (error) {
      if (!(error instanceof StreamTooLong)) throw error;
      this.tooLarge = true;
    }
    // A frame that has not ended counts too: it would else be held for as long as it grows.
    if (this.frames.bytes > this.bytesMax + NOTICE_BYTES_MAX) this.tooLarge = true;
    return this.take();
  }

  /** What is left is half a frame, and by the standard such a one was never sent. */
  rest(): readonly Incoming[] {
    return [];
  }

  private take(): readonly Incoming[] {
    const found = this.found;
    this.found = [];
    return found;
  }

  private read(frame: Uint8Array): "keep" {
    this.events += 1;
    if (this.events > EVENTS_MAX) this.tooLarge = true;
    if (this.tooLarge) return "keep";

    const data = dataOfMessage(decodeStrictly(frame));
    const message = data === "" ? null : messageOf(data);
    const isAnswer = message?.kind === "result" || message?.kind === "error";
    if (!isAnswer) this.noticeBytes += frame.length;
    this.tooLarge = isAnswer ? frame.length > this.bytesMax : this.noticeBytes > NOTICE_BYTES_MAX;
    if (message !== null && !this.tooLarge) this.found.push({ message, bytes: frame.length });
    return "keep";
  }
}

/** The data of a frame; empty for other events than messages, and for comments. */
function dataOfMessage(frame: string | null): string | null {
  if (frame === null) return null;
  const data: string[] = [];
  let event = "";
  for (const line of frame.split(/\r\n|\n|\r/)) {
    if (line.startsWith("data:")) data.push(fieldValue(line));
    else if (line.startsWith("event:")) event = fieldValue(line);
  }
  return event === "" || event === "message" ? data.join("\n") : "";
}

function fieldValue(line: string): string {
  const from = line.indexOf(":") + 1;
  return line.slice(line[from] === " " ? from + 1 : from);
}

/** `text` is null where the bytes were no UTF-8. */
function messageOf(text: string | null): Message {
  if (text !== null) return readMessage(text);
  return { kind: "unreadable", id: null, code: RPC_CODES.parse, message: "is not UTF-8" };
}
