/** Every reason to refuse, and what clients and people make of it. */
import { describe, expect, test } from "vitest";
import { DENIALS, deny, isDenial } from "../../../src/guards/verdict.ts";

const ALL = Object.entries(DENIALS);

/** What the official clients do on their own with each status. */
const COMES_BACK = [429, 502, 503, 504];
const FINAL = [400, 401, 402, 403, 404, 413];

/** Those that another attempt may pass, without anybody changing anything. */
const MAY_PASS_LATER = [
  "budget.contended",
  "rate-limit.exceeded",
  "clutch.parked",
  "budget.parked",
  "approval.pending",
  "parking.full",
  "tool.busy",
  "provider.unreachable",
  "provider.timeout",
  "gateway.unsure",
  "gateway.overloaded",
  "gateway.fenced",
  "store.unreachable",
];

describe.each(ALL)("%s", (code, { hint, says, status }) => {
  test("has a status that makes clients come back or give up, as is right for it", () => {
    expect(MAY_PASS_LATER.includes(code) ? COMES_BACK : FINAL).toContain(status);
  });

  test("is named noun.adjective", () => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
  });

  test("says one sentence, which names no number and no secret", () => {
    expect(says).toMatch(/^[A-Z][^.\n]*\.$/);
    expect(says).not.toMatch(/[0-9{}$]/);
  });

  test("has a way forward for people, in whole sentences", () => {
    expect(hint).toMatch(/^[A-Z]/);
    expect(hint).toMatch(code === "key.invalid" ? /--agent ID$/ : /\.$/);
  });
});

test("each code has the status that its kind has everywhere", () => {
  const expected: Record<string, number> = {
    "request.malformed": 400,
    "request.unknown-path": 404,
    "request.too-large": 413,
    "key.invalid": 401,
    "budget.exhausted": 402,
    "budget.contended": 429,
    "rate-limit.exceeded": 429,
    "clutch.parked": 429,
    "budget.parked": 429,
    "approval.pending": 429,
    "parking.full": 429,
    "tool.busy": 429,
    "provider.unreachable": 502,
    "provider.timeout": 504,
  };
  for (const [code, { status }] of ALL) {
    const unavailable = code.startsWith("gateway.") || code.startsWith("store.");
    expect([code, status]).toEqual([code, expected[code] ?? (unavailable ? 503 : 403)]);
  }
});

test("no two codes say the same", () => {
  expect(new Set(ALL.map(([, { says }]) => says)).size).toBe(ALL.length);
});

describe("a refusal as a value", () => {
  test("has its code and its facts, and a delay only where one is given", () => {
    expect(deny("task.ended")).toEqual({ kind: "deny", code: "task.ended", facts: {} });
    expect(deny("task.ended")).not.toHaveProperty("retryAfterMs");
    expect(deny("budget.contended", { budget: "b" }, 0)).toEqual({
      kind: "deny",
      code: "budget.contended",
      facts: { budget: "b" },
      retryAfterMs: 0,
    });
  });

  test.each([
    [deny("task.ended"), true],
    [{ kind: "allow" }, false],
    [{}, false],
    [null, false],
    [undefined, false],
    ["deny", false],
    [{ code: "task.ended" }, false],
  ])("%j is one: %s", (value, is) => {
    expect(isDenial(value)).toBe(is);
  });
});
