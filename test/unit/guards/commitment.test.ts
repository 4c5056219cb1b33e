import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accrue,
  accruedOf,
  activate,
  type Commitment,
  type CommitmentState,
  cancel,
  end,
  giveUp,
  horizonOf,
  isAlmostSpent,
  lose,
  renew,
  type Step,
  wantsRenewal,
} from "../../../src/guards/commitment/commitment.ts";
import { place } from "../../../src/guards/commitment/guard.ts";
import { type CommitmentTerms, costOf, serviceOf } from "../../../src/guards/commitment/terms.ts";
import { admitTool } from "../../../src/guards/decide.ts";
import { purse, seen, slice } from "./scenes.ts";
import { granted, grants, toolFacts } from "./tool-scenes.ts";

const HOUR_MS = 3_600_000;
const USD = 1_000_000_000n;
const GONE = { by: "ada", reason: "It was switched off." };

/** A dollar an hour for an hour ahead, begun at 0. */
function commitment(changes: Partial<Commitment> = {}): Commitment {
  return {
    ...{ id: "d-1", agent: "a", task: "t", key: "k", server: "cloud", tool: "create" },
    ...{ nanoUsdPerHour: USD, horizonMs: HOUR_MS, version: 1, state: "active", service: '"s"' },
    ...{ openedAt: 0, seenAt: 0, elapsedMs: 0, dueAt: 0, holds: [{ account: 1, held: USD }] },
    ...{ renewals: 0, unrenewable: false, endedAt: null, endedBy: null, reason: null },
    ...changes,
  };
}

function step(changes: Partial<Commitment>, charges: Step["charges"] = []): Step {
  return { next: commitment(changes), charges };
}

// Every event against every state. A new one does not compile until its row is written.
type Event = "answered" | "lost" | "cancelled" | "ended" | "looked at";
const TABLE: Record<Event, Record<CommitmentState, CommitmentState | "nothing">> = {
  answered: { opening: "active", active: "nothing", unknown: "active", ended: "nothing" },
  lost: { opening: "unknown", active: "nothing", unknown: "nothing", ended: "nothing" },
  cancelled: { opening: "ended", active: "nothing", unknown: "ended", ended: "nothing" },
  ended: { opening: "ended", active: "ended", unknown: "ended", ended: "nothing" },
  "looked at": { opening: "opening", active: "active", unknown: "unknown", ended: "ended" },
};

const EVENTS: Record<Event, (one: Commitment) => Step | null> = {
  answered: (one) => activate(one, '"made"', 7),
  lost: (one) => lose(one, null, 7),
  cancelled: (one) => cancel(one, 7, GONE),
  ended: (one) => end(one, 7, { ended: GONE, turns: [] }),
  "looked at": (one) => accrue(one, 7, []),
};

