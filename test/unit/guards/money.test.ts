/** Sums that are exact or nothing, and the decimals that people write them as. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactPico, formatUsd, parseUsd } from "../../../src/guards/money.ts";

describe("parseUsd", () => {
  test.each([
    ["0", 0n],
    ["12.5", 12_500_000_000n],
    ["0.000000001", 1n],
    ["007", 7_000_000_000n],
    ["1.000000000", 1_000_000_000n],
    ["999999999999999", 999_999_999_999_999_000_000_000n],
  ])("%j is %s nano-USD", (text, nano) => {
    expect(parseUsd(text)).toBe(nano);
  });

  test.each([
    "",
    " 1",
    "1 ",
    "1\n",
    "-1",
    "+1",
    ".5",
    "1.",
    "1e3",
    "0x1",
    "1,5",
    "1_000",
    "$1",
    "0.0000000001",
    "1000000000000000",
    "١",
    "Infinity",
    "1.2.3",
  ])("%j is no amount", (text) => {
    expect(parseUsd(text)).toBeNull();
  });
});

describe("formatUsd", () => {
  test.each([
    [0n, "0"],
    [-0, "0"],
    [1n, "0.000000001"],
    [10, "0.00000001"],
    [999_999_999, "0.999999999"],
    [1_000_000_000, "1"],
    [12_500_000_000n, "12.5"],
    [10_000_000_000n, "10"],
    [-1n, "-0.000000001"],
    [-500_000_000, "-0.5"],
    [-1_000_000_000, "-1"],
    [-12_030_000_000n, "-12.03"],
    [Number.MAX_SAFE_INTEGER, "9007199.254740991"],
    [123_456_789_012_345_678_901_234_567_890n, "123456789012345678901.23456789"],
  ])("%s nano-USD is %j", (nano, text) => {
    expect(formatUsd(nano)).toBe(text);
  });

  test("what it writes of an amount is read back as the same amount", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 24n - 1n), (nano) => {
        expect(parseUsd(formatUsd(nano))).toBe(nano);
      }),
    );
  });

  test("a negative amount is the positive one with a sign, and ends in no needless zero", () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 24n), (nano) => {
        const text = formatUsd(nano);
        expect(formatUsd(-nano)).toBe(`-${text}`);
        expect(text).not.toMatch(/\.\d*0$|\.$/);
      }),
    );
  });

  test("a number and a bigint of one amount are written alike", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (nano) => {
        expect(formatUsd(nano)).toBe(formatUsd(BigInt(nano)));
      }),
    );
  });
});

describe("exactPico", () => {
  const picoOf = (legs: readonly (readonly [number, number])[]) =>
    exactPico(legs.reduce((sum, [quantity, price]) => sum + quantity * price, 0));

  test.each<[string, [number, number][], number]>([
    ["nothing costs nothing", [], 0],
    ["one unit", [[1, 1]], 1],
    [
      "legs are added up",
      [
        [3, 1_000],
        [7, 11],
      ],
      3_077,
    ],
    ["the largest safe sum", [[1, Number.MAX_SAFE_INTEGER]], Number.MAX_SAFE_INTEGER],
  ])("%s", (_name, legs, pico) => {
    expect(picoOf(legs)).toBe(pico);
  });

  test.each<[string, [number, number][]]>([
    [
      "one above the largest safe sum",
      [
        [1, Number.MAX_SAFE_INTEGER],
        [1, 1],
      ],
    ],
    ["a product that is not exact", [[2 ** 40, 2 ** 40]]],
    ["half a unit", [[0.5, 1]]],
    ["no number", [[Number.NaN, 1]]],
    ["without end", [[Number.POSITIVE_INFINITY, 1]]],
  ])("%s has no sum", (_name, legs) => {
    expect(picoOf(legs)).toBe(Number.POSITIVE_INFINITY);
  });

  test("it is the exact sum of big integers, or infinite", () => {
    const leg = fc.tuple(fc.nat({ max: 2 ** 30 }), fc.nat({ max: 2 ** 30 }));
    fc.assert(
      fc.property(fc.array(leg, { maxLength: 12 }), (legs) => {
        const exact = legs.reduce((sum, [a, b]) => sum + BigInt(a) * BigInt(b), 0n);
        const safe = exact <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(picoOf(legs)).toBe(safe ? Number(exact) : Number.POSITIVE_INFINITY);
      }),
    );
  });
});
