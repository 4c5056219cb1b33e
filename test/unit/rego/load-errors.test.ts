/** What is wrong with policies that parse: each with its place, and what to write instead. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { LoadError, loadModules, parseModule, problemText } from "../../../src/rego/index.ts";

/** Name, text below `package t`, and every problem. */
type Program = readonly [string, string, readonly string[]];

const PROGRAMS = readFileSync(path.join(import.meta.dirname, "load-errors.jsonl"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line): Program => JSON.parse(line));

test.each(PROGRAMS)("%s", (_, text, problems) => {
  expect(found(text)).toEqual(problems);
});

function found(text: string): readonly string[] {
  try {
    loadModules([parseModule(`package t\n${text}`, "t.rego", "v1")]);
    return [];
  } catch (error) {
    if (error instanceof LoadError) return error.problems.map(problemText);
    throw error;
  }
}

test("the rules of one package may be in several files, and problems name theirs", () => {
  const modules = [
    parseModule("package t\np if x > 1", "a.rego", "v1"),
    parseModule("package t\nq if y > 1", "b.rego", "v1"),
  ];
  expect(() => loadModules(modules)).toThrow(/^a\.rego:2:6: .*\nb\.rego:2:6: /);
});
