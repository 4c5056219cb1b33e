/** What a tool call sets aside and is charged. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNITS } from "../../../src/guards/budget/unit.ts";
import {
  amountsOf,
  drawsOn,
  reserveOf,
  type ToolOutcome,
  toolChargeOf,
} from "../../../src/guards/tool/cost.ts";
import type { ToolCost } from "../../../src/guards/tool/tool.ts";

/** $0.006 for each minute of audio, at most 60 of them in a call. */
const AUDIO: ToolCost = {
  nanoUsd: 6_000_000,
  quantity: { pointer: "/result/duration_seconds", divideBy: 60, max: 60 },
};
const RESERVED = 360_000_000;
const FLAT: ToolCost = { nanoUsd: 5_000, quantity: null };
const ASKED: ToolCost = {
  nanoUsd: 1_000,
  quantity: { pointer: "/arguments/pages", divideBy: 1, max: 10 },
};

function result(duration: unknown): ToolOutcome {
  return { kind: "result", arguments: {}, result: { duration_seconds: duration } };
}

describe("a call sets aside", () => {
  test.each<[string, ToolCost | null, object, number | null]>([
    ["nothing where the tool costs nothing", null, {}, 0],
    ["its price", FLAT, {}, 5_000],
    ["the price of the most that it may use", AUDIO, {}, RESERVED],
    ["the most where its arguments say less", ASKED, { pages: 3 }, 10_000],
    ["more where its arguments say more", ASKED, { pages: 11 }, 11_000],
    ["the most where they say nothing", ASKED, { pages: "many" }, 10_000],
    ["no amount where they say more than there is", ASKED, { pages: 1e300 }, null],
  ])("%s", (_, cost, asked, reserve) => {
    expect(reserveOf(cost, { ...asked })).toBe(reserve);
  });

  test("whole nano-USD, rounded up, of what is written and not of binary fractions", () => {
    const of = (nanoUsd: number, max: number) =>
      reserveOf({ nanoUsd, quantity: { pointer: "/result", divideBy: 1, max } }, {});
    expect(of(1, 0.1)).toBe(1);
    expect(of(10, 0.3)).toBe(3);
    expect(of(100, 1.1)).toBe(110);
    expect(of(1_000_000, 1e-7)).toBe(1);
    expect(of(3, 1 / 3)).toBe(1);
    expect(of(0, 60)).toBe(0);
    expect(of(1, 2 ** 53)).toBeNull();
    expect(of(1, Number.NaN)).toBeNull();
    expect(of(1, -1)).toBeNull();
  });
});

describe("a call draws on", () => {
  test.each([
    ["money and calls where it has a price", FLAT, ["usd", "calls"]],
    ["calls alone where it has none", null, ["calls"]],
    ["money too where its price is 0", { nanoUsd: 0, quantity: null }, ["usd", "calls"]],
  ])("%s", (_name, cost, units) => {
    expect(UNITS.filter((unit) => drawsOn(unit, { cost, commitment: null }))).toEqual(units);
  });

  test("no tokens, and is one call whatever it costs", () => {
    expect(amountsOf(7)).toEqual({ usd: 7, tokens: 0, calls: 1 });
  });
});

