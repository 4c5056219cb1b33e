/** The price book: the built-in table, and prices.yaml over it. */
import type { ModelPrice, Tier } from "../guards/price/price.ts";
import type { PriceBook } from "./configuration.ts";
import { dearerTiers } from "./dearer.ts";
import { CONTEXT_WINDOW_UNKNOWN, limitsOf } from "./model-limits.ts";
import { readRow } from "./price-row.ts";
import table from "./prices.generated.json" with { type: "json" };
import type { RawPrice, RawPrices } from "./prices-schema.ts";

type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Models of the simulated provider, with prices that can be reckoned in the head. */
const SIMULATED: Readonly<Record<string, string>> = {
  "simulated-small":
    "128000 8192 0|0 1000000 10000000 100000 1250000 2000000 10000000 - -;web_search=10000000000",
  "simulated-large":
    "1000000 32768 0|0 10000000 100000000 1000000 12500000 20000000 100000000 - -;web_search=10000000000",
};

const ROWS: Rows = { ...table.providers, simulated: SIMULATED };

/** Where a price of the built-in table comes from, for people. */
const SIMULATED_SOURCE = "the simulated provider";
const OVERRIDE_SOURCE = "prices.yaml";

/** A book that can also say what is in it. */
export interface Book extends PriceBook {
  /** Names of price lists. */
  lists(): readonly string[];
  /** Ids that have a price in a list. */
  models(pricesOf: string): readonly string[];
}

/** What prices.yaml sets, and the problems of its entries. */
export interface Overrides {
  readonly prices: ReadonlyMap<string, ReadonlyMap<string, ModelPrice>>;
  readonly problems: readonly PriceProblem[];
}

export interface PriceProblem {
  readonly pricesOf: string;
  readonly model: string;
  readonly expected: string;
  readonly hint: string;
}

/** The book over the built-in table. Rows are read when they are first asked for. */
export function priceBook(overrides: Overrides["prices"] = new Map()): Book {
  const read = new Map<string, ModelPrice>();
  return {
    tableDate: table.tableDate,
    find(pricesOf, model) {
      const own = overrides.get(pricesOf)?.get(model);
      if (own) return own;
      const key = JSON.stringify([pricesOf, model]);
      const known = read.get(key);
      if (known) return known;
      // Only what is in the table is kept, so that invented names cannot fill the memory.
      const price = builtIn(pricesOf, model);
      if (price) read.set(key, price);
      return price;
    },
    lists: () => [...new Set([...Object.keys(ROWS), ...overrides.keys()])],
    models: (pricesOf) => [
      ...new Set([...Object.keys(rowsOf(pricesOf)), ...(overrides.get(pricesOf)?.keys() ?? [])]),
    ],
  };
}

function rowsOf(pricesOf: string): Readonly<Record<string, string>> {
  return Object.hasOwn(ROWS, pricesOf) ? (ROWS[pricesOf] ?? {}) : {};
}

function builtIn(pricesOf: string, model: string): ModelPrice | null {
  const rows = rowsOf(pricesOf);
  const row = Object.hasOwn(rows, model) ? rows[model] : undefined;
  if (row === undefined) return null;
  return readRow(model, row, pricesOf === "simulated" ? SIMULATED_SOURCE : table.source);
}

/**
 * prices.yaml, checked by its schema → prices. `today` is an ISO date, or null where there is no
 * clock.
 */
export function overridesOf(raw: RawPrices, today: string | null): Overrides {
  const prices = new Map<string, Map<string, ModelPrice>>();
  const problems: PriceProblem[] = [];
  for (const [pricesOf, models] of Object.entries(raw)) {
    if (typeof models !== "object") continue; // the file's version
    const list = new Map<string, ModelPrice>();
    for (const [model, entry] of Object.entries(models)) {
      const price = overridden(entry, { pricesOf, model, today });
      if ("expected" in price) problems.push(price);
      else list.set(model, price);
    }
    prices.set(pricesOf, list);
  }
  return { prices, problems };
}

interface Entry {
  readonly pricesOf: string;
  readonly model: string;
  readonly today: string | null;
}

/** An entry that names any rate sets all of them; one that names none amends what is built in. */
function overridden(raw: RawPrice, entry: Entry): ModelPrice | PriceProblem {
  const { pricesOf, model, today } = entry;
  const before = builtIn(pricesOf, model);
  const rates = ratesOf(raw);
  if (rates === "incomplete" || (rates === null && before === null)) {
    const hint = "Give input and output, in USD for a million tokens.";
    return { pricesOf, model, expected: "both input and output", hint };
  }
  const limits = limitsOf(pricesOf, model);
  const contextWindow =
    raw.context_window ?? before?.contextWindow ?? limits?.contextWindow ?? CONTEXT_WINDOW_UNKNOWN;
  const maxOutput = raw.max_output ?? before?.maxOutput ?? limits?.maxOutput ?? contextWindow;
  const price: ModelPrice = {
    model,
    contextWindow,
    maxOutput: Math.min(maxOutput, contextWindow),
    tiers: rates ?? before?.tiers ?? [],
    perRequest: raw.per_request ?? before?.perRequest ?? 0,
    serverTools: { ...before?.serverTools, ...raw.server_tools },
    serviceTiers: { ...before?.serviceTiers, ...raw.service_tiers },
    source: OVERRIDE_SOURCE,
  };
  const inForce = raw.effective === undefined || (today !== null && raw.effective <= today);
  return inForce || before === null ? price : dearerPrice(price, before);
}

function ratesOf(raw: RawPrice): Tier[] | "incomplete" | null {
  const { input, output } = raw;
  if (input !== undefined && output !== undefined) {
    const base = tierOf({ ...raw, input, output }, 0);
    const rest = (raw.tiers ?? []).map((tier) => tierOf(tier, tier.from_input_tokens));
    return [base, ...rest].sort((a, b) => a.fromInputTokens - b.fromInputTokens);
  }
  const named = [input, output, raw.cached_input, raw.cache_write_5m, raw.cache_write_1h];
  const more = [raw.reasoning, raw.input_audio, raw.output_audio, raw.tiers];
  return [...named, ...more].some((rate) => rate !== undefined) ? "incomplete" : null;
}

type RawTier = NonNullable<RawPrice["tiers"]>[number];

function tierOf(raw: Omit<RawTier, "from_input_tokens">, fromInputTokens: number): Tier {
  const { input, output } = raw;
  return {
    fromInputTokens,
    input,
    output,
    cachedInput: raw.cached_input ?? input,
    cacheWrite5m: raw.cache_write_5m ?? Math.ceil(input * 1.25),
    cacheWrite1h: raw.cache_write_1h ?? Math.max(input * 2, raw.cache_write_5m ?? 0),
    reasoning: raw.reasoning ?? output,
    inputAudio: raw.input_audio ?? null,
    outputAudio: raw.output_audio ?? null,
  };
}

/** Before the day of a new price nobody knows which of the two a long call is billed at. */
function dearerPrice(a: ModelPrice, b: ModelPrice): ModelPrice {
  return {
    ...a,
    tiers: dearerTiers(a.tiers, b.tiers),
    perRequest: Math.max(a.perRequest, b.perRequest),
    serverTools: dearerOf(a.serverTools, b.serverTools),
    serviceTiers: dearerOf(a.serviceTiers, b.serviceTiers),
  };
}

function dearerOf(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, Math.max(a[name] ?? 0, b[name] ?? 0)]));
}
