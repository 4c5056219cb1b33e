/** OpenAI chat completions: the results of tool calls that a request brings to the model. */
import { CALLS_MAX } from "./answered-calls.ts";
import {
  type FreshResult,
  type FreshResults,
  lastTurn,
  NO_RESULTS,
  textOrNull,
} from "./fresh-results.ts";
import { isObject, type JsonObject } from "./json.ts";
import { callsIn, readCall } from "./openai-chat-calls.ts";

/** Today's role, and that of the legacy `function_call`, which has no ids. */
export const ROLES_OF_RESULTS: ReadonlySet<unknown> = new Set(["tool", "function"]);

export function openAiFreshResults(root: JsonObject): FreshResults {
  const { after, turn } = lastTurn(root);
  const results = after.flatMap(readResult);
  if (results.length === 0) return NO_RESULTS;
  const calls = turn.flatMap(callsIn).slice(0, CALLS_MAX);
  return { results, calls: calls.map(readCall) };
}

function readResult(message: unknown): readonly FreshResult[] {
  if (!isObject(message) || !ROLES_OF_RESULTS.has(message.role)) return [];
  return [{ id: textOrNull(message.tool_call_id), name: textOrNull(message.name) }];
}
