/** OpenAI chat completions: the calls of tools in a whole answer, and the answer without some. */
import {
  type AnsweredCall,
  freeInput,
  type RefusedCalls,
  readArguments,
} from "./answered-calls.ts";
import type { ReadRequest } from "./format.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import { oneName } from "./offered-tools.ts";
import { namesOf } from "./openai-chat-tools.ts";
import { RequestEdits } from "./request-edits.ts";

/** Why an answer ended that asks for calls. */
export const CALLING_REASONS: ReadonlySet<unknown> = new Set(["tool_calls", "function_call"]);
export const ENDED = "stop";
const PLACES_OF_CALLS: ReadonlySet<string> = new Set(["tool_calls", "function_call"]);

/** The calls in all choices, in order; in a choice the legacy one comes last. */
export function readOpenAiCalls(choices: readonly unknown[]): readonly AnsweredCall[] {
  return choices.flatMap((choice) => callsIn(messageOf(choice)).map(readCall));
}

/** The calls of one message, as they stand there; what is no list is one that nobody can read. */
export function callsIn(message: JsonObject): unknown[] {
  const { function_call: legacy = null, tool_calls: calls = null } = message;
  const listed = Array.isArray(calls) ? calls : calls === null ? [] : [null];
  return [...listed, ...(legacy === null ? [] : [legacy])];
}

/**
 * Whether calls stand where only some clients look: in a whole message within a stream, or in
 * choices that are no list. `holder`: the member of a choice that has them.
 */
export function callsElsewhere(choices: unknown, holder: "message" | "delta"): boolean {
  const listed = Array.isArray(choices) ? choices : [];
  const held = listed.map((choice: unknown) => (isObject(choice) ? choice[holder] : null));
  const direct = held.flatMap((inner) => (isObject(inner) ? Object.entries(inner) : []));
  return placesOfCalls(choices) !== direct.filter(isPlaceOfCalls).length;
}

/** How many members hold calls, however deep; the frame or answer was read with a limit to that. */
function placesOfCalls(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + placesOfCalls(item), 0);
  if (!isObject(value)) return 0;
  let places = 0;
  for (const entry of Object.entries(value)) {
    places += isPlaceOfCalls(entry) ? 1 : placesOfCalls(entry[1]);
  }
  return places;
}

function isPlaceOfCalls([name, value]: readonly [string, unknown]): boolean {
  if (!PLACES_OF_CALLS.has(name)) return false;
  return Array.isArray(value) ? value.length > 0 : isObject(value);
}

function messageOf(choice: unknown): JsonObject {
  return isObject(choice) && isObject(choice.message) ? choice.message : {};
}

export function readCall(call: unknown): AnsweredCall {
  if (!isObject(call)) return { name: "", id: null, arguments: null, argumentsBytes: 0 };
  const name = oneName(namesOf(call));
  const id = typeof call.id === "string" ? call.id : null;
  return { name, id, ...argumentsOf(call) };
}

/** A function has a text of JSON, a custom tool any text; with both nobody knows what is run. */
function argumentsOf(call: JsonObject): Pick<AnsweredCall, "arguments" | "argumentsBytes"> {
  const inner = isObject(call.function) ? call.function.arguments : undefined;
  const custom = isObject(call.custom) ? call.custom.input : undefined;
  const given = [inner, custom, call.arguments].filter((value) => (value ?? null) !== null);
  if (given.length > 1) return { arguments: null, argumentsBytes: 0 };
  if (typeof custom === "string") return freeInput(custom);
  const [text = ""] = given;
  return readArguments(typeof text === "string" ? text : JSON.stringify(text));
}

/**
 * The answer without those calls. Loops go by the presence of calls, others by the reason why the
 * answer ended: both are changed together. What was refused is said in the text.
 */
export function withoutOpenAiCalls(text: string, refused: RefusedCalls): string {
  const root = parseOrNothing(text);
  if (!isObject(root) || !Array.isArray(root.choices)) return text;
  let place = 0;
  const choices = root.choices.map((choice: unknown) => {
    const first = place;
    place += callsIn(messageOf(choice)).length;
    return isObject(choice) ? withoutCalls(choice, first, refused) : choice;
  });
  return JSON.stringify({ ...root, choices });
}

function withoutCalls(choice: JsonObject, first: number, refused: RefusedCalls): JsonObject {
  const message = messageOf(choice);
  const calls = callsIn(message);
  const lines = calls.flatMap((_, at) => refused.get(first + at) ?? []);
  if (lines.length === 0) return choice;
  const { function_call: legacy = null, tool_calls: listed, ...rest } = message;
  const kept = (Array.isArray(listed) ? listed : []).filter((_, at) => !refused.has(first + at));
  const keepsLegacy = legacy !== null && !refused.has(first + calls.length - 1);
  const left = {
    ...(kept.length > 0 && { tool_calls: kept }),
    ...(keepsLegacy && { function_call: legacy }),
  };
  const ended = Object.keys(left).length === 0 && CALLING_REASONS.has(choice.finish_reason);
  return {
    ...choice,
    message: { ...rest, content: said(message.content, lines), ...left },
    ...(ended && { finish_reason: ENDED }),
  };
}

function said(content: unknown, lines: readonly string[]): unknown {
  const text = lines.join("\n");
  if (Array.isArray(content)) return [...content, { type: "text", text }];
  return typeof content === "string" && content !== "" ? `${content}\n\n${text}` : text;
}

/**
 * The request with the assistant's turn, whose calls are all refused, and one result for each of
 * them. Null: that cannot be said, as of several choices none is the conversation's.
 */
export function askOpenAiAgain(
  request: ReadRequest,
  answer: string,
  refused: RefusedCalls,
): string | null {
  const root = parseOrNothing(answer);
  const choices = isObject(root) && Array.isArray(root.choices) ? root.choices : [];
  const message = messageOf(choices[0]);
  const calls = callsIn(message);
  if (choices.length !== 1 || calls.length === 0) return null;
  const results = calls.map((call, at) => resultFor(call, refused.get(at)));
  if (!results.every((result) => result !== null)) return null;
  const change = new RequestEdits(request);
  change.append("messages", [{ ...message, role: "assistant" }, ...results]);
  return change.apply();
}

function resultFor(call: unknown, line: string | undefined): JsonObject | null {
  if (!isObject(call) || line === undefined) return null;
  if (typeof call.id === "string") return { role: "tool", tool_call_id: call.id, content: line };
  const isLegacy = typeof call.name === "string";
  return isLegacy ? { role: "function", name: call.name, content: line } : null;
}
