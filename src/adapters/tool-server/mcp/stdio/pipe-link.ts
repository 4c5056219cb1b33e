import type { Clock } from "../../../../ports/clock.ts";
import type { ToolExchange, ToolFault } from "../../../../ports/tool-server.ts";
import { type RpcId, renderNotification, renderRequest } from "../../../../wire/json-rpc.ts";
import { METHODS } from "../../../../wire/mcp.ts";
import { type Progress, statelessParams, withProgress } from "../../../../wire/mcp-outgoing.ts";
import { type AskEnd, type AskOptions, type AskRun, errorWords, type Link } from "../link.ts";
import type { McpCommand } from "../mcp-settings.ts";
import type { Answer, Conversation, Errand } from "./conversation.ts";
import { Keeper, type Told } from "./keeper.ts";

/** How long a request waits for a place among those that are out, and for the child to read. */
export const PLACE_WAIT_MAX_MS = 10_000;

/** Requests over the pipes of a child, all of them at once over the same two. */
export function pipeLink(command: McpCommand, clock: Clock, told: Told): Link {
  const keeper = new Keeper(command, clock, told);
  return {
    repeats: false, // between pipes there are no headers
    ask: (options, run) => {
      const ask = new PipeAsk(keeper, clock, options, run);
      ask.start();
      return ask;
    },
    close: () => keeper.close(),
  };
}

/**
 * One request to the child that is up.
 *
 *   waiting ──a child, a place──► mayWrite? ──yes──► written ──answer | gone | timeout──► end
 *      │                             └─no─► held
 *      └──abort, no child, no place──► end (written: false)
 *
 * Never written twice: of a child that ended nobody knows what it has done.
 */
class PipeAsk implements Errand, ToolExchange {
  readonly #keeper: Keeper;
  readonly #clock: Clock;
  readonly #options: AskOptions;
  readonly #run: AskRun;
  readonly #id: RpcId;
  #conversation: Conversation | null = null;
  #written = false;
  #over = false;
  #stopTimer: () => void = () => undefined;

  constructor(keeper: Keeper, clock: Clock, options: AskOptions, run: AskRun) {
    this.#keeper = keeper;
    this.#clock = clock;
    this.#options = options;
    this.#run = run;
    this.#id = keeper.nextId();
  }

  /** Never rejects; the end is reported to the run. */
  async start(): Promise<void> {
    const conversation = await this.#keeper.conversation();
    if (this.#over) return;
    if ("kind" in conversation) return this.gone(conversation);
    this.#conversation = conversation;
    this.#stopTimer = this.#clock.after(PLACE_WAIT_MAX_MS, () => {
      const message = `the server took no call for ${PLACE_WAIT_MAX_MS} ms`;
      this.#giveUp({ kind: "unreachable", written: false, message });
    });
    conversation.ask(this.#id, this);
  }

  abort(): void {
    this.#giveUp({ kind: "aborted", written: this.#written, message: "cut off by the gateway" });
  }

  line(): string | null {
    if (this.#over) return null;
    const may = this.#run.mayWrite();
    if (this.#over) return null; // who was asked has aborted it
    if (!may) {
      this.gone({ kind: "held", written: false, message: "held back at the write" });
      return null;
    }
    this.#written = true;
    this.#stopTimer();
    const { method, params, progress, timeoutMs } = this.#options;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      this.#giveUp({ kind: "timeout", written: true, message: `no answer within ${timeoutMs} ms` });
    });
    const isStateless = this.#conversation?.isStateless === true;
    const wanting = progress === null ? params : withProgress(params, this.#id);
    return renderRequest(this.#id, method, isStateless ? statelessParams(wanting) : wanting);
  }

  progressed(progress: Progress): void {
    if (!this.#over) this.#options.progress?.(progress);
  }

  answered(answer: Answer, bytes: number): void {
    const { answerBytesMax } = this.#options;
    if (answer.kind === "error") {
      const fault = { kind: "protocol", written: true, message: errorWords(answer) } as const;
      return this.#finish({ kind: "fault", fault, error: answer });
    }
    if (bytes > answerBytesMax) {
      const message = `an answer of more than ${answerBytesMax} bytes`;
      return this.gone({ kind: "too-large", written: true, message });
    }
    this.#finish({ kind: "result", result: answer.result, bytes });
  }

  gone(fault: ToolFault): void {
    this.#finish({ kind: "fault", fault });
  }

  /** The caller waits no longer. What was written may run on: the server is told. */
  #giveUp(fault: ToolFault): void {
    if (this.#over) return;
    this.gone(fault);
    this.#conversation?.leave(this.#id);
    if (!this.#written) return;
    const said = { requestId: this.#id, reason: fault.kind };
    this.#conversation?.say(renderNotification(METHODS.cancelled, said));
  }

  /** In a microtask: nobody is called early, and what is thrown there is not swallowed. */
  #finish(end: AskEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    queueMicrotask(() => this.#run.end(end));
  }
}
