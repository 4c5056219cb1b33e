/** What was in the same hour of the day a week ago, and the lines that it draws. */
import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  type Hour,
  hoursBefore,
  usualOf,
  WEEK_MS,
} from "../../../src/guards/breaker/last-week.ts";
import * as level from "../../../src/guards/breaker/level.ts";
import { MEASURES } from "../../../src/guards/breaker/measure.ts";
import { type Past, replay, unreplayable } from "../../../src/guards/breaker/replay.ts";
import type { LevelRule } from "../../../src/guards/breaker/rules.ts";

const MINUTE = 60_000;
const TEN = Date.parse("2026-03-02T10:00:00Z");
const RULE: LevelRule = {
  ...{ signal: "calls_per_tool", name: "weekly", above: { kind: "last-week", times: 3 } },
  ...{ windowMs: MINUTE, forMs: 0, atLeast: 5, action: "trip" },
};
const SUBJECT = { agent: "a", server: "s", tool: "t" };

function hour(start: number, count: number, changes: Partial<Hour> = {}): Hour {
  return { start: start - WEEK_MS, count, beside: count, minutes: 60, ...changes };
}

describe("The hours a week ago", () => {
  test("are those that the window was in", () => {
    expect(hoursBefore(TEN + 30 * MINUTE, MINUTE)).toEqual([TEN - WEEK_MS]);
    const turn = [TEN - HOUR_MS - WEEK_MS, TEN - WEEK_MS];
    expect(hoursBefore(TEN + 30_000, MINUTE)).toEqual(turn);
    expect(hoursBefore(TEN + HOUR_MS - 1, HOUR_MS)).toEqual(turn);
  });

  // When, window, the hours of nine and of ten → what is usual, and whether it is enough.
  test.each([
    ["all of it in ten", 30, 1, hour(TEN - HOUR_MS, 6_000), hour(TEN, 600), 10, true],
    ["half in nine, half in ten", 0.5, 1, hour(TEN - HOUR_MS, 6_000), hour(TEN, 600), 55, true],
    ["an hour, mostly in nine", 15, 60, hour(TEN - HOUR_MS, 60), hour(TEN, 1_200), 5.75, true],
    ["nine is not known", 0.5, 1, null, hour(TEN, 600), 10, true],
    ["some minutes are left out", 30, 1, null, hour(TEN, 300, { minutes: 30 }), 10, true],
    ["too few are known", 30, 1, null, hour(TEN, 90, { minutes: 9 }), 10, false],
    ["ten is not known", 30, 1, hour(TEN - HOUR_MS, 60), null, null, null],
    ["nothing is known", 30, 1, null, null, null, null],
  ])("of a window with %s", (_, minute, window, nine, ten, usual, isLong) => {
    const hours = [nine, ten].flatMap((one) => one ?? []);
    const at = { now: TEN + minute * MINUTE, windowMs: window * MINUTE };
    const found = usualOf(hours, MEASURES.calls_per_tool, at);
    if (usual === null) expect(found).toBeNull();
    else expect(found).toEqual({ usual: expect.closeTo(usual, 6), isLong });
  });

  test("are a share of failures, or an amount of money an hour, as the signal is", () => {
    const at = { now: TEN + 30 * MINUTE, windowMs: MINUTE };
    const failed = [hour(TEN, 30, { beside: 600 })];
    expect(usualOf(failed, MEASURES.tool_error_rate, at)?.usual).toBeCloseTo(0.05, 9);
    const spent = [hour(TEN, 3e9, { beside: 600, minutes: 30 })];
    expect(usualOf(spent, MEASURES.spend_usd_per_hour, at)?.usual).toBeCloseTo(6, 9);
  });
});

/** So many calls at once in that hour, and what came of it. */
function calls(count: number, hours: readonly Hour[], cold: number | null = 1_000) {
  const now = TEN + 30 * MINUTE;
  const event = { kind: "count", at: now, count, beside: count } as const;
  return level.observe(level.UNSEEN, { subject: SUBJECT, rule: RULE, cold, hours }, event, now)[1];
}

