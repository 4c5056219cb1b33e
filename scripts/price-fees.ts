/** The parts of a price that are no rates for tokens: fees, factors of service tiers, limits. */
import type { ModelInfo } from "@pydantic/genai-prices";
import { CONTEXT_WINDOW_UNKNOWN, limitsOf } from "../src/config/model-limits.ts";
import type { PriceRow } from "../src/config/price-row.ts";
import { PICO_PER_THOUSAND, pico, type Rates } from "./price-units.ts";

/** What is billed by use, not by token: pico-USD. */
export interface Fees {
  readonly perRequest: number;
  readonly serverTools: Record<string, number>;
}

/** Fees of one period. */
export function feesOf(provider: string, rates: Rates): Fees {
  const fee = (key: string): number | null => {
    const value = rates[key];
    return typeof value === "number" ? pico(value, PICO_PER_THOUSAND) : null;
  };
  const serverTools: Record<string, number> = {};
  const search = fee("web_searches_kcount");
  const files = fee("storage_searches_kcount");
  if (search !== null) serverTools.web_search = search;
  if (files !== null) serverTools.file_search = files;
  // A page that is fetched costs only its tokens, which are bounded apart from the fee.
  if (provider === "anthropic" && search !== null) serverTools.web_fetch = 0;
  return { perRequest: fee("requests_kcount") ?? 0, serverTools };
}

/** $50 for a thousand: the dearest search context that was ever listed for them. */
const SEARCH_FEE = 50_000_000_000;

/** Models that search the web on every call, without a tool in the request. */
const SEARCHES_ALWAYS = /^gpt-4o.*-search-preview/;

/** The dearer of two lists of fees; a tool that one of them lacks has no bound. */
export function dearerFees(
  a: Record<string, number>,
  b: Record<string, number>,
): Record<string, number> {
  const both = Object.keys(a).filter((name) => b[name] !== undefined);
  return Object.fromEntries(both.map((name) => [name, Math.max(a[name] ?? 0, b[name] ?? 0)]));
}

/** Factors of OpenAI's priority tier where its price list has them, rounded up. */
const PRIORITY: readonly (readonly [model: string, factor: number])[] = [
  ["gpt-5.4-mini", 2],
  ["gpt-5.4", 2],
  ["gpt-5.2", 2],
  ["gpt-5.1", 2],
  ["gpt-5-mini", 1.8],
  ["gpt-5-codex", 2],
  ["gpt-5", 2],
  ["gpt-4.1-nano", 2],
  ["gpt-4.1", 1.75],
  ["gpt-4o-2024-05-13", 1.75],
  ["gpt-4o-mini", 1.67],
  ["gpt-4o", 1.7],
];

/** What differs between ids that share one entry of the table. */
export function ownOf(
  provider: string,
  id: string,
  model: ModelInfo,
  price: PriceRow,
): Pick<PriceRow, "contextWindow" | "maxOutput" | "perRequest" | "serviceTiers"> {
  const limits = limitsOf(provider, id);
  const contextWindow =
    Math.max(model.context_window ?? 0, limits?.contextWindow ?? 0) || CONTEXT_WINDOW_UNKNOWN;
  const searches = provider === "openai" && SEARCHES_ALWAYS.test(id);
  return {
    contextWindow,
    maxOutput: Math.min(contextWindow, limits?.maxOutput ?? contextWindow),
    perRequest: Math.max(price.perRequest, searches ? SEARCH_FEE : 0),
    serviceTiers: provider === "openai" ? serviceTiersOf(id) : {},
  };
}

/** Only what is listed for this model or a snapshot of it: "gpt-5-nano" is no "gpt-5". */
function serviceTiersOf(id: string): Record<string, number> {
  const [, priority] = PRIORITY.find(([name]) => id === name || id.startsWith(`${name}-20`)) ?? [];
  // Flex costs half, but a call that is served as standard after all must have been reserved whole.
  return priority === undefined ? { flex: 1 } : { flex: 1, priority };
}
