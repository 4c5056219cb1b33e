/** tool-surge: what is far more than usual trips, and what is usual does not. */
import { describe, expect, test } from "vitest";
import { type Alarm, DEFAULT_RULES, type SurgeRule } from "../../../src/guards/breaker/rules.ts";
import {
  BUCKETS_MAX,
  bucketMsOf,
  observe,
  perMinuteOf,
  rearm,
  type Surge,
  type SurgeEvent,
  type SurgePhase,
  watch,
} from "../../../src/guards/breaker/surge.ts";

const RULE = DEFAULT_RULES.find((rule) => rule.signal === "calls_per_tool") as SurgeRule;
const SUBJECT = { agent: "a", server: "s", tool: "transcribe_audio", perMinute: null };
const MINUTE = 60;
const HOUR = 3_600;
const START = 1_800_000_000_000;

/** Calls of one gateway in second `second` since the start. */
type Traffic = (second: number) => number;

/** Gateways that count, a store that merges, and one detector told of it every second. */
class Watched {
  surge: Surge;
  second = 0;
  readonly alarms: { second: number; alarm: Alarm }[] = [];
  readonly totals: Map<number, number>[];
  readonly #rule: SurgeRule;

  constructor({ rule = RULE, perMinute = null as number | null, gateways = 1 } = {}) {
    this.#rule = rule;
    this.surge = watch({ ...SUBJECT, perMinute }, START);
    this.totals = Array.from({ length: gateways }, () => new Map());
  }

  get now(): number {
    return START + this.second * 1_000;
  }

  run(seconds: number, ...traffic: readonly Traffic[]): this {
    const bucketMs = bucketMsOf(this.#rule);
    for (const end = this.second + seconds; this.second < end; this.second += 1) {
      const bucket = Math.floor(this.now / bucketMs) * bucketMs;
      for (const [index, calls] of traffic.entries()) {
        const totals = this.totals[index] as Map<number, number>;
        totals.set(bucket, (totals.get(bucket) ?? 0) + calls(this.second));
      }
      const total = this.totals.reduce((sum, totals) => sum + (totals.get(bucket) ?? 0), 0);
      this.tell({ kind: "count", bucket, total });
    }
    return this;
  }

  tell(event: SurgeEvent): void {
    const [surge, alarm] = observe(this.surge, this.#rule, event, this.now);
    this.surge = surge;
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
      numbers: {
        calls_last_minute: 60,
        line_per_minute: 50,
        usual_per_minute: 10,
        for_seconds: 60,
      },
      says:
        "The tool transcribe_audio was called 60 times in the last minute, " +
        "and more than 50 a minute for 60 s; usual are 10.",
    });
  });

  test("62 s after a wild loop begins, without any history, by the tool's own rate limit", () => {
    // The limit refuses most of it: what counts are attempts.
    const watched = new Watched({ perMinute: 100 }).run(2 * MINUTE, evenly(1_200));
    expect(watched.seconds).toEqual([65]);
    expect(watched.alarms[0]?.alarm.numbers).toEqual({
      calls_last_minute: 1_200,
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
    const both = new Watched({ perMinute: 100, gateways: 2 });
    both.run(5 * MINUTE, evenly(80), evenly(80));
    expect(both.alarms).toHaveLength(1);
    expect(both.alarms[0]?.alarm.numbers.calls_last_minute).toBe(160);
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
    const above = { kind: "value", perMinute: 40 } as const;
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
    watched.surge = rearm(watched.surge, RULE, watched.now);
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
    expect(watched.surge.phase.kind).toBe("rising");
    watched.second += 10 * MINUTE;
    const gap = watched.run(5, evenly(600)).surge.phase;
    expect(gap.kind).toBe("calm");
    expect(watched.seconds).toEqual([]);
  });
});

