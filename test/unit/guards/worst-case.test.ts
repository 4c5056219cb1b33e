/** What is reserved, worked out by hand. */
import { describe, expect, test } from "vitest";
import type { ModelAsk } from "../../../src/guards/call.ts";
import type { Bounds, Target } from "../../../src/guards/facts.ts";
import type { ModelPrice } from "../../../src/guards/price/price.ts";
import { inputBound, mostInputTokens, worstCase } from "../../../src/guards/price/worst-case.ts";
import { ask, bounds, facts, measure, price, rules, target, tier } from "./scenes.ts";

const STATES = Object.freeze({ purses: [] });

interface Scene {
  readonly ask?: Partial<ModelAsk>;
  readonly price?: Partial<ModelPrice>;
  readonly bounds?: Partial<Bounds>;
  readonly target?: Partial<Target> | null;
}

/** 100 tokens of input at 1,000 pico, 50 of output at 2,000: 200 nano-USD. */
function decide(scene: Scene = {}) {
  const priced = target({ price: price(scene.price), ...scene.target });
  const told = facts({ ask: ask(scene.ask), target: scene.target === null ? null : priced });
  const [after, answer] = worstCase(told, bounds(scene.bounds), STATES);
  expect(after).toBe(STATES);
  return answer;
}

function reserved(scene: Scene): number {
  const answer = decide(scene);
  if (answer.kind !== "allow") throw new Error(`refused: ${JSON.stringify(answer)}`);
  return answer.bounds.reserve.usd;
}

test("a plain call: input bound × input rate + cap × output rate", () => {
  expect(decide()).toEqual({
    kind: "allow",
    bounds: bounds({
      ...{ fixedPico: 100_000, perTokenPico: 2_000, fixedTokens: 100, tokensPerCap: 1 },
      reserve: { usd: 200, tokens: 150, calls: 1 },
    }),
    numbers: {
      input_tokens_max: 100,
      output_tokens_max: 50,
      input_pico_usd: 1_000,
      output_pico_usd: 2_000,
      worst_case_nano_usd: 200,
      price: "prices.yaml",
    },
  });
});

describe("output", () => {
  test("without a cap is all that the model can give out, and that becomes the cap", () => {
    expect(decide({ bounds: { outputCap: null } })).toMatchObject({
      bounds: { outputCap: 400, perTokenPico: 2_000, reserve: { usd: 900 } },
      numbers: { output_tokens_max: 400 },
    });
  });

  test("counts for each choice", () => {
    expect(decide({ ask: { choices: 3 } })).toMatchObject({
      bounds: { outputCap: 50, perTokenPico: 6_000, reserve: { usd: 400 } },
      numbers: { output_tokens_max: 150 },
    });
  });

  test.each([
    ["reasoning where it is dearer", tier({ reasoning: 3_000 }), false, 250],
    ["output where reasoning is cheaper", tier({ reasoning: 500 }), false, 200],
    ["audio where the answer may have it", tier({ outputAudio: 9_000 }), true, 550],
    ["text where the answer has no audio", tier({ outputAudio: 9_000 }), false, 200],
    ["text where audio is cheaper", tier({ outputAudio: 7 }), true, 200],
  ])("at the rate of %s", (_name, rates, audioOutput, nano) => {
    expect(reserved({ ask: { audioOutput }, price: { tiers: [rates] } })).toBe(nano);
  });
});

describe("input", () => {
  const cached = tier({ cachedInput: 1_700 });
  const shortDearer = tier({ cacheWrite5m: 4_000, cacheWrite1h: 2_500 });
  const audio = tier({ inputAudio: 8_000 });
  test.each([
    ["plain", "none", 0, tier(), 200],
    ["a cache write for 5 minutes", "5m", 0, tier(), 225],
    ["a cache write for an hour", "1h", 0, tier(), 350],
    ["an hour's write where a short one is dearer", "1h", 0, shortDearer, 500],
    ["a short write never at the hour's rate", "5m", 0, shortDearer, 500],
    ["a cached read that is dearer than input", "none", 0, cached, 270],
    ["audio", "none", 1, audio, 900],
    ["audio that is not there", "none", 0, audio, 200],
    ["audio that is cheaper", "none", 1, tier({ inputAudio: 5 }), 200],
  ] as const)("at the rate of %s", (_name, cacheWrite, audioBytes, rates, nano) => {
    const input = measure({ cacheWrite, audioBytes });
    expect(reserved({ ask: { input }, price: { tiers: [rates] } })).toBe(nano);
  });
});