describe("a commitment", () => {
  for (const [event, row] of Object.entries(TABLE) as [Event, (typeof TABLE)[Event]][]) {
    for (const [state, after] of Object.entries(row) as [CommitmentState, string][]) {
      test(`that is ${state} and is ${event}: ${after}`, () => {
        const answer = EVENTS[event](commitment({ state }));
        expect(answer?.next.state ?? "nothing").toBe(after);
      });
    }
  }

  test("is charged for the time that has passed, from what is set aside", () => {
    const later = { seenAt: HOUR_MS / 4, elapsedMs: HOUR_MS / 4, dueAt: HOUR_MS / 4 + 60_000 };
    const holds = [{ account: 1, held: (USD * 3n) / 4n }];
    const expected = step({ ...later, holds }, [{ account: 1, amount: USD / 4n }]);
    expect(accrue(commitment(), HOUR_MS / 4, [])).toEqual(expected);
  });

  test("is charged in full where more is owed than was set aside", () => {
    const { charges, next } = accrue(commitment(), 5 * HOUR_MS, []);
    expect(charges).toEqual([{ account: 1, amount: 5n * USD }]);
    expect(next.holds).toEqual([{ account: 1, held: 0n }]);
  });

  test("is charged nothing by a clock that was set back, and goes on from there", () => {
    const back = accrue(commitment({ seenAt: HOUR_MS, elapsedMs: HOUR_MS }), 0, []);
    expect(back.charges).toEqual([]);
    expect(back.next).toMatchObject({ seenAt: 0, elapsedMs: HOUR_MS });
    const on = accrue(back.next, HOUR_MS, []);
    expect(on.charges).toEqual([{ account: 1, amount: USD }]);
  });

  test("is charged to each window what falls into it, and holds nothing of one that is over", () => {
    const turns = [{ from: 1, endedAt: HOUR_MS / 4, to: 9 }];
    const holds = [1, 2].map((account) => ({ account, held: USD }));
    const { charges, next } = accrue(commitment({ holds }), HOUR_MS, turns);
    expect(charges).toEqual([
      { account: 1, amount: USD / 4n },
      { account: 9, amount: (USD * 3n) / 4n },
      { account: 2, amount: USD },
    ]);
    expect(next.holds).toEqual([
      { account: 9, held: 0n },
      { account: 2, held: 0n },
    ]);
  });

  test("is looked at each minute, or ten times a horizon", () => {
    expect(accrue(commitment(), 1_000, []).next.dueAt).toBe(61_000);
    expect(accrue(commitment({ horizonMs: 10_000 }), 1_000, []).next.dueAt).toBe(2_000);
    expect(accrue(commitment({ horizonMs: 5 }), 1_000, []).next.dueAt).toBe(1_001);
  });

  test("is renewed at half its horizon, on the accounts that are in force", () => {
    const held = (amount: bigint) => commitment({ holds: [{ account: 1, held: amount }] });
    expect(wantsRenewal(held(USD / 2n + 1n), [1])).toBe(false);
    expect(wantsRenewal(held(USD / 2n), [1])).toBe(true);
    expect(wantsRenewal(held(USD), [1, 2])).toBe(true);
    expect(wantsRenewal(held(USD), [])).toBe(true);
    expect(wantsRenewal(commitment({ holds: [] }), [])).toBe(false);
    const before = held(USD / 2n);
    const told = { ...before, unrenewable: true };
    const holds = [1, 2].map((account) => ({ account, held: USD }));
    expect(renew(told, [1, 2])).toEqual({ next: { ...before, holds, renewals: 1 }, charges: [] });
    expect(renew(before, []).next.holds).toEqual([]);
  });

  test("is given up while a quarter is left to react in", () => {
    expect(isAlmostSpent(commitment({ holds: [{ account: 1, held: USD / 4n }] }))).toBe(false);
    expect(isAlmostSpent(commitment({ holds: [{ account: 1, held: USD / 4n - 1n }] }))).toBe(true);
    expect(isAlmostSpent(commitment({ holds: [] }))).toBe(false);
    expect(giveUp(commitment())).toEqual(step({ unrenewable: true }));
  });

  test("costs up to its end, and frees the rest", () => {
    const over = { state: "ended", holds: [], dueAt: null, endedAt: HOUR_MS / 2 } as const;
    const told = { endedBy: "ada", reason: "It was switched off." };
    const until = { seenAt: HOUR_MS / 2, elapsedMs: HOUR_MS / 2 };
    const expected = step({ ...over, ...told, ...until }, [{ account: 1, amount: USD / 2n }]);
    expect(end(commitment(), HOUR_MS / 2, { ended: GONE, turns: [] })).toEqual(expected);
  });

  test("of which nothing was made costs nothing", () => {
    const before = commitment({ state: "opening", service: null, dueAt: null });
    const answer = cancel(before, 5, GONE);
    expect(answer?.charges).toEqual([]);
    expect(answer?.next).toMatchObject({ state: "ended", holds: [], elapsedMs: 0, endedAt: 5 });
  });

  test("is charged what the time costs, however often it is looked at", () => {
    const looks = fc.array(fc.integer({ min: -HOUR_MS, max: 3 * HOUR_MS }), { maxLength: 30 });
    const rate = fc.bigInt({ min: 1n, max: 1_000_000n * USD });
    fc.assert(
      fc.property(looks, rate, (advances, nanoUsdPerHour) => {
        let one = commitment({ nanoUsdPerHour, horizonMs: HOUR_MS });
        one = { ...one, holds: [{ account: 1, held: horizonOf(one) }] };
        let [now, passed, charged] = [0, 0, 0n];
        for (const advance of advances) {
          now += advance;
          passed += Math.max(0, advance);
          const { charges, next } = accrue(one, now, []);
          for (const { amount } of charges) charged += amount;
          const held = next.holds[0]?.held ?? 0n;
          const left = horizonOf(one) - charged;
          expect(held).toBe(left > 0n ? left : 0n);
          one = next;
        }
        expect(charged).toBe(costOf(nanoUsdPerHour, passed));
        expect(accruedOf(one)).toBe(charged);
      }),
    );
  });
});

