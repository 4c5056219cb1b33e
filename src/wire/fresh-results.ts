/**
 * Results of tool calls that a request brings to the model for the first time: those after the
 * model's last turn. Older ones were looked at when they were new.
 */
import type { AnsweredCall } from "./answered-calls.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Which call a result says that it is of. */
export interface FreshResult {
  readonly id: string | null;
  /** The tool's name, where the format puts it beside the id or in its place. */
  readonly name: string | null;
}

export interface FreshResults {
  readonly results: readonly FreshResult[];
  /** The calls of the model's last turn, as far as an answer can have any; `[]` without results. */
  readonly calls: readonly AnsweredCall[];
}

/** Of a request without any, as most are. */
export const NO_RESULTS: FreshResults = { results: [], calls: [] };

interface LastTurn {
  /** The messages of the model. */
  readonly turn: readonly JsonObject[];
  readonly after: readonly unknown[];
}

/**
 * The model's last turn, and what follows it. Its messages at the very end are no turn: they are
 * the beginning of the answer, put there by the client, and must not hide what stands before them.
 */
export function lastTurn(root: JsonObject): LastTurn {
  const messages = Array.isArray(root.messages) ? root.messages : [];
  const end = whereRunBegins(messages, messages.length, isModels);
  const from = whereRunBegins(messages, end, (message) => !isModels(message));
  const turn = messages.slice(whereRunBegins(messages, from, isModels), from);
  return { turn, after: messages.slice(from, end) };
}

/** Where the messages of one kind begin that stand before a place. */
function whereRunBegins(
  messages: readonly unknown[],
  before: number,
  isOfRun: (message: unknown) => boolean,
): number {
  let from = before;
  while (from > 0 && isOfRun(messages[from - 1])) from -= 1;
  return from;
}

function isModels(message: unknown): message is JsonObject {
  return isObject(message) && message.role === "assistant";
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