describe("a call is charged", () => {
  const charged = (outcome: ToolOutcome, cost: ToolCost | null = AUDIO, reserved = RESERVED) =>
    toolChargeOf(cost, reserved, outcome);
  const exact = { estimated: false, overbilled: false };

  test.each<[string, ToolOutcome, number]>([
    ["nothing if it was never written", { kind: "dropped" }, 0],
    ["by the quantity", result(90), 9_000_000],
    ["by a part of a unit, rounded up", result(0.001), 100],
    ["nothing for none", result(0), 0],
    ["nothing for less than none of it", result(-0), 0],
    ["all of the most", result(3_600), RESERVED],
  ])("%s", (_, outcome, amount) => {
    expect(charged(outcome)).toEqual({ charged: amount, ...exact });
  });

  test.each<[string, ToolOutcome]>([
    ["after a fault", { kind: "fault" }],
    ["where the quantity is missing", { kind: "result", arguments: {}, result: {} }],
    ["without a result that can be read", { kind: "result", arguments: {}, result: undefined }],
    ["where it is negative", result(-1)],
    ["where it is no number", result(Number.NaN)],
    ["where it is infinite", result(Number.POSITIVE_INFINITY)],
    ["where it is a string", result("90")],
    ["where it is null", result(null)],
    ["where it is a list", result([90])],
  ])("what was set aside %s", (_, outcome) => {
    const whole = { charged: RESERVED, estimated: true, overbilled: false };
    expect(charged(outcome)).toEqual(whole);
  });

  test("for what it really used, where that is more, and it is told", () => {
    const over = { charged: RESERVED + 100_000, estimated: false, overbilled: true };
    expect(charged(result(3_601))).toEqual(over);
  });

  test("what was set aside where the tool says more than can be counted, and it is told", () => {
    const absurd = { charged: RESERVED, estimated: true, overbilled: true };
    expect(charged(result(1e300))).toEqual(absurd);
  });

  test.each([
    ["a result", result(1), 5_000, false],
    ["a fault", { kind: "fault" }, 5_000, true],
    ["a drop", { kind: "dropped" }, 0, false],
  ] as const)("its flat price for %s", (_, outcome, amount, estimated) => {
    const charge = { charged: amount, estimated, overbilled: false };
    expect(charged(outcome, FLAT, 5_000)).toEqual(charge);
  });

  test.each([result(1), { kind: "fault" }, { kind: "dropped" }] as const)(
    "nothing where the tool costs nothing: %j",
    (outcome) => {
      expect(charged(outcome, null, 0)).toEqual({ charged: 0, ...exact });
    },
  );

  test("by its own arguments, and never more than was set aside for them", () => {
    const own = { pages: 25 };
    const reserved = reserveOf(ASKED, own) ?? 0;
    const outcome: ToolOutcome = { kind: "result", arguments: own, result: null };
    expect(charged(outcome, ASKED, reserved)).toEqual({ charged: 25_000, ...exact });
  });

  test("the most where the divisor is none", () => {
    for (const divideBy of [0, -1, Number.NaN]) {
      const cost = { nanoUsd: 1, quantity: { pointer: "/result", divideBy, max: 7 } };
      const outcome: ToolOutcome = { kind: "result", arguments: {}, result: 1 };
      const charge = { charged: 7, estimated: true, overbilled: false };
      expect(charged(outcome, cost, reserveOf(cost, {}) ?? 0)).toEqual(charge);
    }
  });
});

const quantity = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.nat({ max: 10_000 }),
  fc.jsonValue(),
  fc.double(),
);
const outcomes = fc.oneof(
  fc.constant<ToolOutcome>({ kind: "dropped" }),
  fc.constant<ToolOutcome>({ kind: "fault" }),
  fc.record({
    kind: fc.constant("result" as const),
    result: fc.oneof(quantity, fc.record({ q: quantity })),
  }),
);

test("no charge is above what was set aside but by a result that says more than the most", () => {
  const costs = fc.record({
    nanoUsd: fc.nat({ max: 1_000_000_000 }),
    quantity: fc.record({
      pointer: fc.constantFrom("/arguments/q", "/result/q", "/result", "", "nonsense"),
      divideBy: fc.constantFrom(1, 60, 1_000, 0.1, 3),
      max: fc.oneof(fc.nat({ max: 1_000 }), fc.double({ min: 0, max: 1_000, noNaN: true })),
    }),
  });
  fc.assert(
    fc.property(costs, fc.record({ q: quantity }), outcomes, (cost, asked, ended) => {
      const reserved = reserveOf(cost, asked);
      if (reserved === null) return;
      const outcome = ended.kind === "result" ? { ...ended, arguments: asked } : ended;
      const { charged, overbilled } = toolChargeOf(cost, reserved, outcome);
      expect(Number.isSafeInteger(reserved) && reserved >= 0).toBe(true);
      expect(Number.isSafeInteger(charged) && charged >= 0).toBe(true);
      if (!overbilled) expect(charged).toBeLessThanOrEqual(reserved);
      else expect(cost.quantity.pointer).toMatch(/^\/result/);
      if (outcome.kind === "dropped") expect(charged).toBe(0);
    }),
    { numRuns: 3_000 },
  );
});
