/** What `docs/known-failures.md` names is there: every file, and in it every test by its name. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const TEXT = readFileSync(join(ROOT, "docs", "known-failures.md"), "utf8");
const ROWS = TEXT.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| what"));

interface Reference {
  readonly file: string;
  readonly names: readonly string[];
}

/** A file in backticks, a colon, and names in quotes, several with commas between. */
const REFERENCE = /`((?:test|src\/testing)\/[^`]+\.ts)`: ("[^"]+"(?:, "[^"]+")*)/g;

function referencesIn(text: string): Reference[] {
  return [...text.matchAll(REFERENCE)].map(([, file = "", names = ""]) => {
    return { file, names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name) };
  });
}

/** Whether a name is a whole string of the source: the title of a test, or a row of its table. */
function isIn(source: string, name: string): boolean {
  return ['"', "`", "'"].some((quote) => source.includes(quote + name + quote));
}

const FILES = new Map<string, string>();
for (const { file } of referencesIn(TEXT)) {
  const path = join(ROOT, file);
  FILES.set(file, existsSync(path) ? readFileSync(path, "utf8") : "");
}

const NAMES = referencesIn(TEXT).flatMap(({ file, names }) => {
  return names.map((name) => [file, name] as const);
});

test.each(NAMES)("%s has “%s”", (file, name) => {
  const source = FILES.get(file) ?? "";
  expect(source, `${file} is not there`).toMatch(/\btest(\.each|\.for)?\b/);
  expect(isIn(source, name), `${file} has no “${name}”`).toBe(true);
});

test("every failure has a test, or one sentence why it does not apply", () => {
  expect(ROWS.length).toBeGreaterThan(60);
  for (const row of ROWS) {
    const [what = "", shown = "", ...more] = row.slice(2, -2).split(" | ");
    expect({ what, more }).toEqual({ what: expect.stringMatching(/\w/), more: [] });
    const answered = referencesIn(shown).length > 0 || /^Does not apply( yet)?: /.test(shown);
    expect(answered, row).toBe(true);
  }
});

test("no file is named without a test in it", () => {
  const named = [...TEXT.matchAll(/`((?:test|src)\/[^`]+\.ts)`/g)].map(([, file = ""]) => file);
  const withTests = referencesIn(TEXT).map(({ file }) => file);
  expect(named.filter((file) => !withTests.includes(file))).toEqual([
    "test/unit/known-failures.test.ts",
  ]);
  expect(named.length).toBe(withTests.length + 1);
});

test("a name that is only a part of another is not found", () => {
  const source = 'test("a whole answer is charged", () => {});';
  expect(isIn(source, "a whole answer is charged")).toBe(true);
  expect(isIn(source, "a whole answer")).toBe(false);
});
