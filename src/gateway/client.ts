/** Whoever waits for an answer at the other end of a connection, and how it can be kept waiting. */
import type { ServerResponse } from "node:http";
import type { Millis } from "../guards/money.ts";

export interface Client {
  /** Nobody has waited from the start: the call is run all the same. */
  readonly isAbsent: boolean;
  isGone(): boolean;
  /** Whoever has had the whole answer has not gone. */
  onGone(listen: () => void): void;
  /** Sends `102 Processing`. */
  reassure(): void;
  /** A 102 reaches it with nothing in between, and it is known to wait on after one. */
  readonly takes102: boolean;
  /** So much longer it waits, whatever it is sent. */
  readonly patienceMs: Millis;
  /** It wants the call no more, wherever that is: it is to be cut off. Never said by most. */
  onCut(listen: () => void): void;
}

/** The official clients, as they name themselves. */
const KNOWS_102 = /^(Async)?(OpenAI|Anthropic)\/(JS|Python) /;
/** Who set one of these stands in between, and may take a 102 for the answer. */
const IN_BETWEEN = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];
/** Only this machine's own processes connect from there. */
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

export class HttpClient implements Client {
  readonly isAbsent = false;
  readonly #response: ServerResponse;
  readonly #headers: Readonly<Record<string, string | undefined>>;

  constructor(response: ServerResponse, headers: Readonly<Record<string, string | undefined>>) {
    this.#response = response;
    this.#headers = headers;
  }

  get patienceMs(): Millis {
    return Number.POSITIVE_INFINITY;
  }

  onCut(_listen: () => void): void {}

  isGone(): boolean {
    const { destroyed, writableFinished } = this.#response;
    return destroyed && !writableFinished;
  }

  onGone(listen: () => void): void {
    // It comes once by itself: a listener for one time takes twice the memory, for all that wait.
    this.#response.on("close", () => {
      if (!this.#response.writableFinished) listen();
    });
  }

  reassure(): void {
    const { destroyed, headersSent } = this.#response;
    if (!destroyed && !headersSent) this.#response.writeProcessing();
  }

  get takes102(): boolean {
    const from = this.#response.socket?.remoteAddress ?? "";
    const direct = IN_BETWEEN.every((name) => this.#headers[name] === undefined);
    return direct && LOOPBACK.test(from) && KNOWS_102.test(this.#headers["user-agent"] ?? "");
  }
}