describe("what is counted", () => {
  const at = START + 30_000;
  const bucket = START;

  test("is a total: repeated, late and smaller ones are none", () => {
    const [once] = observe(watch(SUBJECT, START), RULE, { kind: "count", bucket, total: 15 }, at);
    for (const total of [15, 7, 0, -1, Number.NaN]) {
      expect(observe(once, RULE, { kind: "count", bucket, total }, at)).toEqual([once, null]);
    }
    const [more] = observe(once, RULE, { kind: "count", bucket, total: 18 }, at + 1_000);
    expect(more.seconds.map(({ calls }) => calls).sort()).toEqual([15, 3]);
  });

  test("comes to the same in any order", () => {
    const events = [3, 5, 9].flatMap((total, minute) => [
      { kind: "count" as const, bucket: START + minute * 60_000, total },
      { kind: "count" as const, bucket: START + minute * 60_000, total: total - 1 },
    ]);
    const told = (all: readonly SurgeEvent[]) =>
      all.reduce(
        (surge, event) => observe(surge, RULE, event, START + 600_000)[0],
        watch(SUBJECT, START),
      );
    expect(told([...events].reverse()).buckets).toEqual(told(events).buckets);
    expect(told([...events, ...events])).toEqual(told(events));
  });

  test("is history, and not calls of now, where the bucket is older than the detector", () => {
    const watched = new Watched();
    watched.second = 10;
    for (let minute = 1; minute <= 60; minute += 1) {
      watched.tell({ kind: "count", bucket: START - minute * 60_000, total: 100 });
    }
    expect(watched.surge.seconds).toEqual([]);
    // A restart forgets nothing of what is usual: 400 is below five times 100.
    expect(watched.run(5 * MINUTE, evenly(400)).seconds).toEqual([]);
    expect(watched.run(3 * MINUTE, evenly(1_200)).alarms).toHaveLength(1);
  });

  test("is of when it was called, where the news is late", () => {
    const late = START + 10 * 60_000;
    const [surge] = observe(
      watch(SUBJECT, START),
      RULE,
      { kind: "count", bucket, total: 500 },
      late,
    );
    expect([surge.buckets.length, surge.seconds]).toEqual([1, []]);
  });

  test("is not counted for an hour where the clock was set back by one", () => {
    const watched = new Watched({ perMinute: 100 }).run(HOUR, evenly(90));
    watched.second -= HOUR;
    watched.tell({ kind: "tick" });
    expect(watched.surge.seconds).toEqual([]);
    expect(watched.run(HOUR / 2, evenly(90)).seconds).toEqual([]);
  });

  test("stays bounded, however long it goes on and whatever starts buckets have", () => {
    const watched = new Watched().run(3 * HOUR, evenly(60));
    for (let index = 0; index < 500; index += 1) {
      watched.tell({ kind: "count", bucket: START + 3 * HOUR * 1_000 + index, total: 1 });
    }
    expect(watched.surge.buckets.length).toBe(BUCKETS_MAX);
    expect(watched.surge.seconds.length).toBeLessThanOrEqual(61);
  });

  test("is counted in buckets of the sixtieth part of the baseline", () => {
    const day = { kind: "average", times: 5, overMs: 24 * 3_600_000 } as const;
    expect(bucketMsOf(RULE)).toBe(60_000);
    expect(bucketMsOf({ ...RULE, above: day })).toBe(24 * 60_000);
    expect(bucketMsOf({ ...RULE, above: { kind: "value", perMinute: 1 } })).toBe(60_000);
    expect(perMinuteOf({ requests: 100, perMs: 30_000 })).toBe(200);
    const rule = { ...RULE, above: day };
    const watched = new Watched({ rule }).run(24 * HOUR, evenly(10));
    expect(watched.run(2 * MINUTE, evenly(45)).run(3 * MINUTE, evenly(90)).alarms).toHaveLength(1);
  });
});

describe("each phase", () => {
  type Kind = SurgePhase["kind"];
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
  const line = { perMinute: 20, usual: null };
  const PHASES: Record<Kind, SurgePhase> = {
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
    const seconds = what === "quiet" ? [] : [{ start: now - 1_000, calls: 100 }];
    const before: Surge = { ...watch(SUBJECT, START), seenAt, seconds, phase: PHASES[kind] };
    const [surge, alarm] = observe(before, RULE, { kind: "tick" }, now);
    expect(alarm !== null).toBe(after === "alarm");
    expect(surge.phase.kind).toBe(after === "alarm" ? "alarmed" : after);
    if (after === "rising" && what !== "above") expect(surge.phase).toMatchObject({ since: now });
    expect(surge.seenAt).toBe(now);
  });
});