describe("tiers", () => {
  const long = tier({ fromInputTokens: 128, input: 3_000, output: 7_000, cachedInput: 300 });
  const longest = tier({ fromInputTokens: 512, input: 2_000, output: 9_000 });
  test.each([
    [127, 1_000, 2_000, 227],
    [128, 3_000, 7_000, 734],
    [511, 3_000, 7_000, 1_883],
    // The dearest of each rate in all tiers that the input may fall into.
    [512, 3_000, 9_000, 1_986],
  ])("%s tokens of input", (inputTokens, input, output, nano) => {
    const answer = decide({ price: { tiers: [tier(), long, longest] }, bounds: { inputTokens } });
    expect(answer).toMatchObject({
      bounds: { inputTokens, reserve: { usd: nano } },
      numbers: { input_pico_usd: input, output_pico_usd: output },
    });
  });

  test("a cheaper tier for long input is not counted on", () => {
    const cheap = tier({ fromInputTokens: 50, input: 1, output: 1, cachedInput: 1 });
    expect(reserved({ price: { tiers: [tier(), cheap] } })).toBe(200);
  });

  test("what server tools read can reach a tier that the request itself cannot", () => {
    const serverTools = [{ type: "web_search", maxUses: 1 }];
    const priced = { tiers: [tier(), long, longest], serverTools: { web_search: 0 } };
    // 1,100 tokens × 3,000 + 50 × 9,000.
    expect(reserved({ ask: { serverTools }, price: priced })).toBe(3_750);
  });
});

describe("service tiers", () => {
  const serviceTiers = { priority: 1.75, flex: 0.5 };
  test.each<[string | null, Record<string, number>, number]>([
    // The account's own setting may choose any of them.
    [null, serviceTiers, 350],
    ["auto", serviceTiers, 350],
    ["default", serviceTiers, 200],
    ["standard", serviceTiers, 200],
    ["standard_only", serviceTiers, 200],
    ["priority", serviceTiers, 350],
    // It may be served, and billed, as an ordinary one.
    ["flex", serviceTiers, 200],
    ["auto", { auto: 2 }, 400],
    [null, { auto: 2 }, 400],
    ["auto", { auto: 0.5 }, 200],
    ["default", { auto: 2, default: 3 }, 200],
  ])("%s with %j", (serviceTier, factors, nano) => {
    expect(reserved({ ask: { serviceTier }, price: { serviceTiers: factors } })).toBe(nano);
  });

  test("a factor does not touch fees", () => {
    const scene = {
      ask: { serviceTier: "priority", serverTools: [{ type: "web_search", maxUses: 2 }] },
      price: { serviceTiers, serverTools: { web_search: 10_000 }, perRequest: 4_000 },
    };
    // (2,100 × 1,000 + 50 × 2,000) × 1.75 + 2 × 10,000 + 4,000.
    expect(reserved(scene)).toBe(3_874);
  });

  test("a factor that leaves a part of a pico-USD is rounded up", () => {
    const rates = tier({ input: 1, output: 3, cachedInput: 0, reasoning: 3 });
    const scene = {
      ask: { serviceTier: "priority" },
      price: { tiers: [rates], serviceTiers: { priority: 1.1 } },
      bounds: { inputTokens: 1 },
    };
    expect(decide(scene)).toMatchObject({
      bounds: { fixedPico: 2, perTokenPico: 4, reserve: { usd: 1 } },
    });
  });

  test.each(["turbo", "constructor", "__proto__", "toString", ""])("%j is refused", (name) => {
    const answer = decide({ ask: { serviceTier: name }, price: { serviceTiers } });
    expect(answer).toMatchObject({ kind: "deny", code: "model.unbounded" });
  });

  test("one that the price book does not know is refused with what would bound it", () => {
    expect(decide({ ask: { serviceTier: "turbo" } })).toEqual({
      kind: "deny",
      code: "model.unbounded",
      facts: {
        model: "m",
        what: "service tier turbo",
        bound: "give it a factor under service_tiers in prices.yaml",
      },
    });
  });
});

