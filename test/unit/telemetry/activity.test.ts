import { describe, expect, test } from "vitest";
import type { Event } from "../../../src/guards/events.ts";
import { Activity, BAR_MS, BARS } from "../../../src/telemetry/activity.ts";

const START = Date.UTC(2026, 10, 17, 3, 0);
const ORIGIN = { decision: "d", call: "c", agent: "support", task: "t", key: "k", revision: "r" };
const SETTLED = {
  ...{ kind: "call.settled", asked: null, answers: [], legs: [], status: 200, fault: null },
  ...{ usage: null, estimated: false, reserved: 0, charged: 0, sentCap: null, capped: false },
  ...{ decidedMs: 1, firstByteMs: 1, endedMs: 1 },
  ...ORIGIN,
};
// `as`: what is counted is the kind, the agent and the outcome.
const settled = (outcome: string) => ({ ...SETTLED, outcome }) as unknown as Event;
const REFUSED: Event = {
  ...{ kind: "call.refused", asked: null, code: "budget.exhausted", facts: {}, answers: [] },
  ...ORIGIN,
};

describe("what an agent has been doing", () => {
  test("is counted by the hour and the minute, refused and failed calls by themselves", () => {
    const activity = new Activity();
    for (const outcome of ["ok", "error", "fault", "aborted"]) {
      activity.observe(settled(outcome), START);
    }
    activity.observe(REFUSED, START + 1_000);
    expect(activity.of("support", START + 2_000)).toMatchObject({
      ...{ callsMinute: 5, callsHour: 5, refusedHour: 1, failedHour: 2 },
    });
  });

  test("is forgotten after an hour, and the last minute after a minute", () => {
    const activity = new Activity();
    activity.observe(settled("ok"), START);
    expect(activity.of("support", START + 59_000).callsMinute).toBe(1);
    expect(activity.of("support", START + 61_000).callsMinute).toBe(0);
    const almost = START + (BARS - 1) * BAR_MS;
    expect(activity.of("support", almost).calls).toEqual([1, ...new Array(BARS - 1).fill(0)]);
    expect(activity.of("support", START + BARS * BAR_MS).callsHour).toBe(0);
    expect(activity.of("support", START + 1_000 * BAR_MS).calls).toHaveLength(BARS);
  });

  test("of an agent that never called is nothing, and strangers are nobody", () => {
    const activity = new Activity();
    activity.observe({ ...REFUSED, agent: null }, START);
    expect(activity.of("support", START)).toMatchObject({ callsHour: 0, callsMinute: 0 });
  });

  test("survives a clock that is set back", () => {
    const activity = new Activity();
    activity.observe(settled("ok"), START);
    activity.observe(settled("ok"), START - 10 * BAR_MS);
    expect(activity.of("support", START).callsHour).toBe(2);
  });
});
