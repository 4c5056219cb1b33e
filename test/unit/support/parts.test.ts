import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { noteMissing } from "../../support/parts.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipclutch-parts-"));

beforeEach(() => {
  vi.stubEnv("SLIPCLUTCH_TEST_REPORT", folder);
  vi.stubEnv("SLIPCLUTCH_TEST_ALL", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test("a missing part is told at the end of the run", () => {
  noteMissing("anvil", "The anvil suites need an anvil.");
  expect(fs.readFileSync(path.join(folder, "missing-anvil"), "utf8")).toBe(
    "The anvil suites need an anvil.",
  );
  fs.rmSync(folder, { recursive: true });
});

test("where all must run a missing part is an error that says how to get it", () => {
  vi.stubEnv("SLIPCLUTCH_TEST_ALL", "1");
  expect(() => noteMissing("anvil", "Get an anvil.")).toThrow("Get an anvil.");
});
