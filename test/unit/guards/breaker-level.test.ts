/** tool-surge: what is far more than usual trips, and what is usual does not. */
import { describe, expect, test } from "vitest";
import { BUCKETS_MAX, bucketMsOf } from "../../../src/guards/breaker/buckets.ts";
import {
  coldLineOf,
  type Held,
  isOver,
  type Level,
  type LevelEvent,
  observe,
  type Phase,
  perMinuteOf,
  rearm,
  UNSEEN,
} from "../../../src/guards/breaker/level.ts";
import { type Alarm, DEFAULT_RULES, type LevelRule } from "../../../src/guards/breaker/rules.ts";

const RULE = DEFAULT_RULES.find((rule) => rule.name === "tool-surge") as LevelRule;
const SUBJECT = { agent: "a", server: "s", tool: "transcribe_audio" };
const MINUTE = 60;
const HOUR = 3_600;
const START = 1_800_000_000_000;

/** Calls of one gateway in second `second` since the start. */
type Traffic = (second: number) => number;

/** Gateways that count, a store that merges, and one detector told of it every second. */
class Watched {
  level: Level = UNSEEN;
  second = 0;
  readonly alarms: { second: number; alarm: Alarm }[] = [];
  readonly #held: Held;

  constructor({ rule = RULE, perMinute = null as number | null } = {}) {
    const limit = perMinute === null ? null : { requests: perMinute, perMs: 60_000 };
    this.#held = { subject: SUBJECT, rule, cold: coldLineOf(rule, limit) };
  }

  get now(): number {
    return START + this.second * 1_000;
  }

  /** Of each second: what all gateways count, and beside how many calls. */
  measure(seconds: number, count: Traffic, beside: Traffic = count): this {
    for (const end = this.second + seconds; this.second < end; this.second += 1) {
      const amount = { count: count(this.second), beside: beside(this.second) };
      const isQuiet = amount.count === 0 && amount.beside === 0;
      this.tell(isQuiet ? { kind: "tick" } : { kind: "count", at: this.now, ...amount });
    }
    return this;
  }

  run(seconds: number, ...traffic: readonly Traffic[]): this {
    return this.measure(seconds, (second) => traffic.reduce((sum, one) => sum + one(second), 0));
  }

