/** Anthropic messages: what a whole answer and what a stream say about themselves. */

import { type AnsweredCall, CALLS_MAX, type RefusedCalls } from "./answered-calls.ts";
import { isClearAnthropicAnswer, readAnthropicCalls } from "./anthropic-messages-calls.ts";
import { beginsCall, StreamedAnthropicCalls } from "./anthropic-messages-stream-calls.ts";
import { readAnthropicUsage, supersede } from "./anthropic-messages-usage.ts";
import { CallHold, type Part } from "./call-hold.ts";
import { eventOf, FrameReader, joinedBytes } from "./event-stream.ts";
import type { AnswerSummary, Held, StreamOptions, StreamReader } from "./format.ts";
import { glancer } from "./frame-glance.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import { readFrame } from "./one-reading.ts";
import { errorOf, isTooSmall } from "./usage.ts";

const MAY_CALL = /tool_use|input_json_delta|\\u00/;
const CAPPED = "max_tokens";

const glance = glancer({
  telling: [
    ...["usage", "error", "message_delta", "message_stop", "tool_use", "input_json_delta"],
    ...["content_block", "content_block_stop"],
  ],
  text: ["text", "thinking", "partial_json"],
});

/** Reads a whole answer; garbage has usage null and is not complete. */
export function readAnthropicAnswer(text: string, bytes: number): AnswerSummary {
  const parsed = parseOrNothing(text);
  const root = isObject(parsed) ? parsed : {};
  const error = errorOf(root);
  const usage = readAnthropicUsage(root.usage);
  const toolCalls = callsOf(text, root.content);
  return {
    usage: usage && isTooSmall(usage, textBytes(root.content)) ? null : usage,
    capped: root.stop_reason === CAPPED,
    error,
    complete:
      toolCalls !== null &&
      (error !== null || (root.type === "message" && Array.isArray(root.content))),
    bytes,
    textFrames: 0,
    toolCalls: toolCalls ?? [],
  };
}

/** Null: two clients may read two sets of them. */
function callsOf(text: string, content: unknown): readonly AnsweredCall[] | null {
  if (!MAY_CALL.test(text)) return [];
  if (!isClearAnthropicAnswer(text)) return null;
  const calls = readAnthropicCalls(text, content);
  return calls.length > CALLS_MAX ? null : calls;
}

/**
 * Reads a stream. Its first report counts the input and a token or two of output; only a later one
 * that comes with the stop counts everything, so until then there is no usage.
 */
export class AnthropicMessagesStream implements StreamReader {
  private readonly frames = new FrameReader((frame) => this.see(frame), true);
  private readonly calls = new StreamedAnthropicCalls();
  private readonly hold: CallHold;
  private usage: JsonObject = {};
  private counted = false;
  private stopReason: unknown = null;
  private error: AnswerSummary["error"] = null;
  private stopped = false;
  private textFrames = 0;

  constructor(options: StreamOptions) {
    this.hold = new CallHold(options.holdOpening);
  }

  get held(): Held {
    return this.hold.held;
  }

  get saysNothing(): boolean {
    return this.hold.saysNothing;
  }

  heldCalls(): readonly AnsweredCall[] {
    return this.calls.list();
  }

  heldAnswer(): string {
    return JSON.stringify(this.calls.answer());
  }

  release(refused: RefusedCalls): Uint8Array {
    const frames = this.hold.release();
    return joinedBytes(refused.size === 0 ? frames : this.calls.without(frames, refused));
  }

  push(chunk: Uint8Array): Uint8Array {
    return this.frames.push(chunk);
  }

  rest(): Uint8Array {
    return this.frames.rest();
  }

  summary(): AnswerSummary {
    const { error, textFrames } = this;
    const isWhole = this.counted && (this.stopped || this.stopReason !== null);
    const usage = isWhole ? readAnthropicUsage(this.usage) : null;
    return {
      usage: usage && isTooSmall(usage, textFrames) ? null : usage,
      capped: this.stopReason === CAPPED,
      error,
      complete: this.stopped,
      bytes: this.frames.bytes,
      textFrames,
      toolCalls: [],
    };
  }

  private see(frame: Uint8Array): Uint8Array | "keep" | "take out" {
    const seen = glance(frame);
    if (seen.text) this.textFrames += 1;
    if (!seen.telling) return this.hold.pass(frame, seen.text ? "content" : "opening");
    const { isClear, root } = readFrame(frame, MAY_CALL);
    this.hold.isGarbled ||= !isClear;
    if (root === null || !isClear) return this.hold.pass(frame, "rest");
    this.learn(root);
    this.calls.see(root, eventOf(frame));
    this.hold.isGarbled ||= this.calls.isGarbled;
    return this.hold.pass(frame, partOf(root, seen.text));
  }

  private learn(root: JsonObject): void {
    if (root.type === "message_stop") this.stopped = true;
    else if (root.type === "error") this.error ??= errorOf(root);
    else if (root.type === "message_start") {
      const message = isObject(root.message) ? root.message : {};
      if (isObject(message.usage)) this.usage = supersede(this.usage, message.usage);
    } else if (root.type === "message_delta") {
      const delta = isObject(root.delta) ? root.delta : {};
      this.stopReason = delta.stop_reason ?? this.stopReason;
      if ((root.usage ?? null) === null) return;
      this.counted = true;
      this.usage = isObject(root.usage) ? supersede(this.usage, root.usage) : {};
    }
  }
}

function partOf(root: JsonObject, hasText: boolean): Part {
  if (root.type === "message_start") return "opening";
  if (beginsCall(root)) return "call";
  if (hasText) return "content";
  const isEdge = root.type === "content_block_start" || root.type === "content_block_stop";
  return isEdge ? "opening" : "rest";
}

/** What the model wrote, in characters: never more than its bytes. */
function textBytes(content: unknown): number {
  let characters = 0;
  for (const block of Array.isArray(content) ? content : []) {
    const text = isObject(block) && block.type === "text" ? block.text : null;
    if (typeof text === "string") characters += text.length;
  }
  return characters;
}
