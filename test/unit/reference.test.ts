/** The generated reference is what the code says now. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentedPaths, knownFields } from "../../scripts/reference/policy-input.ts";
import { generateReference, KNOWN_FIELDS } from "../../scripts/reference.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(ROOT, "docs", "reference");
const pages = await generateReference();

test.each([...pages])(
  "docs/reference/%s is not stale (node_modules/.bin/node scripts/reference.ts)",
  (file, text) => {
    expect(readFileSync(join(FOLDER, file), "utf8")).toBe(text);
  },
);

test(`${KNOWN_FIELDS} is not stale (node_modules/.bin/node scripts/reference.ts)`, () => {
  expect(readFileSync(join(ROOT, KNOWN_FIELDS), "utf8")).toBe(knownFields());
});

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

test("every field of the input of policies has a meaning, and none is left out", () => {
  const text = pages.get("policy-input.md") ?? "";
  const rows = [...text.matchAll(/^\| `([^`]+)` \| (.+?) \| (.*) \|$/gm)];
  expect(rows.filter(([, , , meaning = ""]) => meaning.trim() === "")).toEqual([]);
  const fields = rows.map(([, field]) => field);
  expect([...new Set(fields)].sort()).toEqual(documentedPaths());
  expect(fields).toEqual(
    expect.arrayContaining([
      "resource.NAME",
      "budgets[].limit",
      "metrics.NAME.line",
      "labels.owner",
    ]),
  );
});
