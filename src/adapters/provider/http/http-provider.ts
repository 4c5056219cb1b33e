import { Pool } from "undici";
import type { ProviderRules } from "../../../guards/provider-rules.ts";
import type { Exchange, Provider, Sink, UpstreamRequest } from "../../../ports/provider.ts";
import { CONNECTION_WAIT_MAX_MS, HttpExchange } from "./exchange.ts";
import type { HttpSettings } from "./http-settings.ts";
import { secretsOf } from "./redaction.ts";
import { requestHeaders } from "./request-headers.ts";
import { type RequestTarget, requestTarget } from "./request-target.ts";

/** Of an answer's headers. No provider comes near it, and clients bear no more. */
const ANSWER_HEADER_BYTES_MAX = 16_384;

/**
 * Short on purpose: a request written to a connection that the server is just closing may have been
 * billed, so it is charged. Providers that keep connections longer announce it, and that is used.
 */
const KEEP_ALIVE_MS = 4_000;

/** A model provider reached by HTTP. Throws on settings that can never work, before any call. */
export function httpProvider(settings: HttpSettings): Provider {
  if (settings.baseUrl === null) throw new Error(`provider ${settings.rules.name} has no base_url`);
  return new HttpProvider(settings, requestTarget(settings.baseUrl));
}

class HttpProvider implements Provider {
  readonly rules: ProviderRules;
  readonly #target: RequestTarget;
  readonly #headers: ReturnType<typeof requestHeaders>;
  readonly #secrets: readonly string[];
  readonly #pool: Pool;

  constructor(settings: HttpSettings, target: RequestTarget) {
    this.rules = settings.rules;
    this.#target = target;
    this.#headers = requestHeaders(settings);
    this.#secrets = secretsOf(settings);
    this.#pool = new Pool(target.origin, {
      connections: settings.connectionsMax,
      // One request at a time on a connection: a second one behind it could be written but not
      // cut off alone, and would be charged for the first one's fault.
      pipelining: 1,
      connect: { timeout: CONNECTION_WAIT_MAX_MS, keepAlive: true },
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
      allowH2: false,
    });
  }

  send(request: UpstreamRequest, sink: Sink): Exchange {
    const exchange = new HttpExchange(sink, this.#secrets);
    const timeoutMs = Math.max(1, Math.ceil(request.timeoutMs)); // 0 would mean for ever
    const free = this.#pool.dispatch(
      {
        method: "POST",
        path: this.#target.pathOf(request.path),
        headers: this.#headers(request.headers),
        body: request.body,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      },
      exchange,
    );
    exchange.dispatched(!free);
    return exchange;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
