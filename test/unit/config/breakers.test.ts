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
  windowMs: 60_000,
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

const SPIKE = {
  name: "token-spike",
  signal: "tokens_per_task",
  above: { kind: "average", times: 5, overMs: 86_400_000 },
  atLeast: 20_000,
  action: "alert",
};
const BURST = {
  name: "error-burst",
  signal: "tool_error_rate",
  above: { kind: "value", value: 0.5 },
  windowMs: 120_000,
  forMs: 0,
  atLeast: 10,
  action: "alert",
};

describe("Breakers", () => {
  test("are on without being written", () => {
    expect(valid(withLine("")).breakers).toEqual([SURGE, STUCK, SPIKE, BURST]);
    expect(breakers("[]")).toEqual([SURGE, STUCK, SPIKE, BURST]);
  });

  test("are as the design writes them", () => {
    expect(
      breakers(`
  - { name: tool-surge,  signal: calls_per_tool,   above: { times: 5, of: rolling_average, over: 1h }, for: 60s, at_least: 20, action: trip }
  - { name: stuck,       signal: identical_calls,  above: { value: 8 }, same_result: true, window: 10m, action: trip }
  - { name: token-spike, signal: tokens_per_task,  above: { times: 5, of: rolling_average, over: 24h }, at_least: 20000, action: alert }
  - { name: error-burst, signal: tool_error_rate,  above: { value: 0.5 }, window: 2m, at_least: 10, action: alert }
`),
    ).toEqual([SURGE, STUCK, SPIKE, BURST]);
  });

  test("have a line by deviations from what is usual", () => {
    const [one, other] = breakers(
      "[{ name: a, signal: calls_per_tool, above: { sigmas: 4.5, of: ewma }, action: alert }," +
        " { name: b, signal: calls_per_tool, above: { mads: 6, of: median, over: 1d }, action: alert }]",
    ).slice(4);
    expect(one).toMatchObject({ above: { kind: "ewma", sigmas: 4.5, overMs: 3_600_000 } });
    expect(other).toMatchObject({ above: { kind: "median", mads: 6, overMs: 86_400_000 } });
  });

  test("have a line by the same hour a week ago, where they are counted by the minute", () => {
    const above = "above: { times: 2.5, of: same_hour_last_week }, action: alert";
    const signals = ["calls_per_tool", "tool_error_rate", "refusals", "spend_usd_per_hour"];
    const text = signals.map((signal) => `{ name: ${signal}-x, signal: ${signal}, ${above} }`);
    for (const rule of breakers(`[${text.join()}]`).slice(4)) {
      expect(rule).toMatchObject({ above: { kind: "last-week", times: 2.5 } });
    }
  });

  test("are turned off by name", () => {
    expect(breakers("[{ name: stuck, enabled: false }]")).toEqual([SURGE, SPIKE, BURST]);
    const names = ["stuck", "tool-surge", "token-spike", "error-burst"];
    const off = names.map((name) => `{ name: ${name}, enabled: false }`);
    expect(breakers(`[${off.join()}]`)).toEqual([]);
  });

  test("are changed by name, field by field", () => {
    expect(breakers("[{ name: stuck, above: { value: 30 }, enabled: true }]")).toEqual([
      SURGE,
      { ...STUCK, above: 30 },
      SPIKE,
      BURST,
    ]);
    const all =
      "[{ name: tool-surge, above: { value: 50 }, for: 5s, at_least: 3, action: alert }," +
      " { name: stuck, same_result: false, window: 1m, action: alert }," +
      " { name: token-spike, above: { value: 9 }, at_least: 3, action: trip }," +
      " { name: error-burst, above: { value: 0.1 }, window: 1h, for: 1m, at_least: 3, action: trip }]";
    expect(breakers(all)).toEqual([
      {
        ...SURGE,
        above: { kind: "value", value: 50 },
        forMs: 5000,
        atLeast: 3,
        action: "alert",
      },
      { ...STUCK, sameResult: false, windowMs: 60_000, action: "alert" },
      { ...SPIKE, above: { kind: "value", value: 9 }, atLeast: 3, action: "trip" },
      {
        ...{ ...BURST, above: { kind: "value", value: 0.1 }, windowMs: 3_600_000 },
        ...{ forMs: 60_000, atLeast: 3, action: "trip" },
      },
    ]);
  });

  test("are added, with their defaults", () => {
    const added = [
      "{ name: a, signal: calls_per_tool, above: { value: 9 }, action: alert }",
      "{ name: b, signal: identical_calls, above: { value: 3 }, action: trip }",
      "{ name: c, signal: tool_error_rate, above: { value: 0.2 }, action: trip }",
      "{ name: d, signal: refusals, above: { value: 30 }, action: trip }",
      "{ name: e, signal: spend_usd_per_hour, above: { value: 2.5 }, action: trip }",
      "{ name: f, signal: tokens_per_task, above: { value: 90000 }, action: trip }",
      "{ name: g, signal: no_progress, above: { value: 20 }, action: trip }",
      "{ name: h, signal: new_tools, above: { value: 0 }, action: alert }",
    ];
    const value = (value: number) => ({ kind: "value", value });
    expect(breakers(`[${added.join()}]`).slice(4)).toEqual([
      { ...SURGE, name: "a", above: value(9), action: "alert" },
      { ...STUCK, name: "b", above: 3, sameResult: false },
      { ...BURST, name: "c", above: value(0.2), action: "trip" },
      {
        ...{ name: "d", signal: "refusals", above: value(30), action: "trip" },
        ...{ windowMs: 60_000, forMs: 0, atLeast: 10 },
      },
      {
        ...{ name: "e", signal: "spend_usd_per_hour", above: value(2.5), action: "trip" },
        ...{ windowMs: 3_600_000, forMs: 0, atLeast: 1 },
      },
      { ...SPIKE, name: "f", above: value(90_000), action: "trip" },
      { name: "g", signal: "no_progress", above: 20, windowMs: 600_000, action: "trip" },
      {
        ...{ name: "h", signal: "new_tools", above: 0, windowMs: 3_600_000, atLeast: 1 },
        action: "alert",
      },
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
    "a window of tokens",
    `{ name: z, signal: tokens_per_task, action: trip, ${LINE}, window: 5m }`,
    "breakers[0].window",
    /identical_calls/,
  ],
  [
    "a share above one",
    `{ name: z, signal: tool_error_rate, action: trip, above: { value: 5 } }`,
    "breakers[0].above.value",
    /a share above 0 and below 1/,
  ],
  [
    "half a call",
    `{ ${X}, above: { value: 2.5 } }`,
    "breakers[0].above.value",
    /a whole number from 1/,
  ],
  [
    "no money",
    `{ name: z, signal: spend_usd_per_hour, action: trip, above: { value: 0 } }`,
    "breakers[0].above.value",
    /USD above 0/,
  ],
  [
    "new tools by what is usual",
    `{ name: z, signal: new_tools, action: trip, above: { sigmas: 3, of: ewma } }`,
    "breakers[0].above",
    /counted/,
  ],
  ["a window of nothing", `{ ${X}, ${LINE}, window: 5s }`, "breakers[0].window", /at least 10s/],
  [
    "a window that is half of what is usual",
    `{ ${X}, above: { times: 2, of: rolling_average, over: 1h }, window: 40m }`,
    "breakers[0].above.over",
    /twice the window/,
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
    `{ name: x, signal: output_distance, ${LINE}, action: trip }`,
    "breakers[0].signal",
    /not in this version/,
  ],
  [
    "an hour a week ago over some time",
    `{ ${X}, above: { times: 2, of: same_hour_last_week, over: 1h } }`,
    "breakers[0].above",
    /{ times, of: same_hour_last_week }/,
  ],
  [
    "deviations from an hour a week ago",
    `{ ${X}, above: { sigmas: 2, of: same_hour_last_week } }`,
    "breakers[0].above",
    /one of/,
  ],
  [
    "more than an hour against an hour",
    `{ ${X}, above: { times: 2, of: same_hour_last_week }, window: 61m }`,
    "breakers[0].window",
    /at most 1h/,
  ],
  [
    "tokens of a task against an hour",
    `{ name: token-spike, above: { times: 2, of: same_hour_last_week } }`,
    "breakers[0].above.of",
    /rolling_average, ewma or median/,
  ],
  [
    "repeats against an hour",
    `{ ${Y}, above: { times: 2, of: same_hour_last_week } }`,
    "breakers[0].above",
    /counted/,
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
  ["a line of none", `{ ${Y}, above: { value: 0 } }`, "breakers[0].above.value", /from 1 to/],
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
