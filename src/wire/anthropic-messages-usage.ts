/**
 * Anthropic messages: usage. Input counts leave out what was read from or written to the cache,
 * output includes thinking, and every count is cumulative.
 */
import type { Usage } from "../guards/price/price.ts";
import { isObject, type JsonObject } from "./json.ts";
import { countOf, countsOf, innerOf } from "./usage.ts";

interface Legs {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
}

const LEGS = [
  "input_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "output_tokens",
] as const;
const LIFETIMES = ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"] as const;
const DETAILS = ["thinking_tokens"] as const;
const TOOL_COUNT_SUFFIX = "_requests";
/** Rounds of one call; a provider's own loop ends long before. */
const ITERATIONS_MAX = 10_000;

/** Null: not given, or numbers that cannot be. */
export function readAnthropicUsage(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  if (typeof usage.input_tokens !== "number" || typeof usage.output_tokens !== "number")
    return null;
  const named = legsOf(usage);
  const rounds = roundsOf(usage.iterations);
  const details = countsOf(innerOf(usage, "output_tokens_details"), DETAILS);
  const serverTools = toolsOf(usage);
  if (named === null || rounds === null || details === null || serverTools === null) return null;

  const legs = larger(named, rounds);
  const [thinking] = details;
  return {
    ...legs,
    output: Math.max(legs.output, thinking),
    inputAudio: 0,
    reasoning: thinking,
    outputAudio: 0,
    serverTools,
    serviceTier: typeof usage.service_tier === "string" ? usage.service_tier : null,
  };
}

/** What a later report of one stream changes: every leg that it names, and no other. */
export function supersede(before: JsonObject, later: JsonObject): JsonObject {
  const named = Object.entries(later).filter(([, value]) => value !== null);
  return { ...before, ...Object.fromEntries(named) };
}

function legsOf(usage: JsonObject): Legs | null {
  const counts = countsOf(usage, LEGS);
  const split = countsOf(innerOf(usage, "cache_creation"), LIFETIMES);
  if (counts === null || split === null) return null;
  const [input, cachedInput, written, output] = counts;
  const [short, long] = split;
  // What is written but in no part of the split: for an hour if anything was, since that is dearer.
  // A server that gives no split only knows the short lifetime.
  const rest = Math.max(0, written - short - long);
  return {
    input,
    cachedInput,
    cacheWrite5m: short + (long > 0 ? 0 : rest),
    cacheWrite1h: long + (long > 0 ? rest : 0),
    output,
  };
}

/**
 * The sum of all rounds of a call: compaction, an adviser and a fallback are billed, and the counts
 * beside `iterations` leave them out. Null: one of them cannot be read.
 */
function roundsOf(iterations: unknown): Legs | null {
  let sum: Legs = { input: 0, cachedInput: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 };
  const rounds = iterations ?? [];
  if (!Array.isArray(rounds) || rounds.length > ITERATIONS_MAX) return null;
  for (const round of rounds) {
    const legs = isObject(round) ? legsOf(round) : null;
    if (legs === null) return null;
    sum = combine(sum, legs, (a, b) => a + b);
  }
  return sum;
}

/** Leg by leg the larger: a sum of rounds below the count beside it has left something out. */
function larger(a: Legs, b: Legs): Legs {
  return combine(a, b, Math.max);
}

function combine(a: Legs, b: Legs, how: (a: number, b: number) => number): Legs {
  return {
    input: how(a.input, b.input),
    cachedInput: how(a.cachedInput, b.cachedInput),
    cacheWrite5m: how(a.cacheWrite5m, b.cacheWrite5m),
    cacheWrite1h: how(a.cacheWrite1h, b.cacheWrite1h),
    output: how(a.output, b.output),
  };
}

/** "web_search_requests": 2 → web_search: 2. */
function toolsOf(usage: JsonObject): Readonly<Record<string, number>> | null {
  const counts = innerOf(usage, "server_tool_use");
  if (counts === null) return null;
  const uses: [string, number][] = [];
  for (const name of Object.keys(counts)) {
    if (!name.endsWith(TOOL_COUNT_SUFFIX)) continue;
    const count = countOf(counts, name);
    if (count === null) return null;
    if (count > 0) uses.push([name.slice(0, -TOOL_COUNT_SUFFIX.length), count]);
  }
  return Object.fromEntries(uses);
}
