/** The same detectors over what happened before. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as level from "../../../src/guards/breaker/level.ts";
import { type Past, replay, unreplayable } from "../../../src/guards/breaker/replay.ts";
import {
  type Alarm,
  DEFAULT_RULES,
  type LevelRule,
  type NoProgressRule,
  type StuckRule,
} from "../../../src/guards/breaker/rules.ts";

const SURGE = DEFAULT_RULES.find((rule) => rule.name === "tool-surge") as LevelRule;
const STUCK = DEFAULT_RULES.find((rule) => rule.signal === "identical_calls") as StuckRule;
const START = 1_800_000_000_000;
const MINUTE = 60_000;

function past(changes: Partial<Past>, calls = 1): Past {
  return {
    ...{ at: START, agent: "a", task: "t", server: "", tool: "transcribe", counts: { calls } },
    ...{ within: "minute", call: null },
    ...changes,
  };
}

const minutes = (counts: readonly number[], changes: Partial<Past> = {}) =>
  counts.map((calls, no) => past({ at: START + no * MINUTE, ...changes }, calls));

const HOUR = Array.from({ length: 60 }, () => 10);

describe("A surge that is replayed", () => {
  test("trips once, about two minutes after it began, by what was usual", () => {
    const trips = replay(SURGE, minutes([...HOUR, ...Array.from({ length: 30 }, () => 600)]));
    expect(trips).toHaveLength(1);
    const [trip] = trips;
    expect((trip?.at ?? 0) - START).toBeGreaterThan(61 * MINUTE);
    expect((trip?.at ?? 0) - START).toBeLessThan(62.5 * MINUTE);
    expect(trip?.alarm.limit).toBe(50);
    expect(trip?.alarm.value).toBeGreaterThan(50);
  });

  test("does not trip on what is usual, nor on a burst of three seconds", () => {
    expect(replay(SURGE, minutes([...HOUR, ...HOUR]))).toEqual([]);
    const burst = Array.from({ length: 300 }, (_, no) =>
      past({ at: START + 3_600_000 + no * 10, within: "second" }),
    );
    expect(replay(SURGE, [...minutes(HOUR), ...burst])).toEqual([]);
  });

  test("is one for each agent and tool", () => {
    const loop = [...HOUR, ...Array.from({ length: 10 }, () => 600)];
    const calls = [
      ...minutes(loop),
      ...minutes(loop, { agent: "b" }),
      ...minutes(loop, { tool: "other" }),
      ...minutes(HOUR, { tool: "calm" }),
    ].sort((one, other) => one.at - other.at);
    const told = replay(SURGE, calls).map(({ alarm }) => `${alarm.agent} ${alarm.tool}`);
    expect(told.sort()).toEqual(["a other", "a transcribe", "b transcribe"]);
  });

  test("is what a gateway would have seen, second by second", () => {
    const traffic = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 60, maxLength: 240 });
    fc.assert(
      fc.property(traffic, (counts) => {
        // Each number is the calls of a stretch of 5 s, at its beginning.
        const calls = counts.map((n, no) => past({ at: START + no * 5_000, within: "second" }, n));
        const rule: LevelRule = { ...SURGE, forMs: 20_000 };
        const replayed = replay(
          rule,
          calls.filter(({ counts }) => counts.calls !== 0),
        );
        expect(replayed.map(({ at }) => at)).toEqual(watched(rule, calls));
      }),
      { numRuns: 100 },
    );
  });
});

/** As a gateway tells it: every second, calls or not. */
function watched(rule: LevelRule, past: readonly Past[]): number[] {
  const first = past.find(({ counts }) => counts.calls !== 0);
  if (first === undefined) return [];
  const subject = { agent: "a", server: "", tool: "transcribe" };
  const held = { subject, rule, cold: level.coldLineOf(rule, null) };
  let state = level.UNSEEN;
  const trips: number[] = [];
  const end = (past.at(-1)?.at ?? START) + 2 * MINUTE;
  for (let at = first.at; at < end; at += 1_000) {
    const calls = past.find((one) => one.at === at)?.counts.calls ?? 0;
    const event =
      calls === 0
        ? ({ kind: "tick" } as const)
        : ({ kind: "count", at, count: calls, beside: calls } as const);
    const [after, alarm]: [level.Level, Alarm | null] = level.observe(state, held, event, at);
    state = after;
    if (alarm !== null) trips.push(at);
  }
  return trips;
}

