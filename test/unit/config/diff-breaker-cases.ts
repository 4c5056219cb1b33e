/** What is told of each field of the breakers of a manifest. */
import type { FieldCase } from "./diff-field-cases.ts";
import type { Json } from "./diff-folder.ts";

const SURGE = { name: "own", signal: "calls_per_tool", above: { value: 50 }, action: "alert" };
const REPEATS = { ...SURGE, signal: "identical_calls", above: { value: 8 } };
const ABOUT = "bot breaker own:";

function rule(base: Json, set: Json, there: readonly string[], back: readonly string[]): FieldCase {
  const told = (lines: readonly string[]) => lines.map((line) => line.replace(" ", ` ${ABOUT} `));
  return {
    base: ({ bot }) => {
      bot.breakers = [base];
    },
    set: ({ bot }) => {
      bot.breakers = [{ ...base, ...set }];
    },
    ...{ there: told(there), back: told(back) },
  };
}

const LINES: Readonly<Record<string, readonly [above: Json, words: string]>> = {
  rolling_average: [{ times: 3, of: "rolling_average", over: "2h" }, "3 times the average of 2h"],
  same_hour_last_week: [
    { times: 3, of: "same_hour_last_week" },
    "3 times what was in the same hour a week ago",
  ],
  ewma: [{ sigmas: 3, of: "ewma", over: "2h" }, "3 deviations above the weighted mean of 2h"],
  median: [{ mads: 3, of: "median", over: "2h" }, "3 deviations above the median of 2h"],
};

/** Another kind of line: of that nobody can say which is lower. */
function kind(of: string): FieldCase {
  const [above, words] = LINES[of] ?? [];
  return rule(
    SURGE,
    { above },
    [`may-be-wider its line is ${words} instead of 50`],
    [`may-be-wider its line is 50 instead of ${words}`],
  );
}

function higher(of: string, part: string, words: string): FieldCase {
  const [above, before] = LINES[of] ?? [];
  return rule(
    { ...SURGE, above },
    { above: { ...above, [part]: 4 } },
    [`wider its line is ${words} instead of ${before}`],
    [`narrower its line is ${before} instead of ${words}`],
  );
}

/** Each against a rule of another signal, with what that one has to have. */
function signal(name: string, above: Json): FieldCase {
  const other = name === "calls_per_tool" ? REPEATS : SURGE;
  return rule(
    other,
    { signal: name, above },
    [`may-be-wider watches ${name} instead of ${other.signal}`],
    [`may-be-wider watches ${other.signal} instead of ${name}`],
  );
}

const NAMED = ["narrower bot breaker other: is on", "wider bot breaker own: is turned off"];

export const BREAKER_FIELD_CASES: Readonly<Record<string, FieldCase>> = {
  "breakers[].name": {
    ...rule(SURGE, { name: "other" }, [], []),
    there: NAMED,
    back: ["narrower bot breaker own: is on", "wider bot breaker other: is turned off"],
  },
  "breakers[].signal = calls_per_tool": signal("calls_per_tool", { value: 50 }),
  "breakers[].signal = tool_error_rate": signal("tool_error_rate", { value: 0.5 }),
  "breakers[].signal = tokens_per_task": signal("tokens_per_task", { value: 5000 }),
  "breakers[].signal = identical_calls": signal("identical_calls", { value: 8 }),
  "breakers[].signal = no_progress": signal("no_progress", { value: 8 }),
  "breakers[].signal = refusals": signal("refusals", { value: 8 }),
  "breakers[].signal = spend_usd_per_hour": signal("spend_usd_per_hour", { value: 2 }),
  "breakers[].signal = new_tools": signal("new_tools", { value: 0 }),
  "breakers[].above.value": rule(
    SURGE,
    { above: { value: 40 } },
    ["narrower its line is 40 instead of 50"],
    ["wider its line is 50 instead of 40"],
  ),
  "breakers[].above.times": higher("rolling_average", "times", "4 times the average of 2h"),
  "breakers[].above.sigmas": higher("ewma", "sigmas", "4 deviations above the weighted mean of 2h"),
  "breakers[].above.mads": higher("median", "mads", "4 deviations above the median of 2h"),
  "breakers[].above.of = rolling_average": kind("rolling_average"),
  "breakers[].above.of = same_hour_last_week": kind("same_hour_last_week"),
  "breakers[].above.of = ewma": kind("ewma"),
  "breakers[].above.of = median": kind("median"),
  "breakers[].above.over": rule(
    { ...SURGE, above: LINES.median?.[0] },
    { above: { mads: 3, of: "median", over: "4h" } },
    [
      "may-be-wider its line is 3 deviations above the median of 4h instead of 3 deviations above the median of 2h",
    ],
    [
      "may-be-wider its line is 3 deviations above the median of 2h instead of 3 deviations above the median of 4h",
    ],
  ),
  "breakers[].for": rule(
    { ...SURGE, for: "1m" },
    { for: "5s" },
    ["narrower it must stay above its line for 5s instead of 1m"],
    ["wider it must stay above its line for 1m instead of 5s"],
  ),
  "breakers[].window": rule(
    REPEATS,
    { window: "5m" },
    ["wider it looks at 5m instead of 10m"],
    ["narrower it looks at 10m instead of 5m"],
  ),
  "breakers[].at_least": rule(
    SURGE,
    { at_least: 5 },
    ["narrower its floor is 5 instead of 20"],
    ["wider its floor is 20 instead of 5"],
  ),
  "breakers[].same_result": rule(
    REPEATS,
    { same_result: true },
    ["wider counts only calls with an equal result"],
    ["narrower counts calls whatever their result"],
  ),
  "breakers[].action = trip": rule(
    SURGE,
    { action: "trip" },
    ["narrower trips instead of only alerting"],
    ["wider only alerts instead of tripping"],
  ),
  "breakers[].action = alert": rule(
    { ...SURGE, action: "trip" },
    { action: "alert" },
    ["wider only alerts instead of tripping"],
    ["narrower trips instead of only alerting"],
  ),
  // A manifest turns none off that others have; what it adds and turns off is not there at all.
  "breakers[].enabled": {
    set: ({ bot }) => {
      bot.breakers = [{ ...SURGE, enabled: true }];
    },
    there: [`narrower ${ABOUT} is on`],
    back: [`wider ${ABOUT} is turned off`],
  },
};
