import type { Format } from "../guards/call.ts";
import type { ProviderRules } from "../guards/provider-rules.ts";

/**
 * The road to one model provider. `send` starts one request and reports to the sink exactly one of
 * `end` or `fail`, and nothing after it. It never throws, never retries and never follows
 * redirects.
 *
 * `sink.mayWrite` is called once, in the same synchronous stretch as the write of the request's
 * last bytes to the socket: everything that can wait (connecting, queueing) is before it. When it
 * says no, nothing is written and the sink gets `fail` with kind `held` and `written: false`.
 */
export interface Provider {
  readonly rules: ProviderRules;
  send(request: UpstreamRequest, sink: Sink): Exchange;
  /** Waits for nothing: what is in flight is failed with `reset`. */
  close(): Promise<void>;
}

export interface UpstreamRequest {
  readonly format: Format;
  /** Format's own path, after the provider's base URL. */
  readonly path: string;
  /** Headers of the client that the format passes on; credentials are added by the adapter. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** From the write to the first byte of the answer, and between bytes of a body. */
  readonly timeoutMs: number;
}

export interface Sink {
  mayWrite(): boolean;
  /** Lower-case names. 1xx answers are not reported. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  data(chunk: Uint8Array): void;
  end(): void;
  fail(fault: Fault): void;
}

export interface Fault {
  readonly kind: "held" | "unreachable" | "timeout" | "reset" | "aborted";
  /** Whether any byte of the request may have left: if not, nothing can have been billed. */
  readonly written: boolean;
  /** For the log; without credentials. */
  readonly message: string;
}

export interface Exchange {
  /** Back-pressure: no `data` after `pause` until `resume`. Idempotent. */
  pause(): void;
  resume(): void;
  /** Cuts the connection. Reported as `fail` of kind `aborted` if it had not ended. */
  abort(): void;
}
