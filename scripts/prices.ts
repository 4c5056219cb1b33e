/**
 * Makes src/config/prices.generated.json from the public table in @pydantic/genai-prices.
 *
 * The table finds a model by likeness; we take only ids that it names exactly, and the dated
 * snapshots below, each of which exactly one rule of the table must cover.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type ConditionalPrice,
  type MatchLogic,
  type ModelInfo,
  type Provider,
  waitForUpdate,
} from "@pydantic/genai-prices";
import { dearerTiers } from "../src/config/dearer.ts";
import { type PriceRow, writeRow } from "../src/config/price-row.ts";
import type { Tier } from "../src/guards/price/price.ts";
import { dearerFees, feesOf, ownOf } from "./price-fees.ts";
import { PICO_PER_MILLION, pico, type Rates } from "./price-units.ts";

/** Day on which each version of the table was published: the package itself does not say. */
const PUBLISHED: Readonly<Record<string, string>> = { "0.1.8": "2026-09-23" };
/** Providers whose ids end up in one price list. */
const MODELS_MAX = 10_000;

/** Ids of dated snapshots that the table covers only by a rule of likeness. */
const SNAPSHOTS: Readonly<Record<string, readonly string[]>> = {
  openai: ["gpt-5-nano-2025-08-07", "gpt-4.5-preview-2025-02-27", "computer-use-preview"],
  anthropic: [
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5-20251101",
    "claude-sonnet-4-5-20250929",
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-20250514",
    "claude-3-7-sonnet-20250219",
    "claude-3-7-sonnet-latest",
    "claude-3-5-sonnet-20240620",
    "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-latest",
    "claude-3-5-haiku-20241022",
    "claude-3-opus-20240229",
    "claude-3-haiku-20240307",
  ],
};

/** What we can bill by. A model that has any other price is left out: half a price is no bound. */
const KNOWN_KEYS: readonly string[] = [
  "input_mtok",
  "output_mtok",
  "cache_read_mtok",
  "cache_write_mtok",
  "cache_write_1h_mtok",
  "input_audio_mtok",
  "output_audio_mtok",
  "cache_audio_read_mtok",
  "output_reasoning_mtok",
  "requests_kcount",
  "web_searches_kcount",
  "storage_searches_kcount",
];

/** Models of speech that the table prices as if they were text. */
const AUDIO = /audio|realtime|voice|speech|tts|transcribe|whisper|sonic|live/;

/** Models that search on every call: without a fee in the table their price is half a price. */
const SEARCHES = /search-preview|sonar|deep-research|:online$/;

/** Of these the table says itself that it lists only the cheapest of several tiers. */
const PROVIDERS_LEFT_OUT: readonly string[] = ["zhipuai"];

/** The whole generated file. */
export interface Generated {
  readonly source: string;
  readonly tableDate: string;
  readonly providers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The public table as rows. */
export async function generate(): Promise<Generated> {
  const providers = await waitForUpdate();
  const version = tableVersion();
  const tableDate = PUBLISHED[version];
  if (providers === null || tableDate === undefined) {
    throw new Error(`genai-prices ${version}: add its day of publication to PUBLISHED`);
  }
  const rows: [string, Record<string, string>][] = [];
  for (const provider of providers) {
    if (PROVIDERS_LEFT_OUT.includes(provider.id)) continue;
    const models = rowsOf(provider, tableDate);
    if (Object.keys(models).length > 0) rows.push([provider.id, models]);
  }
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    source: `genai-prices ${version}`,
    tableDate,
    providers: Object.fromEntries(rows),
  };
}

/** The package does not export its version, only its file tells. */
function tableVersion(): string {
  const file = new URL("../package.json", import.meta.resolve("@pydantic/genai-prices"));
  const { version } = JSON.parse(readFileSync(file, "utf8"));
  if (typeof version !== "string") throw new Error("genai-prices has no version");
  return version;
}

