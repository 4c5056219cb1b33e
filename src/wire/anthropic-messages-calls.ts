/** Anthropic messages: the calls of tools in a whole answer, and the answer without some. */

import { type AnsweredCall, type RefusedCalls, readArguments } from "./answered-calls.ts";
import { ANTHROPIC_TOOL_USE, TOOLSET_SUFFIX } from "./anthropic-messages-tools.ts";
import type { ReadRequest } from "./format.ts";
import {
  isObject,
  itemsOf,
  type JsonObject,
  membersOf,
  parseOrNothing,
  type Span,
} from "./json.ts";
import { oneName } from "./offered-tools.ts";
import { isClearObject } from "./one-reading.ts";
import { RequestEdits } from "./request-edits.ts";

/** Why an answer ended that asks for calls, and one that does not. */
export const CALLING_REASON = "tool_use";
export const ENDED = "end_turn";

/** The calls of a whole answer that the client runs, in order. */
export function readAnthropicCalls(text: string, content: unknown): readonly AnsweredCall[] {
  if (!Array.isArray(content) || !content.some(isCall)) return [];
  const inputs = inputTexts(text);
  return content.flatMap((block: unknown, at) => {
    return isCall(block) ? [readCall(block, inputs[at] ?? "null")] : [];
  });
}

export function isCall(block: unknown): block is JsonObject {
  return isObject(block) && block.type === ANTHROPIC_TOOL_USE;
}

/** `input`: the text of its arguments. A member of a toolset is that toolset. */
export function readCall(block: JsonObject, input: string): AnsweredCall {
  const { id, name, toolset_name } = block;
  const family = typeof toolset_name === "string" ? `${toolset_name}${TOOLSET_SUFFIX}` : null;
  return {
    name: oneName([family ?? name]),
    id: typeof id === "string" ? id : null,
    ...readArguments(input),
  };
}

/** Whether all but the arguments can be read in one way only: those are read call by call. */
export function isClearAnthropicAnswer(text: string): boolean {
  if (!isObject(parseOrNothing(text))) return true;
  let [around, at] = ["", 0];
  for (const input of inputsIn(text)) {
    if (input === null) continue;
    around += `${text.slice(at, input.from)}0`;
    at = input.to;
  }
  return isClearObject(around + text.slice(at));
}

/** The text of each block's `input`, as a second reader would see what the first has dropped. */
function inputTexts(text: string): readonly string[] {
  return inputsIn(text).map((input) =>
    input === null ? "null" : text.slice(input.from, input.to),
  );
}

/** Where each block's `input` stands; null where it has none, or two. */
function inputsIn(text: string): readonly (Span | null)[] {
  const content = membersOf(text, text.indexOf("{")).findLast(({ name }) => name === "content");
  if (content === undefined || text[content.valueFrom] !== "[") return [];
  return itemsOf(text, content.valueFrom).map(({ from }) => {
    const members = text[from] === "{" ? membersOf(text, from) : [];
    const inputs = members.filter(({ name }) => name === "input");
    const [input] = inputs;
    return input && inputs.length === 1 ? { from: input.valueFrom, to: input.valueTo } : null;
  });
}

/**
 * The answer without those calls: a line of text stands in the place of each, so that the other
 * blocks keep theirs. Loops go by the reason why the answer ended, others by the presence of calls:
 * both are changed together.
 */
export function withoutAnthropicCalls(text: string, refused: RefusedCalls): string {
  const root = parseOrNothing(text);
  if (!isObject(root) || !Array.isArray(root.content)) return text;
  let place = -1;
  const content = root.content.map((block: unknown) => {
    if (!isCall(block)) return block;
    place += 1;
    const line = refused.get(place);
    return line === undefined ? block : { type: "text", text: line };
  });
  const ended = root.stop_reason === CALLING_REASON && !content.some(isCall);
  return JSON.stringify({ ...root, content, ...(ended && { stop_reason: ENDED }) });
}

/**
 * The request with the assistant's turn, whose calls are all refused, and one result for each of
 * them. Null: a call without an id cannot be answered.
 */
export function askAnthropicAgain(
  request: ReadRequest,
  answer: string,
  refused: RefusedCalls,
): string | null {
  const root = parseOrNothing(answer);
  const given = isObject(root) && Array.isArray(root.content) ? root.content : [];
  const readable = readAnthropicCalls(answer, given)[Symbol.iterator]();
  // Arguments that nobody could read are not sent on: they may be too deep to be written at all.
  const content = given.map((block: unknown) => {
    return isCall(block) ? { ...block, input: readable.next().value?.arguments ?? {} } : block;
  });
  const calls = content.filter(isCall);
  const results = calls.flatMap(({ id }, at) => {
    const line = refused.get(at);
    if (typeof id !== "string" || line === undefined) return [];
    return [{ type: "tool_result", tool_use_id: id, is_error: true, content: line }];
  });
  if (calls.length === 0 || results.length !== calls.length) return null;
  const change = new RequestEdits(request);
  change.append("messages", [
    { role: "assistant", content },
    { role: "user", content: results },
  ]);
  return change.apply();
}
