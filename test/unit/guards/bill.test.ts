/** What an answer cost, worked out by hand from the usage. */
import { describe, expect, test } from "vitest";
import { billOf, inputTokensOf } from "../../../src/guards/price/bill.ts";
import type { ModelPrice, Usage } from "../../../src/guards/price/price.ts";
import { price, tier, usage } from "./scenes.ts";

const RATES = tier({ reasoning: 3_000, inputAudio: 8_000, outputAudio: 16_000 });
const PRICE = price({ tiers: [RATES] });

function bill(
  used: Partial<Usage>,
  changes: Partial<ModelPrice> = {},
  asked: string | null = null,
) {
  return billOf(usage(used), { ...PRICE, ...changes }, asked);
}

describe("each leg at its own rate", () => {
  test.each<[string, Partial<Usage>, number]>([
    ["nothing", {}, 0],
    ["input", { input: 10 }, 10],
    ["cached input", { cachedInput: 10 }, 1],
    ["a short cache write", { cacheWrite5m: 100 }, 125],
    ["a long cache write", { cacheWrite1h: 10 }, 25],
    ["audio in", { inputAudio: 10 }, 80],
    ["output", { output: 10 }, 20],
    ["reasoning is a part of output", { output: 10, reasoning: 4 }, 24],
    ["output that is all reasoning", { output: 10, reasoning: 10 }, 30],
    ["more reasoning than output: never below zero", { output: 10, reasoning: 12 }, 36],
    ["audio out", { output: 0, outputAudio: 10 }, 160],
    ["a part of a nano-USD is a whole one", { cachedInput: 1 }, 1],
    ["parts are added before they are rounded", { cachedInput: 5, input: 1, cacheWrite1h: 1 }, 4],
    [
      "all together",
      {
        input: 1,
        cachedInput: 10,
        cacheWrite5m: 4,
        cacheWrite1h: 2,
        inputAudio: 1,
        output: 3,
        reasoning: 1,
        outputAudio: 1,
      },
      // 1 + 1 + 5 + 5 + 8 + 2 × 2 + 3 + 16.
      43,
    ],
  ])("%s", (_name, used, nano) => {
    expect(bill(used)).toBe(nano);
  });

  test("audio without a rate of its own is at the rate of text", () => {
    const plain = { tiers: [tier()] };
    expect(bill({ inputAudio: 10 }, plain)).toBe(10);
    expect(bill({ outputAudio: 10 }, plain)).toBe(20);
  });
});

describe("tiers", () => {
  const tiers = [
    tier(),
    tier({ fromInputTokens: 100, input: 3_000, output: 7_000 }),
    tier({ fromInputTokens: 200, input: 5_000, output: 9_000 }),
  ];

  test.each([
    [99, 0, 99],
    [100, 0, 300],
    [199, 0, 597],
    [200, 0, 1_000],
    [99, 10, 119],
    [100, 10, 370],
  ])("%s of input and %s of output, all at one tier", (input, output, nano) => {
    expect(bill({ input, output }, { tiers })).toBe(nano);
  });

  test.each(["input", "cachedInput", "cacheWrite5m", "cacheWrite1h", "inputAudio"] as const)(
    "%s counts towards the tier",
    (leg) => {
      const used = { input: 90, [leg]: (leg === "input" ? 90 : 0) + 10 };
      expect(inputTokensOf(usage(used))).toBe(100);
      const [low, high] = [{ tiers: tiers.slice(0, 1) }, { tiers: tiers.slice(1, 2) }];
      expect(bill(used, { tiers })).toBe(bill(used, high));
      expect(bill(used, high)).toBeGreaterThan(bill(used, low));
    },
  );

  test("output does not", () => {
    expect(bill({ input: 99, output: 500, outputAudio: 500 }, { tiers })).toBe(2_099);
    expect(inputTokensOf(usage({ output: 5, reasoning: 5, outputAudio: 5 }))).toBe(0);
  });

  test("a price without tiers is nobody's price", () => {
    expect(() => bill({ input: 1 }, { tiers: [] })).toThrow("a price without tiers");
  });
});

describe("fees", () => {
  const serverTools = { web_search: 10_000, web_fetch: 0, code: 25_000 };
  test.each<[string, Usage["serverTools"], number]>([
    ["none", {}, 10],
    ["each use", { web_search: 3 }, 40],
    ["a tool that is free", { web_fetch: 3 }, 10],
    ["several tools", { web_search: 1, code: 2 }, 70],
    ["a tool without a fee counts as the dearest", { other: 2 }, 60],
  ])("%s", (_name, uses, nano) => {
    expect(bill({ input: 10, serverTools: uses }, { serverTools })).toBe(nano);
  });

  test("where no fee is known at all a tool costs nothing", () => {
    expect(bill({ input: 10, serverTools: { other: 2 } })).toBe(10);
  });

  test("the fee for each call is in every bill, also of nothing", () => {
    expect(bill({}, { perRequest: 4_000 })).toBe(4);
    expect(bill({ input: 10 }, { perRequest: 4_000 })).toBe(14);
  });

  test("fees and tokens are rounded once, together", () => {
    expect(bill({ cachedInput: 1 }, { perRequest: 900 })).toBe(1);
    expect(bill({ cachedInput: 1 }, { perRequest: 901 })).toBe(2);
  });
});

describe("service tiers", () => {
  const serviceTiers = { priority: 1.75, flex: 0.5 };
  test.each<[string | null, string | null, number]>([
    [null, null, 100],
    ["auto", null, 100],
    ["default", null, 100],
    ["standard", null, 100],
    ["standard_only", null, 100],
    ["priority", null, 175],
    ["flex", null, 50],
    ["flex", "default", 100],
    ["flex", "priority", 175],
    [null, "priority", 175],
    ["priority", "standard", 100],
    // What is not known counts as the dearest.
    [null, "turbo", 175],
    ["turbo", null, 175],
  ])("asked %s, answered %s", (asked, serviceTier, nano) => {
    expect(bill({ input: 100, serviceTier }, { serviceTiers }, asked)).toBe(nano);
  });

  test.each<[string | null, string | null, number, number]>([
    [null, null, 3, 300],
    ["auto", null, 3, 300],
    [null, "auto", 3, 300],
    ["auto", "default", 3, 100],
    ["auto", null, 0.5, 100],
  ])("asked %s, answered %s, where auto is %s times the list", (asked, serviceTier, auto, nano) => {
    expect(bill({ input: 100, serviceTier }, { serviceTiers: { auto } }, asked)).toBe(nano);
  });

  test.each([
    ["where no factor is known", {}],
    ["where all that are known are cheaper", { flex: 0.5 }],
  ])("an unknown tier is never below the list, %s", (_name, factors) => {
    expect(bill({ input: 100, serviceTier: "turbo" }, { serviceTiers: factors })).toBe(100);
  });

  test("a factor does not touch fees", () => {
    const fees = { serviceTiers, perRequest: 4_000, serverTools: { web_search: 10_000 } };
    const used = { input: 100, serverTools: { web_search: 1 }, serviceTier: "priority" };
    expect(bill(used, fees)).toBe(189);
  });

  test("the dust of a factor's product does not round a whole sum up", () => {
    // 3,000 × 1.1 is 3,300.0000000000005 in floating point.
    expect(
      bill({ input: 3 }, { serviceTiers: { priority: 1.1 }, perRequest: 700 }, "priority"),
    ).toBe(4);
  });
});

test("a bill that is not a safe sum is no bill", () => {
  expect(bill({ input: Number.MAX_SAFE_INTEGER })).toBe(Number.POSITIVE_INFINITY);
});
