import type { Ask } from "./ask.ts";
import type { Script } from "./script.ts";

/** What will be answered, before it has a format. */
export interface Plan {
  /** Which call of this provider it is, from 1. */
  readonly number: number;
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Pieces of the text; a stream sends one frame for each. */
  readonly pieces: readonly string[];
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly capped: boolean;
  readonly choices: number;
  /** What is billed and said in the usage. */
  readonly input: number;
  readonly output: number;
}

/** Says plainly what it is, for whoever tries the gateway without a provider. */
export const SENTENCE =
  "This is a simulated answer from Slipclutch's built-in provider; no model was asked.";

/** Keeps what one scripted call can hold in memory to about a megabyte. */
const OUTPUT_TOKENS_MAX = 262_144;
const PIECES_MAX = 10_000;

/** No token is shorter than a byte, so the text is never shorter than its tokens. */
const BYTES_PER_TOKEN = 4;

export interface PlanOptions {
  readonly number: number;
  readonly created: number;
  /** Answers as if the request had no cap, as some servers do. */
  readonly ignoreCap: boolean;
}

/** Every frame with text or a tool call stands for at least one token, as with real providers. */
export function planOf(ask: Ask, script: Script, options: PlanOptions): Plan {
  const wantedCalls = ask.answersTool
    ? []
    : script.toolCalls.filter((call) => ask.offered.has(call.name));
  const wanted = Math.min(OUTPUT_TOKENS_MAX, Math.max(script.outputTokens, wantedCalls.length + 1));
  const cap = options.ignoreCap ? null : ask.cap;
  const tokens = cap === null ? wanted : Math.min(wanted, cap);
  const capped = tokens < wanted;
  const calls = wantedCalls.length < tokens ? wantedCalls : [];
  const pieces = Math.min(PIECES_MAX, Math.max(1, Math.min(script.chunks, tokens - calls.length)));

  return {
    number: options.number,
    model: ask.model,
    created: options.created,
    pieces: split(textOf(tokens, capped), pieces),
    calls: calls.map((call) => ({ name: call.name, arguments: JSON.stringify(call.arguments) })),
    capped,
    choices: ask.choices,
    input: Math.ceil(ask.inputTokens * script.overbill),
    output: Math.ceil(tokens * ask.choices * script.overbill),
  };
}

function textOf(tokens: number, capped: boolean): string {
  const bytes = tokens * BYTES_PER_TOKEN;
  const text = SENTENCE.padEnd(bytes, " This goes on as long as the script says.");
  return capped ? text.slice(0, bytes) : text;
}

function split(text: string, pieces: number): string[] {
  const size = Math.ceil(text.length / pieces);
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts;
}
