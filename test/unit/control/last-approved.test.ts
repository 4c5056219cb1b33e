/** With which approval one that waits is compared, and how much of that is told. */
import { expect, test } from "vitest";
import { lastApprovedLines } from "../../../src/cli/last-approved.ts";
import type { ReviewView } from "../../../src/control/client.ts";
import { lastApprovedView } from "../../../src/control/last-approved.ts";
import type { Decided, Review } from "../../../src/ports/store.ts";
import { review } from "./operations.ts";

const AT = Date.UTC(2026, 0, 2);

function decided(changes: Partial<Decided> = {}): Decided {
  const about = { task: null, call: "c", message: null, proposal: null };
  return { decision: "approve", by: "ada", reason: "fine", at: AT, ...about, ...changes };
}

function approval(id: string, given: unknown, decisions: readonly Decided[], tool = "pay"): Review {
  const evidence = JSON.stringify({ server: "desk", tool, task: `t-${id}`, arguments: given });
  const state = decisions.length > 0 ? "closed" : "open";
  return review(id, { kind: "approval", evidence, decisions, state });
}

const now = approval("now", { amount: 2 }, []);

test("the last approval of the same tool counts, whatever came of others and whenever they were asked", () => {
  const others = [
    approval("older", { amount: 0 }, [decided({ at: AT - 2 })]),
    approval("last", { amount: 1 }, [decided({ at: AT, by: "eve" })]),
    approval("denied", { amount: 9 }, [decided({ at: AT + 1, decision: "deny" })]),
    approval("other", { amount: 9 }, [decided({ at: AT + 2 })], "save"),
  ];
  expect(lastApprovedView(now, others)).toEqual({
    ...{ review: "last", at: "2026-01-02T00:00:00.000Z", by: "eve", task: "t-last", more: 0 },
    differences: [{ path: "/amount", was: 1, is: 2 }],
  });
  expect(lastApprovedView(now, others.slice(2))).toBeNull();
});

test("of a model it is the last request to that model, with the places at which it differs", () => {
  const of = (
    id: string,
    model: string,
    max_tokens: number,
    decisions: readonly Decided[] = [],
  ) => {
    const evidence = JSON.stringify({ model, task: `t-${id}`, arguments: { model, max_tokens } });
    const state = decisions.length > 0 ? "closed" : "open";
    return review(id, { kind: "approval", evidence, decisions, state });
  };
  const asked = of("now", "m", 900);
  const others = [
    of("last", "m", 500, [decided()]),
    of("other", "n", 900, [decided({ at: AT + 2 })]),
    approval("tool", {}, [decided({ at: AT + 3 })]),
  ];
  const last = lastApprovedView(asked, others);
  expect(last).toMatchObject({
    ...{ review: "last", differences: [{ path: "/max_tokens", was: 500, is: 900 }] },
  });
  const evidence = JSON.parse(asked.evidence);
  expect(lastApprovedLines({ evidence, last_approved: last })[0]).toContain(
    "with another request:",
  );
  const same = lastApprovedView(asked, [of("same", "m", 900, [decided()])]);
  expect(lastApprovedLines({ evidence, last_approved: same })[0]).toContain("the same request");
  expect(lastApprovedView(now, others.slice(0, 2))).toBeNull();
});

test("one that was decided is compared with what was approved before it, and not with itself", () => {
  const past = approval("past", { amount: 2 }, [decided({ at: AT })]);
  const later = approval("later", { amount: 3 }, [decided({ at: AT + 1 })]);
  const earlier = approval("earlier", { amount: 2 }, [decided({ at: AT - 1 })]);
  expect(lastApprovedView(past, [later, past, earlier])).toMatchObject({
    ...{ review: "earlier", differences: [] },
  });
});

test("one that waits for a second person is compared with what was approved meanwhile", () => {
  const first = decided({ decision: "proposed", at: AT - 5 });
  const waits = { ...approval("waits", { amount: 2 }, [first]), state: "open" } as const;
  const since = approval("since", { amount: 1 }, [decided({ at: AT })]);
  expect(lastApprovedView(waits, [since])).toMatchObject({ review: "since" });
});

test("a hundred differences are told, and how many more there are", () => {
  const many = Object.fromEntries(Array.from({ length: 130 }, (_, no) => [`f${no}`, no]));
  const one = lastApprovedView(now, [approval("last", many, [decided()])]);
  // All of these are gone, and the amount is new.
  expect([one?.differences?.length, one?.more]).toEqual([100, 31]);
});

test("in words it says what is new, gone and changed, and what cannot be known", () => {
  const said = (given: unknown, is: unknown = { a: 1, b: [1], c: null }) => {
    const last = lastApprovedView(approval("now", is, []), [approval("r", given, [decided()])]);
    // `as`: nothing else of a review is read.
    return lastApprovedLines({ last_approved: last } as ReviewView);
  };
  const head = "2026-01-02T00:00:00.000Z by ada in r, of t-r";
  expect(said({ a: 2, b: [1, { x: 1 }] })).toEqual([
    `${head}, with other arguments:`,
    "/a is 1, it was 2",
    '/b/1 is gone, it was {"x":1}',
    "/c is new: null",
  ]);
  expect(said({ c: null, b: [1], a: 1 })).toEqual([`${head}: with the same arguments`]);
  expect(said("cut…")).toEqual([
    `${head}: arguments too long to be kept whole, so nobody can compare them`,
  ]);
  expect(lastApprovedLines({ last_approved: null } as ReviewView)).toEqual([]);
});
