/** All guards in their order: the first refusal wins, and nothing of the others remains. */

import { describe, expect, test } from "vitest";
import { admit } from "../../../src/guards/decide.ts";
import type { Facts } from "../../../src/guards/facts.ts";
import { type Manifest, NO_TOOLS } from "../../../src/guards/manifest/manifest.ts";
import type { PolicyVerdict } from "../../../src/guards/policy/said.ts";
import { ask, facts, limits, manifest, measure, purse, seen, slice, target } from "./scenes.ts";

const SEARCH = { type: "web_search", maxUses: 1 };
const RICH = purse({ slice: slice({ free: 1_000 }) });
const SPENT = purse({ seen: seen({ spent: 1_000n }) });

/** What each guard refuses, alone: in the order in which they are asked. */
const SAID: PolicyVerdict = {
  ...{ policy: "authz", verdict: "allow", reasons: [], because: null, about: null },
  ...{ tell: false, outputMax: null },
};

const FAULTS: readonly (readonly [guard: string, code: string, fault: (told: Facts) => Facts])[] = [
  ["task", "task.ended", (told) => ({ ...told, task: { ...told.task, ended: true } })],
  [
    "request",
    "request.unknown-field",
    (told) => ({ ...told, ask: { ...told.ask, unknownFields: ["body foo"] } }),
  ],
  [
    "manifest",
    "model.not-granted",
    (told) => ({ ...told, manifest: { ...told.manifest, models: new Map() } }),
  ],
  [
    "tools",
    "manifest.unknown-tool",
    (told) => ({
      ...told,
      ask: { ...told.ask, offeredTools: ["weather"] },
      manifest: { ...told.manifest, strict: true },
    }),
  ],
  [
    "hosted",
    "manifest.unknown-tool",
    (told) => ({ ...told, ask: { ...told.ask, serverTools: [SEARCH] } }),
  ],
  [
    "policy",
    "policy.denied",
    (told) => ({ ...told, policy: [{ ...SAID, verdict: "deny", reasons: ["no"] }] }),
  ],
  ["cap", "call.cap", (told) => ({ ...told, ask: { ...told.ask, choices: 9 } })],
  [
    "price",
    "model.unbounded",
    (told) => ({ ...told, ask: { ...told.ask, unbounded: ["background"] } }),
  ],
];
const ORDER = [...FAULTS.map(([guard]) => guard), "clutch", "approval", "budget"];

const BASE = facts({ manifest: manifest({ limits: limits({ maxN: 2 }) }) });

describe("a call that all allow", () => {
  test("has the bounds that each narrowed for the next, and is reserved", () => {
    const states = Object.freeze({ purses: [RICH] });
    const { states: after, ...decision } = admit(BASE, states);
    expect(after).toEqual({ purses: [{ ...RICH, slice: slice({ free: 800, reserved: 200 }) }] });
    expect(decision).toEqual({
      verdict: {
        kind: "allow",
        bounds: {
          outputCap: 50,
          outputFloor: 10,
          removedTools: new Set(),
          inputTokens: 100,
          fixedPico: 100_000,
          perTokenPico: 2_000,
          fixedTokens: 100,
          tokensPerCap: 1,
          reserve: { usd: 200, tokens: 150, calls: 1 },
        },
        numbers: { reserve_nano_usd: 200 },
      },
      answers: [
        { guard: "task", answer: "allow", numbers: {} },
        { guard: "request", answer: "allow", numbers: {} },
        { guard: "manifest", answer: "allow", numbers: { models: "any priced" } },
        { guard: "tools", answer: "allow", numbers: {} },
        { guard: "hosted", answer: "allow", numbers: {} },
        { guard: "policy", answer: "allow", numbers: {} },
        {
          guard: "cap",
          answer: "allow",
          numbers: { ceiling: 400, input_tokens_max: 100, output_cap: 50 },
        },
        {
          guard: "price",
          answer: "allow",
          numbers: {
            input_tokens_max: 100,
            output_tokens_max: 50,
            input_pico_usd: 1_000,
            output_pico_usd: 2_000,
            worst_case_nano_usd: 200,
            price: "prices.yaml",
          },
        },
        { guard: "clutch", answer: "allow", numbers: { clutch: "engaged" } },
        { guard: "approval", answer: "allow", numbers: {} },
        { guard: "budget", answer: "allow", numbers: { reserve_nano_usd: 200 } },
      ],
    });
  });

  test("is the same call each time it is asked about", () => {
    const states = { purses: [RICH] };
    expect(admit(BASE, states)).toEqual(admit(BASE, states));
    expect(states).toEqual({ purses: [RICH] });
  });

  test("is narrowed by the budget below what the cap guard left", () => {
    const poor = purse({ slice: slice({ free: 150 }), seen: seen() });
    const account = { ...poor, seen: seen({ leased: 1_000n }) };
    const { verdict } = admit(BASE, { purses: [account] });
    expect(verdict).toMatchObject({
      kind: "allow",
      bounds: { outputCap: 25, reserve: { usd: 150 } },
    });
  });
});

test("tools that are not granted are taken out, and the journal is told how many", () => {
  const told = { ...BASE, ask: { ...BASE.ask, offeredTools: ["weather", "", "weather"] } };
  const { answers, verdict } = admit(told, { purses: [RICH] });
  expect(verdict).toMatchObject({ kind: "allow", bounds: { removedTools: new Set([0, 1, 2]) } });
  expect(answers[3]).toEqual({
    guard: "tools",
    answer: "allow",
    numbers: { tools_offered: 3, tools_removed: 3 },
  });
});

