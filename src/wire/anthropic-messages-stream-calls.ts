/** Anthropic messages: the calls of tools in a stream, put together from their blocks. */

import { type AnsweredCall, CALLS_MAX, type RefusedCalls } from "./answered-calls.ts";
import { CALLING_REASON, ENDED, isCall, readCall } from "./anthropic-messages-calls.ts";
import { dataOf, frameOf } from "./event-stream.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";

/** One block as far as it has come. */
interface Parts {
  readonly block: JsonObject;
  /** Null: no part of its arguments has come by itself. */
  input: string | null;
}

/** Whether an event begins a call. */
export function beginsCall(root: JsonObject): boolean {
  return root.type === "content_block_start" && isCall(root.content_block);
}

/**
 * Clients find a block by its index, by its place in their list, or by which is open. They agree
 * where blocks begin one after the other, each at its place, and end before anything else is said
 * of that place. A stream with calls in it is that clear, or it is not given out.
 */
export class StreamedAnthropicCalls {
  /** By the index of their block. */
  private readonly calls = new Map<unknown, Parts>();
  /** Blocks that have begun and not ended. */
  private readonly open = new Set<unknown>();
  private blocks = 0;
  private isUnclear = false;

  /** Something is there that a client may read as a call, and nobody here can. */
  get isGarbled(): boolean {
    return this.isUnclear && this.calls.size > 0;
  }

  /** `event`: the name under which it came. Some clients go by that. */
  see(root: JsonObject, event: string): void {
    const { content_block: block, delta, index, message, type } = root;
    const isStart = type === "content_block_start";
    const isInput = isObject(delta) && delta.type === "input_json_delta";
    if (isStart) this.begin(block, index);
    else if (isCall(block)) this.beginElsewhere(block);
    else if (isObject(block)) this.isUnclear = true;
    if (isInput) this.goOn(type, index, delta.partial_json);
    if (type === "content_block_stop" && !this.open.delete(index)) this.isUnclear = true;
    const isOfBlock = isStart || isInput || type === "content_block_stop";
    if (isOfBlock && event !== type) this.isUnclear = true;
    const early = isObject(message) && Array.isArray(message.content) ? message.content : [];
    for (const one of early.filter(isCall)) this.beginElsewhere(one);
  }

  private begin(block: unknown, index: unknown): void {
    if (index !== this.blocks) this.isUnclear = true;
    this.blocks += 1;
    this.open.add(index);
    if (!isCall(block)) return;
    this.calls.set(index, { block, input: null });
    if (this.calls.size > CALLS_MAX) this.isUnclear = true;
  }

  /** In a place where only some clients look for one. */
  private beginElsewhere(block: JsonObject): void {
    this.isUnclear = true;
    this.calls.set(null, { block, input: null });
  }

  private goOn(type: unknown, index: unknown, part: unknown): void {
    const parts = this.calls.get(index);
    const isClear = type === "content_block_delta" && this.open.has(index);
    if (!isClear || typeof part !== "string") this.isUnclear = true;
    else if (parts !== undefined && part !== "") parts.input = (parts.input ?? "") + part;
  }

  list(): readonly AnsweredCall[] {
    return [...this.calls.values()].map((parts) => readCall(parts.block, inputOf(parts)));
  }

  /** The calls as a whole answer. */
  answer(): JsonObject {
    const content = [...this.calls.values()].map((parts) => {
      const { arguments: input } = readCall(parts.block, inputOf(parts));
      return { ...parts.block, input: input ?? {} };
    });
    return { type: "message", role: "assistant", content, stop_reason: CALLING_REASON };
  }

  /** The held frames, where a block of text stands in the place of each refused call. */
  without(frames: readonly Uint8Array[], refused: RefusedCalls): readonly Uint8Array[] {
    const lines = new Map<unknown, string>();
    for (const [place, index] of [...this.calls.keys()].entries()) {
      const line = refused.get(place);
      if (line !== undefined) lines.set(index, line);
    }
    const noneLeft = lines.size === this.calls.size;
    return frames.flatMap((frame) => {
      const root = parseOrNothing(dataOf(frame));
      // What cannot be read here is not given to anybody who might.
      return isObject(root) ? rewritten(frame, root, lines, noneLeft) : [];
    });
  }
}

/** Arguments come in parts, or whole with the block; in both ways nobody knows what is run. */
function inputOf({ block, input }: Parts): string {
  const { input: whole = {} } = block;
  const isEmpty = isObject(whole) && Object.keys(whole).length === 0;
  if (input === null) return JSON.stringify(whole);
  return isEmpty ? input : "null";
}

function rewritten(
  frame: Uint8Array,
  root: JsonObject,
  lines: ReadonlyMap<unknown, string>,
  noneLeft: boolean,
): readonly Uint8Array[] {
  const { delta, index, type } = root;
  const line = lines.get(index);
  if (line !== undefined && type === "content_block_start") {
    const start = { type, index, content_block: { type: "text", text: "" } };
    const text = { type: "content_block_delta", index, delta: { type: "text_delta", text: line } };
    return [frameOf(type, start), frameOf(text.type, text)];
  }
  if (line !== undefined && type === "content_block_delta") return [];
  const ended = isObject(delta) && delta.stop_reason === CALLING_REASON;
  if (type !== "message_delta" || !ended || !noneLeft) return [frame];
  return [frameOf(type, { ...root, delta: { ...delta, stop_reason: ENDED } })];
}
