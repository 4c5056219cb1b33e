/** OpenAI chat completions: what a whole answer and what a stream say about themselves. */
import type { Usage } from "../guards/price/price.ts";
import { dataOf, FrameReader } from "./event-stream.ts";
import type { AnswerSummary, StreamOptions, StreamReader } from "./format.ts";
import { glancer } from "./frame-glance.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import { readOpenAiCalls } from "./openai-chat-tools.ts";
import { readOpenAiUsage } from "./openai-chat-usage.ts";
import { errorOf, isTooSmall } from "./usage.ts";

const DONE = "[DONE]";
/** The terminal frame is 14 bytes; no frame with a choice in it is as short as this. */
const DONE_FRAME_BYTES_MAX = 64;

const glance = glancer({
  telling: ["usage", "error", "length"],
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
  return {
    usage: usage && isTooSmall(usage, textBytes(choices)) ? null : usage,
    capped: choices.some(isCapped),
    error,
    complete: error !== null || choices.length > 0,
    bytes,
    textFrames: 0,
    toolCalls: readOpenAiCalls(choices),
  };
}

/**
 * Reads a stream. Usage is the last one named, and only once the stream has said all: in the frame
 * without choices or before the terminal one. Servers that count along name a part of it earlier.
 */
export class OpenAiChatStream implements StreamReader {
  private readonly frames: FrameReader;
  private readonly stripUsage: boolean;
  private usage: Usage | null = null;
  private usageIsWhole = false;
  private capped = false;
  private error: AnswerSummary["error"] = null;
  private done = false;
  private textFrames = 0;

  constructor(options: StreamOptions) {
    this.stripUsage = options.stripUsage;
    this.frames = new FrameReader((frame) => this.see(frame), options.stripUsage);
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

  private see(frame: Uint8Array): "keep" | "take out" {
    const seen = glance(frame);
    if (seen.text) this.textFrames += 1;
    if (frame.length <= DONE_FRAME_BYTES_MAX && dataOf(frame).trim() === DONE) this.done = true;
    const root = seen.telling ? parseOrNothing(dataOf(frame)) : null;
    return isObject(root) ? this.learn(root) : "keep";
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