test("a tool that the provider runs is granted as such, and a blacklist wins", () => {
  const ask = { ...BASE.ask, serverTools: [SEARCH] };
  const having = (tools: Partial<Manifest["tools"]>) =>
    admit(
      { ...BASE, ask, manifest: { ...BASE.manifest, tools: { ...NO_TOOLS, ...tools } } },
      { purses: [RICH] },
    ).verdict;
  const granted = { hosted: new Set(["web_search"]) };
  // Past this guard: its fee is asked for next.
  expect(having(granted)).toMatchObject({ kind: "deny", code: "model.unbounded" });
  expect(having({})).toMatchObject({ code: "manifest.unknown-tool" });
  expect(having({ ...granted, blacklisted: new Set(["web_search"]) })).toMatchObject({
    code: "manifest.blacklisted",
  });
});

test("the gateway's own tool may be offered by everybody, also where the agent is strict", () => {
  const offeredTools = ["slipclutch_budget", "mcp__slipclutch__slipclutch_budget"];
  const strict = { ...BASE.manifest, strict: true };
  const told = { ...BASE, manifest: strict, ask: { ...BASE.ask, offeredTools } };
  const { verdict } = admit(told, { purses: [RICH] });
  expect(verdict).toMatchObject({ kind: "allow", bounds: { removedTools: new Set() } });
  const alike = { ...told, ask: { ...BASE.ask, offeredTools: ["Slipclutch_Budget"] } };
  expect(admit(alike, { purses: [RICH] }).verdict).toMatchObject({
    kind: "deny",
    code: "manifest.unknown-tool",
  });
});

describe("a call that one guard refuses", () => {
  test.each(FAULTS)("%s: %s, and no later guard is asked", (guard, code, fault) => {
    const states = Object.freeze({ purses: [RICH, SPENT] });
    const { answers, states: after, verdict } = admit(fault(BASE), states);
    expect(after).toBe(states);
    expect(verdict).toMatchObject({ kind: "deny", code, rule: guard });
    expect(answers.map((one) => one.guard)).toEqual(ORDER.slice(0, ORDER.indexOf(guard) + 1));
    expect(answers.slice(0, -1).every((one) => one.answer === "allow")).toBe(true);
    const numbers = verdict.kind === "deny" ? { ...verdict.facts, ...verdict.kept } : null;
    expect(answers.at(-1)).toEqual({ guard, answer: code, numbers });
  });

  test.each(
    FAULTS.flatMap((first, index) => FAULTS.slice(index + 1).map((second) => [first, second])),
  )("the earlier of two refusals wins: $0.0 before $1.0", (...faults) => {
    const told = faults.reduce((facts, fault) => fault?.[2](facts) ?? facts, BASE);
    expect(admit(told, { purses: [] }).verdict).toMatchObject({ rule: faults[0]?.[0] });
  });

  test("the budget is the last: it refuses, and lists all", () => {
    const states = Object.freeze({ purses: [RICH, SPENT] });
    const { answers, states: after, verdict } = admit(BASE, states);
    expect(after).toBe(states);
    expect(verdict).toMatchObject({ kind: "deny", code: "budget.exhausted", rule: "budget" });
    expect(answers.map((one) => one.guard)).toEqual(ORDER);
    expect(answers.at(-1)).toMatchObject({ guard: "budget", answer: "budget.exhausted" });
  });

  test("keeps what the client is told to wait", () => {
    const held = purse({ seen: seen({ leased: 1_000n }) });
    const { verdict } = admit(BASE, { purses: [held] });
    expect(verdict).toMatchObject({ code: "budget.contended", retryAfterMs: 1_000 });
  });

  test("a model that nobody serves or that has no price passes to the guard of prices", () => {
    const unknown = admit({ ...BASE, target: null }, { purses: [RICH] });
    expect(unknown.verdict).toMatchObject({ code: "model.unknown", rule: "price" });
    const unpriced = admit({ ...BASE, target: target({ price: null }) }, { purses: [RICH] });
    expect(unpriced.verdict).toMatchObject({ code: "model.unpriced", rule: "price" });
  });
});

describe("a paused agent", () => {
  const clutch = { state: "disengaged", review: "r-1", since: 0 } as const;

  test("is parked after all that refuses for good, and before the money", () => {
    const states = Object.freeze({ purses: [RICH] });
    const { answers, states: after, verdict } = admit({ ...BASE, clutch }, states);
    expect(verdict).toEqual({ kind: "park", cause: "clutch", review: "r-1" });
    expect(after).toBe(states);
    expect(answers.map((one) => one.guard)).toEqual(ORDER.slice(0, -2));
    expect(answers.at(-1)).toMatchObject({ answer: "park: clutch", numbers: { review: "r-1" } });
  });

  test("is refused all the same what is refused for good", () => {
    for (const [guard, code, spoil] of FAULTS) {
      const { verdict } = admit({ ...spoil(BASE), clutch }, { purses: [RICH] });
      expect([guard, verdict]).toMatchObject([guard, { kind: "deny", code }]);
    }
  });
});

test("a slice that is short asks for a lease: neither allowed nor refused", () => {
  const states = Object.freeze({ purses: [RICH, purse({ slice: slice({ free: 199 }) })] });
  const { answers, states: after, verdict } = admit(BASE, states);
  expect(after).toBe(states);
  expect(verdict).toEqual({ kind: "short", need: { usd: 200, tokens: 150, calls: 1 } });
  expect(answers.map((one) => one.guard)).toEqual(ORDER.slice(0, -1));
});

test("an agent without a budget is bounded all the same, and reserves nothing", () => {
  const told = { ...BASE, ask: ask({ input: measure({ textBytes: 300 }) }) };
  const { states, verdict } = admit(told, { purses: [] });
  expect(states).toEqual({ purses: [] });
  expect(verdict).toMatchObject({
    kind: "allow",
    bounds: { inputTokens: 300, reserve: { usd: 400 } },
  });
});
