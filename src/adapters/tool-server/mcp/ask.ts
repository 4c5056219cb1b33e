import type { Clock } from "../../../ports/clock.ts";
import type { ToolFault } from "../../../ports/tool-server.ts";
import type { JsonObject } from "../../../wire/json.ts";
import { RPC_CODES, type RpcError, type RpcId, renderRequest } from "../../../wire/json-rpc.ts";
import { readProgress, statelessParams, withProgress } from "../../../wire/mcp-outgoing.ts";
import { type Line, type Session, wordsOf } from "./line.ts";
import type { AskEnd, AskOptions, AskRun } from "./link.ts";
import type { Post, PostEnd } from "./post.ts";
import { standardHeaders } from "./request-headers.ts";

/** The server has forgotten the session, and so has not run what came in it. */
const SESSION_LOST = 404;
/**
 * What some servers say instead, and all to a version that they speak no more; it may mean anything
 * else too, so nothing is tried again. The next request agrees on everything anew.
 */
const PERHAPS_LOST = 400;

/**
 * One request in the session of a line.
 *
 *   no session ──handshake──► posted ──answer | fault──► end
 *       ▲                       │
 *       └──404, the first time──┘
 *
 * Tried again only where the server says that it does not know the session. Each write is asked for
 * anew: between them a whole handshake has gone by.
 */
export class Ask {
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #options: AskOptions;
  readonly #run: AskRun;
  #posted: { readonly post: Post; readonly id: RpcId; readonly session: Session } | null = null;
  #written = false;
  #over = false;
  #stopTimer: () => void = () => undefined;

  constructor(line: Line, clock: Clock, options: AskOptions, run: AskRun) {
    this.#line = line;
    this.#clock = clock;
    this.#options = options;
    this.#run = run;
  }

  /** Never rejects; the end is reported to the run. */
  async start(): Promise<void> {
    const first = await this.#once();
    const again = first !== null && this.#mustTryAgain(first);
    const end = again ? await this.#once() : first;
    if (end !== null) this.#conclude(end);
  }

  abort(): void {
    this.#giveUp({ kind: "aborted", written: this.#written, message: "cut off by the gateway" });
  }

  /** Null: it is over. */
  async #once(): Promise<PostEnd | null> {
    const session = await this.#line.session();
    if (this.#over) return null;
    if ("kind" in session) {
      return { kind: "fault", fault: { ...session, written: this.#written } };
    }

    const { method, params, answerBytesMax } = this.#options;
    const headers = session.isStateless ? await this.#headers() : [];
    if (this.#over) return null;
    if ("kind" in headers) return { kind: "fault", fault: headers };
    const id = this.#line.nextId();
    const wanting = this.#options.progress === null ? params : withProgress(params, id);
    const sent = session.isStateless ? statelessParams(wanting) : wanting;
    const body = renderRequest(id, method, sent);
    const end = await new Promise<PostEnd>((resolve) => {
      const run = {
        mayWrite: () => this.#mayWrite(),
        progressed: (said: JsonObject) => this.#tellProgress(said),
        end: resolve,
      };
      const ask = { body, id, headers, timeoutMs: null, answerBytesMax };
      const post = this.#line.post(session, ask, run);
      this.#posted = { post, id, session };
    });
    return this.#over ? null : end;
  }

  /** It comes on the answer's own stream: there is no other request that it could be about. */
  #tellProgress(said: JsonObject): void {
    const heard = this.#over ? null : readProgress(said);
    if (heard === null || heard.token !== this.#posted?.id) return;
    const { token: _, ...progress } = heard;
    this.#options.progress?.(progress);
  }

  async #headers(): Promise<readonly string[] | ToolFault> {
    const { method, params, repeated = async () => [] } = this.#options;
    const own = await repeated();
    return "kind" in own ? own : [...standardHeaders(method, params), ...own];
  }

  /** From the first write on the clock runs, whatever comes in between. */
  #mayWrite(): boolean {
    if (this.#over || !this.#run.mayWrite()) return false;
    if (this.#over) return false; // who was asked has aborted it
    if (this.#written) return true;
    this.#written = true;
    const { timeoutMs } = this.#options;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      this.#giveUp({ kind: "timeout", written: true, message: `no answer within ${timeoutMs} ms` });
    });
    return true;
  }

  #mustTryAgain(end: PostEnd): boolean {
    const session = this.#posted?.session;
    if (session === undefined || end.kind !== "refused") return false;
    if (!session.isNamed && !session.isStateless) return false;
    // By 404 it says this too, in 2026-07-28, and of a question alone.
    if (session.isStateless && end.error?.code === RPC_CODES.methodNotFound) return false;
    if (end.status !== SESSION_LOST && end.status !== PERHAPS_LOST) return false;
    this.#line.lose(session);
    this.#posted = null;
    return session.isNamed && end.status === SESSION_LOST;
  }

  #conclude(end: PostEnd): void {
    if (end.kind === "answer" && end.message.kind === "result") {
      this.#finish({ kind: "result", result: end.message.result, bytes: end.bytes });
    } else if (end.kind === "fault") {
      const fault = { ...end.fault, written: end.fault.written || this.#written };
      this.#finish({ kind: "fault", fault });
    } else {
      const fault = { kind: "protocol", written: true, message: wordsOf(end) } as const;
      this.#finish({ kind: "fault", fault, ...saidBy(end) });
    }
  }

  /** The caller waits no longer. What was written may run on: the server is told. */
  #giveUp(fault: ToolFault): void {
    if (this.#over) return;
    const posted = this.#posted;
    this.#finish({ kind: "fault", fault });
    if (posted === null) return;
    posted.post.abort();
    if (this.#written) this.#line.cancel(posted.session, posted.id, fault.kind);
  }

  #finish(end: AskEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    queueMicrotask(() => this.#run.end(end));
  }
}

/** What a server says in words of the protocol, with whatever status. */
function saidBy(end: PostEnd): { readonly error?: RpcError } {
  if (end.kind === "refused" && end.error !== null) return { error: end.error };
  return end.kind === "answer" && end.message.kind === "error" ? { error: end.message } : {};
}
