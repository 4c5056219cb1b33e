import type { Plan } from "./plan.ts";

/** A whole answer in Anthropic's messages format, with its usage or without. */
export function wholeMessage(plan: Plan, usage: boolean): string {
  const text = { type: "text", text: plan.pieces.join(""), citations: null };
  const calls = plan.calls.map((call, at) => ({
    ...toolUse(plan, at),
    input: JSON.parse(call.arguments),
  }));
  return JSON.stringify({
    ...envelope(plan),
    content: [text, ...calls],
    stop_reason: stopReason(plan),
    stop_sequence: null,
    ...(usage ? { usage: usageOf(plan, plan.output) } : {}),
  });
}

/** The frames of a streamed answer. The usage of the first is what is known before any output. */
export function messageFrames(plan: Plan, usage: boolean): string[] {
  const frames: string[] = [];
  const push = (type: string, data: object) => frames.push(event(type, data));
  const counted = (output: number) => (usage ? { usage: usageOf(plan, output) } : {});

  const opening = { ...envelope(plan), content: [], stop_reason: null, stop_sequence: null };
  push("message_start", { message: { ...opening, ...counted(1) } });
  push("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  push("ping", {});
  for (const text of plan.pieces) {
    push("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  }
  push("content_block_stop", { index: 0 });
  plan.calls.forEach((call, at) => {
    const index = at + 1;
    push("content_block_start", { index, content_block: { ...toolUse(plan, at), input: {} } });
    const delta = { type: "input_json_delta", partial_json: call.arguments };
    push("content_block_delta", { index, delta });
    push("content_block_stop", { index });
  });
  const delta = { stop_reason: stopReason(plan), stop_sequence: null };
  push("message_delta", { delta, ...counted(plan.output) });
  push("message_stop", {});
  return frames;
}

function envelope(plan: Plan) {
  const id = `msg_simulated_${plan.number}`;
  return { id, type: "message", role: "assistant", model: plan.model };
}

function toolUse(plan: Plan, at: number) {
  const id = `toolu_simulated_${plan.number}_${at}`;
  return { type: "tool_use", id, name: plan.calls[at]?.name };
}

function stopReason(plan: Plan): string {
  if (plan.capped) return "max_tokens";
  return plan.calls.length > 0 ? "tool_use" : "end_turn";
}

function usageOf(plan: Plan, output: number) {
  return {
    input_tokens: plan.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: output,
  };
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
