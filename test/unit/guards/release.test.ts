import { expect, test } from "vitest";
import { type Proof, proofOf, type Remains } from "../../../src/guards/budget/release.ts";

const GONE: Remains = { state: "fenced", fencedAt: 1_000, isGone: true, timeoutMs: 500 };

const CASES: readonly (readonly [string, Partial<Remains>, number, Proof])[] = [
  ["gone for longer than a call can take", {}, 1_500, { kind: "gone" }],
  ["gone, and what it sent may be worked on", {}, 1_499, { kind: "too-soon", waitMs: 1 }],
  ["gone, by a clock that was set back", {}, 0, { kind: "too-soon", waitMs: 1_500 }],
  ["perhaps only stopped", { isGone: false }, 9_999, { kind: "may-run" }],
  ["gone, and not fenced", { state: "live", fencedAt: null }, 9_999, { kind: "not-fenced" }],
  ["fenced, nobody knows when", { fencedAt: null }, 9_999, { kind: "not-fenced" }],
  ["closed by itself", { state: "closed" }, 9_999, { kind: "not-fenced" }],
];

test.each(CASES)("a holder that is %s", (_name, changes, now, proof) => {
  expect(proofOf({ ...GONE, ...changes }, now)).toEqual(proof);
});
