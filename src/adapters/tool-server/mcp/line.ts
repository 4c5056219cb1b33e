import type { Clock } from "../../../ports/clock.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import type { JsonObject } from "../../../wire/json.ts";
import {
  type Message,
  RPC_CODES,
  type RpcId,
  renderError,
  renderNotification,
  renderRequest,
  renderResult,
} from "../../../wire/json-rpc.ts";
import { LIST_CHANGED, METHODS, PROTOCOL_VERSION, readInitialized } from "../../../wire/mcp.ts";
import { CLIENT, readDiscovered, statelessParams } from "../../../wire/mcp-outgoing.ts";
import { STATELESS_VERSION } from "../../../wire/mcp-stateless.ts";
import { poolTo } from "../over-http/pool.ts";
import { errorWords, unreachable } from "./link.ts";
import type { McpSettings } from "./mcp-settings.ts";
import { Post, type PostAsk, type PostEnd, type PostRoad } from "./post.ts";
import { requestHeaders, standardHeaders } from "./request-headers.ts";

/** For each of the two messages of a handshake, and for an answer to what the server asked. */
export const SMALL_TALK_MS_MAX = 10_000;
/** Servers of before 2026-07-28 may leave the first question unanswered. */
export const DISCOVER_MS_MAX = 5_000;
/** Of an answer to `initialize`: capabilities, and instructions which are for nobody here. */
const SMALL_TALK_BYTES_MAX = 1024 * 1024;
/** Answers and cancellations on their way at once; a server that asks more gets no answer. */
export const ASIDES_MAX = 100;
export const ASIDE_CONNECTIONS = 2;
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;

/** What was agreed on with the server. */
export interface Session {
  /** Whether the server named it: only such a one can be lost. */
  readonly isNamed: boolean;
  /** Whether every request says itself what it is; else there was a handshake. */
  readonly isStateless: boolean;
  readonly headers: readonly string[];
}

/** A message of our own that agrees on a session. */
type Words = Pick<PostAsk, "body" | "id" | "timeoutMs"> & { readonly headers?: readonly string[] };

/**
 * The line to one server: its connections, and the version that all callers share.
 *
 *   none ──first caller──► opening ──agreed──► open ──server has forgotten it──► none
 *    ▲                        │
 *    └────────failed──────────┘  all who wait get the failure; the next caller tries anew
 *
 * Opening asks first whether the server speaks 2026-07-28, and else shakes hands. Of one that has
 * shaken hands it is remembered, until it does so no more.
 */
export class Line {
  readonly #road: PostRoad;
  /** Apart, for an answer that waited behind the stream whose server waits for it would be late. */
  readonly #asideRoad: PostRoad;
  readonly #headers: readonly string[];
  readonly #onListChanged: () => void;
  #session: Session | null = null;
  #shakesHands = false;
  #opening: Promise<Session | ToolFault> | null = null;
  #closed = false;
  #asides = 0;
  #lastId = 0;

