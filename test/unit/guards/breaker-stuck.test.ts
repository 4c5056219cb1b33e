/** stuck: an agent that asks for the same and gets the same, again and again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Alarm, DEFAULT_RULES, type StuckRule } from "../../../src/guards/breaker/rules.ts";
import { observe, type Run, runOf, type StuckEvent } from "../../../src/guards/breaker/stuck.ts";

import { TALLY_MAX } from "../../../src/guards/breaker/tally.ts";

const RULE = DEFAULT_RULES.find((rule) => rule.signal === "identical_calls") as StuckRule;

function call(changes: Partial<StuckEvent> = {}): StuckEvent {
  return {
    result: "empty",
    agent: "a",
    task: "k",
    server: "s",
    tool: "transcribe_audio",
    digest: "file-1",
    repeatsMax: null,
    elsewhere: [],
    ...changes,
  };
}

/** One event a second; which of them, from 1, raised an alarm. */
function alarmsOf(
  events: readonly StuckEvent[],
  { rule = RULE, everyMs = 1_000 } = {},
): { at: readonly number[]; alarms: readonly Alarm[]; runs: ReadonlyMap<string, Run | null> } {
  const runs = new Map<string, Run | null>();
  const at: number[] = [];
  const alarms: Alarm[] = [];
  for (const [index, event] of events.entries()) {
    const key = runOf(event);
    const [after, alarm] = observe(runs.get(key) ?? null, rule, event, index * everyMs);
    runs.set(key, after);
    if (alarm !== null) {
      at.push(index + 1);
      alarms.push(alarm);
    }
  }
  return { at, alarms, runs };
}

const times = (count: number, ...events: readonly StuckEvent[]) =>
  Array.from({ length: count }, () => events).flat();
const refused = call({ result: null });

describe("the retry loop", () => {
  test("trips at the ninth empty file, within seconds, and says the numbers", () => {
    const { alarms, at } = alarmsOf(times(10, call()));
    expect(at).toEqual([9]);
    expect(alarms[0]).toEqual({
      rule: "stuck",
      signal: "identical_calls",
      action: "trip",
      agent: "a",
      server: "s",
      tool: "transcribe_audio",
      task: "k",
      value: 9,
      limit: 8,
      numbers: { identical_calls: 9, limit: 8, window_minutes: 10 },
      says:
        "One task called the tool transcribe_audio 9 times within 10 min " +
        "with the same arguments and the same result.",
    });
  });

  test("trips also where a rate limit refuses all but the first", () => {
    expect(alarmsOf([call(), ...times(20, refused)]).at).toEqual([9, 18]);
    expect(alarmsOf(times(6, call(), refused)).at).toEqual([9]);
  });

  test("trips where every call ends in the same fault", () => {
    expect(alarmsOf(times(9, call({ result: "fault:timeout" }))).at).toEqual([9]);
  });

  test("trips with other calls between, and in turns with another", () => {
    const other = call({ digest: "file-2" });
    expect(alarmsOf(times(9, call(), other)).at).toEqual([17, 18]);
    const different = (index: number) => call({ tool: "list", digest: `page-${index}` });
    const mixed = times(9, call()).flatMap((each, index) => [each, different(index)]);
    expect(alarmsOf(mixed).at).toEqual([17]);
  });

  test("trips again after a resume that changed nothing, not at once", () => {
    expect(alarmsOf(times(27, call())).at).toEqual([9, 18, 27]);
  });
});

describe("it does not trip", () => {
  const counted = Array.from({ length: 50 }, (_, index) => index);

  test.each<[string, readonly StuckEvent[]]>([
    ["on eight", times(8, call())],
    ["where the results differ", counted.map((index) => call({ result: `r${index}` }))],
    [
      "where the result changes before the ninth",
      times(5, ...times(8, call()), call({ result: "x" })),
    ],
    ["where the arguments differ", counted.map((index) => call({ digest: `d${index}` }))],
    ["where the tasks differ", counted.map((index) => call({ task: `k${index}` }))],
    ["where the tools differ", counted.map((index) => call({ tool: `t${index}` }))],
    ["where the servers differ", counted.map((index) => call({ server: `s${index}` }))],
    ["on refusals of what never answered", times(50, refused)],
    ["on a tool that is polled on purpose", times(100, call({ repeatsMax: 100 }))],
  ])("%s", (_, events) => {
    expect(alarmsOf(events).at).toEqual([]);
  });

  test("on one call every two minutes, as the window is ten", () => {
    expect(alarmsOf(times(100, call()), { everyMs: 120_000 }).at).toEqual([]);
    expect(alarmsOf(times(100, call()), { everyMs: 60_000 }).at.length).toBeGreaterThan(0);
  });

  test("on refusals long after the last result", () => {
    const [run] = observe(null, RULE, call(), 0);
    expect(observe(run, RULE, refused, 600_000)).toEqual([run, null]);
  });
});

test("a tool that may repeat trips one call above what it may", () => {
  expect(alarmsOf(times(101, call({ repeatsMax: 100 }))).at).toEqual([101]);
});

test("a refusal counts with the result before it, and a new result begins anew", () => {
  const other = call({ result: "full" });
  const events = [...times(8, call()), other, ...times(7, refused), refused];
  expect(alarmsOf(events).at).toEqual([17]);
});

test("without `same_result` it counts whatever came back, refusals of all sorts included", () => {
  const rule = { ...RULE, sameResult: false };
  const events = times(9, call()).map((event, index) => ({ ...event, result: `r${index}` }));
  const { alarms, at } = alarmsOf(events, { rule });
  expect(at).toEqual([9]);
  expect(alarms[0]?.says).toMatch(/with the same arguments\.$/);
  expect(alarmsOf(times(9, refused), { rule }).at).toEqual([9]);
});

describe("calls at other gateways", () => {
  const elsewhere = [
    { result: "empty", calls: 4 },
    { result: "full", calls: 100 },
  ];

  test("count where their result was the same", () => {
    expect(alarmsOf(times(10, call({ elsewhere }))).at).toEqual([5, 10]);
    expect(alarmsOf([call(), ...times(9, call({ result: null, elsewhere }))]).at).toEqual([5, 10]);
  });

  test("count all where results do not matter", () => {
    const rule = { ...RULE, sameResult: false };
    expect(alarmsOf([call({ elsewhere })], { rule }).at).toEqual([1]);
  });
});

test("a run is remembered in so many buckets, however long it is", () => {
  const { runs } = alarmsOf(times(2_000, call({ repeatsMax: 10_000 })));
  for (const run of runs.values()) expect(run?.calls.length).toBeLessThanOrEqual(TALLY_MAX);
});

test("there is an alarm only if one call was repeated more than the limit within the window", () => {
  const event = fc.record({
    digest: fc.constantFrom("x", "y"),
    result: fc.constantFrom("r", "q", null),
    waitMs: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 200_000 })),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80, size: "max" }), (events) => {
      const runs = new Map<string, Run | null>();
      let now = 0;
      const seen: { digest: string; at: number }[] = [];
      for (const { digest, result, waitMs } of events) {
        now += waitMs;
        seen.push({ digest, at: now });
        const event = call({ digest, result });
        const [after, alarm] = observe(runs.get(runOf(event)) ?? null, RULE, event, now);
        runs.set(runOf(event), after);
        if (alarm === null) continue;
        const alike = seen.filter((each) => each.digest === digest && each.at > now - 620_000);
        expect(alarm.numbers.identical_calls).toBe(9);
        expect(alike.length).toBeGreaterThanOrEqual(9);
      }
    }),
  );
});