describe("A line by the same hour a week ago", () => {
  test("is so many times what it was then, and says so", () => {
    expect(calls(30, [hour(TEN, 600)])).toBeNull();
    const alarm = calls(31, [hour(TEN, 600)]);
    expect(alarm).toMatchObject({ value: 31, limit: 30 });
    expect(alarm?.numbers).toMatchObject({ usual_per_minute: 10 });
    expect(alarm?.says).toBe(
      "The tool t was called 31 times in the last minute, and more than 30 a minute; " +
        "in the same hour a week ago it was 10.",
    );
    // Not in the same hour: nothing is known of this one.
    expect(calls(31, [hour(TEN - HOUR_MS, 600)])).toBeNull();
  });

  test("is a cold start's where nothing is known, or too little", () => {
    expect(calls(40, [], 40)).toBeNull();
    expect(calls(41, [], 40)).toMatchObject({ limit: 40 });
    expect(calls(5_000, [], null)).toBeNull();
    const short = [hour(TEN, 180, { minutes: 9 })];
    expect([calls(60, short, 10), calls(61, short, 10)?.limit]).toEqual([null, 60]);
    expect([calls(80, short, 80), calls(81, short, 80)?.limit]).toEqual([null, 80]);
  });
});

const START = TEN - WEEK_MS;

const WEEK_MINUTES = 7 * 24 * 60;
const REPLAYED: LevelRule = { ...RULE, forMs: 30_000, atLeast: 50 };

/** So many calls a minute of two hours, and of one a week later; in some minutes more. */
function past(usual: number, more: Readonly<Record<number, number>>, later = WEEK_MINUTES) {
  const minutes = Array.from({ length: 180 }, (_, no) => (no < 120 ? no : later + no - 120));
  return minutes.map(
    (minute): Past => ({
      ...{ at: START + minute * MINUTE, agent: "a", task: "t", server: "", tool: "x" },
      ...{ counts: { calls: more[minute] ?? usual }, within: "minute", call: null },
    }),
  );
}

/** So many in each of some minutes. */
function many(calls: number, from: number, minutes: number): Readonly<Record<number, number>> {
  return Object.fromEntries(Array.from({ length: minutes }, (_, no) => [from + no, calls]));
}

const tripsOf = (more: Readonly<Record<number, number>>) =>
  replay({ ...REPLAYED, action: "alert" }, past(6, more));
const minuteOf = ({ at }: { readonly at: number }) => Math.floor((at - START) / MINUTE);

describe("Replayed", () => {
  test("it trips by the hour of a week before, and not by any other", () => {
    const [busy, again] = [many(45, 0, 60), many(100, WEEK_MINUTES + 20, 3)];
    expect(tripsOf({ ...busy, ...again })).toEqual([]);
    const trips = tripsOf({ ...many(45, 60, 60), ...again });
    expect(trips.map(minuteOf)).toEqual([WEEK_MINUTES + 20]);
    expect(trips[0]?.alarm).toMatchObject({ limit: 18, numbers: { usual_per_minute: 6 } });
  });

  test("a runaway of a week ago is no part of what is usual", () => {
    const trips = tripsOf({ ...many(900, 30, 20), ...many(100, WEEK_MINUTES + 20, 3) });
    expect(trips.map(minuteOf)).toEqual([30, WEEK_MINUTES + 20]);
    // The cold line then, and what was usual now.
    expect(trips.map(({ alarm }) => Math.round(alarm.limit))).toEqual([50, 18]);
  });

  test("a file of less than a week says nothing", () => {
    const why = "its line hangs on the week before, and the file is of less";
    expect(unreplayable(REPLAYED, past(6, {}, WEEK_MINUTES - 60))).toBe(why);
    expect(unreplayable(REPLAYED, past(6, {}))).toBeNull();
  });
});
