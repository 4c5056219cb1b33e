/** What a person is shown before they decide is what is stored, and adds up. */
import { expect, test } from "vitest";
import {
  deadlinesView,
  lastCalls,
  resumingView,
  spentView,
  tasksOf,
} from "../../../src/control/evidence.ts";
import { type About, aboutText } from "../../../src/guards/clutch/about.ts";
import { heldUntil } from "../../../src/guards/clutch/waiting.ts";
import type { Parked } from "../../../src/ports/store.ts";
import { entriesOf, settled } from "../telemetry/rows.ts";
import { parkedRow, review } from "./operations.ts";

const AT = Date.UTC(2026, 0, 2);
const MINUTE = 60_000;

function parked(about: Partial<About>, changes: Partial<Parked> = {}): Parked {
  const asked = { server: "desk", tool: "echo" };
  const whole = { asked, bytes: 12, worstNano: 250_000_000, holdMs: 540_000, retries: 2, ...about };
  return parkedRow({ about: aboutText(whole), attached: "h", at: AT, ...changes });
}

test("what waits is added up, all together and by task, and what is not known is said", () => {
  const calls = [
    parked({}, { task: "t1" }),
    parked({ worstNano: 1_000_000_000 }, { task: "t2" }),
    parked({ worstNano: null }, { task: "t2" }),
  ];
  expect(resumingView(calls, true)).toEqual({
    ...{ calls: 3, worst_case_usd: "1.25", unreckoned: 1, whole: true },
    tasks: [
      { task: "t2", calls: 2, worst_case_usd: "1", unreckoned: 1 },
      { task: "t1", calls: 1, worst_case_usd: "0.25", unreckoned: 0 },
    ],
  });
});

test("more money than a number holds is added up to the last digit", () => {
  const calls = Array.from({ length: 3 }, () => parked({ worstNano: 9_007_199_254_740_991 }));
  expect(resumingView(calls, false)).toMatchObject({
    ...{ worst_case_usd: "27021597.764222973", whole: false },
  });
});

test("a connection is held anew each time its client comes again, and then no more", () => {
  const call = parked({});
  const after = (minutes: number) => ((heldUntil(call, AT + minutes * MINUTE) ?? 0) - AT) / MINUTE;
  expect([after(0), after(8), after(9.4)]).toEqual([9, 9, 9]);
  expect([after(9.5), after(18)]).toEqual([18.5, 18.5]);
  expect([after(19), after(90)]).toEqual([28, 28]);
  expect(heldUntil({ ...call, attached: null }, AT)).toBeNull();
});

test("agents see an error about half an hour on where 102 is sent, 3.5 minutes on elsewhere, at once with no retries", () => {
  const from = (about: Partial<About>, attached: string | null = "h", now = AT) => {
    const at = deadlinesView([parked(about, { attached })], null, now).errors_from;
    return at === null ? null : (Date.parse(at) - AT) / MINUTE;
  };
  expect(from({})).toBe(28);
  expect(from({ holdMs: 50_000 })).toBe(3.5);
  expect(from({ holdMs: 50_000, retries: 0 })).toBeCloseTo(50 / 60);
  expect(from({ holdMs: 0 })).toBe(1);
  // A client that has left may come again, until it would have given up.
  expect(from({}, null, AT + 27 * MINUTE)).toBe(28);
  expect(from({}, null, AT + 28 * MINUTE)).toBeNull();
});

test("the first deadline of many is the one that is shown", () => {
  const calls = [parked({}), parked({ holdMs: 50_000, retries: 0 }), parked({ holdMs: 60_000 })];
  expect(deadlinesView(calls, AT + 1, AT)).toEqual({
    held_until: "2026-01-02T00:00:50.000Z",
    errors_from: "2026-01-02T00:00:50.000Z",
    expires_at: "2026-01-02T00:00:00.001Z",
  });
  expect(deadlinesView([], null, AT)).toEqual({
    ...{ held_until: null, errors_from: null, expires_at: null },
  });
});

test("what was spent is what calls were charged, and tasks are those that it is about", () => {
  const around = { entries: entriesOf([1, 2, 4, 3].map((no) => settled(no))), whole: true };
  const span = { from: AT, to: AT + MINUTE };
  expect(spentView(around, span, new Set(["ticket-1"]))).toEqual({
    ...{ from: "2026-01-02T00:00:00.000Z", to: "2026-01-02T00:01:00.000Z" },
    ...{ calls: 4, usd: "0.0016", whole: true },
    tasks: [{ task: "ticket-1", calls: 2, usd: "0.0008" }],
  });
  const [first] = lastCalls(around);
  expect(first).toMatchObject({
    ...{ verdict: "allowed", decision: "dec_1", outcome: "ok", cost_usd: "0.0004", code: null },
    asked: { model: "gpt-5-mini", output_cap: 512 },
  });
});

test("at most fifty calls are shown, the newest", () => {
  const entries = entriesOf(Array.from({ length: 60 }, (_, index) => settled(index)));
  const calls = lastCalls({ entries, whole: true });
  expect(calls.map(({ decision }) => decision)).toEqual(
    Array.from({ length: 50 }, (_, index) => `dec_${index + 10}`),
  );
});

test("the tasks that it is about are those that wait, and the one whose call tripped it", () => {
  const found = review("r-a", { evidence: JSON.stringify({ rule: "stuck", task: "t9" }) });
  expect([...tasksOf(found, [parked({}, { task: "t1" })])]).toEqual(["t1", "t9"]);
  expect([...tasksOf(review("r-b", { evidence: "no JSON" }), [])]).toEqual([]);
});
