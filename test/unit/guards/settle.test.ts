/** What a call is charged at its end, for every way it can end. */
import { describe, expect, test } from "vitest";
import {
  type Charge,
  chargeOf,
  type Outcome,
  type Terms,
} from "../../../src/guards/budget/settle.ts";
import { price, tier, usage } from "./scenes.ts";

/** 100 tokens of input at 1,000 pico and 2 × 50 of output at 2,000: 100 + 200 nano-USD, 200 tokens. */
const TERMS: Terms = {
  price: price(),
  reserved: { usd: 300, tokens: 200, calls: 1 },
  inputTokens: 100,
  outputTokens: 100,
  perTokenPico: 4_000,
  fixedPico: 100_000,
  tokensPerCap: 2,
  fixedTokens: 100,
  choices: 2,
  serviceTier: null,
  errorsAreFree: true,
  showsAllOutput: true,
};

const USED = usage({ input: 40, output: 30 });

function outcome(kind: Outcome["kind"], changes: Partial<Outcome> = {}): Outcome {
  return { kind, status: 200, fault: null, usage: null, outputTokensSeen: null, ...changes };
}

/** The money of a charge; what it is in tokens and calls has tables of its own below. */
function charge(usd: number, changes: Partial<Charge> = {}): Charge {
  const charged = { usd, tokens: expect.any(Number), calls: expect.any(Number) };
  return { charged, estimated: false, overbilled: null, brokeBound: null, ...changes };
}

const KINDS = ["ok", "error", "fault", "aborted", "dropped"] as const;

describe("with a usage", () => {
  test.each(KINDS.flatMap((kind) => [true, false].map((free) => [kind, free] as const)))(
    "%s, errors free %s",
    (kind, errorsAreFree) => {
      const end = outcome(kind, { usage: USED, outputTokensSeen: 99 });
      const expected = charge(kind === "dropped" ? 0 : 100);
      expect(chargeOf(end, { ...TERMS, errorsAreFree })).toEqual(expected);
    },
  );
});

describe("without a usage", () => {
  test.each<[Outcome["kind"], boolean, Charge]>([
    ["ok", true, charge(300, { estimated: true })],
    ["ok", false, charge(300, { estimated: true })],
    ["error", true, charge(0)],
    ["error", false, charge(300, { estimated: true })],
    ["fault", true, charge(300, { estimated: true })],
    ["fault", false, charge(300, { estimated: true })],
    ["aborted", true, charge(300, { estimated: true })],
    ["aborted", false, charge(300, { estimated: true })],
    ["dropped", true, charge(0)],
    ["dropped", false, charge(0)],
  ])("%s, errors free %s, output not counted", (kind, errorsAreFree, expected) => {
    expect(chargeOf(outcome(kind), { ...TERMS, errorsAreFree })).toEqual(expected);
  });

  test.each<[Outcome["kind"], boolean, Charge]>([
    ["ok", true, charge(140, { estimated: true })],
    ["error", true, charge(0)],
    ["error", false, charge(300, { estimated: true })],
    ["fault", true, charge(300, { estimated: true })],
    ["aborted", true, charge(300, { estimated: true })],
    ["dropped", true, charge(0)],
  ])("%s, errors free %s, 20 tokens counted", (kind, errorsAreFree, expected) => {
    const end = outcome(kind, { outputTokensSeen: 20 });
    expect(chargeOf(end, { ...TERMS, errorsAreFree })).toEqual(expected);
  });

  test.each([
    ["nothing was sent: the input", 0, 100],
    ["one token of one choice, rounded up", 1, 102],
    ["the whole cap", 100, 300],
    ["more than the cap: the reservation", 101, 300],
    ["far more than the cap", 1_000_000, 300],
  ])("an answer that ended: %s", (_name, outputTokensSeen, charged) => {
    const end = outcome("ok", { outputTokensSeen });
    expect(chargeOf(end, TERMS)).toEqual(charge(charged, { estimated: true }));
  });

  test.each([0, 1, 100])("%s tokens seen of more that may be hidden: the reservation", (seen) => {
    const end = outcome("ok", { outputTokensSeen: seen });
    const terms = { ...TERMS, showsAllOutput: false };
    expect(chargeOf(end, terms)).toEqual(charge(300, { estimated: true }));
    expect(chargeOf({ ...end, usage: USED }, terms)).toEqual(charge(100));
  });

  test("a part of a nano-USD is a whole one", () => {
    const terms = { ...TERMS, fixedPico: 1, perTokenPico: 1, choices: 1 };
    const end = outcome("ok", { outputTokensSeen: 1_000 });
    expect(chargeOf(end, terms)).toEqual(charge(2, { estimated: true }));
  });
});

