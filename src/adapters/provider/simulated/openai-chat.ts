import type { Plan } from "./plan.ts";

/** A whole answer in OpenAI's chat completions format, with its usage or without. */
export function wholeChat(plan: Plan, usage: boolean): string {
  const message = {
    role: "assistant",
    content: plan.pieces.join(""),
    refusal: null,
    ...(plan.calls.length > 0 ? { tool_calls: plan.calls.map((_, at) => toolCall(plan, at)) } : {}),
  };
  const choices = Array.from({ length: plan.choices }, (_, index) => ({
    index,
    message,
    logprobs: null,
    finish_reason: finishReason(plan),
  }));
  return JSON.stringify({
    ...envelope(plan, "chat.completion"),
    choices,
    ...(usage ? { usage: usageOf(plan) } : {}),
  });
}

/** The frames of a streamed answer, with a usage frame only where it was asked for. */
export function chatFrames(plan: Plan, includeUsage: boolean): string[] {
  const shell = envelope(plan, "chat.completion.chunk");
  const none = includeUsage ? { usage: null } : {};
  const frame = (index: number, delta: unknown, finish: string | null) =>
    event({
      ...shell,
      choices: [{ index, delta, logprobs: null, finish_reason: finish }],
      ...none,
    });

  const frames: string[] = [];
  for (let index = 0; index < plan.choices; index++) {
    frames.push(frame(index, { role: "assistant", content: "", refusal: null }, null));
    for (const piece of plan.pieces) frames.push(frame(index, { content: piece }, null));
    plan.calls.forEach((_, at) => {
      frames.push(frame(index, { tool_calls: [{ index: at, ...toolCall(plan, at) }] }, null));
    });
    frames.push(frame(index, {}, finishReason(plan)));
  }
  if (includeUsage) frames.push(event({ ...shell, choices: [], usage: usageOf(plan) }));
  frames.push("data: [DONE]\n\n");
  return frames;
}

function envelope(plan: Plan, object: string) {
  const id = `chatcmpl-simulated-${plan.number}`;
  return { id, object, created: plan.created, model: plan.model, system_fingerprint: null };
}

function toolCall(plan: Plan, at: number) {
  const id = `call_simulated_${plan.number}_${at}`;
  return { id, type: "function", function: plan.calls[at] };
}

function finishReason(plan: Plan): string {
  if (plan.capped) return "length";
  return plan.calls.length > 0 ? "tool_calls" : "stop";
}

function usageOf(plan: Plan) {
  return {
    prompt_tokens: plan.input,
    completion_tokens: plan.output,
    total_tokens: plan.input + plan.output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