describe("fees", () => {
  test("a fee for each call, rounded up with the rest", () => {
    expect(decide({ price: { perRequest: 1 } })).toMatchObject({
      bounds: { fixedPico: 100_001, reserve: { usd: 201 } },
    });
  });

  test.each([
    [0, 200],
    [1, 1_210],
    [3, 3_230],
  ])("%s uses of a server tool: each its fee and a context window", (maxUses, nano) => {
    const serverTools = [{ type: "web_search", maxUses }];
    const answer = decide({ ask: { serverTools }, price: { serverTools: { web_search: 10_000 } } });
    expect(answer).toMatchObject({
      bounds: { reserve: { usd: nano }, perTokenPico: 2_000 },
      numbers: { input_tokens_max: 100 + 1_000 * maxUses },
    });
  });

  test("several tools add up", () => {
    const serverTools = [
      { type: "web_search", maxUses: 1 },
      { type: "web_fetch", maxUses: 2 },
    ];
    const priced = { serverTools: { web_search: 10_000, web_fetch: 0 } };
    expect(reserved({ ask: { serverTools }, price: priced })).toBe(3_210);
  });

  test("what they read is at the dearest rate of input", () => {
    const scene = {
      ask: {
        serverTools: [{ type: "web_search", maxUses: 1 }],
        input: measure({ cacheWrite: "1h" as const }),
      },
      price: { serverTools: { web_search: 0 } },
    };
    expect(reserved(scene)).toBe(2_850);
  });
});

describe("what has no bound is refused by name", () => {
  const search = (maxUses: number | null, type = "web_search") => [{ type, maxUses }];
  const withAudio = { input: measure({ audioBytes: 1 }) };
  test.each<[string, Scene, string, string]>([
    [
      "a part of the request",
      { ask: { unbounded: ["background", "store"] } },
      "background",
      "leave background out",
    ],
    [
      "a server tool without a limit",
      { ask: { serverTools: search(null) }, price: { serverTools: { web_search: 1 } } },
      "web_search",
      "set max_uses on the tool",
    ],
    [
      "a server tool without a fee",
      { ask: { serverTools: search(1) } },
      "web_search",
      "give the tool a fee under server_tools in prices.yaml",
    ],
    [
      "a second server tool",
      {
        ask: { serverTools: [...search(1), ...search(null, "web_fetch")] },
        price: { serverTools: { web_search: 1, web_fetch: 1 } },
      },
      "web_fetch",
      "set max_uses on the tool",
    ],
    [
      "audio in",
      { ask: withAudio },
      "audio input",
      "give the model an input_audio price in prices.yaml",
    ],
    [
      "audio in that one tier has no rate for",
      { ask: withAudio, price: { tiers: [tier({ inputAudio: 1 }), tier({ fromInputTokens: 9 })] } },
      "audio input",
      "give the model an input_audio price in prices.yaml",
    ],
    [
      "audio out",
      { ask: { audioOutput: true }, price: { tiers: [tier({ inputAudio: 1 })] } },
      "audio output",
      "give the model an output_audio price in prices.yaml",
    ],
  ])("%s", (_name, scene, what, bound) => {
    expect(decide(scene)).toEqual({
      kind: "deny",
      code: "model.unbounded",
      facts: { model: "m", what, bound },
    });
  });

  test("a server tool with the name of something that every object has", () => {
    const answer = decide({ ask: { serverTools: search(1, "constructor") } });
    expect(answer).toMatchObject({ kind: "deny", code: "model.unbounded" });
  });

  test("the provider's id of the model is the one named", () => {
    const answer = decide({ ask: { unbounded: ["x"] }, target: { model: "at-provider" } });
    expect(answer).toMatchObject({ facts: { model: "at-provider" } });
  });

  test.each<[string, Scene]>([
    ["a sum that is not safe", { bounds: { inputTokens: 2 ** 44 } }],
    [
      "uses without measure",
      { ask: { serverTools: search(2 ** 50) }, price: { serverTools: { web_search: 1 } } },
    ],
    ["output without measure", { bounds: { outputCap: 2 ** 43 } }],
    ["choices without measure", { ask: { choices: 2 ** 40 } }],
  ])("%s", (_name, scene) => {
    expect(decide(scene)).toEqual({
      kind: "deny",
      code: "model.unbounded",
      facts: { model: "m", what: "the sum is too large" },
    });
  });

  test("the largest safe sum is still reserved", () => {
    const flat = tier({ input: 0, output: 0, cachedInput: 0, reasoning: 0 });
    const of = (perRequest: number) => decide({ price: { tiers: [flat], perRequest } });
    expect(of(Number.MAX_SAFE_INTEGER)).toMatchObject({
      bounds: { reserve: { usd: 9_007_199_254_741 } },
    });
    expect(of(Number.MAX_SAFE_INTEGER + 1).kind).toBe("deny");
  });
});

