import type { Millis } from "../../../../guards/money.ts";
import type { Clock } from "../../../../ports/clock.ts";
import type { ToolFault } from "../../../../ports/tool-server.ts";
import type { JsonObject } from "../../../../wire/json.ts";
import {
  isId,
  RPC_CODES,
  type RpcError,
  type RpcId,
  type RpcResult,
  readMessage,
  renderError,
  renderNotification,
  renderRequest,
  renderResult,
} from "../../../../wire/json-rpc.ts";
import { LineReader } from "../../../../wire/lines.ts";
import { LIST_CHANGED, METHODS, PROTOCOL_VERSION, readInitialized } from "../../../../wire/mcp.ts";
import {
  CLIENT,
  type Progress,
  readDiscovered,
  readProgress,
  statelessParams,
} from "../../../../wire/mcp-outgoing.ts";
import { decodeStrictly } from "../../../../wire/utf8.ts";
import { errorWords } from "../link.ts";
import type { McpCommand } from "../mcp-settings.ts";
import { within } from "../within.ts";
import { Child } from "./child.ts";

/** Larger than any answer that is wanted: one of less fails its own call alone. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Servers of before 2026-07-28 may leave the first question unanswered. */
export const DISCOVER_MS_MAX = 5_000;
/** From the start to the first answer: some install themselves first. */
export const START_MS_MAX = 30_000;
/** Lines that answer nothing. More is a flood, whatever is in them. */
export const NOTICES_A_SECOND_MAX = 10_000;
const MS_PER_SECOND = 1_000;
const QUOTE_CHARS_MAX = 100;

export type Answer = RpcResult | RpcError;

/** One request: it waits for its turn, and then for its answer. */
export interface Errand {
  /** Its turn: the line that is written in this very stretch; null: it is not written. */
  line(): string | null;
  answered(answer: Answer, bytes: number): void;
  progressed(progress: Progress): void;
  gone(fault: ToolFault): void;
}

export interface Listener {
  listChanged(): void;
  murmured(chunk: Uint8Array): void;
  /** It is over; `because` says why. Its child may still be ending. */
  over(because: string): void;
}

/**
 * What is said with one child, from its start to its end. Requests are told apart by their ids,
 * and so many of them are out at once. A line that is no message ends it: of a server that does
 * not keep to the protocol nobody knows which answer belongs to what.
 */
export class Conversation {
  readonly #child: Child;
  readonly #clock: Clock;
  readonly #listener: Listener;
  readonly #callsMax: number;
  readonly #lines = new LineReader(LINE_BYTES_MAX);
  readonly #waiting = new Map<RpcId, Errand>();
  readonly #out = new Map<RpcId, Errand>();
  #saysStateless = false;
  #endedAtQuestion = false;
  #isStateless = false;
  #isOver = false;
  #isClosed = false;
  #notices = 0;
  #noticesSince: Millis;

