import type { Format } from "../../../guards/call.ts";
import type { Millis } from "../../../guards/money.ts";
import { messageFrames, wholeMessage } from "./anthropic-messages.ts";
import { type Ask, readAsk } from "./ask.ts";
import { chatFrames, wholeChat } from "./openai-chat.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Script } from "./script.ts";

/** One answer, ready to be played: as HTTP by a server, or as calls of a sink in process. */
export interface Turn {
  readonly ends: "clean" | "reset" | "never";
  /** Null: nothing is answered at all, not even a status. */
  readonly head: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
  } | null;
  readonly parts: readonly string[];
  /** What a real provider would bill for it, whatever became of the answer; null: nothing. */
  readonly billed: {
    readonly model: string;
    readonly input: number;
    readonly output: number;
  } | null;
}

export interface TurnRequest {
  readonly format: Format;
  readonly body: Uint8Array;
  /** Which call of this provider it is, from 1. */
  readonly number: number;
  readonly wall: Millis;
  readonly ignoreCap?: boolean;
}

const INVALID = { status: 400, type: "invalid_request_error" };

/** Decides the whole answer to a request. The same calls in the same order get the same answers. */
export function turnOf(request: TurnRequest, script: Script): Turn {
  const ask = readAsk(request.format, request.body);
  if (typeof ask === "string") return refusal(request, INVALID, ask);

  const due = script.faultEvery > 0 && request.number % script.faultEvery === 0;
  const fault = due ? script.fault : null;
  if (fault === "error-500") {
    return refusal(request, { status: 500, type: "api_error" }, "a simulated failure");
  }
  if (fault === "error-429") {
    return refusal(request, { status: 429, type: "rate_limit_error" }, "a simulated rate limit");
  }

  const plan = planOf(ask, script, {
    number: request.number,
    created: Math.floor(request.wall / 1000),
    ignoreCap: request.ignoreCap === true,
  });
  return answer(ask, plan, fault);
}

function answer(ask: Ask, plan: Plan, fault: Script["fault"]): Turn {
  const head = { status: 200, headers: headersOf(ask.stream, plan.number) };
  const billed = { model: plan.model, input: plan.input, output: plan.output };
  if (fault === "never") return { ends: "never", head: null, parts: [], billed };
  if (fault === "reset") return { ends: "reset", head: null, parts: [], billed };
  if (fault === "garbage") {
    const garbage = ask.stream ? 'data: {"choices": [{"del\n\ndata: \u0000' : "<html>Bad gateway";
    return { ends: "clean", head, parts: [garbage], billed };
  }
  const parts = partsOf(ask, plan, fault !== "no-usage");
  if (fault !== "half-stream") return { ends: "clean", head, parts, billed };
  return { ends: "reset", head, parts: half(parts), billed };
}

function partsOf(ask: Ask, plan: Plan, usage: boolean): string[] {
  if (ask.format === "openai-chat") {
    return ask.stream ? chatFrames(plan, ask.includeUsage && usage) : [wholeChat(plan, usage)];
  }
  return ask.stream ? messageFrames(plan, usage) : [wholeMessage(plan, usage)];
}

function half(parts: readonly string[]): string[] {
  const [only = ""] = parts;
  if (parts.length === 1) return [only.slice(0, only.length / 2)];
  return parts.slice(0, Math.ceil(parts.length / 2));
}

function refusal(
  request: TurnRequest,
  error: { readonly status: number; readonly type: string },
  text: string,
): Turn {
  const headers = {
    ...headersOf(false, request.number),
    ...(error.status === 429 ? { "retry-after": "1" } : {}),
  };
  const message = `Slipclutch's simulated provider: ${text}`;
  const body =
    request.format === "openai-chat"
      ? { error: { message, type: error.type, param: null, code: null } }
      : { type: "error", error: { type: error.type, message } };
  const head = { status: error.status, headers };
  return { ends: "clean", head, parts: [JSON.stringify(body)], billed: null };
}

function headersOf(stream: boolean, number: number): Readonly<Record<string, string>> {
  const id = `req_simulated_${number}`;
  return {
    "content-type": stream ? "text/event-stream; charset=utf-8" : "application/json",
    "request-id": id,
    "x-request-id": id,
    "x-slipclutch-simulated": "true",
  };
}
