/** The budget guard: all accounts or none, narrowed before refused, and spent told from held. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { budget, costAt } from "../../../src/guards/budget/admit.ts";
import type { Purse } from "../../../src/guards/budget/slice.ts";
import { UNITS, type Unit } from "../../../src/guards/budget/unit.ts";
import type { Bounds } from "../../../src/guards/facts.ts";
import { bounds, facts, purse, seen, slice, usd } from "./scenes.ts";

/** 100 nano-USD for the input and 2 for each token of at most 50: 200 in all, 120 at the floor. */
const CALL = bounds({ fixedPico: 100_000, perTokenPico: 2_000, reserve: usd(200) });

/** A purse of which the store has said all: so much free here, so much room, so much hope. */
function asked(name: string, free: number, room: bigint, hope: bigint): Purse {
  const limit = 10_000n;
  const account = seen({ limit, spent: limit - hope, leased: hope - room });
  return purse({ budget: name, slice: slice({ free }), seen: account });
}

function decide(purses: readonly Purse[], asks: Bounds = CALL) {
  const states = Object.freeze({ purses: Object.freeze([...purses]) });
  const [after, answer] = budget(facts(), asks, states);
  return { states, after, answer };
}

describe("a call that the slices cover", () => {
  test("is reserved on every account, to the last nano-USD", () => {
    const purses = [
      purse({ budget: "one", slice: slice({ free: 200 }) }),
      purse({ budget: "two", scope: "s", slice: slice({ free: 900, reserved: 5, unflushed: 3 }) }),
    ];
    const { after, answer } = decide(purses);
    expect(answer).toEqual({ kind: "allow", bounds: CALL, numbers: { reserve_nano_usd: 200 } });
    expect(after).toEqual({
      purses: [
        { ...purses[0], slice: slice({ free: 0, reserved: 200 }) },
        { ...purses[1], slice: slice({ free: 700, reserved: 205, unflushed: 3 }) },
      ],
    });
  });

  test("draws on nothing where the agent has no budget", () => {
    const { after, answer } = decide([]);
    expect(after).toEqual({ purses: [] });
    expect(answer).toMatchObject({ kind: "allow", bounds: CALL });
  });

  test("may cost nothing and is allowed on empty accounts", () => {
    const free = bounds({ reserve: usd(0) });
    expect(decide([purse()], free).answer).toMatchObject({ kind: "allow", bounds: free });
  });
});

describe("a call that one slice does not cover", () => {
  test("asks the store first, for all that it needs, and leaves the states as they are", () => {
    const { after, answer, states } = decide([
      purse({ slice: slice({ free: 900 }) }),
      purse({ slice: slice({ free: 199 }) }),
    ]);
    expect(answer).toEqual({ kind: "short", need: usd(200) });
    expect(after).toBe(states);
  });

  test("asks also while another account has been asked, and is known to be spent", () => {
    const { answer } = decide([asked("spent", 0, 0n, 0n), purse({ slice: slice({ free: 10 }) })]);
    expect(answer).toEqual({ kind: "short", need: usd(200) });
  });

  test("does not ask for an account that was not asked but covers it", () => {
    const { answer } = decide([asked("spent", 0, 0n, 0n), purse({ slice: slice({ free: 200 }) })]);
    expect(answer).toMatchObject({ kind: "deny", code: "budget.exhausted" });
  });

  test("leases where slice and room together cover it", () => {
    const { after, answer, states } = decide([asked("b", 150, 50n, 1_000n)]);
    expect(answer).toEqual({ kind: "short", need: usd(200) });
    expect(after).toBe(states);
  });
});

