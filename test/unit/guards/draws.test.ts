/** Which account a call draws on, and from when to when it is in force. */
import { describe, expect, test } from "vitest";
import type { Budget } from "../../../src/guards/budget/budget.ts";
import { type Belongs, scopeValue, windowAt } from "../../../src/guards/budget/draws.ts";

const CALL: Belongs = {
  org: "o",
  team: "t",
  agent: "a",
  task: "k",
  key: "y",
  model: null,
  tool: null,
};

function budgetOf(only: Budget["only"], each: Budget["each"]): Budget {
  return { name: "b", only, each, unit: "usd", limit: 1n, window: "day", onExhausted: "deny" };
}

describe("the account of a budget", () => {
  test.each<[string, Budget["only"], Budget["each"], string | null]>([
    ["one for all", {}, null, ""],
    ["one for each agent", {}, "agent", "a"],
    ["one for each task", {}, "task", "k"],
    ["one for each of what the call is not", {}, "model", null],
    ["only its agent", { agent: "a" }, null, ""],
    ["only another agent", { agent: "b" }, null, null],
    ["only its agent, each key", { agent: "a" }, "key", "y"],
    ["only another agent, each key", { agent: "b" }, "key", null],
    ["its agent and its team", { agent: "a", team: "t" }, null, ""],
    ["its agent but another team", { agent: "a", team: "u" }, "task", null],
    ["another org first", { org: "x", agent: "a" }, null, null],
    ["a model where the call has none", { model: "m" }, null, null],
    ["a tool where the call has none", { tool: "s__t" }, null, null],
    ["one for each tool, of a call of none", {}, "tool", null],
  ])("%s", (_name, only, each, expected) => {
    expect(scopeValue(budgetOf(only, each), CALL)).toBe(expected);
  });
});

describe("the window at an instant", () => {
  test.each(["task", "lifetime"] as const)("%s has no end", (window) => {
    expect(windowAt(window, Date.UTC(2026, 5, 1))).toEqual({ starts: 0, ends: null });
  });

  test.each([
    ["midday", "2026-03-14T12:34:56.789Z", "2026-03-14", "2026-03-15"],
    ["the first instant", "2026-03-14T00:00:00.000Z", "2026-03-14", "2026-03-15"],
    ["the last instant", "2026-03-14T23:59:59.999Z", "2026-03-14", "2026-03-15"],
    ["a month's last day", "2026-04-30T23:59:59.999Z", "2026-04-30", "2026-05-01"],
    ["a leap day", "2028-02-29T08:00:00.000Z", "2028-02-29", "2028-03-01"],
    ["the day before none", "2027-02-28T23:00:00.000Z", "2027-02-28", "2027-03-01"],
    ["the year's last day", "2026-12-31T23:59:59.999Z", "2026-12-31", "2027-01-01"],
    ["a day that clocks elsewhere change on", "2026-03-29T01:30:00Z", "2026-03-29", "2026-03-30"],
  ])("day: %s", (_name, now, starts, ends) => {
    const expected = { starts: Date.parse(starts), ends: Date.parse(ends) };
    expect(windowAt("day", Date.parse(now))).toEqual(expected);
  });

  test.each([
    ["the first instant", "2026-03-01T00:00:00.000Z", "2026-03-01", "2026-04-01"],
    ["the last instant", "2026-03-31T23:59:59.999Z", "2026-03-01", "2026-04-01"],
    ["the last before it", "2026-02-28T23:59:59.999Z", "2026-02-01", "2026-03-01"],
    ["a leap February", "2028-02-29T23:59:59.999Z", "2028-02-01", "2028-03-01"],
    ["the 31st of a long month", "2026-01-31T12:00:00.000Z", "2026-01-01", "2026-02-01"],
    ["December", "2026-12-31T23:59:59.999Z", "2026-12-01", "2027-01-01"],
    ["New Year", "2027-01-01T00:00:00.000Z", "2027-01-01", "2027-02-01"],
  ])("month: %s", (_name, now, starts, ends) => {
    const expected = { starts: Date.parse(starts), ends: Date.parse(ends) };
    expect(windowAt("month", Date.parse(now))).toEqual(expected);
  });

  test.each(["day", "month"] as const)("each %s begins where the one before it ends", (window) => {
    let now = Date.UTC(2027, 10, 3, 4, 5, 6);
    for (let step = 0; step < 500; step += 1) {
      const { starts, ends } = windowAt(window, now);
      if (ends === null) throw new Error("a calendar window without end");
      expect(starts).toBeLessThanOrEqual(now);
      expect(ends).toBeGreaterThan(now);
      expect(windowAt(window, ends - 1)).toEqual({ starts, ends });
      expect(windowAt(window, ends).starts).toBe(ends);
      now = ends;
    }
  });
});
