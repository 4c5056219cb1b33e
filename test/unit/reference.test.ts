/** The generated reference is what the code says now. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateReference } from "../../scripts/reference.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "docs", "reference");
const pages = await generateReference();

test.each([...pages])(
  "docs/reference/%s is not stale (node_modules/.bin/node scripts/reference.ts)",
  (file, text) => {
    expect(readFileSync(join(FOLDER, file), "utf8")).toBe(text);
  },
);

test("the folder holds nothing that was written by hand", () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
});

test("every table of the reference has rows", () => {
  for (const [file, text] of pages) {
    if (file === "cli.md" || file === "openapi.json") continue;
    expect(text.split("\n").filter((line) => line.startsWith("| `")).length).toBeGreaterThan(10);
  }
});

test("the reference names fields at every depth, each once", () => {
  const text = pages.get("configuration.md") ?? "";
  for (const field of [
    "store.grace",
    "providers.NAME.overhead.per_image",
    "budgets[].limit_usd",
    "limits.max_request_bytes",
    "models[].max_output_tokens",
    "LIST.MODEL.tiers[].from_input_tokens",
  ]) {
    expect(text.split(`| \`${field}\` |`).length).toBe(2);
  }
});
