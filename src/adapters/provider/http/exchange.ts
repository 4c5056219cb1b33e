import type { Dispatcher } from "undici";
import type { Exchange, Fault, Sink } from "../../../ports/provider.ts";
import { faultOf } from "./fault.ts";
import { holdsSecret, Redaction, withoutSecrets } from "./redaction.ts";

/**
 * How long a request may wait for one of the pool's connections, as long as for a connection to be
 * made. Beyond it the provider is as good as out of reach, and the money set aside is needed.
 */
export const CONNECTION_WAIT_MAX_MS = 10_000;

/** From here on a body is an error, which may repeat the request. */
const ERROR_STATUS = 400;

/**
 * One request: what the HTTP client calls back, and what the gateway holds, in one object, for this
 * is made on every call.
 *
 *   waiting ──connected──► mayWrite? ──yes──► written ──► head ──► data* ──► end
 *      │                      └─no─► fail(held)    └────────┴─────────┴────► fail
 *      └──abort, refused, waited too long──► fail(written: false)
 *
 * The HTTP client calls `onRequestStart` when a connection is free and writes the request in the
 * same synchronous stretch; aborting there writes nothing and costs the connection.
 */
export class HttpExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #sink: Sink;
  #controller: Dispatcher.DispatchController | null = null;
  #written = false;
  #over = false;
  #paused = false;
  #resuming = false;
  /** The one chunk that may still arrive after `pause`, because its parser had begun with it. */
  #held: Uint8Array | null = null;
  /** Null once `send` has returned: nothing is reported to a caller who has no exchange yet. */
  #early: Fault[] | null = [];
  #wait: NodeJS.Timeout | null = null;
  readonly #secrets: readonly string[];
  /** Of an error's body: an answer's is relayed as it comes. */
  #redaction: Redaction | null = null;

  /** `secrets`: what was sent to the provider and must not come back. */
  constructor(sink: Sink, secrets: readonly string[]) {
    this.#sink = sink;
    this.#secrets = secrets;
  }

  /** `send` is about to return. `waits`: no connection is free for certain. */
  dispatched(waits: boolean): void {
    const early = this.#early?.[0];
    this.#early = null;
    if (early) queueMicrotask(() => this.#sink.fail(early));
    if (!waits || this.#controller !== null || this.#over) return;
    this.#wait = setTimeout(() => {
      const message = `no connection was free within ${CONNECTION_WAIT_MAX_MS} ms`;
      this.#fail({ kind: "unreachable", written: false, message });
    }, CONNECTION_WAIT_MAX_MS);
  }

  pause(): void {
    this.#paused = true;
    this.#controller?.pause();
  }

  /** Goes on in a microtask: the client's parser is not reentrant, and may be what called us. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#resuming) return;
    this.#resuming = true;
    queueMicrotask(() => this.#goOn());
  }

  abort(): void {
    if (this.#over) return;
    this.#cut({ kind: "aborted", written: this.#written, message: "cut off by the gateway" });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#over) {
      controller.abort(new Error("aborted before it was written"));
      return;
    }
    this.#controller = controller;
    this.#stopWaiting();
    this.#written = this.#sink.mayWrite();
    if (!this.#written) {
      this.#cut({ kind: "held", written: false, message: "held back at the write" });
    } else if (this.#paused) controller.pause();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#over || status < 200) return;
    const encoding = String(headers["content-encoding"] ?? "identity");
    if (encoding.toLowerCase() !== "identity") {
      const got = withoutSecrets(encoding, this.#secrets);
      const message = `answered with content-encoding ${got}, though identity was asked for`;
      return this.#cut({ kind: "reset", written: true, message });
    }
    if (status >= ERROR_STATUS && this.#secrets.length > 0) {
      this.#redaction = new Redaction(this.#secrets);
    }
    this.#sink.head(status, singleValued(headers, this.#secrets));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#over) return;
    if (this.#paused) this.#held = chunk;
    else this.#give(chunk);
  }

  #give(chunk: Uint8Array): void {
    const bytes = this.#redaction?.push(chunk) ?? chunk;
    if (bytes.length > 0) this.#sink.data(bytes);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    const rest = this.#redaction?.rest();
    if (rest !== undefined && rest.length > 0) this.#sink.data(rest);
    // The last bytes may have been one too many, for which the gateway cut it off.
    if (this.#over) return;
    this.#over = true;
    try {
      this.#sink.end();
    } catch (bug) {
      queueMicrotask(() => {
        throw bug; // the HTTP client would swallow it here
      });
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(faultOf(error, this.#written));
  }

  #goOn(): void {
    this.#resuming = false;
    if (this.#paused || this.#over) return;
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#give(held);
    if (!this.#paused && !this.#over) this.#controller?.resume();
  }

  #cut(fault: Fault): void {
    this.#fail(fault);
    this.#controller?.abort(new Error(fault.message));
  }

  #fail(fault: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#held = null;
    this.#stopWaiting();
    if (this.#early) this.#early.push(fault);
    else this.#sink.fail(fault);
  }

  #stopWaiting(): void {
    if (this.#wait === null) return;
    clearTimeout(this.#wait);
    this.#wait = null;
  }
}

/**
 * A header that came several times is one value with commas, as HTTP defines it; one that repeats a
 * credential is left out.
 */
function singleValued(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  secrets: readonly string[],
): Record<string, string> {
  const single: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = typeof value === "string" ? value : value.join(", ");
    if (!holdsSecret(text, secrets)) single[name] = text;
  }
  return single;
}
