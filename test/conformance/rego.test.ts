/**
 * OPA's own cases of its language, and what OPA's compiler refuses. An answer that differs is a
 * defect, however rare; what this engine leaves out is refused at load, by name.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runCase } from "../../scripts/rego/cases.ts";
import type { Dialect } from "../../src/rego/index.ts";
import { part } from "../support/parts.ts";
import { regoCases } from "../support/rego-cases.ts";

const CASES_MS = 120_000;

interface Run {
  readonly passed: number;
  readonly refused: number;
  /** Wrong answers and unexpected errors. */
  readonly failures: readonly string[];
}

function run(file: string, dialect: Dialect): Run {
  const failures: string[] = [];
  let passed = 0;
  let refused = 0;
  const text = readFileSync(path.join(regoCases() ?? "", file), "utf8");
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const outcome = runCase(line, dialect);
    if (outcome.kind === "passed") passed += 1;
    else if (outcome.kind === "refused") refused += 1;
    else failures.push(`${JSON.parse(line).id}: ${outcome.why}`);
  }
  return { passed, refused, failures };
}

describe.skipIf(!part("rego-cases").available)("OPA's cases", () => {
  it.each([
    ["v1.jsonl", "v1", 0.91],
    ["v0.jsonl", "v0", 0.89],
    ["probes.jsonl", "v1", 1],
    ["compile-v1.jsonl", "v1", 1],
    ["compile-v0.jsonl", "v0", 1],
  ] as const)("of %s none has another answer", { timeout: CASES_MS }, (file, dialect, share) => {
    const { failures, passed, refused } = run(file, dialect);
    expect(failures).toEqual([]);
    expect(passed / (passed + refused)).toBeGreaterThanOrEqual(share);
  });
});
