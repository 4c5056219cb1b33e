/** Breakers, and how calls wait. */
import { describe, expect, test } from "vitest";
import type { BreakerRule } from "../../../src/guards/breaker/rules.ts";
import { issuesOf, valid, withLine } from "./folder.ts";

function breakers(text: string): readonly BreakerRule[] {
  return valid(withLine(`breakers: ${text}`)).breakers;
}

const SURGE = {
  name: "tool-surge",
  signal: "calls_per_tool",
  above: { kind: "average", times: 5, overMs: 3_600_000 },
  forMs: 60_000,
  atLeast: 20,
  action: "trip",
};
const STUCK = {
  name: "stuck",
  signal: "identical_calls",
  above: 8,
  sameResult: true,
  windowMs: 600_000,
  action: "trip",
};

describe("Breakers", () => {
  test("are on without being written", () => {
    expect(valid(withLine("")).breakers).toEqual([SURGE, STUCK]);
    expect(breakers("[]")).toEqual([SURGE, STUCK]);
  });

  test("are as the design writes them", () => {
    expect(
      breakers(`
  - { name: tool-surge,  signal: calls_per_tool,   above: { times: 5, of: rolling_average, over: 1h }, for: 60s, at_least: 20, action: trip }
  - { name: stuck,       signal: identical_calls,  above: { value: 8 }, same_result: true, window: 10m, action: trip }
`),
    ).toEqual([SURGE, STUCK]);
  });

  test("have a line by deviations from what is usual", () => {
    const [, , one, other] = breakers(
      "[{ name: a, signal: calls_per_tool, above: { sigmas: 4.5, of: ewma }, action: alert }," +
        " { name: b, signal: calls_per_tool, above: { mads: 6, of: median, over: 1d }, action: alert }]",
    );
    expect(one).toMatchObject({ above: { kind: "ewma", sigmas: 4.5, overMs: 3_600_000 } });
    expect(other).toMatchObject({ above: { kind: "median", mads: 6, overMs: 86_400_000 } });
  });

  test("are turned off by name", () => {
    expect(breakers("[{ name: stuck, enabled: false }]")).toEqual([SURGE]);
    const off = "[{ name: stuck, enabled: false }, { name: tool-surge, enabled: false }]";
    expect(breakers(off)).toEqual([]);
  });

  test("are changed by name, field by field", () => {
    expect(breakers("[{ name: stuck, above: { value: 30 }, enabled: true }]")).toEqual([
      SURGE,
      { ...STUCK, above: 30 },
    ]);
    const all =
      "[{ name: tool-surge, above: { value: 50 }, for: 5s, at_least: 3, action: alert }," +
      " { name: stuck, same_result: false, window: 1m, action: alert }]";
    expect(breakers(all)).toEqual([
      {
        ...SURGE,
        above: { kind: "value", perMinute: 50 },
        forMs: 5000,
        atLeast: 3,
        action: "alert",
      },
      { ...STUCK, sameResult: false, windowMs: 60_000, action: "alert" },
    ]);
  });

  test("are added, with their defaults", () => {
    const added =
      "[{ name: x, signal: calls_per_tool, above: { value: 9 }, action: alert }," +
      " { name: y, signal: identical_calls, above: { value: 3 }, action: trip }]";
    expect(breakers(added).slice(2)).toEqual([
      { ...SURGE, name: "x", above: { kind: "value", perMinute: 9 }, action: "alert" },
      { ...STUCK, name: "y", above: 3, sameResult: false },
    ]);
  });
});

const X = "name: x, signal: calls_per_tool, action: trip";
const Y = "name: y, signal: identical_calls, action: trip";
const LINE = "above: { value: 2 }";

