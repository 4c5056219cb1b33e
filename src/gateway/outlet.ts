/** The client's end of a stream: written no faster than it is taken, kept alive while it waits. */
import type { ServerResponse } from "node:http";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";

/** A client that takes nothing for this long has gone, whatever its socket says. */
const STALLED_MS: Millis = 120_000;
/** Clients give up after five minutes without a byte, proxies before us after one. */
const ALIVE_MS: Millis = 15_000;
/** A comment is the one thing that every client of a stream takes for nothing. */
const ALIVE = Buffer.from(": calls of tools are being written\n\n");

/** Where the stream comes from. */
export interface Flow {
  pause(): void;
  resume(): void;
}

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export class Outlet {
  /** Something of the stream has been written, and its head with it. */
  begun = false;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #flow: () => Flow | null;
  #head: Head | null = null;
  #cancelStall: () => void = () => {};
  #cancelAlive: (() => void) | null = null;

  constructor(response: ServerResponse, clock: Clock, flow: () => Flow | null) {
    this.#response = response;
    this.#clock = clock;
    this.#flow = flow;
  }

  /** The head waits for the first bytes where another answer may yet take this one's place. */
  open(head: Head, mayWait: boolean): void {
    this.#response.on("drain", this.#onDrain);
    this.#head = head;
    if (mayWait) return;
    this.#sendHead();
    // The first bytes of a stream most often come with its head: then one write takes both.
    queueMicrotask(() => {
      const { destroyed, writableEnded } = this.#response;
      if (!this.begun && !writableEnded && !destroyed) this.#response.flushHeaders();
    });
  }

  write(out: Uint8Array): void {
    this.begun = true;
    this.#sendHead();
    if (this.#response.write(out)) return;
    this.#flow()?.pause();
    this.#cancelStall();
    this.#cancelStall = this.#clock.after(STALLED_MS, () => this.#response.destroy());
  }

  end(out: Uint8Array): void {
    this.#sendHead();
    this.#response.end(out.length > 0 ? out : undefined);
  }

  /** From now on nothing may be written for a while. */
  keepAlive(): void {
    if (this.#cancelAlive !== null) return;
    const beat = () => {
      const { headersSent, writableNeedDrain } = this.#response;
      // Without a head it is not a stream yet, and the answer before may still take its place.
      if (headersSent && !writableNeedDrain) this.#response.write(ALIVE);
      this.#cancelAlive = this.#clock.after(ALIVE_MS, beat);
    };
    this.#cancelAlive = this.#clock.after(ALIVE_MS, beat);
  }

  /** Lets go of the connection, which others may go on to use. */
  close(): void {
    this.#cancelStall();
    this.#cancelAlive?.();
    this.#response.removeListener("drain", this.#onDrain);
  }

  /** Of a second answer to one request it has been sent with the first. */
  #sendHead(): void {
    if (this.#head === null || this.#response.headersSent) return;
    this.#response.writeHead(this.#head.status, this.#head.headers);
  }

  readonly #onDrain = (): void => {
    this.#cancelStall();
    this.#flow()?.resume();
  };
}
