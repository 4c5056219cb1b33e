/**
 * OpenAI chat completions: usage. Input counts include what was cached; output includes reasoning.
 */
import type { Usage } from "../guards/price/price.ts";
import { isObject } from "./json.ts";
import { countOf, countsOf, innerOf } from "./usage.ts";

/**
 * Null: not given, or numbers that cannot be. `serviceTier` is a field of the answer, not of usage.
 */
export function readOpenAiUsage(usage: unknown, serviceTier: unknown): Usage | null {
  if (!isObject(usage)) return null;
  if (typeof usage.prompt_tokens !== "number") return null;
  if (typeof usage.completion_tokens !== "number") return null;
  const total = countsOf(usage, { input: "prompt_tokens", output: "completion_tokens" });
  const input = countsOf(innerOf(usage, "prompt_tokens_details"), {
    cached: "cached_tokens",
    written: "cache_write_tokens",
    audio: "audio_tokens",
  });
  const output = countsOf(innerOf(usage, "completion_tokens_details"), {
    reasoning: "reasoning_tokens",
    audio: "audio_tokens",
  });
  if (total === null || input === null || output === null) return null;
  if (input.written + input.audio > total.input || output.audio > total.output) return null;

  // Cached audio is in both details; the dearer leg keeps it.
  const cachedInput = Math.min(input.cached, total.input - input.written - input.audio);
  const said = total.output - output.audio;
  const apart = saysReasoningApart(usage, total.input + total.output + output.reasoning);
  return {
    input: total.input - input.written - input.audio - cachedInput,
    cachedInput,
    cacheWrite5m: input.written,
    cacheWrite1h: 0,
    inputAudio: input.audio,
    output: apart ? said + output.reasoning : Math.max(said, output.reasoning),
    reasoning: output.reasoning,
    outputAudio: output.audio,
    serverTools: {},
    serviceTier: typeof serviceTier === "string" ? serviceTier : null,
  };
}

/**
 * Some servers of this format leave reasoning out of the output count; only their total shows it.
 */
function saysReasoningApart(usage: Readonly<Record<string, unknown>>, withReasoning: number) {
  return countOf(usage, "total_tokens") === withReasoning;
}
