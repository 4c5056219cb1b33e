/** Reads server-sent events as WHATWG HTML says that browsers do. */

export interface Received {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** Text that comes in pieces, cut anywhere. */
export class EventParser {
  /** What a browser would send as `Last-Event-ID` if the connection were lost now. */
  lastId = "";
  retryMs: number | null = null;
  #rest = "";
  #type = "";
  #data: string[] = [];
  #id = "";

  take(text: string): Received[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): Received[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    if (field === "data") this.#data.push(value);
    if (field === "id" && !value.includes("\0")) this.#id = value;
    if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  #dispatch(): Received[] {
    this.lastId = this.#id;
    const [type, data] = [this.#type, this.#data];
    this.#type = "";
    this.#data = [];
    if (data.length === 0) return [];
    return [{ id: this.lastId, type: type === "" ? "message" : type, data: data.join("\n") }];
  }
}

/** One connection that is read when somebody asks for what came. */
export class EventReader {
  readonly parser = new EventParser();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #waiting: Received[] = [];
  /** Everything as it came. */
  text = "";

  constructor(body: ReadableStream<Uint8Array> | null) {
    if (body === null) throw new Error("there is nothing to read");
    this.#reader = body.getReader();
  }

  /** The next event; null: the connection has ended. */
  async next(): Promise<Received | null> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event !== undefined) return event;
      const { done, value } = await this.#reader.read();
      if (done) return null;
      const text = this.#decoder.decode(value, { stream: true });
      this.text += text;
      this.#waiting = this.parser.take(text);
    }
  }

  /** Up to and with the first of this type. */
  async until(type: string): Promise<Received[]> {
    const events: Received[] = [];
    for (;;) {
      const event = await this.next();
      if (event === null) throw new Error(`the connection ended before any ${type}`);
      events.push(event);
      if (event.type === type) return events;
    }
  }

  stop(): Promise<void> {
    return this.#reader.cancel();
  }
}