describe("a bill above what was agreed", () => {
  test.each([
    ["all that was agreed", { input: 100, output: 100 }, charge(300)],
    [
      "one token more of output",
      { input: 0, output: 101 },
      charge(202, { brokeBound: "output" as const }),
    ],
    [
      "output over the cap and over the reservation",
      { input: 100, output: 101 },
      charge(302, { overbilled: "usd" as const, brokeBound: "output" as const }),
    ],
    [
      "text and audio together over the cap",
      { output: 60, outputAudio: 41 },
      charge(202, { brokeBound: "output" as const }),
    ],
    ["text and audio together at the cap", { output: 60, outputAudio: 40 }, charge(200)],
    [
      "one token more of input",
      { input: 101, output: 10 },
      charge(121, { brokeBound: "input" as const }),
    ],
    [
      "input over its bound in all its legs together",
      { input: 50, cachedInput: 30, cacheWrite5m: 8, cacheWrite1h: 8, inputAudio: 5 },
      // 50,000 + 3,000 + 10,000 + 20,000 + 5,000 pico
      charge(88, { brokeBound: "input" as const }),
    ],
    [
      "both: the output is the one named",
      { input: 200, output: 200 },
      charge(600, { overbilled: "usd" as const, brokeBound: "output" as const }),
    ],
    ["within the bounds, but dearer", { cacheWrite1h: 100, output: 100 }, null],
  ])("%s", (_name, used, expected) => {
    const end = outcome("ok", { usage: usage(used) });
    expect(chargeOf(end, TERMS)).toEqual(expected ?? charge(450, { overbilled: "usd" as const }));
  });

  test("exactly the reservation is not too much, one nano-USD more is", () => {
    const end = outcome("ok", { usage: usage({ input: 90, output: 100 }) });
    expect(chargeOf(end, { ...TERMS, reserved: { ...TERMS.reserved, usd: 290 } })).toEqual(
      charge(290),
    );
    expect(chargeOf(end, { ...TERMS, reserved: { ...TERMS.reserved, usd: 289 } })).toEqual(
      charge(290, { overbilled: "usd" as const }),
    );
  });

  test("without a cap only the input can be over its bound", () => {
    const terms = { ...TERMS, outputTokens: null };
    const much = outcome("ok", { usage: usage({ output: 1_000 }) });
    expect(chargeOf(much, terms)).toEqual(charge(2_000, { overbilled: "usd" as const }));
    const more = outcome("ok", { usage: usage({ input: 101, output: 1 }) });
    expect(chargeOf(more, terms)).toEqual(charge(103, { brokeBound: "input" }));
  });

  test("numbers too large to be a sum cost the reservation and break the bound", () => {
    const end = outcome("ok", { usage: usage({ output: Number.MAX_SAFE_INTEGER }) });
    expect(chargeOf(end, TERMS)).toEqual(charge(300, { brokeBound: "output" }));
  });
});

test("a usage is charged at the service tier that was asked for, unless the answer names one", () => {
  const terms = { ...TERMS, price: price({ serviceTiers: { priority: 2 } }) };
  const asked = { ...terms, serviceTier: "priority" };
  expect(chargeOf(outcome("ok", { usage: USED }), asked)).toEqual(charge(200));
  const answered = usage({ ...USED, serviceTier: "default" });
  expect(chargeOf(outcome("ok", { usage: answered }), asked)).toEqual(charge(100));
});

describe("in tokens and calls", () => {
  const legs = { input: 10, cachedInput: 20, cacheWrite5m: 5, cacheWrite1h: 4, inputAudio: 3 };

  test.each<[string, Outcome, number, number]>([
    ["never written", outcome("dropped", { usage: USED }), 0, 0],
    ["usage: input and output", outcome("ok", { usage: USED }), 70, 1],
    [
      "usage: every leg once, reasoning inside output",
      outcome("ok", { usage: usage({ ...legs, output: 30, reasoning: 29, outputAudio: 7 }) }),
      79,
      1,
    ],
    ["an error that is free was sent all the same", outcome("error"), 0, 1],
    ["an error with a usage", outcome("error", { usage: USED }), 70, 1],
    ["broken off: the reservation", outcome("fault"), 200, 1],
    ["hung up: the reservation", outcome("aborted"), 200, 1],
    ["ended without a usage: the reservation", outcome("ok"), 200, 1],
    ["our own count, of all choices together", outcome("ok", { outputTokensSeen: 20 }), 120, 1],
    ["our own count, at most the reservation", outcome("ok", { outputTokensSeen: 999 }), 200, 1],
  ])("%s", (_name, end, tokens, calls) => {
    expect(chargeOf(end, TERMS).charged).toMatchObject({ tokens, calls });
  });

  test("more tokens than were reserved are charged, and told where the money was within", () => {
    const free = { ...TERMS, price: price({ tiers: [tier({ input: 0, output: 0 })] }) };
    const end = outcome("ok", { usage: usage({ input: 101, output: 100 }) });
    expect(chargeOf(end, free)).toEqual({
      charged: { usd: 0, tokens: 201, calls: 1 },
      estimated: false,
      overbilled: "tokens",
      brokeBound: "input",
    });
  });

  test("of both the money is what is told", () => {
    const end = outcome("ok", { usage: usage({ input: 200, output: 200 }) });
    expect(chargeOf(end, TERMS)).toMatchObject({ charged: { tokens: 400 }, overbilled: "usd" });
  });

  test("so many that no answer can have them cost the reservation", () => {
    const of = (input: number) => chargeOf(outcome("ok", { usage: usage({ input }) }), TERMS);
    expect(of(1e12).charged.tokens).toBe(1e12);
    expect(of(1e12 + 1)).toMatchObject({ charged: { tokens: 200 }, brokeBound: "input" });
  });
});