  tell(event: LevelEvent): void {
    const [level, alarm] = observe(this.level, this.#held, event, this.now);
    this.level = level;
    if (alarm !== null) this.alarms.push({ second: this.second, alarm });
  }

  get seconds(): readonly number[] {
    return this.alarms.map(({ second }) => second);
  }
}

/** So many a minute, evenly. */
const evenly =
  (perMinute: number): Traffic =>
  (second) =>
    Math.floor(((second + 1) * perMinute) / MINUTE) - Math.floor((second * perMinute) / MINUTE);

describe("it trips", () => {
  test("when a tool is called six times as often as usual for a minute, and says the numbers", () => {
    const watched = new Watched().run(HOUR, evenly(10)).run(3 * MINUTE, evenly(60));
    expect(watched.alarms).toHaveLength(1);
    const [{ alarm, second } = { alarm: null, second: 0 }] = watched.alarms;
    // Above 50 a minute after some 50 s, and then for one minute.
    expect(second - HOUR).toBeGreaterThan(60);
    expect(second - HOUR).toBeLessThan(125);
    expect(alarm).toEqual({
      rule: "tool-surge",
      signal: "calls_per_tool",
      action: "trip",
      agent: "a",
      server: "s",
      tool: "transcribe_audio",
      task: null,
      value: 60,
      limit: 50,
      numbers: {
        calls: 60,
        window_seconds: 60,
        line_per_minute: 50,
        usual_per_minute: 10,
        for_seconds: 60,
      },
      says:
        "The tool transcribe_audio was called 60 times in the last minute, " +
        "and more than 50 a minute for 60 s; usual is 10.",
    });
  });

  test("62 s after a wild loop begins, without any history, by the tool's own rate limit", () => {
    // The limit refuses most of it: what counts are attempts.
    const watched = new Watched({ perMinute: 100 }).run(2 * MINUTE, evenly(1_200));
    expect(watched.seconds).toEqual([65]);
    expect(watched.alarms[0]?.alarm.numbers).toEqual({
      calls: 1_200,
      window_seconds: 60,
      line_per_minute: 100,
      for_seconds: 60,
    });
    expect(watched.alarms[0]?.alarm.says).toMatch(/, and more than 100 a minute for 60 s\.$/);
  });

  test("by `at_least` where there is neither history nor a rate limit", () => {
    expect(new Watched().run(HOUR / 6, evenly(20)).seconds).toEqual([]);
    expect(new Watched().run(HOUR / 6, evenly(30)).alarms).toHaveLength(1);
  });

  test("on a surge that is split over two gateways, none of which is above the line", () => {
    const half = new Watched({ perMinute: 100 }).run(5 * MINUTE, evenly(80));
    expect(half.seconds).toEqual([]);
    const both = new Watched({ perMinute: 100 });
    both.run(5 * MINUTE, evenly(80), evenly(80));
    expect(both.alarms).toHaveLength(1);
    expect(both.alarms[0]?.alarm.numbers.calls).toBe(160);
  });

  test("on an agent that fans out, thinks for half a minute, and fans out again", () => {
    const fanOut: Traffic = (second) => (second % 35 < 2 ? 40 : 0);
    expect(new Watched().run(5 * MINUTE, fanOut).alarms).toHaveLength(1);
  });

  test("by the line that it crossed, though what goes on would raise it meanwhile", () => {
    const rule = { ...RULE, forMs: 600_000 };
    const watched = new Watched({ rule }).run(HOUR, evenly(10)).run(15 * MINUTE, evenly(60));
    expect(watched.alarms).toHaveLength(1);
    expect(watched.alarms[0]?.alarm.numbers.line_per_minute).toBe(50);
  });

  test("on so many deviations above what is usual, and not below", () => {
    const lines = [
      { kind: "ewma", sigmas: 5, overMs: 3_600_000 },
      { kind: "median", mads: 5, overMs: 3_600_000 },
    ] as const;
    for (const above of lines) {
      const rule = { ...RULE, above, forMs: 0 };
      // 100 a minute by chance deviate by 10: five of those, or of 6.7, are above.
      const watched = new Watched({ rule, perMinute: 1_000 }).run(HOUR, evenly(100));
      expect(watched.run(2 * MINUTE, evenly(130)).seconds).toEqual([]);
      watched.run(2 * MINUTE, evenly(170));
      expect(watched.alarms).toHaveLength(1);
      const { line_per_minute: line = 0, usual_per_minute: usual } =
        watched.alarms[0]?.alarm.numbers ?? {};
      expect(usual).toBeCloseTo(100, -1);
      expect(line).toBeGreaterThan(130);
      expect(line).toBeLessThan(155);
    }
  });

  test("on a fixed number of calls a minute", () => {
    const above = { kind: "value", value: 40 } as const;
    const rule = { ...RULE, above, forMs: 0, atLeast: 0 };
    const watched = new Watched({ rule }).run(MINUTE, evenly(41)).run(MINUTE, evenly(45));
    expect(watched.alarms).toHaveLength(1);
    expect(watched.alarms[0]?.alarm.numbers.line_per_minute).toBe(40);
    expect(new Watched({ rule }).run(HOUR, evenly(40)).seconds).toEqual([]);
  });

  test("again, once it has been calm between; by what was usual before the first time", () => {
    const watched = new Watched().run(HOUR, evenly(10)).run(20 * MINUTE, evenly(300));
    watched.run(5 * MINUTE, evenly(10)).run(3 * MINUTE, evenly(100));
    expect(watched.alarms).toHaveLength(2);
    const averages = watched.alarms.map(({ alarm }) => alarm.numbers.usual_per_minute);
    expect(averages).toEqual([10, 10]);
  });

  test("again after a resume that changed nothing", () => {
    const watched = new Watched({ perMinute: 100 }).run(5 * MINUTE, evenly(300));
    expect(watched.alarms).toHaveLength(1);
    watched.level = rearm(watched.level, RULE, watched.now);
    watched.run(2 * MINUTE, evenly(300));
    expect(watched.alarms).toHaveLength(2);
    expect(watched.alarms[1]?.alarm.numbers.line_per_minute).toBe(100);
  });
});

describe("it does not trip", () => {
  test.each<[string, Traffic, number]>([
    ["on what is usual", evenly(200), HOUR],
    // Doubles every twenty minutes.
    ["on slow steady growth", (second) => evenly(20 * 2 ** (second / 1_200))(second), 2 * HOUR],
    ["on a batch every quarter of an hour", (second) => (second % 900 < 10 ? 9 : 0), 3 * HOUR],
    ["on fifteen a minute, beneath the floor", (second) => (second % 4 === 0 ? 1 : 0), HOUR],
    ["on one burst", (second) => (second === 3_000 ? 1_000 : 0), HOUR],
  ])("%s", (_, traffic, seconds) => {
    // A first hour of its own: all begins cold.
    const rate = new Watched({ perMinute: 250 });
    expect(rate.run(seconds, traffic).seconds).toEqual([]);
  });

  test("on a minute that is far above the usual, but beneath the floor", () => {
    expect(new Watched().run(HOUR, evenly(1)).run(HOUR / 6, evenly(19)).seconds).toEqual([]);
  });

  test("where it was above for less than it must be", () => {
    const watched = new Watched().run(HOUR, evenly(10));
    for (let times = 0; times < 10; times += 1) {
      watched.run(50, evenly(120)).run(2 * MINUTE, evenly(0));
    }
    expect(watched.seconds).toEqual([]);
  });

  test("in the morning after a quiet night, up to the rate limit", () => {
    const watched = new Watched({ perMinute: 100 }).run(HOUR, evenly(60)).run(8 * HOUR, () => 0);
    expect(watched.run(2 * HOUR, evenly(90)).seconds).toEqual([]);
  });

  test("on a tool that begins slowly and then does its work, up to the rate limit", () => {
    const watched = new Watched({ perMinute: 100 }).run(3 * MINUTE, evenly(5));
    expect(watched.run(HOUR, evenly(90)).seconds).toEqual([]);
  });

  test("on a gap without news, that nobody can say it was above in", () => {
    const watched = new Watched({ perMinute: 10 }).run(30, evenly(600));
    expect(watched.level.phase.kind).toBe("rising");
    watched.second += 10 * MINUTE;
    const gap = watched.run(5, evenly(600)).level.phase;
    expect(gap.kind).toBe("calm");
    expect(watched.seconds).toEqual([]);
  });
});

describe("what is counted", () => {
  const held: Held = { subject: SUBJECT, rule: RULE, cold: 20 };
  const counted = (at: number, count: number) =>
    ({ kind: "count", at, count, beside: count }) as const;

  test("comes to the same in any order", () => {
    const events = [3, 5, 9].map((count, minute) => counted(START + minute * 60_000, count));
    const told = (all: readonly LevelEvent[]) =>
      all.reduce((level, event) => observe(level, held, event, START + 180_000)[0], UNSEEN);
    expect(told(events.toReversed()).history).toEqual(told(events).history);
  });

  test("is history, and not calls of now, where it was before anybody looked", () => {
    const watched = new Watched();
    watched.second = 10;
    for (let minute = 1; minute <= 60; minute += 1) {
      const at = START - minute * 60_000;
      watched.tell({ kind: "history", at, withinMs: 60_000, count: 100, beside: 100 });
    }
    expect(watched.level.recent).toEqual([]);
    // A restart forgets nothing of what is usual: 400 is below five times 100.
    expect(watched.run(5 * MINUTE, evenly(400)).seconds).toEqual([]);
    expect(watched.run(3 * MINUTE, evenly(1_200)).alarms).toHaveLength(1);
  });

  test("is of when it was called, where the news is late", () => {
    const [level] = observe(UNSEEN, held, counted(START, 500), START + 10 * 60_000);
    expect([level.history.counts.length, level.recent]).toEqual([1, []]);
  });

  test("is not counted for an hour where the clock was set back by one", () => {
    const watched = new Watched({ perMinute: 100 }).run(HOUR, evenly(90));
    watched.second -= HOUR;
    watched.tell({ kind: "tick" });
    expect(watched.level.recent).toEqual([]);
    expect(watched.run(HOUR / 2, evenly(90)).seconds).toEqual([]);
  });

  test("stays bounded, however long it goes on and whatever its instants are", () => {
    const watched = new Watched().run(3 * HOUR, evenly(60));
    for (let index = 0; index < 500; index += 1) {
      watched.tell(counted(START + 3 * HOUR * 1_000 + index * 60_000, 1));
    }
    expect(watched.level.history.counts.length).toBe(BUCKETS_MAX);
    expect(watched.level.recent.length).toBeLessThanOrEqual(BUCKETS_MAX + 1);
    const slow = new Watched({ rule: { ...RULE, windowMs: 3_600_000, above: DAY } });
    slow.run(3 * HOUR, evenly(60));
    expect(slow.level.recent.length).toBeLessThanOrEqual(BUCKETS_MAX + 1);
  });

  test("is counted in buckets of the sixtieth part of the baseline", () => {
    expect(bucketMsOf(RULE.above)).toBe(60_000);
    expect(bucketMsOf(DAY)).toBe(24 * 60_000);
    expect(bucketMsOf({ kind: "value", value: 1 })).toBe(60_000);
    expect(perMinuteOf({ requests: 100, perMs: 30_000 })).toBe(200);
    const watched = new Watched({ rule: { ...RULE, above: DAY } }).run(24 * HOUR, evenly(10));
    expect(watched.run(2 * MINUTE, evenly(45)).run(3 * MINUTE, evenly(90)).alarms).toHaveLength(1);
  });

  test("is over when nothing in it can matter again, and not before", () => {
    const watched = new Watched().run(10, evenly(60));
    expect(isOver(watched.level, RULE, watched.now)).toBe(false);
    expect(isOver(watched.level, RULE, watched.now + 3_500_000)).toBe(false);
    expect(isOver(watched.level, RULE, watched.now + 3_700_000)).toBe(true);
    const fixed: LevelRule = { ...RULE, above: { kind: "value", value: 5 }, forMs: 0, atLeast: 1 };
    const alarmed = new Watched({ rule: fixed }).run(20, evenly(60));
    expect(alarmed.alarms).toHaveLength(1);
    expect(isOver(alarmed.level, fixed, alarmed.now + 3_700_000)).toBe(false);
  });
});

const DAY = { kind: "average", times: 5, overMs: 24 * 3_600_000 } as const;

describe("failures of a tool", () => {
  const BURST = DEFAULT_RULES.find((rule) => rule.name === "error-burst") as LevelRule;
  const none: Traffic = () => 0;

  test("alarm at once where more than half fail, and say so", () => {
    const watched = new Watched({ rule: BURST }).measure(HOUR, none, evenly(10));
    watched.measure(2 * MINUTE, evenly(30), evenly(30));
    expect(watched.alarms).toHaveLength(1);
    const [{ alarm, second } = { alarm: null, second: 0 }] = watched.alarms;
    // Ten that went well are still within the two minutes, and as many must have failed.
    expect(second - HOUR).toBeLessThan(90);
    expect(alarm).toMatchObject({
      ...{ rule: "error-burst", signal: "tool_error_rate", action: "alert", limit: 0.5 },
      numbers: { line: 0.5, for_seconds: 0 },
    });
    expect(alarm?.says).toMatch(
      /^Of \d+ calls of the tool transcribe_audio in the last 2 min \d+ failed \(5\d(\.\d)? %\), more than 50 %\.$/,
    );
  });

  test("do not where few were called, or half of many fail", () => {
    const few = new Watched({ rule: BURST }).measure(9, () => 1);
    expect(few.measure(HOUR, none).seconds).toEqual([]);
    const half = new Watched({ rule: BURST });
    expect(half.measure(HOUR, evenly(30), evenly(60)).seconds).toEqual([]);
  });

  test("alarm where what went well leaves the window, and nothing is called any more", () => {
    const watched = new Watched({ rule: BURST }).measure(12, none, () => 1);
    watched.measure(80, none).measure(10, () => 1);
    expect(watched.seconds).toEqual([]);
    watched.measure(40, none);
    expect(watched.alarms).toHaveLength(1);
  });

  test("are held to what is usual where the rule says so", () => {
    const above = { kind: "median", mads: 6, overMs: 3_600_000 } as const;
    const rule: LevelRule = { ...BURST, above };
    const watched = new Watched({ rule }).measure(HOUR, evenly(20), evenly(100));
    expect(watched.measure(5 * MINUTE, evenly(25), evenly(100)).seconds).toEqual([]);
    expect(watched.measure(5 * MINUTE, evenly(80), evenly(100)).alarms).toHaveLength(1);
    expect(watched.alarms[0]?.alarm.numbers.usual).toBeCloseTo(0.2, 1);
    // Before anything is usual there is no line: of shares no floor could be one.
    expect(new Watched({ rule }).measure(8 * MINUTE, evenly(100)).seconds).toEqual([]);
  });
});

describe("refusals of an agent", () => {
  const rule: LevelRule = {
    ...{ name: "pushing", signal: "refusals", above: { kind: "value", value: 30 } },
    ...{ windowMs: 60_000, forMs: 0, atLeast: 10, action: "alert" },
  };

  test("alarm above so many a minute", () => {
    const watched = new Watched({ rule }).run(HOUR, evenly(30));
    expect(watched.seconds).toEqual([]);
    watched.run(2 * MINUTE, evenly(60));
    expect(watched.alarms).toHaveLength(1);
    expect(watched.alarms[0]?.alarm.says).toMatch(
      /^The agent was refused 3\d times in the last minute, and more than 30 times a minute\.$/,
    );
  });
});

describe("money of an agent", () => {
  const NANO = 1e9;
  const rule: LevelRule = {
    ...{ name: "burn", signal: "spend_usd_per_hour", above: { kind: "value", value: 12 } },
    ...{ windowMs: 600_000, forMs: 0, atLeast: 5, action: "trip" },
  };
  /** So many cents a minute, in as many calls. */
  const cents =
    (perMinute: number): Traffic =>
    (second) =>
      evenly(perMinute)(second) * 0.01 * NANO;

  test("alarms by what an hour at this rate would cost", () => {
    const watched = new Watched({ rule }).measure(HOUR, cents(20), evenly(20));
    // Twenty cents a minute are twelve dollars an hour: not above it.
    expect(watched.seconds).toEqual([]);
    watched.measure(10 * MINUTE, cents(60), evenly(60));
    expect(watched.alarms).toHaveLength(1);
    expect(watched.alarms[0]?.alarm).toMatchObject({
      limit: 12,
      numbers: { line_usd_per_hour: 12 },
    });
    expect(watched.alarms[0]?.alarm.says).toMatch(
      /^The agent spent at a rate of \$12\.\d\d an hour over the last 10 min, more than \$12\.00\.$/,
    );
  });

  test("alarms by deviations from what is usual, where one call is worth what calls are", () => {
    const above = { kind: "ewma", sigmas: 5, overMs: 6 * 3_600_000 } as const;
    const watched = new Watched({ rule: { ...rule, above } });
    watched.measure(6 * HOUR, cents(20), evenly(20));
    expect(watched.measure(20 * MINUTE, cents(24), evenly(24)).seconds).toEqual([]);
    expect(watched.measure(20 * MINUTE, cents(60), evenly(60)).alarms).toHaveLength(1);
  });

  test("is not judged by a few calls", () => {
    const watched = new Watched({ rule }).measure(
      4,
      () => 100 * NANO,
      () => 1,
    );
    expect(watched.measure(MINUTE, () => 0).seconds).toEqual([]);
  });
});

describe("each phase", () => {
  type Kind = Phase["kind"];
  type What = "quiet" | "above" | "above for long" | "above after a gap";
  const TABLE: Record<Kind, Record<What, Kind | "alarm">> = {
    calm: {
      quiet: "calm",
      above: "rising",
      "above for long": "rising",
      "above after a gap": "rising",
    },
    rising: {
      quiet: "calm",
      above: "rising",
      "above for long": "alarm",
      "above after a gap": "rising",
    },
    alarmed: {
      quiet: "calm",
      above: "alarmed",
      "above for long": "alarmed",
      "above after a gap": "alarmed",
    },
  };
  const since = START;
  const line = { at: 20, usual: null };
  const PHASES: Record<Kind, Phase> = {
    calm: { kind: "calm" },
    rising: { kind: "rising", since, line },
    alarmed: { kind: "alarmed", since, line },
  };
  const NOWS: Record<What, [now: number, seenAt: number]> = {
    quiet: [since + 5_000, since + 4_000],
    above: [since + 5_000, since + 4_000],
    "above for long": [since + 60_000, since + 59_000],
    "above after a gap": [since + 120_001, since + 60_000],
  };
  const cases = Object.entries(TABLE).flatMap(([kind, row]) =>
    Object.entries(row).map(([what, after]) => [kind as Kind, what as What, after] as const),
  );

  test.each(cases)("%s, %s: %s", (kind, what, after) => {
    const [now, seenAt] = NOWS[what];
    const recent = what === "quiet" ? [] : [{ start: now - 1_000, count: 100, beside: 100 }];
    const before: Level = { ...UNSEEN, seenAt, recent, phase: PHASES[kind] };
    const held: Held = { subject: SUBJECT, rule: RULE, cold: 20 };
    const [level, alarm] = observe(before, held, { kind: "tick" }, now);
    expect(alarm !== null).toBe(after === "alarm");
    expect(level.phase.kind).toBe(after === "alarm" ? "alarmed" : after);
    if (after === "rising" && what !== "above") expect(level.phase).toMatchObject({ since: now });
    expect(level.seenAt).toBe(now);
  });
});