describe("what a call made", () => {
  test.each([
    ["a text", "svc-1", '"svc-1"'],
    ["a number, which is another id than its text", 7, "7"],
    ["nothing", undefined, null],
    ["an empty text", "", null],
    ["a fraction", 1.5, null],
    ["a number past what is exact", 2 ** 60, null],
    ["an object", { id: 1 }, null],
    ["null", null, null],
    ["a text beyond all names", "x".repeat(513), null],
  ])("is %s", (_name, id, service) => {
    expect(serviceOf({ result: { id } }, "/result/id")).toBe(service);
  });
});

const TERMS: CommitmentTerms = {
  ...{ nanoUsdPerHour: 2_000_000_000, id: "/result/id", activeMax: 3, horizonMs: HOUR_MS },
  endsWith: { server: "s", tool: "stop", id: "/arguments/id" },
  onUnrenewable: "trip",
};

describe("the guard of places", () => {
  const tool = granted("s", "t", { commitment: TERMS });

  test("lets through what has a place", () => {
    const numbers = { active: 2, max_active: 3, usd_per_hour: "2", horizon_seconds: 3600 };
    const facts = toolFacts({ resolved: tool, commitments: { active: 2 } });
    expect(place(facts)).toEqual({ kind: "allow", numbers });
  });

  test("refuses with the numbers that decided", () => {
    const told = { tool: "t", active: 3, max_active: 3, usd_per_hour: "2", horizon_seconds: 3600 };
    const facts = toolFacts({ resolved: tool, commitments: { active: 3 } });
    expect(place(facts)).toEqual({ kind: "deny", code: "commitment.full", facts: told });
  });

  test("is not sure where the store was not asked", () => {
    expect(place(toolFacts({ resolved: tool }))).toMatchObject({ code: "gateway.unsure" });
    expect(place(toolFacts())).toMatchObject({ code: "gateway.unsure" });
  });

  test("is asked of no tool that costs nothing after its call", () => {
    const names = (facts: ReturnType<typeof toolFacts>) =>
      admitTool(facts, { purses: [] }).answers.map(({ guard }) => guard);
    expect(names(toolFacts())).not.toContain("commitment");
    const committing = {
      ...toolFacts({ resolved: tool, commitments: { active: 0 } }),
      grants: grants([tool]),
    };
    const asked = names(committing);
    expect(asked.indexOf("commitment")).toBe(asked.indexOf("rate-limit") - 1);
  });

  test("is followed by the budget, whose refusal says what the call goes on costing", () => {
    const poor = purse({ slice: slice({ free: 1 }), seen: seen({ limit: 1n }) });
    const facts = {
      ...toolFacts({ resolved: tool, commitments: { active: 0 }, reserve: 2_000_000_000 }),
      grants: grants([tool]),
    };
    const { verdict } = admitTool(facts, { purses: [poor] });
    expect(verdict).toMatchObject({
      code: "budget.exhausted",
      facts: { budget: "b", needed_usd: "2", max_active: 3, usd_per_hour: "2" },
    });
  });
});
