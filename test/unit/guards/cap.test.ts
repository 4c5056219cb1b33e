/** The limits of one call: clamped where that is honest, refused where it is not. */
import { describe, expect, test } from "vitest";
import type { ModelAsk } from "../../../src/guards/call.ts";
import { cap, limitsFor, TELL_BYTES_MAX, THINKING_MIN } from "../../../src/guards/cap/cap.ts";
import type { Target } from "../../../src/guards/facts.ts";
import type { CallLimits, Manifest } from "../../../src/guards/manifest/manifest.ts";
import {
  ask,
  bounds,
  facts,
  limits,
  manifest,
  measure,
  price,
  purse,
  rules,
  target,
} from "./scenes.ts";

const BEFORE = bounds({ outputCap: null, outputFloor: 1, inputTokens: 0 });
const STATES = Object.freeze({ purses: [] });

interface Scene {
  readonly ask?: Partial<ModelAsk>;
  readonly limits?: Partial<CallLimits>;
  readonly manifest?: Partial<Manifest>;
  readonly target?: Partial<Target> | null;
}

/** The model gives out 400 at most, the request is 100 bytes. */
function decide(scene: Scene) {
  const told = facts({
    ask: ask(scene.ask),
    manifest: manifest({ limits: limits(scene.limits), ...scene.manifest }),
    target: scene.target === null ? null : target(scene.target),
  });
  const [after, answer] = cap(told, BEFORE, STATES);
  expect(after).toBe(STATES);
  return answer;
}

const refused = (limit: string, max: number, asked: number) => ({
  kind: "deny",
  code: "call.cap",
  facts: { limit, max, asked },
});

describe("the output cap", () => {
  test.each<[string, number | null, number | null, number | null, number]>([
    ["none anywhere: nothing is injected", null, null, null, 400],
    ["the client's own", 50, null, 50, 400],
    ["the client's own at the model's maximum", 400, null, 400, 400],
    ["the client's above the model's maximum", 401, null, 400, 400],
    ["the manifest's, injected", null, 70, 70, 70],
    ["the manifest's at its value", 70, 70, 70, 70],
    ["the client's above the manifest's", 71, 70, 70, 70],
    ["the client's below the manifest's", 69, 70, 69, 70],
    ["the manifest's above the model's maximum", null, 500, 400, 400],
    ["both above the model's maximum", 600, 500, 400, 400],
  ])("%s", (_name, asked, limit, sent, ceiling) => {
    const answer = decide({ ask: { outputCap: asked }, limits: { maxOutputTokens: limit } });
    const numbers = { ceiling, input_tokens_max: 100 };
    expect(answer).toEqual({
      kind: "allow",
      bounds: { ...BEFORE, inputTokens: 100, outputCap: sent, outputFloor: 10 },
      numbers: sent === null ? numbers : { ...numbers, output_cap: sent },
    });
  });

  test("a strict manifest refuses what it would clamp", () => {
    const strict = { limits: limits({ maxOutputTokens: 70 }), strict: true };
    const of = (outputCap: number | null) => decide({ ask: { outputCap }, manifest: strict });
    expect(of(71)).toEqual(refused("max_output_tokens", 70, 71));
    expect(of(70)).toMatchObject({ kind: "allow", bounds: { outputCap: 70 } });
    expect(of(null)).toMatchObject({ kind: "allow", bounds: { outputCap: 70 } });
  });

  test("a strict manifest without a limit refuses what the model cannot give", () => {
    const answer = decide({ ask: { outputCap: 401 }, manifest: { strict: true } });
    expect(answer).toEqual(refused("max_output_tokens", 400, 401));
  });

  test("the model's own entry holds in place of the agent's limits", () => {
    const own = limits({ maxOutputTokens: 30 });
    const models = new Map([["m", own]]);
    const answer = decide({ limits: { maxOutputTokens: 90 }, manifest: { models } });
    expect(answer).toMatchObject({ kind: "allow", bounds: { outputCap: 30 } });
    const agent = manifest({ models });
    expect(limitsFor(agent, "m")).toBe(own);
    expect(limitsFor(agent, "other")).toBe(agent.limits);
    expect(limitsFor(manifest(), "m")).toEqual(limits());
  });
});

describe("the floor of narrowing", () => {
  test.each<[string, Scene, number]>([
    ["what is useful", {}, 10],
    ["what is useful, not above what was asked", { ask: { outputCap: 3 } }, 3],
    ["the provider's least", { target: { rules: rules({ outputCapMin: 16 }) } }, 16],
    [
      "the provider's least, not above what was asked",
      { ask: { outputCap: 12 }, target: { rules: rules({ outputCapMin: 16 }) } },
      12,
    ],
    [
      "without a cap, not above the ceiling",
      { ask: { outputCap: null }, limits: { minUsefulOutput: 999 } },
      400,
    ],
    ["nothing useful named", { limits: { minUsefulOutput: 0 } }, 1],
  ])("%s", (_name, scene, outputFloor) => {
    expect(decide(scene)).toMatchObject({ kind: "allow", bounds: { outputFloor } });
  });
});

