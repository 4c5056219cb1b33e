/** Anthropic messages: the results of tool calls that a request brings to the model. */
import { type AnsweredCall, CALLS_MAX } from "./answered-calls.ts";
import { isCall, readCall } from "./anthropic-messages-calls.ts";
import {
  type FreshResult,
  type FreshResults,
  lastTurn,
  NO_RESULTS,
  textOrNull,
} from "./fresh-results.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Of tools that the client runs; what ran at the provider comes back in blocks of other types. */
const RESULT = "tool_result";

export function anthropicFreshResults(root: JsonObject): FreshResults {
  const { after, turn } = lastTurn(root);
  const results = after.flatMap(blocksOf).flatMap(readResult);
  if (results.length === 0) return NO_RESULTS;
  const calls = turn.flatMap(blocksOf).filter(isCall).slice(0, CALLS_MAX);
  return { results, calls: calls.map(readSentCall) };
}

function blocksOf(message: unknown): readonly unknown[] {
  return isObject(message) && Array.isArray(message.content) ? message.content : [];
}

function readResult(block: unknown): readonly FreshResult[] {
  if (!isObject(block) || block.type !== RESULT) return [];
  return [{ id: textOrNull(block.tool_use_id), name: null }];
}

/** The request was read strictly, so its value says all that its text does. */
function readSentCall(block: JsonObject): AnsweredCall {
  return readCall(block, JSON.stringify(block.input ?? null));
}
