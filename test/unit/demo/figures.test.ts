/** The figures of the demo are those of the far ends, the review and the agents. */
import { expect, test } from "vitest";
import type { ReviewView } from "../../../src/control/client.ts";
import type { Report } from "../../../src/demo/agent-messages.ts";
import { type Bill, NOTHING } from "../../../src/demo/bills.ts";
import { figuresOf, type Told } from "../../../src/demo/figures.ts";
import type { Moment } from "../../../src/demo/watch.ts";

const RESUMED_AT = Date.parse("2026-01-01T00:01:00.000Z");

function moment(elapsedMs: number, unguarded: Partial<Bill>, guarded: Partial<Bill>): Moment {
  return {
    elapsedMs,
    unguarded: { ...NOTHING, ...unguarded },
    guarded: { ...NOTHING, ...guarded },
    standing: { clutch: "engaged", review: null, parked: 0 },
  };
}

const HOUR = { from: "2026-01-01T00:00:00.000Z", to: "2026-01-01T01:00:00.000Z" };

const REVIEW: ReviewView = {
  id: "r-1",
  agent: "a",
  kind: "trip",
  reason: "stuck",
  opened_at: "2026-01-01T00:00:04.500Z",
  parked: 0,
  version: 1,
  state: "closed",
  evidence: {},
  last_calls: [],
  spent: { ...HOUR, calls: 0, usd: "0", whole: true, tasks: [] },
  spent_since: { ...HOUR, calls: 0, usd: "0", whole: true, tasks: [] },
  resuming: { calls: 0, worst_case_usd: "0", unreckoned: 0, whole: true, tasks: [] },
  deadlines: { held_until: null, errors_from: null, expires_at: null },
  last_approved: null,
  calls: [],
  proposal: null,
  two_people: [],
  decisions: [
    {
      decision: "resume",
      by: "local",
      reason: "x",
      at: "2026-01-01T00:01:00.000Z",
      task: null,
      call: null,
    },
  ],
};

/** Instants in seconds from the decision. */
const call = (which: string, from: number, to: number, answered: boolean): Report => ({
  kind: "call",
  which,
  from: RESUMED_AT + from * 1_000,
  to: RESUMED_AT + to * 1_000,
  answered,
});
const CALLS = [
  call("went on before", -9, -1, true),
  call("waited", -9, 5, true),
  call("waited in vain", -9, 5, false),
  call("came again", -60, -10, false),
  call("came again", 1, 5, true),
  call("began after", 2, 5, true),
];

const TOLD: Told = {
  broken: moment(2_000, { nanoUsd: 1_000 }, {}),
  stopped: moment(12_000, { calls: 70, nanoUsd: 11_000, solved: 2 }, {}),
  end: moment(
    20_000,
    { calls: 99, nanoUsd: 99_000 },
    { calls: 30, nanoUsd: 500, firstEmptyAt: Date.parse("2026-01-01T00:00:00.000Z") },
  ),
  review: REVIEW,
  parked: 3,
  reports: { unguarded: [], guarded: [...CALLS, { kind: "model-error", says: "429" }] },
};

test("the unguarded day is what was spent while the tool was broken, times a day", () => {
  const { unguarded } = figuresOf(TOLD);
  expect(unguarded).toMatchObject({ calls: 70, nanoUsd: 11_000, solved: 2, agentErrors: 0 });
  expect(unguarded.nanoUsdPerDay).toBe(1_000 * 86_400);
});

test("a parked call is resumed if an answer to it came after the decision, else it is lost", () => {
  expect(figuresOf(TOLD).guarded).toMatchObject({
    calls: 30,
    nanoUsd: 500,
    trippedAfterMs: 4_500,
    parked: 3,
    resumed: 2,
    lost: 1,
    agentErrors: 1,
  });
});

test("a review that nobody decided makes no figures", () => {
  expect(() => figuresOf({ ...TOLD, review: { ...REVIEW, decisions: [] } })).toThrow("decision");
});
