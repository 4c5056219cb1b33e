/** Tools that the gateway runs: called by name. */
import { isObject } from "../wire/json.ts";
import { type Refused, unsure } from "./denied.ts";
import { refusedBy, send } from "./plane.ts";
import { type Asking, type CallOptions, callIdOf } from "./tool.ts";
import { allowed } from "./waiting.ts";

/** What a tool server answered, in the words of MCP. */
export interface ToolResult {
  readonly content: readonly unknown[];
  readonly structuredContent?: unknown;
  readonly isError: boolean;
}

/** Longer than the gateway holds a call and a tool may take. */
const ANSWER_MS = 20 * 60_000;

export interface Dispatched extends CallOptions {
  readonly name: string;
  readonly arguments: object;
}

export async function dispatch(call: Dispatched, { plane, waitMs }: Asking): Promise<ToolResult> {
  const path = `/guard/v1/tools/${encodeURIComponent(call.name)}/call`;
  const body = { arguments: call.arguments, ...callIdOf(call) };
  const ask = async (): Promise<{ result: ToolResult } | Refused> => {
    const answer = await send(plane, { path, body, signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status !== 200) return refusedBy(answer);
    return { result: resultOf(answer.body.result) };
  };
  return (await allowed(ask, plane, waitMs)).result;
}

function resultOf(said: unknown): ToolResult {
  if (!isObject(said)) throw unsure("The gateway's answer has no result.");
  const { content, isError, structuredContent } = said;
  if (!Array.isArray(content) || typeof isError !== "boolean") {
    throw unsure("The gateway's answer has no result.");
  }
  return structuredContent === undefined
    ? { content, isError }
    : { content, isError, structuredContent };
}