describe("narrowing", () => {
  test.each([
    ["one nano-USD short takes one token", 199, 49, 198],
    ["two short take one token", 198, 49, 198],
    ["the last that still makes a useful answer", 121, 10, 120],
    ["exactly the floor", 120, 10, 120],
  ])("%s", (_name, free, cap, reserve) => {
    const narrowed = { ...CALL, outputCap: cap, reserve: usd(reserve) };
    const mine = asked("b", free, 0n, 1_000n);
    const { after, answer } = decide([mine]);
    const numbers = { reserve_nano_usd: reserve };
    expect(answer).toEqual({ kind: "allow", bounds: narrowed, numbers });
    const left = slice({ free: free - reserve, reserved: reserve });
    expect(after).toEqual({ purses: [{ ...mine, slice: left }] });
  });

  test("never goes below the floor", () => {
    const { after, answer, states } = decide([asked("b", 119, 0n, 1_000n)]);
    expect(answer).toMatchObject({ kind: "deny", code: "budget.contended" });
    expect(after).toBe(states);
  });

  test("follows the poorest account and is reserved alike on all", () => {
    const { after, answer } = decide([asked("rich", 900, 0n, 900n), asked("poor", 150, 0n, 900n)]);
    expect(answer).toMatchObject({
      kind: "allow",
      bounds: { outputCap: 25, reserve: { usd: 150 } },
    });
    expect(after.purses.map((one) => one.slice)).toEqual([
      slice({ free: 750, reserved: 150 }),
      slice({ free: 0, reserved: 150 }),
    ]);
  });

  test("counts what the store could still lease, and asks for it", () => {
    const { after, answer, states } = decide([asked("b", 100, 55n, 1_000n)]);
    expect(answer).toEqual({ kind: "short", need: usd(154) });
    expect(after).toBe(states);
  });

  test("a room below zero takes nothing from what is held here", () => {
    const { answer } = decide([asked("b", 150, -500n, 1_000n)]);
    expect(answer).toMatchObject({
      kind: "allow",
      bounds: { outputCap: 25, reserve: { usd: 150 } },
    });
  });

  test("is of no use where the output costs nothing", () => {
    const flat = bounds({ fixedPico: 200_000, perTokenPico: 0, reserve: usd(200) });
    expect(decide([asked("b", 199, 0n, 1_000n)], flat).answer).toMatchObject({
      code: "budget.contended",
      facts: { needed_usd: "0.0000002" },
    });
  });

  test("is not needed where slice and room cover the call exactly, whatever its output costs", () => {
    const flat = bounds({ fixedPico: 200_000, perTokenPico: 0, reserve: usd(200) });
    expect(decide([asked("b", 150, 50n, 1_000n)], flat).answer).toEqual({
      kind: "short",
      need: usd(200),
    });
  });

  test("is not done to a call that has no cap", () => {
    const uncapped = { ...CALL, outputCap: null };
    expect(decide([asked("b", 199, 0n, 1_000n)], uncapped).answer).toMatchObject({
      code: "budget.contended",
      facts: { needed_usd: "0.0000002" },
    });
  });

  test("takes the largest cap that fits, and one more would not", () => {
    const nat = (max: number) => fc.nat({ max });
    const call = fc.record({ fixed: nat(10 ** 9), perToken: fc.integer({ min: 1, max: 10 ** 8 }) });
    fc.assert(
      fc.property(call, nat(5_000), nat(60), nat(999), (rates, cap, floor, share) => {
        const plain = { fixedPico: rates.fixed, perTokenPico: rates.perToken };
        const whole = bounds({ ...plain, outputCap: cap, outputFloor: Math.min(floor, cap) });
        const asks = { ...whole, reserve: costAt(whole, cap) };
        const free = Math.floor((asks.reserve.usd * share) / 1_000);
        const { answer } = decide([asked("b", free, 0n, 10_000n)], asks);
        if (answer.kind === "allow") {
          const { outputCap, reserve } = answer.bounds;
          expect(outputCap).toBeGreaterThanOrEqual(asks.outputFloor);
          expect(reserve).toEqual(costAt(asks, outputCap ?? -1));
          expect(reserve.usd).toBeLessThanOrEqual(free);
          if (outputCap !== cap)
            expect(costAt(asks, (outputCap ?? 0) + 1).usd).toBeGreaterThan(free);
        } else {
          expect(answer.kind).toBe("deny");
          expect(costAt(asks, asks.outputFloor).usd).toBeGreaterThan(free);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("budgets of several units", () => {
  /** 100 tokens of input, and for each of two choices as many as the cap, of at most 50. */
  const COUNTED = bounds({
    ...{ fixedPico: 100_000, perTokenPico: 2_000, fixedTokens: 100, tokensPerCap: 2 },
    reserve: { usd: 200, tokens: 200, calls: 1 },
  });
  /** As `asked`, of this unit. */
  const of = (unit: Unit, free: number, room: bigint, hope: bigint): Purse => {
    return { ...asked(unit, free, room, hope), unit };
  };

  test("each take their own, and the others' amounts do not matter to them", () => {
    const purses = UNITS.map((unit) => purse({ unit, slice: slice({ free: 1_000 }) }));
    const { after, answer } = decide(purses, COUNTED);
    expect(after.purses.map((one) => one.slice)).toEqual([
      slice({ free: 800, reserved: 200 }),
      slice({ free: 800, reserved: 200 }),
      slice({ free: 999, reserved: 1 }),
    ]);
    const numbers = { reserve_nano_usd: 200, reserve_tokens: 200, reserve_calls: 1 };
    expect(answer).toEqual({ kind: "allow", bounds: COUNTED, numbers });
  });

  test("one that is short asks for all that the call needs, by unit", () => {
    const purses = [
      purse({ slice: slice({ free: 900 }) }),
      purse({ unit: "calls", slice: slice({ free: 0 }) }),
    ];
    expect(decide(purses, COUNTED).answer).toEqual({ kind: "short", need: COUNTED.reserve });
  });

  test.each([
    ["one token short takes one of each choice", 199, 49],
    ["two short too", 198, 49],
    ["exactly the floor", 120, 10],
  ])("%s", (_name, free, cap) => {
    const { answer } = decide([of("tokens", free, 0n, 1_000n)], COUNTED);
    const reserve = { usd: 100 + 2 * cap, tokens: 100 + 2 * cap, calls: 1 };
    expect(answer).toMatchObject({ kind: "allow", bounds: { outputCap: cap, reserve } });
  });

  test("the scarcest of money and tokens decides the cap", () => {
    const both = (usd: number, tokens: number) => {
      return decide([of("usd", usd, 0n, 900n), of("tokens", tokens, 0n, 900n)], COUNTED).answer;
    };
    expect(both(140, 160)).toMatchObject({ bounds: { outputCap: 20 } });
    expect(both(180, 130)).toMatchObject({ bounds: { outputCap: 15 } });
  });

  test("a model that ignores its cap is not narrowed in tokens either", () => {
    const ignores = { ...COUNTED, fixedTokens: 200, tokensPerCap: 0 };
    expect(decide([of("tokens", 199, 0n, 1_000n)], ignores).answer).toMatchObject({
      code: "budget.contended",
      facts: { needed_tokens: "200" },
    });
  });

  test("spent tokens are named as tokens", () => {
    expect(decide([of("tokens", 0, 0n, 119n)], COUNTED).answer).toEqual({
      kind: "deny",
      code: "budget.exhausted",
      facts: {
        budget: "tokens",
        limit_tokens: "10000",
        spent_tokens: "9881",
        remaining_tokens: "119",
        needed_tokens: "120",
      },
    });
  });

  test("no part of a call fits in what is left of calls, whatever the cap", () => {
    expect(decide([of("calls", 0, 0n, 0n)], COUNTED).answer).toEqual({
      kind: "deny",
      code: "budget.exhausted",
      facts: {
        budget: "calls",
        limit_calls: "10000",
        spent_calls: "10000",
        remaining_calls: "0",
        needed_calls: "1",
      },
    });
    expect(decide([of("calls", 0, 0n, 1n)], COUNTED).answer).toMatchObject({
      code: "budget.contended",
      facts: { needed_calls: "1" },
      retryAfterMs: 1_000,
    });
  });
});

describe("the cost at a cap", () => {
  test.each([
    [0, 1, 0, 0],
    [0, 1, 1, 1],
    [0, 1, 1_000, 1],
    [0, 1, 1_001, 2],
    [999, 1, 1, 1],
    [999, 1, 2, 2],
    [1_000, 500, 3, 3],
  ])("%s fixed and %s a token: at %s tokens %s", (fixedPico, perTokenPico, cap, nano) => {
    expect(costAt(bounds({ fixedPico, perTokenPico }), cap)).toEqual(usd(nano));
  });
});

describe("a refusal", () => {
  test("is final where even the least answer is above all hope, with the numbers", () => {
    const account = seen({ limit: 1_000n, spent: 800n, leased: 119n, forfeited: 81n });
    const mine = purse({ budget: "b", scope: "s", slice: slice({ free: 119 }), seen: account });
    const { after, answer, states } = decide([mine]);
    expect(after).toBe(states);
    expect(answer).toEqual({
      kind: "deny",
      code: "budget.exhausted",
      facts: {
        budget: "b",
        scope: "s",
        limit_usd: "0.000001",
        spent_usd: "0.0000008",
        remaining_usd: "0.000000119",
        needed_usd: "0.00000012",
      },
    });
  });

  test("is for a moment where others hold what the least answer needs", () => {
    const account = seen({ limit: 1_000n, spent: 880n, leased: 119n });
    const { after, answer, states } = decide([
      purse({ slice: slice({ free: 100 }), seen: account }),
    ]);
    expect(after).toBe(states);
    expect(answer).toEqual({
      kind: "deny",
      code: "budget.contended",
      facts: {
        budget: "b",
        limit_usd: "0.000001",
        spent_usd: "0.00000088",
        remaining_usd: "0.00000012",
        needed_usd: "0.00000012",
      },
      retryAfterMs: 1_000,
    });
  });

  test.each([
    [120n, "budget.contended"],
    [119n, "budget.exhausted"],
    [-5n, "budget.exhausted"],
  ])("with a hope of %s it is %s", (hope, code) => {
    expect(decide([asked("b", 0, 0n, hope)]).answer).toMatchObject({ code });
  });

  test("names the spent account, whichever comes first", () => {
    const [held, spent] = [asked("held", 0, 0n, 1_000n), asked("spent", 0, 0n, 5n)];
    const expected = { code: "budget.exhausted", facts: { budget: "spent" } };
    expect(decide([held, spent]).answer).toMatchObject(expected);
    expect(decide([spent, held]).answer).toMatchObject(expected);
  });

  test("names the account that is held, not the one that covers the call", () => {
    const purses = [asked("rich", 900, 0n, 1_000n), asked("held", 0, 0n, 1_000n)];
    expect(decide(purses).answer).toMatchObject({
      code: "budget.contended",
      facts: { budget: "held" },
    });
  });

  test("needs no more than the call's own cap where that is below what is useful", () => {
    const small = { ...CALL, outputCap: 5, outputFloor: 10, reserve: usd(110) };
    expect(decide([asked("b", 0, 0n, 110n)], small).answer).toMatchObject({
      code: "budget.contended",
      facts: { needed_usd: "0.00000011" },
    });
  });

  test("leaves no account touched, whatever they hold", () => {
    const one = fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 100 }), fc.nat({ max: 300 }));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), (amounts) => {
        const purses = amounts.map(([free, room, leased], index) =>
          asked(`b${index}`, free, BigInt(room), BigInt(room + leased)),
        );
        const { after, answer, states } = decide(purses);
        if (answer.kind !== "allow") {
          expect(after).toBe(states);
          return;
        }
        for (const [index, purse] of after.purses.entries()) {
          const { free } = purse.slice;
          expect(purse.slice.reserved).toBe(answer.bounds.reserve.usd);
          expect(free).toBe((amounts[index]?.[0] ?? -1) - answer.bounds.reserve.usd);
          expect(free).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
