import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled } from "../../../src/config/decimal.ts";
import { count, duration, id, parseDuration, usd } from "../../../src/config/fields.ts";
import { parseUsd } from "../../../src/guards/money.ts";

const UNITS = { ms: 1n, s: 1000n, m: 60_000n, h: 3_600_000n, d: 86_400_000n };

test("A duration is its number times its unit, or refused as too long", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 10 ** 9 }),
      fc.constantFrom("ms", "s", "m", "h", "d"),
      (length, unit) => {
        // The units are those of the table above.
        const expected = BigInt(length) * UNITS[unit as keyof typeof UNITS];
        const fits = expected <= 3650n * UNITS.d;
        expect(parseDuration(`${length}${unit}`)).toBe(fits ? Number(expected) : null);
      },
    ),
  );
});

test("Any other text is no duration", () => {
  for (const text of ["", "5", "s", "-1s", "1.5h", "1 h", "1H", "10min", "1h30m", "0x1s", "1s\n"]) {
    expect(parseDuration(text)).toBeNull();
  }
});

test("An amount is exact to the nano-USD, as a text and as a number", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 9_200_000_000_000_000_000n }), (nano) => {
      const digits = nano.toString().padStart(10, "0");
      const text = `${digits.slice(0, -9)}.${digits.slice(-9)}`;
      expect(usd.parse(text)).toBe(nano);
      expect(usd.parse(text)).toBe(parseUsd(text));
    }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 9 }), fc.nat({ max: 6 }), (units, places) => {
      const number = units / 10 ** places;
      expect(usd.parse(number)).toBe(BigInt(units) * 10n ** BigInt(9 - places));
    }),
  );
});

test.each([
  [0, 0n],
  ["0", 0n],
  [0.1, 100_000_000n],
  [1e-7, 100n],
  [1e9, 10n ** 18n],
  ["9200000000", 9_200_000_000n * 10n ** 9n],
  [9_200_000_000, 9_200_000_000n * 10n ** 9n],
])("%s USD is %s nano-USD", (amount, nano) => {
  expect(usd.parse(amount)).toBe(nano);
});

test.each([
  -1,
  -0.5,
  "-1",
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "1,5",
  "$5",
  "1e3",
  ".5",
  "5.",
  " 5",
  "0.0000000001",
  1e-10,
  "9200000000.000000001",
  9_200_000_001,
  1e21,
  1234567.123456789,
  true,
  null,
])("%s is no amount", (amount) => {
  expect(usd.safeParse(amount).success).toBe(false);
});

test("A decimal with more places than its unit has is never rounded", () => {
  expect(scaled("0.125", 3)).toBe(125n);
  expect(scaled("0.1250", 3)).toBe(125n);
  expect(scaled("0.1251", 3)).toBeNull();
});

test.each(["", " a", "a ", "a\u0000", "a\u200b", "a\u202eb", "a\nb", "x".repeat(129)])(
  "%j is no name",
  (name) => {
    expect(id.safeParse(name).success).toBe(false);
  },
);

test("Two spellings of one name are one name", () => {
  expect(id.parse("re\u0301sume\u0301")).toBe("r\u00e9sum\u00e9");
  expect(id.parse("support bot 7 \u{1F600}")).toBe("support bot 7 \u{1F600}");
});

test("Bounds of counts and durations are inclusive", () => {
  expect(count(1, 3).safeParse(1).success).toBe(true);
  expect(count(1, 3).safeParse(3).success).toBe(true);
  for (const wrong of [0, 4, 1.5, "2", Number.NaN]) {
    expect(count(1, 3).safeParse(wrong).success).toBe(false);
  }
  expect(duration(1000).safeParse("1s").success).toBe(true);
  expect(duration(1000).safeParse("999ms").success).toBe(false);
});