function rowsOf(provider: Provider, today: string): Record<string, string> {
  const rows = new Map<string, string>();
  for (const model of provider.models) {
    const price = priceOf(provider.id, model, today);
    if (price === null) continue;
    for (const id of idsOf(provider, model)) {
      if (AUDIO.test(id) && price.tiers.some((tier) => tier.inputAudio === null)) continue;
      if (SEARCHES.test(id) && provider.id !== "openai" && price.perRequest === 0) continue;
      // Two rules that name one id contradict each other: the dearer cannot be told from two rows.
      if (rows.has(id)) throw new Error(`${provider.id}/${id} is priced twice`);
      rows.set(id, writeRow({ ...price, ...ownOf(provider.id, id, model, price) }));
    }
  }
  if (rows.size > MODELS_MAX) throw new Error(`${provider.id} has ${rows.size} models`);
  return Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Ids that the rule names letter by letter, the model's own among them only if the rule covers it.
 */
function idsOf(provider: Provider, model: ModelInfo): Set<string> {
  const ids = new Set(exactIds(model.match));
  if (covers(model.match, model.id)) ids.add(model.id);
  for (const id of SNAPSHOTS[provider.id] ?? []) {
    const rules = provider.models.filter((other) => covers(other.match, id));
    if (rules.length !== 1) throw new Error(`${provider.id}/${id}: ${rules.length} rules cover it`);
    if (rules[0] === model) ids.add(id);
  }
  // What ends in a separator is the beginning that a rule looks for, no model.
  return new Set([...ids].filter((id) => /^[\x21-\x7e]{0,127}[^-:.@/]$/.test(id)));
}

function exactIds(match: MatchLogic): string[] {
  if ("equals" in match) return [match.equals];
  return "or" in match ? match.or.flatMap(exactIds) : [];
}

function covers(match: MatchLogic, id: string): boolean {
  if ("equals" in match) return id === match.equals;
  if ("starts_with" in match) return id.startsWith(match.starts_with);
  if ("ends_with" in match) return id.endsWith(match.ends_with);
  if ("contains" in match) return id.includes(match.contains);
  if ("regex" in match) return new RegExp(match.regex).test(id);
  if ("and" in match) return match.and.every((part) => covers(part, id));
  return match.or.some((part) => covers(part, id));
}

function priceOf(provider: string, model: ModelInfo, today: string): PriceRow | null {
  const periods = periodsOf(model.prices, today);
  const tiers = periods.map((rates) => tiersOf(provider, rates));
  const complete = tiers.filter((rates): rates is Tier[] => rates !== null);
  if (complete.length === 0 || complete.length < tiers.length) return null;
  const all = periods.map((rates) => feesOf(provider, rates));
  return {
    contextWindow: 0,
    maxOutput: 0,
    tiers: complete.reduce(dearerTiers),
    perRequest: Math.max(...all.map((fees) => fees.perRequest)),
    serverTools: all.map((fees) => fees.serverTools).reduce(dearerFees),
    serviceTiers: {},
  };
}

/** The rates in force and all that come later or by the hour: which of them bills is not known. */
function periodsOf(prices: ConditionalPrice[] | Rates, today: string): Rates[] {
  if (!Array.isArray(prices)) return [prices];
  let current: Rates | null = null;
  const others: Rates[] = [];
  for (const { constraint, prices: rates } of prices) {
    if (constraint === undefined) current = rates;
    else if (constraint.type === "time_of_date") others.push(rates);
    else if (constraint.start_date <= today) current = rates;
    else others.push(rates);
  }
  return current === null ? others : [current, ...others];
}

function tiersOf(provider: string, rates: Rates): Tier[] | null {
  const starts = new Set([0]);
  for (const [key, value] of Object.entries(rates)) {
    if (!KNOWN_KEYS.includes(key)) return null;
    if (typeof value !== "object") continue;
    // The table's own start is the last count below the tier, or the first in it: it is not
    // consistent. Taking it as the first bills one token too dear at most.
    for (const tier of value.tiers) starts.add(tier.start);
  }
  const tiers = [...starts].sort((a, b) => a - b).map((from) => tierFrom(provider, rates, from));
  return tiers.every((tier) => tier !== null) ? tiers : null;
}

function tierFrom(provider: string, rates: Rates, from: number): Tier | null {
  const rate = (key: string): number | null => {
    const value = rates[key];
    if (value === undefined) return null;
    if (typeof value === "number") return pico(value, PICO_PER_MILLION);
    const reached = value.tiers.filter((tier) => tier.start <= from).at(-1);
    return pico(reached?.price ?? value.base, PICO_PER_MILLION);
  };
  const input = rate("input_mtok");
  const output = rate("output_mtok");
  if (input === null || output === null) return null;
  // Anthropic bills writes above input even where the table has no rate for it.
  const writes = provider === "anthropic" ? [Math.ceil(input * 1.25), input * 2] : [input, input];
  const cacheWrite5m = rate("cache_write_mtok") ?? writes[0] ?? input;
  const inputAudio = rate("input_audio_mtok");
  return {
    fromInputTokens: from,
    input,
    output,
    cachedInput: rate("cache_read_mtok") ?? input,
    cacheWrite5m,
    cacheWrite1h: rate("cache_write_1h_mtok") ?? Math.max(cacheWrite5m, writes[1] ?? input),
    reasoning: rate("output_reasoning_mtok") ?? output,
    inputAudio:
      inputAudio === null ? null : Math.max(inputAudio, rate("cache_audio_read_mtok") ?? 0),
    outputAudio: rate("output_audio_mtok"),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL("../src/config/prices.generated.json", import.meta.url));
  writeFileSync(file, `${JSON.stringify(await generate(), null, 1)}\n`);
}
