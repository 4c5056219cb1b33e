/** Anthropic messages: the calls of tools in a stream, put together from their blocks. */

import type { AnsweredCall, RefusedCalls } from "./answered-calls.ts";
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

export class StreamedAnthropicCalls {
  /** By the index of their block. */
  private readonly calls = new Map<unknown, Parts>();
  /** Something is there that a client may read as a call, and nobody here can. */
  isGarbled = false;

  see(root: JsonObject): void {
    const { content_block: block, delta, index } = root;
    if (beginsCall(root) && isCall(block)) {
      // Whose block it is after that, each client decides in its own way.
      if (this.calls.has(index) || !Number.isSafeInteger(index)) this.isGarbled = true;
      else this.calls.set(index, { block, input: null });
    }
    const parts = this.calls.get(index);
    if (parts === undefined || !isObject(delta) || delta.type !== "input_json_delta") return;
    if (typeof delta.partial_json !== "string") this.isGarbled = true;
    else if (delta.partial_json !== "") parts.input = (parts.input ?? "") + delta.partial_json;
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
