import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { generate } from "../../../scripts/prices.ts";
import { priceBook } from "../../../src/config/price-book.ts";
import { readRow, writeRow } from "../../../src/config/price-row.ts";
import { valid, withLine } from "./folder.ts";

const GENERATED = new URL("../../../src/config/prices.generated.json", import.meta.url);
const book = priceBook();
const table = await generate();

function find(model: string, pricesOf = "openai") {
  const price = book.find(pricesOf, model);
  if (price === null) throw new Error(`${model} has no price`);
  return price;
}

test("The committed table is what the generator makes of the public one", () => {
  expect(`${JSON.stringify(table, null, 1)}\n`).toBe(readFileSync(GENERATED, "utf8"));
});

test("Every row is read back as it was written, in whole numbers, with ascending tiers from 0", () => {
  let rows = 0;
  for (const models of Object.values(table.providers)) {
    for (const [model, row] of Object.entries(models)) {
      const price = readRow(model, row, "test");
      expect(writeRow(price)).toBe(row);
      expect(price.maxOutput).toBeLessThanOrEqual(price.contextWindow);
      const starts = price.tiers.map((tier) => tier.fromInputTokens);
      expect(starts[0]).toBe(0);
      expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
      for (const tier of price.tiers) {
        for (const rate of Object.values(tier)) {
          if (rate !== null) expect(Number.isSafeInteger(rate)).toBe(true);
        }
      }
      rows += 1;
    }
  }
  expect(rows).toBeGreaterThan(1500);
});

test("A row that is cut or holds no amounts is a bug, not a price", () => {
  for (const row of [
    "",
    "1 2",
    "1 2 3|0 1 2",
    "1 2 3|0 1 2 3 4 5 x - -",
    "1 2 3|0 -1 2 3 4 5 6 - -",
  ]) {
    expect(() => readRow("m", row, "test")).toThrow();
  }
});

describe("Rates, by hand from the providers' price lists (pico-USD a token = USD a million × 10⁶)", () => {
  test("gpt-4o: $2.50, cached $1.25, $10; it has no rate for cache writes, which are input", () => {
    expect(find("gpt-4o").tiers).toEqual([
      {
        fromInputTokens: 0,
        input: 2_500_000,
        output: 10_000_000,
        cachedInput: 1_250_000,
        cacheWrite5m: 2_500_000,
        cacheWrite1h: 2_500_000,
        reasoning: 10_000_000,
        inputAudio: null,
        outputAudio: null,
      },
    ]);
    expect(find("gpt-4o").serverTools.web_search).toBe(10_000_000_000);
    expect(find("gpt-4o").serviceTiers.priority).toBe(1.7);
  });

  test("a model without a rate for cached input pays the whole rate", () => {
    expect(find("gpt-4o-2024-05-13").tiers[0]?.cachedInput).toBe(5_000_000);
  });

  test("claude-haiku-4-5: $1, cached $0.10, writes $1.25 and $2, $5; a search is one cent", () => {
    for (const model of ["claude-haiku-4-5", "claude-haiku-4-5-20251001"]) {
      const price = find(model, "anthropic");
      expect(price.tiers[0]).toMatchObject({
        input: 1_000_000,
        cachedInput: 100_000,
        cacheWrite5m: 1_250_000,
        cacheWrite1h: 2_000_000,
        output: 5_000_000,
      });
      expect(price.serverTools).toEqual({ web_search: 10_000_000_000, web_fetch: 0 });
      expect([price.contextWindow, price.maxOutput]).toEqual([200_000, 64_000]);
    }
  });

  test("long context: gpt-5.4 doubles its input and is half as dear again in output from 272,000", () => {
    const tiers = find("gpt-5.4").tiers;
    expect(tiers.map((tier) => [tier.input, tier.cachedInput, tier.output])).toEqual([
      [2_500_000, 250_000, 15_000_000],
      [5_000_000, 500_000, 22_500_000],
    ]);
    expect(tiers[1]?.fromInputTokens).toBeLessThanOrEqual(272_000);
    expect(tiers[1]?.fromInputTokens).toBeGreaterThanOrEqual(271_999);
  });

  test("long context begins at the boundary itself, where in doubt the dearer holds", () => {
    expect(find("claude-sonnet-4-5", "anthropic").tiers[1]?.fromInputTokens).toBe(200_000);
    expect(find("gpt-6-sol").tiers[1]?.fromInputTokens).toBe(272_000);
  });

  test("a price by the hour is the dearest, a past price is none", () => {
    const deepseek = find("deepseek-v4-pro", "deepseek").tiers[0];
    expect([deepseek?.input, deepseek?.output]).toEqual([1_320_000, 3_960_000]);
    expect(find("o3").tiers[0]?.input).toBe(2_000_000);
    expect(find("claude-opus-4-6", "anthropic").tiers).toHaveLength(1);
  });

  test("a model that searches on each call has a fee for each call", () => {
    expect(find("gpt-4o-mini-search-preview-2025-03-11").perRequest).toBe(50_000_000_000);
    expect(find("gpt-4o-mini").perRequest).toBe(0);
  });

  test("audio has its own rate, and a model of speech that lacks it has no price at all", () => {
    expect(find("gpt-audio").tiers[0]).toMatchObject({
      inputAudio: 32_000_000,
      outputAudio: 64_000_000,
    });
    expect(book.find("openai", "gpt-4o-audio-preview")).toBeNull();
    expect(book.find("openai", "whisper-1")).toBeNull();
    expect(book.find("openai", "gpt-image-1")).toBeNull();
  });

  test("flex is reserved at the whole price, a tier that is not listed has no factor", () => {
    expect(find("gpt-5").serviceTiers).toEqual({ flex: 1, priority: 2 });
    expect(find("gpt-5-nano").serviceTiers).toEqual({ flex: 1 });
    expect(find("claude-haiku-4-5", "anthropic").serviceTiers).toEqual({});
  });

  test("limits are those of the provider where the table says less", () => {
    expect([find("gpt-4.1").contextWindow, find("gpt-4.1").maxOutput]).toEqual([1_047_576, 32_768]);
    expect(find("o4-mini").maxOutput).toBe(100_000);
  });
});