describe("in tokens", () => {
  const tokens = (scene: Scene) => {
    const answer = decide(scene);
    if (answer.kind !== "allow") throw new Error(`refused: ${JSON.stringify(answer)}`);
    const { fixedTokens, reserve, tokensPerCap } = answer.bounds;
    return [fixedTokens, tokensPerCap, reserve.tokens];
  };

  test("the input bound and the cap of every choice", () => {
    expect(tokens({})).toEqual([100, 1, 150]);
    expect(tokens({ ask: { choices: 3 } })).toEqual([100, 3, 250]);
    expect(tokens({ bounds: { outputCap: null } })).toEqual([100, 1, 500]);
  });

  test("a context window for each use of a server tool, read again as input", () => {
    const serverTools = [{ type: "web_search", maxUses: 2 }];
    const priced = { serverTools: { web_search: 0 } };
    expect(tokens({ ask: { serverTools }, price: priced })).toEqual([2_100, 1, 2_150]);
  });

  test("all that a model can give where it ignored its cap once, whatever cap is sent", () => {
    const scene = { ask: { choices: 2 }, target: { overbillsOutput: true } };
    expect(tokens(scene)).toEqual([900, 0, 900]);
  });

  test("a model that costs nothing is bounded all the same", () => {
    const free = { tiers: [tier({ input: 0, output: 0, cachedInput: 0, reasoning: 0 })] };
    expect(tokens({ price: free })).toEqual([100, 1, 150]);
    const endless = { ask: { choices: 2 ** 50 }, price: free };
    expect(decide(endless)).toMatchObject({ kind: "deny", code: "model.unbounded" });
  });
});

describe("without a provider or a price", () => {
  test("the model is not known", () => {
    expect(decide({ target: null })).toEqual({
      kind: "deny",
      code: "model.unknown",
      facts: { model: "m" },
    });
  });

  test("the model is not priced", () => {
    expect(decide({ target: { price: null, model: "at-provider" } })).toEqual({
      kind: "deny",
      code: "model.unpriced",
      facts: { model: "at-provider", provider: "p" },
    });
  });
});

describe("a model that once billed above its cap", () => {
  test("is reserved at its maximum whatever cap is sent, and narrowing saves nothing", () => {
    expect(decide({ ask: { choices: 2 }, target: { overbillsOutput: true } })).toMatchObject({
      // 100 × 1,000 + 2 × 400 × 2,000.
      bounds: { outputCap: 50, fixedPico: 1_700_000, perTokenPico: 0, reserve: { usd: 1_700 } },
      numbers: { output_tokens_max: 800 },
    });
  });

  test("without a cap it is the same sum", () => {
    const scene = { target: { overbillsOutput: true }, bounds: { outputCap: null } };
    expect(decide(scene)).toMatchObject({ bounds: { outputCap: 400, reserve: { usd: 900 } } });
  });
});

describe("the bound on input", () => {
  const overhead = { base: 7, perMessage: 5, perTool: 11, tools: 100, perImage: 50 };
  const bound = (input: Parameters<typeof measure>[0], changes: Partial<Target> = {}) => {
    const found = target({ rules: rules({ overhead }), ...changes });
    return inputBound(ask({ input: measure(input) }), found, price());
  };

  test.each([
    ["text, template and message", {}, 112],
    ["three messages", { messages: 3 }, 122],
    ["one tool adds the part for any tool", { tools: 1 }, 223],
    ["two tools add it once", { tools: 2 }, 234],
    ["images", { images: 2 }, 212],
    ["no more than the context window", { textBytes: 988 }, 1_000],
    ["at most the context window", { textBytes: 5_000_000 }, 1_000],
    ["one below the context window", { textBytes: 987 }, 999],
    ["files are not measured in tokens", { fileBytes: 1 }, 1_000],
    ["audio is not measured in tokens", { audioBytes: 1 }, 1_000],
    ["a reference is not measured at all", { unmeasured: "file_id" }, 1_000],
  ])("%s", (_name, input, tokens) => {
    expect(bound(input)).toBe(tokens);
  });

  test("is the context window where the provider's tokens are not known", () => {
    expect(bound({}, { rules: rules({ overhead, inputBound: "context_window" }) })).toBe(1_000);
  });

  test("is the context window where the model once billed more", () => {
    expect(bound({}, { overbillsInput: true })).toBe(1_000);
    expect(bound({}, { overbillsOutput: true, rules: rules({ overhead }) })).toBe(112);
  });

  test("grows by a context window for each use of a server tool", () => {
    const serverTools = [
      { type: "web_search", maxUses: 2 },
      { type: "web_fetch", maxUses: 3 },
      { type: "other", maxUses: null },
    ];
    expect(mostInputTokens(ask({ serverTools }), 100, price())).toBe(5_100);
    expect(mostInputTokens(ask(), 100, price())).toBe(100);
  });
});
