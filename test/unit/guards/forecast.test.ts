import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Course, forecastOf } from "../../../src/guards/budget/forecast.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOVEMBER = Date.UTC(2026, 10, 1);
const DECEMBER = Date.UTC(2026, 11, 1);

function month(changes: Partial<Course> = {}): Course {
  const window = { starts: NOVEMBER, ends: DECEMBER, limit: 750n, spent: 600n };
  return { ...window, recent: null, perHour: 0n, ...changes };
}

describe("a forecast", () => {
  test("goes on as the last day did, where that is known", () => {
    const now = NOVEMBER + 16 * DAY;
    const recent = { spent: 24n, since: now - DAY };
    expect(forecastOf(month({ recent }), now)).toEqual({
      ...{ kind: "reckoned", spent: 936n, by: "last-day" },
      passesAt: now + 6.25 * DAY,
    });
  });

  test("goes on as the window did so far, where the last day is not known", () => {
    const now = NOVEMBER + 15 * DAY;
    expect(forecastOf(month({ spent: 300n }), now)).toEqual({
      ...{ kind: "reckoned", spent: 600n, passesAt: null, by: "window" },
    });
  });

  test("of a window younger than a day is of all of it", () => {
    const day = { starts: NOVEMBER, ends: NOVEMBER + DAY, limit: 20n, spent: 6n };
    const recent = { spent: 1n, since: NOVEMBER - 20 * HOUR };
    expect(forecastOf(month({ ...day, recent }), NOVEMBER + 6 * HOUR)).toEqual({
      ...{ kind: "reckoned", spent: 24n, by: "window", passesAt: NOVEMBER + 20 * HOUR },
    });
  });

  test("has what commitments cost while they run, beside what calls spent", () => {
    const now = NOVEMBER + 20 * DAY;
    const recent = { spent: 0n, since: now - DAY };
    const course = month({ spent: 100n, recent, perHour: 2n });
    expect(forecastOf(course, now)).toMatchObject({ spent: 100n + 2n * 24n * 10n });
  });

  test("is none without an end, and none before an hour of the window is over", () => {
    const none = (because: string) => ({ kind: "none", because });
    expect(forecastOf(month({ ends: null }), NOVEMBER + DAY)).toEqual(none("no-end"));
    expect(forecastOf(month(), NOVEMBER + HOUR - 1)).toEqual(none("too-early"));
    expect(forecastOf(month({ spent: 0n }), NOVEMBER + HOUR)).toMatchObject({ spent: 0n });
  });

  test("says no moment for a cap that is reached already", () => {
    const course = month({ spent: 800n });
    expect(forecastOf(course, NOVEMBER + 10 * DAY)).toMatchObject({ passesAt: null });
  });

  test("stays the same for a minute while nothing is spent", () => {
    const at = NOVEMBER + 3 * DAY;
    expect(forecastOf(month(), at + 59_999)).toEqual(forecastOf(month(), at));
    expect(forecastOf(month(), at + 60_000)).not.toEqual(forecastOf(month(), at));
  });

  test("is never below what is spent, and passes the cap in its window or not at all", () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 18n });
    const elapsed = fc.integer({ min: HOUR, max: 31 * DAY });
    const since = fc.integer({ min: 0, max: 2 * DAY });
    fc.assert(
      fc.property(amount, amount, amount, elapsed, since, (limit, spent, last, past, age) => {
        const now = NOVEMBER + past;
        const recent = { spent: last < spent ? last : spent, since: now - age };
        const answer = forecastOf(month({ limit, spent, recent }), now);
        if (answer.kind === "none") throw new Error(answer.because);
        expect(answer.spent).toBeGreaterThanOrEqual(spent);
        expect(answer.passesAt !== null).toBe(spent < limit && answer.spent > limit);
        if (answer.passesAt === null) return;
        expect(answer.passesAt).toBeGreaterThanOrEqual(now - 60_000);
        expect(answer.passesAt).toBeLessThanOrEqual(DECEMBER);
      }),
    );
  });
});