  constructor(settings: McpSettings, clock: Clock, onListChanged: () => void) {
    const url = new URL(settings.url);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new Error(`url must begin with http:// or https://, got ${url.protocol}//`);
    }
    if (url.username !== "" || url.password !== "") {
      throw new Error("url must not hold a user or password; use auth or headers");
    }
    const path = url.pathname + url.search;
    const pool = (connections: number) => poolTo(url.origin, connections);
    this.#road = { pool: pool(settings.connectionsMax), path, clock };
    this.#asideRoad = { pool: pool(ASIDE_CONNECTIONS), path, clock };
    this.#headers = requestHeaders(settings);
    this.#onListChanged = onListChanged;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The session there is, or a new one, or why there is none. Never rejects. */
  session(): Session | Promise<Session | ToolFault> {
    if (this.#session !== null) return this.#session;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Whether the server wants parameters repeated in headers, as far as it is known. */
  get repeats(): boolean {
    return this.#session?.isStateless === true;
  }

  /** The server does not know it any more. Another caller may have opened the next one by now. */
  lose(session: Session): void {
    if (this.#session === session) this.#session = null;
    // It may want other parameters in headers than its list said.
    if (session.isStateless) this.#onListChanged();
  }

  /** Posts a message in a session, with the headers of its own. */
  post(
    session: Session | null,
    { headers = [], ...ask }: Omit<PostAsk, "headers"> & { readonly headers?: readonly string[] },
    run: { mayWrite(): boolean; progressed(params: JsonObject): void; end(end: PostEnd): void },
  ): Post {
    return new Post(
      this.#road,
      { ...ask, headers: [...(session?.headers ?? this.#headers), ...headers] },
      {
        mayWrite: () => run.mayWrite(),
        heard: (message) => {
          const isProgress = message.kind === "notification" && message.method === METHODS.progress;
          if (isProgress) run.progressed(message.params);
          else this.#heard(message, session);
        },
        end: (end) => run.end(end),
      },
    );
  }

  /** Tells the server that nobody waits for a request; in 2026-07-28 its cut connection does. */
  cancel(session: Session, requestId: RpcId, reason: string): void {
    if (session.isStateless) return;
    this.#say(renderNotification(METHODS.cancelled, { requestId, reason }), session);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#road.pool.destroy(), this.#asideRoad.pool.destroy()]);
  }

  async #open(): Promise<Session | ToolFault> {
    const found = this.#shakesHands ? null : await this.#discover();
    if (found !== null) return found;
    const opened = await this.#shakeHands();
    this.#shakesHands = !("kind" in opened);
    return opened;
  }

  /** Null: it does not speak 2026-07-28, as far as can be seen. */
  async #discover(): Promise<Session | ToolFault | null> {
    const version = [...this.#headers, "mcp-protocol-version", STATELESS_VERSION];
    const session = { isNamed: false, isStateless: true, headers: version };
    const id = this.nextId();
    const body = renderRequest(id, METHODS.discover, statelessParams({}));
    const headers = standardHeaders(METHODS.discover, {});
    const ask = { body, id, headers, timeoutMs: DISCOVER_MS_MAX };
    const end = await this.#exchange(session, ask);
    if (this.#closed || (end.kind === "fault" && !end.fault.written)) return this.#unopened(end);
    const refusal = end.kind === "refused" ? end.error : null;
    const answer = end.kind === "answer" ? end.message : refusal;
    if (answer === null || readDiscovered(answer) !== "stateless") return null;
    this.#session = session;
    return session;
  }

  async #shakeHands(): Promise<Session | ToolFault> {
    const id = this.nextId();
    const hello = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo: CLIENT };
    const body = renderRequest(id, METHODS.initialize, hello);
    const answer = await this.#exchange(null, { id, body, timeoutMs: SMALL_TALK_MS_MAX });
    if (answer.kind !== "answer") return this.#unopened(answer);
    const { message, sessionId } = answer;
    if (message.kind === "error") return this.#unopened(answer);

    const agreed = readInitialized(message.result);
    if (typeof agreed === "string") return unreachable(`initialize was answered with ${agreed}`);
    if (sessionId !== null && !SESSION_ID.test(sessionId)) {
      return unreachable("initialize was answered with a session id that is none");
    }
    const named = sessionId === null ? [] : ["mcp-session-id", sessionId];
    const headers = [...this.#headers, "mcp-protocol-version", agreed.version, ...named];
    const session = { isNamed: sessionId !== null, isStateless: false, headers };

    const done = renderNotification(METHODS.initialized);
    const ask = { id: null, body: done, timeoutMs: SMALL_TALK_MS_MAX };
    const taken = await this.#exchange(session, ask);
    if (taken.kind !== "taken") return this.#unopened(taken);
    this.#session = session;
    return session;
  }

  #unopened(end: PostEnd): ToolFault {
    if (this.#closed) return { kind: "reset", written: false, message: "the line was closed" };
    return unreachable(`handshake: ${wordsOf(end)}`);
  }

  #exchange(session: Session | null, ask: Words): Promise<PostEnd> {
    const answerBytesMax = SMALL_TALK_BYTES_MAX;
    return new Promise((resolve) => {
      const run = { mayWrite: () => true, progressed: () => undefined, end: resolve };
      this.post(session, { ...ask, answerBytesMax }, run);
    });
  }

  #heard(message: Message, session: Session | null): void {
    if (message.kind === "notification") {
      if (LIST_CHANGED.has(message.method)) this.#onListChanged();
    } else if (message.kind === "request" && session?.isStateless !== true) {
      const { id, method } = message;
      const error = { code: RPC_CODES.methodNotFound, message: "not offered by this client" };
      this.#say(method === METHODS.ping ? renderResult(id, {}) : renderError(id, error), session);
    }
  }

  /** Beside everything else; whether it arrived changes nothing here. */
  #say(body: string, session: Session | null): void {
    if (this.#closed || this.#asides >= ASIDES_MAX) return;
    this.#asides += 1;
    const headers = session?.headers ?? this.#headers;
    const timeoutMs = SMALL_TALK_MS_MAX;
    new Post(
      this.#asideRoad,
      { body, headers, id: null, timeoutMs, answerBytesMax: SMALL_TALK_BYTES_MAX },
      {
        mayWrite: () => true,
        heard: () => undefined, // what has no answer is not read
        end: () => {
          this.#asides -= 1;
        },
      },
    );
  }
}

/** How something ended that did not end as it was to. */
export function wordsOf(end: PostEnd): string {
  if (end.kind === "fault") return end.fault.message;
  if (end.kind === "refused") {
    const why = end.status < 400 ? "redirects are not followed" : end.message;
    return `answered HTTP ${end.status}${why === "" ? "" : `: ${why}`}`;
  }
  if (end.kind === "answer" && end.message.kind === "error") return errorWords(end.message);
  return "answered with something else than was asked for";
}