describe("Other levels that are replayed", () => {
  test("trip by failures, by refusals and by money", () => {
    const bad = Array.from({ length: 40 }, (_, no) =>
      past({
        ...{ at: START + no * 1_000, within: "second" },
        counts: { calls: 1, ended: 1, errors: 1, refused: 1, spent: 1e9 },
      }),
    );
    const window = { windowMs: 60_000, forMs: 0, atLeast: 10, action: "trip" } as const;
    const rules: readonly LevelRule[] = [
      { ...window, name: "x", signal: "tool_error_rate", above: { kind: "value", value: 0.5 } },
      { ...window, name: "x", signal: "refusals", above: { kind: "value", value: 20 } },
      {
        ...window,
        name: "x",
        signal: "spend_usd_per_hour",
        above: { kind: "value", value: 1_000 },
      },
    ];
    const seen = rules.map((rule) => {
      const [trip] = replay(rule, bad);
      return [((trip?.at ?? 0) - START) / 1_000, trip?.alarm.tool, trip?.alarm.value];
    });
    // A dollar a second is 60 a minute, of which more than 1000 an hour are seen after 17 s.
    expect(seen).toEqual([
      [9, "transcribe", 1],
      [20, "", 21],
      [16, "", 1_020],
    ]);
    expect(unreplayable(rules[1] as LevelRule, minutes(HOUR))).toMatch(/only how many calls/);
  });
});

describe("Repeats that are replayed", () => {
  const call = { digest: "d", isRefused: false, result: "r" };
  const same = Array.from({ length: 20 }, (_, no) =>
    past({ at: START + no * 1_000, within: "second", call }),
  );

  test("trip where it is known which calls were the same", () => {
    for (const rule of [STUCK, { ...STUCK, sameResult: false }]) {
      expect(unreplayable(rule, same)).toBeNull();
      const seen = replay(rule, same).map(({ alarm, at }) => [
        at - START,
        alarm.value,
        alarm.limit,
      ]);
      expect(seen).toEqual([
        [8_000, 9, 8],
        [17_000, 9, 8],
      ]);
    }
    const others = same.map((one, no) => ({ ...one, call: { ...call, digest: `d${no}` } }));
    expect(replay(STUCK, others)).toEqual([]);
    const results = same.map((one, no) => ({ ...one, call: { ...call, result: `r${no}` } }));
    expect(replay(STUCK, results)).toEqual([]);
  });

  test("trip where nothing new comes of different calls", () => {
    const rule: NoProgressRule = {
      ...{ name: "n", signal: "no_progress", above: 5, windowMs: 600_000, action: "alert" },
    };
    const turns = same.map((one, no) => ({ ...one, call: { ...call, digest: `d${no % 3}` } }));
    expect(unreplayable(rule, turns)).toBeNull();
    // Three are new; the sixth after them is one too many.
    expect(replay(rule, turns).map(({ at }) => at - START)).toEqual([8_000, 14_000]);
  });

  test("cannot be told from counts of minutes, nor where results are not known", () => {
    const blind = same.map((one) => ({ ...one, call: { ...call, result: null } }));
    expect(unreplayable(STUCK, minutes(HOUR))).toMatch(/counts of minutes/);
    expect(unreplayable(STUCK, blind)).toMatch(/results/);
    expect(unreplayable({ ...STUCK, sameResult: false }, blind)).toBeNull();
    expect(unreplayable(SURGE, minutes(HOUR))).toBeNull();
    const spike = DEFAULT_RULES.find((rule) => rule.signal === "tokens_per_task");
    expect(spike && unreplayable(spike, same)).toMatch(/before the file/);
  });
});