// Likeness is no price: the public table's own matching has prices for several of these.
test.each([
  "gpt-4o-ultra",
  "gpt-4o-2030-01-01",
  "gpt-4o ",
  "GPT-4o",
  "gpt-5-nano-turbo",
  "gpt-5.6-sol-9999-99-99",
  "gpt-3.5-turbo-instruct-free",
  "gpt-4o-mini-realtime-x",
  "claude-haiku-4-5-turbo",
  "claude-sonnet-4-5-20990101",
  "claude-2-free",
  "claude-opus-4-1-mini",
  "claude-3-opus-cheap",
  "claude-opus-5-5-20990101",
  "claude",
  "openai/gpt-4o",
  "ft:gpt-4o-2024-08-06:acme::1",
  "__proto__",
  "constructor",
])("%j is an invented name and has no price", (model) => {
  for (const pricesOf of ["openai", "anthropic", "simulated", "__proto__"]) {
    expect(book.find(pricesOf, model)).toBeNull();
  }
});

test("The simulated models have round prices", () => {
  const small = find("simulated-small", "simulated").tiers[0];
  expect([small?.input, small?.output]).toEqual([1_000_000, 10_000_000]);
  expect(find("simulated-large", "simulated").tiers[0]?.input).toBe(10_000_000);
});

describe("prices.yaml", () => {
  const prices = (text: string, today: string | null = null) =>
    valid({ ...withLine(""), "prices.yaml": text }, {}, today).prices;

  test("adds a model, with what it leaves out at its dearest", () => {
    expect(prices("mine: { m: { input: 3, output: 12 } }").find("mine", "m")).toEqual({
      model: "m",
      contextWindow: 10_000_000,
      maxOutput: 10_000_000,
      perRequest: 0,
      tiers: [
        {
          fromInputTokens: 0,
          input: 3_000_000,
          output: 12_000_000,
          cachedInput: 3_000_000,
          cacheWrite5m: 3_750_000,
          cacheWrite1h: 6_000_000,
          reasoning: 12_000_000,
          inputAudio: null,
          outputAudio: null,
        },
      ],
      serverTools: {},
      serviceTiers: {},
      source: "prices.yaml",
    });
  });

  test("every field of a price lands in it", () => {
    const text = `
openai:
  gpt-4o:
    input: 1
    output: "2.5"
    cached_input: 0.1
    cache_write_5m: 1.2
    cache_write_1h: 1.9
    reasoning: 3
    input_audio: 40
    output_audio: 80
    context_window: 1000
    max_output: 100
    per_request: 0.001
    server_tools: { web_search: 0.02 }
    service_tiers: { priority: 3 }
    tiers: [{ from_input_tokens: 500, input: 2, output: 4 }]
    effective: 2026-01-01
`;
    const price = prices(text, "2026-02-01").find("openai", "gpt-4o");
    expect(price).toMatchObject({ contextWindow: 1000, maxOutput: 100, perRequest: 1_000_000_000 });
    expect(price?.serverTools).toEqual({ web_search: 20_000_000_000, file_search: 2_500_000_000 });
    expect(price?.serviceTiers).toEqual({ flex: 1, priority: 3 });
    expect(price?.tiers).toEqual([
      {
        fromInputTokens: 0,
        input: 1_000_000,
        output: 2_500_000,
        cachedInput: 100_000,
        cacheWrite5m: 1_200_000,
        cacheWrite1h: 1_900_000,
        reasoning: 3_000_000,
        inputAudio: 40_000_000,
        outputAudio: 80_000_000,
      },
      expect.objectContaining({ fromInputTokens: 500, input: 2_000_000, cachedInput: 2_000_000 }),
    ]);
  });

  test("an entry without rates amends the built-in price", () => {
    const price = prices("openai: { gpt-4o: { max_output: 99 } }").find("openai", "gpt-4o");
    expect(price).toMatchObject({ maxOutput: 99, tiers: find("gpt-4o").tiers });
  });

  test("a price of zero is a price", () => {
    const price = prices("local: { llama: { input: 0, output: 0 } }").find("local", "llama");
    expect(price?.tiers[0]).toMatchObject({ input: 0, output: 0, cacheWrite1h: 0 });
  });

  test("before its day, or without a clock, the dearer of old and new holds; from then on the new", () => {
    const text = "openai: { gpt-4o: { input: 1, output: 20, effective: 2026-06-01 } }";
    const rates = (today: string | null) => {
      const tier = prices(text, today).find("openai", "gpt-4o")?.tiers[0];
      return [tier?.input, tier?.output];
    };
    expect(rates(null)).toEqual([2_500_000, 20_000_000]);
    expect(rates("2026-05-31")).toEqual([2_500_000, 20_000_000]);
    expect(rates("2026-06-01")).toEqual([1_000_000, 20_000_000]);
  });

  test("leaves the rest of the book as it is, with its date", () => {
    const other = prices("openai: { m: { input: 1, output: 1 } }");
    expect(other.find("openai", "gpt-4o")).toEqual(find("gpt-4o"));
    expect(other.tableDate).toBe(table.tableDate);
    expect(other.tableDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });
});