describe("thinking", () => {
  const large = { price: price({ maxOutput: 8_000, contextWindow: 9_000 }) };
  const thinks = (outputCap: number | null, maxOutputTokens: number | null = null) =>
    decide({
      ask: { outputCap, thinkingBudget: 2_000 },
      limits: { maxOutputTokens },
      target: large,
    });

  test("the floor leaves the least budget and one token", () => {
    expect(THINKING_MIN).toBe(1_024);
    expect(thinks(4_000)).toMatchObject({ bounds: { outputCap: 4_000, outputFloor: 1_025 } });
    expect(thinks(null)).toMatchObject({ bounds: { outputCap: null, outputFloor: 1_025 } });
  });

  test("a larger useful answer is the floor", () => {
    const answer = decide({
      ask: { outputCap: 4_000, thinkingBudget: 2_000 },
      limits: { minUsefulOutput: 3_000 },
      target: large,
    });
    expect(answer).toMatchObject({ bounds: { outputFloor: 3_000 } });
  });

  test("a cap that leaves no token beside the least budget is refused", () => {
    expect(thinks(4_000, 1_025)).toMatchObject({
      bounds: { outputCap: 1_025, outputFloor: 1_025 },
    });
    expect(thinks(4_000, 1_024)).toEqual(refused("max_output_tokens", 1_024, 2_000));
    expect(thinks(1_024)).toEqual(refused("max_output_tokens", 8_000, 2_000));
  });

  test("a model that cannot give out so much is refused, also without a cap", () => {
    const answer = decide({ ask: { outputCap: null, thinkingBudget: 2_000 } });
    expect(answer).toEqual(refused("max_output_tokens", 400, 2_000));
  });
});

describe("what cannot be clamped", () => {
  test.each([
    [2, 2, "allow"],
    [3, 2, "deny"],
    [1, 1, "allow"],
    [100, null, "allow"],
  ])("%s choices where %s are allowed", (choices, maxN, kind) => {
    const answer = decide({ ask: { choices }, limits: { maxN } });
    if (kind === "allow") expect(answer.kind).toBe("allow");
    else expect(answer).toEqual(refused("max_n", maxN ?? 0, choices));
  });

  test.each([
    [100, 100, "allow"],
    [101, 100, "deny"],
    [101, null, "allow"],
  ])("%s bytes where %s tokens are allowed", (textBytes, maxInputTokens, kind) => {
    const input = measure({ textBytes });
    const answer = decide({ ask: { input }, limits: { maxInputTokens } });
    if (kind === "allow") expect(answer).toMatchObject({ bounds: { inputTokens: textBytes } });
    else expect(answer).toEqual(refused("max_input_tokens", 100, 101));
  });

  test("what cannot be measured counts as the whole context window", () => {
    const input = measure({ unmeasured: "file_id" });
    const answer = decide({ ask: { input }, limits: { maxInputTokens: 999 } });
    expect(answer).toEqual(refused("max_input_tokens", 999, 1_000));
  });
});

describe("the line about the budget", () => {
  test("counts as input at its longest", () => {
    expect(TELL_BYTES_MAX).toBe(512);
    const answer = decide({ manifest: { tellAgent: true } });
    expect(answer).toMatchObject({
      bounds: { inputTokens: 612 },
      numbers: { input_tokens_max: 612 },
    });
  });

  test("counts once for each unit that the budgets count", () => {
    const purses = (["usd", "tokens", "usd", "tokens"] as const).map((unit) => purse({ unit }));
    const [, answer] = cap(facts({ manifest: manifest({ tellAgent: true }) }), BEFORE, { purses });
    expect(answer).toMatchObject({ bounds: { inputTokens: 100 + 2 * TELL_BYTES_MAX } });
  });

  test("is in the limit on input too", () => {
    const of = (maxInputTokens: number) =>
      decide({ manifest: { limits: limits({ maxInputTokens }), tellAgent: true } });
    expect(of(612).kind).toBe("allow");
    expect(of(611)).toEqual(refused("max_input_tokens", 611, 612));
  });
});

describe("a call that a later guard refuses", () => {
  test.each<[string, Partial<Target> | null]>([
    ["no provider serves the model", null],
    ["the model has no price", { price: null }],
  ])("%s: passes here as it came", (_name, found) => {
    expect(decide({ target: found })).toEqual({ kind: "allow", bounds: BEFORE, numbers: {} });
  });

  test("but not with too many choices", () => {
    const answer = decide({ ask: { choices: 3 }, limits: { maxN: 2 }, target: null });
    expect(answer).toEqual(refused("max_n", 2, 3));
  });
});
