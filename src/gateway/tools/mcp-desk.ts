/**
 * How the caller of a tool is answered over MCP. Refusals are results that the model reads: every
 * client hands those on, errors many do not. An answer is one JSON text; or a stream, from the
 * moment on that there is progress to tell, and by then the call has been let through.
 */
import { isParked } from "../../guards/clutch/waits.ts";
import type { Origin } from "../../guards/events.ts";
import type { Millis } from "../../guards/money.ts";
import { DENIALS, type Denial } from "../../guards/verdict.ts";
import type { ToolProgress, ToolResult } from "../../ports/tool-server.ts";
import { isObject, type JsonObject } from "../../wire/json.ts";
import { type RpcId, renderNotification } from "../../wire/json-rpc.ts";
import { renderComeAgain } from "../../wire/mcp-stateless.ts";
import { workingTask } from "../../wire/mcp-tasks.ts";
import { messageOf } from "../../wire/refusal.ts";
import type { Desk, Incoming } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { PATIENCE_MS } from "./mcp-client.ts";
import {
  type Asked,
  decisionHeader,
  type Headers,
  ownHeaders,
  resultText,
  send,
  serverInfo,
} from "./mcp-reply.ts";

const MS_PER_SECOND = 1_000;
/** What its timer may be early by. */
const TICK_MS: Millis = 1;
/** Of one call; what a server tells beyond them is not passed on. */
const PROGRESS_MAX = 10_000;
const PROGRESS_CHARS_MAX = 1_000;
/** A client that does not read as fast as it is told is told less. */
const WAITING_BYTES_MAX = 64 * 1024;

export class McpDesk implements Desk {
  readonly progress: Desk["progress"];
  readonly #asked: Asked;
  readonly #incoming: Incoming;
  readonly #gateway: Gateway;
  readonly #since: Millis;
  /** With which state a client comes once more that was held in vain; null: it does not. */
  #nextState: (() => string) | null = null;
  #handsTask = false;
  #told = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(asked: Asked, incoming: Incoming, gateway: Gateway) {
    this.#asked = asked;
    this.#incoming = incoming;
    this.#gateway = gateway;
    this.#since = gateway.clock.monotonic();
    const token = progressToken(asked, incoming);
    this.progress = token === null ? null : (heard) => this.#tell(token, heard);
  }

  /** Its client comes again by itself if its call is parked longer than it waits. */
  comesAgain(nextState: () => string): void {
    this.#nextState = nextState;
  }

  answer(result: ToolResult, headers: Headers): void {
    this.#end(this.answerText(result), headers);
  }

  refuse(denial: Denial, origin: Origin, headers: Headers): void {
    const all = { ...headers, ...decisionHeader(this.#incoming, denial) };
    this.#end(this.refusalText(denial, origin), all);
  }

  /** Its client follows a call that is parked by a handle, and need not wait. */
  handsTask(): void {
    this.#handsTask = true;
  }

  protected answerText(result: ToolResult): string {
    return resultText(this.#asked, toolResult(result), this.#gateway);
  }

  protected refusalText(denial: Denial, origin: Origin): string {
    const _meta = metaOf(denial, origin);
    const { parked } = denial.facts;
    if (this.#handsTask && isParked(denial.code) && typeof parked === "string") {
      const handed = { resultType: "task", ...this.#newTask(parked, denial), _meta };
      return resultText(this.#asked, handed, this.#gateway);
    }
    if (this.#nextState !== null && isParked(denial.code) && this.#wasHeld()) {
      const again = { requestState: this.#nextState(), _meta };
      return renderComeAgain(this.#asked.request.id, again, serverInfo(this.#gateway));
    }
    return resultText(this.#asked, refusedResult(denial, origin), this.#gateway);
  }

  #newTask(taskId: string, { code }: Denial): JsonObject {
    const now = new Date(this.#gateway.holding.storeNow()).toISOString();
    const statusMessage = DENIALS[code].says;
    return workingTask({ taskId, statusMessage, createdAt: now, lastUpdatedAt: now });
  }

  /** Who is sent away at once would be back at once, ten times in a moment. */
  #wasHeld(): boolean {
    const { holdMs } = this.#incoming.rules.configuration.parking;
    const held = this.#gateway.clock.monotonic() - this.#since + TICK_MS;
    return holdMs !== 0 && held >= Math.min(holdMs ?? PATIENCE_MS, PATIENCE_MS);
  }

  #tell(progressToken: RpcId, { message, progress, total }: ToolProgress): void {
    const { response } = this.#incoming;
    if (response.destroyed || response.writableEnded) return;
    if (this.#told === PROGRESS_MAX || response.writableLength > WAITING_BYTES_MAX) return;
    // The protocol has it grow, and a client may hold us to that.
    if (!(progress > this.#last)) return;
    this.#last = progress;
    this.#told += 1;
    if (!response.headersSent) this.#openStream();
    const params = {
      progressToken,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message: message.slice(0, PROGRESS_CHARS_MAX) }),
    };
    response.write(eventOf(renderNotification("notifications/progress", params)));
  }

  #openStream(): void {
    this.#incoming.response.writeHead(200, {
      ...ownHeaders(this.#incoming),
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Some proxies would else keep it all until the end.
      "x-accel-buffering": "no",
    });
  }

  #end(text: string, headers: Headers): void {
    const { response } = this.#incoming;
    if (this.#told === 0) return send(this.#incoming, 200, text, headers);
    if (!response.destroyed && !response.writableEnded) response.end(eventOf(text));
  }
}

/** What a tool answered, as clients have it. */
export function toolResult({ content, isError, structuredContent }: ToolResult): JsonObject {
  const structured = structuredContent === undefined ? {} : { structuredContent };
  return { content, ...structured, isError };
}

/** A refusal as a result, which every client hands to its model. */
export function refusedResult(denial: Denial, origin: Origin): JsonObject {
  const content = [{ type: "text", text: `${messageOf(denial)}${waitOf(denial)}` }];
  return { content, isError: true, _meta: metaOf(denial, origin) };
}

function eventOf(message: string): string {
  return `data: ${message}\n\n`;
}

/** Null: it did not ask for progress, or takes no stream. */
function progressToken({ request }: Asked, { headers }: Incoming): RpcId | null {
  const { _meta: meta } = request.params;
  const token = isObject(meta) ? meta.progressToken : undefined;
  if (typeof token !== "string" && !Number.isSafeInteger(token)) return null;
  // `as`: a safe integer is a number, which its check does not say.
  return headers.accept?.includes("text/event-stream") ? (token as RpcId) : null;
}

function secondsOf({ retryAfterMs }: Denial): number | null {
  return retryAfterMs === undefined ? null : Math.ceil(retryAfterMs / MS_PER_SECOND);
}

/** When to come again, in words. */
export function waitOf(denial: Denial): string {
  const seconds = secondsOf(denial);
  const same = isParked(denial.code) ? " with the same arguments" : "";
  return seconds === null ? "" : ` Call again${same} after ${seconds} s.`;
}

/** What programs are told of a refusal. */
export function metaOf(denial: Denial, { decision }: Origin): Readonly<Record<string, unknown>> {
  const seconds = secondsOf(denial);
  return {
    "slipclutch/code": denial.code,
    "slipclutch/decision": decision,
    ...(seconds === null ? {} : { "slipclutch/retry-after": seconds }),
  };
}
