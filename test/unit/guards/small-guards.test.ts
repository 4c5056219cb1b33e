/** The guards that are one question each: is the task alive, is all known, is the model granted. */
import { describe, expect, test } from "vitest";
import { grant } from "../../../src/guards/manifest/grant.ts";
import { known } from "../../../src/guards/request/known.ts";
import { alive } from "../../../src/guards/task/alive.ts";
import { ask, bounds, facts, limits, manifest, purse, rules, target, usd } from "./scenes.ts";

const BOUNDS = bounds({ outputCap: 7, fixedPico: 3, perTokenPico: 5, reserve: usd(11) });
const STATES = Object.freeze({ purses: [purse()] });

const TASK = { id: "x", ended: false, ageMs: 0, durationMaxMs: null };

describe("the task", () => {
  test("is alive: the call passes as it came", () => {
    const [after, answer] = alive(facts(), BOUNDS, STATES);
    expect(after).toBe(STATES);
    expect(answer).toEqual({ kind: "allow", bounds: BOUNDS, numbers: {} });
  });

  test("has ended: it takes no more calls", () => {
    const [after, answer] = alive(facts({ task: { ...TASK, ended: true } }), BOUNDS, STATES);
    expect(after).toBe(STATES);
    expect(answer).toEqual({ kind: "deny", code: "task.ended", facts: { task: "x" } });
  });
});

describe("what the request has", () => {
  const decide = (unknownFields: readonly string[], allowFields: readonly string[] | null) => {
    const found = allowFields === null ? null : target({ rules: rules({ allowFields }) });
    const told = facts({ ask: ask({ unknownFields }), target: found });
    const [after, answer] = known(told, BOUNDS, STATES);
    expect(after).toBe(STATES);
    return answer;
  };
  const refused = (unknown: string, line: string) => ({
    kind: "deny",
    code: "request.unknown-field",
    facts: { unknown, to_allow: `allow_fields: [${line}]` },
  });

  test.each<[string, readonly string[], readonly string[] | null]>([
    ["nothing unknown", [], []],
    ["nothing unknown and no provider", [], null],
    ["a field that is vouched for", ["body foo"], ["foo"]],
    ["a header that is vouched for", ["header x-foo"], ["x-foo"]],
    ["several that are vouched for", ["body foo", "header bar"], ["bar", "other", "foo"]],
    ["a name with a space", ["body foo bar"], ["foo bar"]],
  ])("%s passes as it came", (_name, fields, allowed) => {
    expect(decide(fields, allowed)).toEqual({ kind: "allow", bounds: BOUNDS, numbers: {} });
  });

  test.each<[string, readonly string[], readonly string[] | null, string, string]>([
    ["a field", ["body foo"], [], "body foo", "foo"],
    ["a header", ["header bar"], [], "header bar", "bar"],
    ["a field where no provider vouches for any", ["body foo"], null, "body foo", "foo"],
    ["only the one that nobody vouches for", ["body a", "body b"], ["a"], "body b", "b"],
    ["a field that is only like one", ["body food"], ["foo"], "body food", "food"],
    ["a field in other letters", ["body Foo"], ["foo"], "body Foo", "Foo"],
    [
      "the first five of many",
      ["a", "b", "c", "d", "e", "f"].map((name) => `body ${name}`),
      [],
      "body a, body b, body c, body d, body e",
      "a, b, c, d, e",
    ],
  ])("%s is refused by name", (_name, fields, allowed, unknown, line) => {
    expect(decide(fields, allowed)).toEqual(refused(unknown, line));
  });
});

describe("the manifest's models", () => {
  const decide = (models: readonly string[] | null, model: string) => {
    const listed = models && new Map(models.map((id) => [id, limits()] as const));
    const told = facts({ ask: ask({ model }), manifest: manifest({ models: listed }) });
    const [after, answer] = grant(told, BOUNDS, STATES);
    expect(after).toBe(STATES);
    return answer;
  };

  test.each<[string, readonly string[] | null, string, string]>([
    ["without a list any that has a price", null, "m", "any priced"],
    ["one of the list", ["x", "m"], "m", "listed"],
  ])("%s is granted", (_name, models, model, granted) => {
    const numbers = { models: granted };
    expect(decide(models, model)).toEqual({ kind: "allow", bounds: BOUNDS, numbers });
  });

  test.each<[string, readonly string[], string]>([
    ["one that is not listed", ["x"], "m"],
    ["any, where the list is empty", [], "m"],
    ["one in other letters", ["M"], "m"],
    ["one that is only like one", ["m-2026"], "m"],
    ["what every object has", ["x"], "constructor"],
  ])("%s is not", (_name, models, model) => {
    const refusal = { kind: "deny", code: "model.not-granted", facts: { model, agent: "a" } };
    expect(decide(models, model)).toEqual(refusal);
  });
});
