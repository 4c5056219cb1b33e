/** Calls of tools that an answer asks the client to run, read alike in every format. */
import { numbersAreExact } from "./exact-numbers.ts";
import type { JsonObject } from "./json.ts";
import { parseObject } from "./json.ts";
import { byteLength } from "./utf8.ts";

/** As deep as arguments may be on every road. */
const DEPTH_MAX = 64;
/** No answer of a model asks for more; each is decided, and those refused are written down. */
export const CALLS_MAX = 1_000;

/** One call of a tool that the client runs itself. */
export interface AnsweredCall {
  /** As the model wrote it; "" where it says none, or more than one: no tool is called that. */
  readonly name: string;
  /** Null: none given, as in the legacy `function_call`. */
  readonly id: string | null;
  /** Null: they cannot be read, or two readers could read them differently. */
  readonly arguments: JsonObject | null;
  /** Of the arguments as they came. */
  readonly argumentsBytes: number;
}

/** Calls that are not delivered, by their places in `toolCalls`, with the line that says so. */
export type RefusedCalls = ReadonlyMap<number, string>;

/** Arguments as a text of JSON; models write nothing at all for a tool that takes none. */
export function readArguments(text: string): Pick<AnsweredCall, "arguments" | "argumentsBytes"> {
  const argumentsBytes = byteLength(text);
  if (text.trim() === "") return { arguments: {}, argumentsBytes };
  const parsed = parseObject(text, DEPTH_MAX);
  const readable = "root" in parsed && numbersAreExact(parsed.root);
  return { arguments: readable ? parsed.root : null, argumentsBytes };
}

/** Arguments of a tool that takes one free text. */
export function freeInput(input: string): Pick<AnsweredCall, "arguments" | "argumentsBytes"> {
  return { arguments: { input }, argumentsBytes: byteLength(input) };
}
