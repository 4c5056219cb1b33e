/** OpenAI chat completions: what a whole answer and what a stream say about themselves. */
import type { Usage } from "../guards/price/price.ts";
import { type AnsweredCall, CALLS_MAX, type RefusedCalls } from "./answered-calls.ts";
import { CallHold, type Part } from "./call-hold.ts";
import { dataOf, eventOf, FrameReader, joinedBytes } from "./event-stream.ts";
import type { AnswerSummary, Held, StreamOptions, StreamReader } from "./format.ts";
import { glancer } from "./frame-glance.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import { isClearObject, readFrame } from "./one-reading.ts";
import { callsElsewhere, readOpenAiCalls } from "./openai-chat-calls.ts";
import { carriesCall, StreamedOpenAiCalls } from "./openai-chat-stream-calls.ts";
import { readOpenAiUsage } from "./openai-chat-usage.ts";
import { errorOf, isTooSmall } from "./usage.ts";

const DONE = "[DONE]";
const MAY_CALL = /tool_calls|function_call|\\u00/;
/** In a whole answer they are often there, and empty. */
const MAY_CALL_WHOLE = /"(tool_calls|function_call)"\s*:(?!\s*(null|\[\s*\]))|\\u00/;
/** A frame with another name is no part of the answer to some clients. */
const PLAIN_EVENTS: ReadonlySet<string> = new Set(["", "message"]);
/** The terminal frame is 14 bytes; no frame with a choice in it is as short as this. */
const DONE_FRAME_BYTES_MAX = 64;

const glance = glancer({
  telling: ["usage", "error", "length", "tool_calls", "function_call"],
  text: [
    "content",
    "arguments",
    "reasoning_content",
    "reasoning",
    "refusal",
    "transcript",
    "input",
  ],
});

/** Reads a whole answer; garbage has usage null and is not complete. */
export function readOpenAiAnswer(text: string, bytes: number): AnswerSummary {
  const parsed = parseOrNothing(text);
  const root = isObject(parsed) ? parsed : {};
  const choices = choicesOf(root);
  const error = errorOf(root);
  const usage = readOpenAiUsage(root.usage, root.service_tier);
  const toolCalls = callsOf(text, root.choices);
  return {
    usage: usage && isTooSmall(usage, textBytes(choices)) ? null : usage,
    capped: choices.some(isCapped),
    error,
    complete: toolCalls !== null && (error !== null || choices.length > 0),
    bytes,
    textFrames: 0,
    toolCalls: toolCalls ?? [],
  };
}

/** Null: two clients may read two sets of them. */
function callsOf(text: string, choices: unknown): readonly AnsweredCall[] | null {
  if (!MAY_CALL_WHOLE.test(text)) return [];
  if (!isClearObject(text) || callsElsewhere(choices, "message")) return null;
  const calls = readOpenAiCalls(Array.isArray(choices) ? choices : []);
  return calls.length > CALLS_MAX ? null : calls;
}

/**
 * Reads a stream. Usage is the last one named, and only once the stream has said all: in the frame
 * without choices or before the terminal one. Servers that count along name a part of it earlier.
 */
export class OpenAiChatStream implements StreamReader {
  private readonly frames: FrameReader;
  private readonly stripUsage: boolean;
  private readonly hold: CallHold;
  private readonly calls = new StreamedOpenAiCalls();
  private usage: Usage | null = null;
  private usageIsWhole = false;
  private capped = false;
  private error: AnswerSummary["error"] = null;
  private done = false;
  private textFrames = 0;

  constructor(options: StreamOptions) {
    this.stripUsage = options.stripUsage;
    this.hold = new CallHold(options.holdOpening);
    this.frames = new FrameReader((frame) => this.see(frame), true);
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
    if (refused.size === 0) return joinedBytes(frames);
    return joinedBytes(this.calls.without(frames, refused, this.saysNothing));
  }

  push(chunk: Uint8Array): Uint8Array {
    return this.frames.push(chunk);
  }

  rest(): Uint8Array {
    return this.frames.rest();
  }

  summary(): AnswerSummary {
    const { usage, capped, error, textFrames } = this;
    const isWhole = this.usageIsWhole || this.done;
    const usable = usage !== null && isWhole && !isTooSmall(usage, textFrames);
    return {
      usage: usable ? usage : null,
      capped,
      error,
      complete: this.done,
      bytes: this.frames.bytes,
      textFrames,
      toolCalls: [],
    };
  }

  private see(frame: Uint8Array): Uint8Array | "keep" | "take out" {
    const seen = glance(frame);
    if (seen.text) this.textFrames += 1;
    if (frame.length <= DONE_FRAME_BYTES_MAX && dataOf(frame).trim() === DONE) this.done = true;
    if (!seen.telling) return this.hold.pass(frame, this.partOf(seen.text));
    const { isClear, root } = readFrame(frame, MAY_CALL);
    this.hold.isGarbled ||= !isClear;
    if (root === null || !isClear) return this.hold.pass(frame, "rest");
    if (this.learn(root) === "take out") return "take out";
    const part = this.partTold(root);
    if (part === "call") this.hold.isGarbled ||= !PLAIN_EVENTS.has(eventOf(frame));
    return this.hold.pass(frame, part);
  }

  private partOf(hasText: boolean): Part {
    if (hasText) return "content";
    return this.done ? "rest" : "opening";
  }

  private partTold(root: JsonObject): Part {
    this.hold.isGarbled ||= callsElsewhere(root.choices, "delta");
    if (!carriesCall(root)) return "rest";
    this.calls.see(root);
    this.hold.isGarbled ||= this.calls.isGarbled;
    return "call";
  }

  private learn(root: JsonObject): "keep" | "take out" {
    const choices = choicesOf(root);
    this.error ??= errorOf(root);
    this.capped ||= choices.some(isCapped);
    if ((root.usage ?? null) === null) return "keep";
    this.usage = readOpenAiUsage(root.usage, root.service_tier);
    this.usageIsWhole = Array.isArray(root.choices) && choices.length === 0;
    return this.stripUsage && this.usageIsWhole ? "take out" : "keep";
  }
}

function choicesOf(root: JsonObject): readonly unknown[] {
  return Array.isArray(root.choices) ? root.choices : [];
}

function isCapped(choice: unknown): boolean {
  return isObject(choice) && choice.finish_reason === "length";
}

/** What the choices say, in characters: never more than its bytes. */
function textBytes(choices: readonly unknown[]): number {
  let characters = 0;
  for (const choice of choices) {
    const message = isObject(choice) && isObject(choice.message) ? choice.message : {};
    for (const text of [message.content, message.reasoning_content, message.refusal]) {
      if (typeof text === "string") characters += text.length;
    }
  }
  return characters;
}