  /** Throws where the child cannot be started. */
  constructor(command: McpCommand, clock: Clock, listener: Listener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#callsMax = command.callsMax;
    this.#noticesSince = clock.monotonic();
    this.#child = new Child(command, clock, {
      wrote: (chunk) => this.#read(chunk),
      murmured: (chunk) => listener.murmured(chunk),
      drained: () => this.#advance(),
      ended: (how) => this.#finish({ kind: "reset", message: `the server ${how}` }),
    });
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether every request says itself what it is; else there was a handshake. */
  get isStateless(): boolean {
    return this.#isStateless;
  }

  /** Whether it ended when it was asked for its version, which those of before need not know. */
  get endedAtQuestion(): boolean {
    return this.#endedAtQuestion;
  }

  /** Agrees with the server on a version; a text says why that failed. Never rejects. */
  async open(knownToShakeHands: boolean, nextId: () => RpcId): Promise<string | null> {
    if (!knownToShakeHands) await within(this.#clock, DISCOVER_MS_MAX, this.#discover(nextId()));
    this.#isStateless = this.#saysStateless;
    if (this.#isStateless) return null;
    const wrong = await this.#shakeHands(nextId());
    // A server that was slow to start may have answered the first question meanwhile.
    this.#isStateless = wrong !== null && this.#saysStateless;
    return this.#isStateless ? null : wrong;
  }

  /** Its turn comes when there is a place and the child reads. */
  ask(id: RpcId, errand: Errand): void {
    if (this.#isOver) {
      const message = "the server ended before the call was written";
      errand.gone({ kind: "unreachable", written: false, message });
      return;
    }
    this.#waiting.set(id, errand);
    this.#advance();
  }

  /** Nobody waits for its answer any more. */
  leave(id: RpcId): void {
    this.#waiting.delete(id);
    if (this.#out.delete(id)) this.#advance();
  }

  /** Beside everything else; whether it arrived changes nothing here. */
  say(line: string): void {
    if (this.#child.hasRoom) this.#child.write(line);
  }

  /** Ends it, and its child. */
  close(because: string): Promise<void> {
    this.#isClosed = true;
    this.#finish({ kind: "reset", message: because });
    return this.gone();
  }

  /** Resolves when its child is gone, which is told to go. Bounded, and never rejects. */
  gone(): Promise<void> {
    return this.#child.stop();
  }

  async #discover(id: RpcId): Promise<void> {
    const heard = await this.#talk(id, METHODS.discover, statelessParams({}));
    this.#saysStateless = typeof heard !== "string" && readDiscovered(heard) === "stateless";
    this.#endedAtQuestion = this.#isOver && !this.#isClosed && this.pid !== null;
  }

  async #shakeHands(id: RpcId): Promise<string | null> {
    const hello = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo: CLIENT };
    const heard = await this.#talk(id, METHODS.initialize, hello);
    if (typeof heard === "string") return `handshake: ${heard}`;
    if (heard.kind === "error") return `handshake: ${errorWords(heard)}`;
    const agreed = readInitialized(heard.result);
    if (typeof agreed === "string") return `initialize was answered with ${agreed}`;
    this.say(renderNotification(METHODS.initialized));
    return null;
  }

  /** A question of the handshake; a text says why there is no answer. */
  #talk(id: RpcId, method: string, params: JsonObject): Promise<Answer | string> {
    return new Promise((resolve) => {
      const stopTimer = this.#clock.after(START_MS_MAX, () => {
        this.leave(id);
        resolve(`no answer within ${START_MS_MAX} ms`);
      });
      const end = (heard: Answer | string): void => {
        stopTimer();
        resolve(heard);
      };
      this.ask(id, {
        line: () => renderRequest(id, method, params),
        answered: end,
        progressed: () => undefined,
        gone: (fault) => end(fault.message),
      });
    });
  }

  #advance(): void {
    for (const [id, errand] of this.#waiting) {
      if (this.#isOver || this.#out.size >= this.#callsMax || !this.#child.hasRoom) return;
      this.#waiting.delete(id);
      const line = errand.line();
      if (line === null) continue;
      this.#out.set(id, errand);
      this.#child.write(line);
    }
  }

  #read(chunk: Uint8Array): void {
    for (const line of this.#lines.push(chunk)) if (!this.#isOver) this.#take(line);
    if (!this.#lines.tooLong || this.#isOver) return;
    const message = `the server wrote a line of more than ${LINE_BYTES_MAX} bytes`;
    this.#stopFor({ kind: "too-large", message });
  }

  #take(line: Uint8Array): void {
    const text = decodeStrictly(line);
    if (text === null) return this.#garbage("a line that is not UTF-8");
    const message = readMessage(text);
    switch (message.kind) {
      case "unreadable":
        return this.#garbage(`what is no message (${message.message}): ${quoted(text)}`);
      case "result":
      case "error":
        return this.#answer(message, line.length);
      case "notification":
        this.#hear(message.method, message.params);
        return this.#notice();
      case "request":
        this.#decline(message.id, message.method);
        return this.#notice();
    }
  }

  /** An error without an id is about what could not be read: it is clear what, if one is out. */
  #answer(answer: Answer, bytes: number): void {
    const [only] = this.#out.size === 1 ? this.#out.keys() : [];
    const id = answer.id ?? only;
    const errand = id === undefined ? undefined : this.#out.get(id);
    if (id === undefined || errand === undefined) return this.#notice(); // nobody waits for it now
    this.#out.delete(id);
    errand.answered(answer, bytes);
    this.#advance();
  }

  #hear(method: string, params: JsonObject): void {
    if (LIST_CHANGED.has(method)) this.#listener.listChanged();
    const heard = method === METHODS.progress ? readProgress(params) : null;
    if (heard === null || !isId(heard.token)) return;
    const { token, ...progress } = heard;
    this.#out.get(token)?.progressed(progress);
  }

  /** Nothing is granted to a server. In 2026-07-28 it must not ask, and is not answered. */
  #decline(id: RpcId, method: string): void {
    if (this.#isStateless) return;
    const error = { code: RPC_CODES.methodNotFound, message: "not offered by this client" };
    this.say(method === METHODS.ping ? renderResult(id, {}) : renderError(id, error));
  }

  #notice(): void {
    const now = this.#clock.monotonic();
    if (now - this.#noticesSince >= MS_PER_SECOND) {
      this.#noticesSince = now;
      this.#notices = 0;
    }
    this.#notices += 1;
    if (this.#notices <= NOTICES_A_SECOND_MAX) return;
    const message = `the server wrote more than ${NOTICES_A_SECOND_MAX} lines a second`;
    this.#stopFor({ kind: "too-large", message });
  }

  #garbage(what: string): void {
    this.#stopFor({ kind: "protocol", message: `the server wrote ${what}` });
  }

  #stopFor(cause: Pick<ToolFault, "kind" | "message">): void {
    this.#finish(cause);
    this.#child.stop();
  }

  #finish({ kind, message }: Pick<ToolFault, "kind" | "message">): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const unwritten = this.#isClosed ? "reset" : "unreachable";
    for (const errand of this.#out.values()) errand.gone({ kind, written: true, message });
    for (const errand of this.#waiting.values()) {
      errand.gone({ kind: unwritten, written: false, message });
    }
    this.#out.clear();
    this.#waiting.clear();
    this.#listener.over(message);
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, QUOTE_CHARS_MAX));
}
