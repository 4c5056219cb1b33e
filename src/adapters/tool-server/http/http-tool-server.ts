import { isIP } from "node:net";
import type { Pool } from "undici";
import { misplaced } from "../../../guards/tool/places.ts";
import type { Clock } from "../../../ports/clock.ts";
import {
  type OfferedTool,
  type ToolEnd,
  type ToolExchange,
  type ToolRequest,
  type ToolRun,
  type ToolServer,
  ToolServerUnreachable,
} from "../../../ports/tool-server.ts";
import { readToolAnswer } from "../../../wire/http-tool-answer.ts";
import { renderToolRequest } from "../../../wire/http-tool-request.ts";
import { poolTo } from "../over-http/pool.ts";
import { Addresses, type Resolve, systemResolve } from "./addresses.ts";
import { type AskEnd, HttpCall } from "./http-call.ts";
import type { Credential, HttpOperationSettings, HttpSettings } from "./http-settings.ts";
import { cleaner } from "./redaction.ts";
import { requestHeaders } from "./request-headers.ts";

const MESSAGE_CHARS_MAX = 300;

/**
 * A server whose tools are requests of plain HTTP, each described in the configuration: by hand, or
 * by an OpenAPI document. Nothing is sent before the first call. Throws on settings that can never
 * work.
 */
export function httpToolServer(
  settings: HttpSettings,
  clock: Clock,
  resolve: Resolve = systemResolve,
): ToolServer {
  return new HttpToolServer(settings, clock, resolve);
}

interface Operation {
  readonly settings: HttpOperationSettings;
  readonly clean: (text: string) => string;
}

class HttpToolServer implements ToolServer {
  readonly name: string;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #pool: Pool;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #offered: readonly OfferedTool[];
  #closed = false;

  constructor(settings: HttpSettings, clock: Clock, resolve: Resolve) {
    const { allowAddresses, connectionsMax, name, operations, url } = settings;
    const place = placeOf(url, new Addresses(allowAddresses));
    this.name = name;
    this.#clock = clock;
    this.#path = place.pathname;
    const lookup = new Addresses(allowAddresses).lookup(resolve);
    this.#pool = poolTo(place.origin, connectionsMax, lookup);
    this.#operations = new Map(
      [...operations].map(([tool, operation]) => [
        tool,
        { settings: operation, clean: cleaner(operation) },
      ]),
    );
    this.#offered = [...operations].map(([tool, operation]) => offeredOf(tool, operation));
  }

  /** What the configuration says: the server is not asked. */
  list(): Promise<readonly OfferedTool[]> {
    if (!this.#closed) return Promise.resolve(this.#offered);
    return Promise.reject(new ToolServerUnreachable(`tool server ${this.name} was closed`));
  }

  call(request: ToolRequest, run: ToolRun): ToolExchange {
    const operation = this.#operations.get(request.tool);
    if (operation === undefined) return refused("it has no such tool", run);
    const { clean, settings } = operation;
    const wrong = misplaced(settings.places, request.arguments);
    if (wrong !== null) return refused(wrong, run);

    const { credentials, method, places } = settings;
    const written = renderToolRequest(places, request.arguments, {
      path: this.#path,
      query: pairsOf(credentials, "query"),
      cookies: pairsOf(credentials, "cookie"),
    });
    const { timeoutMs, resultBytesMax } = request;
    const headers = requestHeaders(settings, written, request.meta);
    const { body, target } = written;
    const ask = { method, target, headers, body, timeoutMs, answerBytesMax: resultBytesMax };
    return new HttpCall({ pool: this.#pool, clock: this.#clock }, ask, {
      mayWrite: () => run.mayWrite(),
      end: (end) => run.end(endOf(end, clean)),
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }
}

function placeOf(url: string, addresses: Addresses): URL {
  const place = new URL(url);
  if (place.protocol !== "http:" && place.protocol !== "https:") {
    throw new Error(`url must begin with http:// or https://, got ${place.protocol}//`);
  }
  if (place.username !== "" || place.password !== "") {
    throw new Error("url must not hold a user or password; use auth or headers");
  }
  const host = place.hostname.replace(/^\[|\]$/g, "");
  // No name, so nothing will be looked up: this is where it is asked.
  if (isIP(host) !== 0 && !addresses.mayReach(host)) {
    throw new Error(`${host} is not public, and allow_addresses does not list it`);
  }
  return place;
}

function offeredOf(name: string, operation: HttpOperationSettings): OfferedTool {
  const { description, inputSchema, isRead } = operation;
  const annotations = { readOnlyHint: isRead };
  return { name, raw: { name, description, inputSchema, annotations } };
}

function pairsOf(credentials: readonly Credential[], place: Credential["in"]) {
  return credentials.flatMap((one) => (one.in === place ? [[one.name, one.value] as const] : []));
}

function endOf(end: AskEnd, clean: (text: string) => string): ToolEnd {
  const told = (message: string) => clean(message).slice(0, MESSAGE_CHARS_MAX);
  if (end.kind === "fault") {
    return { kind: "fault", fault: { ...end.fault, message: told(end.fault.message) } };
  }
  const read = readToolAnswer(end.answer, clean);
  if (typeof read !== "string") {
    return { kind: "result", result: { ...read, bytes: end.answer.body.length } };
  }
  const message = told(`answered with ${read}`);
  return { kind: "fault", fault: { kind: "protocol", written: true, message } };
}

/** A call that cannot be written: nothing was asked and nothing sent. */
function refused(message: string, run: ToolRun): ToolExchange {
  const fault = { kind: "protocol", written: false, message } as const;
  queueMicrotask(() => run.end({ kind: "fault", fault }));
  return { abort: () => undefined };
}
