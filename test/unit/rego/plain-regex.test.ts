/** Patterns that the machine's own expressions answer: as RE2 does, and in one way through a text. */
import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { plainRegex } from "../../../src/adapters/policy-engine/embedded/plain-regex.ts";
import { compileRegex } from "../../../src/adapters/policy-engine/embedded/regex.ts";

/** Letters with a third form, both their cases, signs, a pair of surrogates and half of one. */
const character = fc.constantFrom(
  ..."abkKsSz09_- .\n\t\r\v\f^]é".split(""),
  "\u017f",
  "\u212a",
  "\ufeff",
  "\u00a0",
  "😀",
  "\udc80",
);
const text = fc.array(character, { maxLength: 8 }).map((all) => all.join(""));

const member = fc.constantFrom(
  ..."a k s z K S 0 _ . \\. \\- \\] \\^ \\d \\D \\w \\W \\s \\S a-k K-S 0-9 a-z !-~ \\x{73} \\x{e9}-\\x{1f601} \\x{dc80}".split(
    " ",
  ),
  "-",
  " ",
);
const set = fc
  .tuple(fc.constantFrom("", "^"), fc.array(member, { minLength: 1, maxLength: 4 }))
  .map(([not, members]) => `[${not}${members.join("")}]`);
const item = fc.oneof(
  fc.constantFrom(
    ..."a k s z K S 0 - . \\. \\d \\D \\w \\W \\s \\S \\b \\/ \\_ \\x{6b} \\x{1f600}".split(" "),
    " ",
  ),
  set,
);
const repeated = fc
  .tuple(item, fc.constantFrom("", "", "", "*", "+", "?", "??", "{2}"))
  .map((parts) => parts.join(""));
const alternative = fc
  .tuple(fc.constantFrom("", "^"), fc.array(repeated, { maxLength: 5 }), fc.constantFrom("", "$"))
  .map(([start, items, end]) => start + items.join("") + end);
const pattern = fc
  .tuple(
    fc.constantFrom("", "(?i)", "(?s)", "(?is)", "(?m)"),
    fc.array(alternative, { minLength: 1, maxLength: 3 }),
  )
  .map(([flags, alternatives]) => flags + alternatives.join("|"));

function re2(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}

describe("a pattern that is answered by the machine's own expressions", () => {
  test("answers as RE2 does", () => {
    let taken = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), (source, texts) => {
        const theirs = re2(source);
        if (theirs === undefined) return;
        const ours = plainRegex(source);
        if (ours === undefined) return;
        taken += 1;
        for (const each of texts) {
          expect([each, ours.test(each)]).toEqual([each, theirs.matcher(each).find()]);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(500);
  }, 120_000);

  test.each([
    "(?i)^\\s*select\\b",
    "^[a-z0-9-]+$",
    "^[a-z]+://[^/]+/",
    "customers|payroll",
    "\\.csv$",
  ])("is one like %s", (source) => {
    expect(plainRegex(source)).toBeInstanceOf(RegExp);
  });
});

test.each([
  // Each of these has several ways through a text, or a start at each of its places.
  "^a*a*b",
  "^a?a?a?aaa",
  "^.*b",
  "^[a-z]+[k-s]+$",
  "^\\w+\\d",
  "^a*b?a",
  "a+b",
  "a*$",
  "b|a+c",
  // And these mean something else to RE2, or are not read.
  "(a|b)",
  "^(a+)+$",
  "(?m)^a",
  "(?i)\\w",
  "a{2}",
  "a+?",
  "^^a",
  "a$b",
  "[[:alpha:]]",
  "[]a]",
  "[a-b-c]",
  "\\pL",
  "é",
])("%s is left to RE2", (source) => {
  expect(plainRegex(source)).toBeUndefined();
});

test("a text is gone through once, however it ends", () => {
  const regex = compileRegex("^[a-y]*[0-9]*[A-Y]+z$");
  const long = "a".repeat(4_000);
  const start = performance.now();
  for (let i = 0; i < 100; i += 1) expect(regex.matches(`${long}!`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(2_000);
});

test("a long text is searched by RE2", () => {
  const regex = compileRegex("^[a-z]*$");
  expect(regex.matches("a".repeat(1_000_000))).toBe(true);
  expect(regex.matches(`${"a".repeat(1_000_000)}!`)).toBe(false);
});
