/**
 * OpenAI chat completions: usage. Input counts include what was cached; output includes reasoning.
 */
import type { Usage } from "../guards/price/price.ts";
import { isObject } from "./json.ts";
import { countOf, countsOf, innerOf } from "./usage.ts";

const TOTALS = ["prompt_tokens", "completion_tokens"] as const;
const INPUTS = ["cached_tokens", "cache_write_tokens", "audio_tokens"] as const;
const OUTPUTS = ["reasoning_tokens", "audio_tokens"] as const;

/**
 * Null: not given, or numbers that cannot be. `serviceTier` is a field of the answer, not of usage.
 */
export function readOpenAiUsage(usage: unknown, serviceTier: unknown): Usage | null {
  if (!isObject(usage)) return null;
  if (typeof usage.prompt_tokens !== "number") return null;
  if (typeof usage.completion_tokens !== "number") return null;
  const totals = countsOf(usage, TOTALS);
  const inputs = countsOf(innerOf(usage, "prompt_tokens_details"), INPUTS);
  const outputs = countsOf(innerOf(usage, "completion_tokens_details"), OUTPUTS);
  if (totals === null || inputs === null || outputs === null) return null;
  const [input, output] = totals;
  const [cached, written, inputAudio] = inputs;
  const [reasoning, outputAudio] = outputs;
  if (written + inputAudio > input || outputAudio > output) return null;

  // Cached audio is in both details; the dearer leg keeps it.
  const cachedInput = Math.min(cached, input - written - inputAudio);
  const said = output - outputAudio;
  const apart = saysReasoningApart(usage, input + output + reasoning);
  return {
    input: input - written - inputAudio - cachedInput,
    cachedInput,
    cacheWrite5m: written,
    cacheWrite1h: 0,
    inputAudio,
    output: apart ? said + reasoning : Math.max(said, reasoning),
    reasoning,
    outputAudio,
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
