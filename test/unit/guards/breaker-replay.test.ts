/** The same detectors over what happened before. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PastCalls, replay, unreplayable } from "../../../src/guards/breaker/replay.ts";
import {
  type Alarm,
  DEFAULT_RULES,
  type StuckRule,
  type SurgeRule,
} from "../../../src/guards/breaker/rules.ts";
import * as surge from "../../../src/guards/breaker/surge.ts";

const SURGE = DEFAULT_RULES.find((rule) => rule.signal === "calls_per_tool") as SurgeRule;
const STUCK = DEFAULT_RULES.find((rule) => rule.signal === "identical_calls") as StuckRule;
const START = 1_800_000_000_000;
const MINUTE = 60_000;

function past(changes: Partial<PastCalls>): PastCalls {
  return {
    ...{ at: START, agent: "a", task: "t", server: "", tool: "transcribe", calls: 1 },
    ...{ within: "minute", digest: null },
    ...changes,
  };
}

const minutes = (counts: readonly number[], changes: Partial<PastCalls> = {}) =>
  counts.map((calls, no) => past({ at: START + no * MINUTE, calls, ...changes }));

const HOUR = Array.from({ length: 60 }, () => 10);

describe("A surge that is replayed", () => {
  test("trips once, about two minutes after it began, by what was usual", () => {
    const trips = replay(SURGE, minutes([...HOUR, ...Array.from({ length: 30 }, () => 600)]));
    expect(trips).toHaveLength(1);
    const [trip] = trips;
    expect((trip?.at ?? 0) - START).toBeGreaterThan(61 * MINUTE);
    expect((trip?.at ?? 0) - START).toBeLessThan(62.5 * MINUTE);
    expect(trip?.limit).toBe(50);
    expect(trip?.value).toBeGreaterThan(50);
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
        const calls = counts.map((n, no) =>
          past({ at: START + no * 5_000, calls: n, within: "second" }),
        );
        const rule: SurgeRule = { ...SURGE, forMs: 20_000 };
        const replayed = replay(
          rule,
          calls.filter(({ calls: n }) => n > 0),
        );
        expect(replayed.map(({ at }) => at)).toEqual(watched(rule, calls));
      }),
      { numRuns: 100 },
    );
  });
});

/** As `gateway/surges.ts` tells it: every second, calls or not. */
function watched(rule: SurgeRule, calls: readonly PastCalls[]): number[] {
  const first = calls.find((one) => one.calls > 0);
  if (first === undefined) return [];
  const subject = { agent: "a", server: "", tool: "transcribe", perMinute: null };
  let state = surge.watch(subject, first.at);
  const trips: number[] = [];
  const tell = (event: surge.SurgeEvent, at: number) => {
    const [after, alarm]: [surge.Surge, Alarm | null] = surge.observe(state, rule, event, at);
    state = after;
    if (alarm !== null) trips.push(at);
  };
  const totals = new Map<number, number>();
  const end = (calls.at(-1)?.at ?? START) + 2 * MINUTE;
  for (let at = first.at; at < end; at += 1_000) {
    const here = calls.find((one) => one.at === at && one.calls > 0);
    if (here === undefined) {
      tell({ kind: "tick" }, at);
      continue;
    }
    const bucketMs = surge.bucketMsOf(rule);
    const bucket = Math.floor(at / bucketMs) * bucketMs;
    totals.set(bucket, (totals.get(bucket) ?? 0) + here.calls);
    tell({ kind: "count", bucket, total: totals.get(bucket) ?? 0 }, at);
  }
  return trips;
}

describe("Repeats that are replayed", () => {
  const same = Array.from({ length: 20 }, (_, no) =>
    past({ at: START + no * 1_000, within: "second", digest: "d" }),
  );

  test("trip where it is known which calls were the same", () => {
    const rule: StuckRule = { ...STUCK, sameResult: false };
    expect(unreplayable(rule, same)).toBeNull();
    expect(replay(rule, same).map(({ at, limit, value }) => [at - START, value, limit])).toEqual([
      [8_000, 9, 8],
      [17_000, 9, 8],
    ]);
    const others = same.map((one, no) => ({ ...one, digest: `d${no}` }));
    expect(replay(rule, others)).toEqual([]);
  });

  test("cannot be told from counts of minutes, nor where results count", () => {
    expect(unreplayable(STUCK, minutes(HOUR))).toMatch(/counts of minutes/);
    expect(unreplayable(STUCK, same)).toMatch(/results/);
    expect(unreplayable(SURGE, minutes(HOUR))).toBeNull();
  });
});
