/** What a manifest may say of breakers: more of them, and tighter ones. */
import { describe, expect, test } from "vitest";
import type { BreakerRule } from "../../../src/guards/breaker/rules.ts";
import { issuesOf, valid } from "./folder.ts";

const COMMON = `version: 1
breakers:
  - { name: fixed, signal: calls_per_tool, above: { value: 50 }, for: 10s, at_least: 5, action: trip }
  - { name: seen, signal: refusals, above: { mads: 5, of: median, over: 2h }, window: 2m, action: alert }
  - { name: weekly, signal: calls_per_tool, above: { times: 4, of: same_hour_last_week }, action: alert }
  - { name: loose, signal: identical_calls, above: { value: 9 }, window: 5m, action: alert }
`;

function folder(breakers: string): Record<string, string> {
  const head = "version: 1\nagent: a\nuncapped: true\n";
  return {
    "slipclutch.yaml": COMMON,
    "agents/a.yaml": `${head}breakers: [${breakers}]\n`,
    "agents/b.yaml": "version: 1\nagent: b\nuncapped: true\n",
  };
}

function rulesOf(breakers: string): readonly BreakerRule[] {
  const { agentBreakers, breakers: common } = valid(folder(breakers));
  expect([...agentBreakers.keys()]).toEqual(["a"]);
  expect(common.find(({ name }) => name === "fixed")).toMatchObject({ forMs: 10_000 });
  return agentBreakers.get("a") ?? [];
}

describe("A manifest", () => {
  test("tightens what all agents have, field by field", () => {
    const tighter = [
      "{ name: fixed, above: { value: 20 }, for: 0s, at_least: 1 }",
      "{ name: seen, above: { mads: 3, of: median, over: 2h }, action: trip }",
      "{ name: weekly, above: { times: 3, of: same_hour_last_week } }",
      "{ name: loose, above: { value: 9 }, window: 1h }",
      "{ name: stuck, same_result: false }",
    ];
    const rules = rulesOf(tighter.join());
    const of = (name: string) => rules.find((rule) => rule.name === name);
    expect(rules).toHaveLength(8);
    expect(of("weekly")).toMatchObject({ above: { kind: "last-week", times: 3 } });
    expect(of("fixed")).toMatchObject({ above: { value: 20 }, forMs: 0, atLeast: 1 });
    expect(of("seen")).toMatchObject({ above: { mads: 3 }, action: "trip", windowMs: 120_000 });
    expect(of("loose")).toMatchObject({ above: 9, windowMs: 3_600_000, action: "alert" });
    expect(of("stuck")).toMatchObject({ above: 8, sameResult: false });
  });

  test("adds rules, and keeps those of all", () => {
    const rules = rulesOf("{ name: own, signal: new_tools, above: { value: 0 }, action: alert }");
    expect(rules.map(({ name }) => name)).toEqual([
      ...[
        "tool-surge",
        "stuck",
        "token-spike",
        "error-burst",
        "fixed",
        "seen",
        "weekly",
        "loose",
        "own",
      ],
    ]);
  });
});

// Entry → the field of the one issue, and a part of what was expected there.
test.each([
  ["{ name: fixed, above: { value: 51 } }", "above", /{ value: 50 } or below/],
  ["{ name: fixed, for: 11s }", "for", /at most 10000 ms/],
  ["{ name: fixed, at_least: 6 }", "at_least", /at most 5/],
  ["{ name: fixed, window: 2m }", "window", /60000 ms/],
  ["{ name: fixed, action: alert }", "action", /trip/],
  ["{ name: fixed, enabled: false }", "enabled", /turns no breaker off/],
  ["{ name: fixed, above: { sigmas: 1, of: ewma } }", "above", /same kind, { value: 50 }/],
  ["{ name: seen, above: { mads: 6, of: median, over: 2h } }", "above", /{ mads: 5, of: median }/],
  ["{ name: seen, above: { mads: 5, of: median, over: 3h } }", "above", /same kind/],
  [
    "{ name: weekly, above: { times: 5, of: same_hour_last_week } }",
    "above",
    /{ times: 4, of: same_hour_last_week } or below/,
  ],
  [
    "{ name: weekly, above: { times: 2, of: rolling_average, over: 1h } }",
    "above",
    /same kind, { times: 4, of: same_hour_last_week }/,
  ],
  ["{ name: loose, window: 1m }", "window", /at least 300000 ms/],
  ["{ name: loose, same_result: true }", "same_result", /false/],
  ["{ name: tool-surge, above: { times: 6, of: rolling_average, over: 1h } }", "above", /times: 5/],
])("Refused: %s", (entry, field, expected) => {
  const issues = issuesOf(folder(entry));
  expect(issues).toMatchObject([
    {
      file: "agents/a.yaml",
      path: `breakers[0].${field}`,
      expected: expect.stringMatching(expected),
    },
  ]);
  expect(issues[0]?.hint).toMatch(/tighten/);
});

test("what is wrong in itself is said there too", () => {
  const issues = issuesOf(folder("{ name: x, signal: refusals, above: { value: 2 } }"));
  expect(issues).toMatchObject([{ file: "agents/a.yaml", path: "breakers[0].action" }]);
});