// Entries → the path of the one issue, and a part of what is said.
const REFUSED: readonly [name: string, entries: string, path: string, says: RegExp][] = [
  ["no signal", "{ name: x }", "breakers[0].signal", /Add signal/],
  ["no action", `{ name: x, signal: calls_per_tool, ${LINE} }`, "breakers[0].action", /Add action/],
  ["no line", `{ ${X} }`, "breakers[0].above", /Add above/],
  ["no line of repeats", `{ ${Y} }`, "breakers[0].above", /Add above/],
  ["half a line", `{ ${X}, above: { times: 2 } }`, "breakers[0].above", /one of/],
  [
    "two lines",
    `{ ${X}, above: { value: 1, times: 2, of: rolling_average, over: 1h } }`,
    "breakers[0].above",
    /one of/,
  ],
  [
    "repeats against an average",
    `{ ${Y}, above: { times: 2, of: rolling_average, over: 1h } }`,
    "breakers[0].above",
    /counted/,
  ],
  ["a window of a surge", `{ ${X}, ${LINE}, window: 5m }`, "breakers[0].window", /identical_calls/],
  [
    "results of a surge",
    `{ ${X}, ${LINE}, same_result: true }`,
    "breakers[0].same_result",
    /identical_calls/,
  ],
  ["a length of repeats", `{ ${Y}, ${LINE}, for: 5m }`, "breakers[0].for", /calls_per_tool/],
  [
    "a floor of repeats",
    `{ ${Y}, ${LINE}, at_least: 5 }`,
    "breakers[0].at_least",
    /calls_per_tool/,
  ],
  [
    "another signal under a known name",
    `{ name: stuck, signal: calls_per_tool, ${LINE} }`,
    "breakers[0].signal",
    /another name/,
  ],
  [
    "one name twice",
    `{ name: stuck }, { name: stuck, enabled: false }`,
    "breakers[1].name",
    /Rename/,
  ],
  [
    "a later signal",
    `{ name: x, signal: tokens_per_task, ${LINE}, action: trip }`,
    "breakers[0].signal",
    /not in this version/,
  ],
  [
    "a later baseline",
    `{ ${X}, above: { times: 2, of: same_hour_last_week, over: 1h } }`,
    "breakers[0].above.of",
    /not in this version/,
  ],
  ["deviations of nothing", `{ ${X}, above: { sigmas: 3 } }`, "breakers[0].above", /one of/],
  [
    "deviations of another kind",
    `{ ${X}, above: { sigmas: 3, of: median, over: 1h } }`,
    "breakers[0].above",
    /one of/,
  ],
  [
    "a median of no time",
    `{ ${X}, above: { mads: 3, of: median } }`,
    "breakers[0].above",
    /one of/,
  ],
  [
    "no deviations",
    `{ ${X}, above: { mads: 0, of: median, over: 1h } }`,
    "breakers[0].above.mads",
    /above 0/,
  ],
  [
    "repeats by what is usual",
    `{ ${Y}, above: { sigmas: 3, of: ewma } }`,
    "breakers[0].above",
    /counted/,
  ],
  [
    "outputs",
    `{ ${X}, ${LINE}, for_outputs: 5 }`,
    "breakers[0].for_outputs",
    /not in this version/,
  ],
  [
    "a factor that is always crossed",
    `{ ${X}, above: { times: 1, of: rolling_average, over: 1h } }`,
    "breakers[0].above.times",
    /above 1/,
  ],
  ["a line of none", `{ ${Y}, above: { value: 0 } }`, "breakers[0].above.value", /from 1/],
];

test.each(REFUSED)("Refused: %s", (_, entries, path, says) => {
  const issues = issuesOf(withLine(`breakers: [${entries}]`));
  expect(issues.map((issue) => issue.path)).toEqual([path]);
  expect(`${issues[0]?.expected} ${issues[0]?.hint}`).toMatch(says);
});

describe("Parking", () => {
  test("holds as long as each client waits, or as is said, within bounds", () => {
    const usual = { callsPerAgent: 10_000, callsPerTask: 1_000, bytesPerAgent: 268_435_456 };
    expect(valid(withLine("")).parking).toEqual({
      ...{ holdMs: null, keepAlive: "auto", keepAnswersMs: 3_600_000, limits: usual },
    });
    const fields =
      "hold_for: 0s, keep_alive: none, keep_answers_for: 5m, max_calls_per_agent: 3, " +
      "max_calls_per_task: 2, max_bytes_per_agent: 1000";
    expect(valid(withLine(`parking: { ${fields} }`)).parking).toEqual({
      ...{ holdMs: 0, keepAlive: "none", keepAnswersMs: 300_000 },
      limits: { callsPerAgent: 3, callsPerTask: 2, bytesPerAgent: 1_000 },
    });
  });

  test.each([
    ["hold_for: 2h", "parking.hold_for"],
    ["keep_alive: always", "parking.keep_alive"],
    ["keep_answers_for: 0s", "parking.keep_answers_for"],
    ["max_calls_per_agent: 0", "parking.max_calls_per_agent"],
    ["max_calls_per_task: 0", "parking.max_calls_per_task"],
    ["max_bytes_per_agent: -1", "parking.max_bytes_per_agent"],
  ])("refuses %s", (field, path) => {
    expect(issuesOf(withLine(`parking: { ${field} }`))).toMatchObject([{ path }]);
  });
});
