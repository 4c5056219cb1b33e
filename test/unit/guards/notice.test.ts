/** What there is to tell of a review, who hears of it, and how fast. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WITHDRAWN } from "../../../src/guards/clutch/review.ts";
import { noticesOf, type Reviewed } from "../../../src/guards/notice/derive.ts";
import { NOTICE_KINDS } from "../../../src/guards/notice/notice.ts";
import {
  MESSAGES_A_MINUTE,
  planOf,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
  retryMs,
} from "../../../src/guards/notice/pace.ts";
import { fits, isRouted, type Route } from "../../../src/guards/notice/route.ts";

const AT = Date.UTC(2026, 10, 17, 3, 7, 42);
const NOW = AT + 5_000;

function review(changes: Partial<Reviewed> = {}): Reviewed {
  return {
    ...{ id: "r-1", kind: "trip", agent: "worker", reason: "Nine equal calls.", openedAt: AT },
    evidence: JSON.stringify({ rule: "stuck", task: "t-1", numbers: { calls: 9, above: 8 } }),
    ...{ version: 0, state: "open", parked: 2, decisions: [] },
    ...changes,
  };
}

function decided(decision: string, reason = "Looked at it.") {
  return { decision, by: "ada", reason, at: AT + 1_000 };
}

const told = (up: number) => ({ told: up, now: NOW, approvalExpiresMs: 3_600_000 });
const subjects = (of: Reviewed, up: number) => noticesOf(of, told(up)).map((one) => one.subject);

describe("what there is to tell of a review", () => {
  test("one that opened is told whole", () => {
    expect(noticesOf(review(), told(-1))).toEqual([
      {
        subject: "review.r-1.opened",
        notice: {
          ...{ what: "opened", kind: "trip", agent: "worker", task: "t-1", at: AT },
          review: { id: "r-1", parked: 2 },
          reason: "Nine equal calls.",
          numbers: { rule: "stuck", calls: 9, above: 8 },
          ...{ decided: null, next: null },
        },
      },
    ]);
  });

  // What was told up to, by what became of it since.
  const TABLE: readonly (readonly [string, Partial<Reviewed>, number, readonly string[]])[] = [
    ["opened", {}, -1, ["opened"]],
    ["nothing new", {}, 0, []],
    ["a probe", { version: 1, decisions: [decided("probe")] }, 0, []],
    ["a probe that tripped", { version: 2, decisions: [decided("probe")] }, 1, ["again-1"]],
    [
      "a second such",
      { version: 4, decisions: [decided("probe"), decided("probe")] },
      3,
      ["again-2"],
    ],
    [
      "a probe that tripped, and was written about",
      { version: 2, decisions: [decided("probe"), decided("note")] },
      1,
      ["again-1"],
    ],
    ["a proposal", { version: 1, decisions: [decided("proposed")] }, 0, ["proposed-1"]],
    ["one that was told", { version: 1, decisions: [decided("proposed")] }, 1, []],
    [
      "another one, with a note",
      { version: 2, decisions: [decided("proposed"), decided("proposed"), decided("note")] },
      1,
      ["proposed-2"],
    ],
    [
      "one that was agreed to",
      { version: 2, state: "closed", decisions: [decided("proposed"), decided("resume")] },
      0,
      ["closed"],
    ],
    ["closed", { version: 1, state: "closed", decisions: [decided("resume")] }, 0, ["closed"]],
    [
      "all at once",
      { version: 3, state: "closed", decisions: [decided("probe"), decided("resume")] },
      -1,
      ["opened", "again-1", "closed"],
    ],
  ];
  test.each(TABLE)("%s", (_, changes, up, names) => {
    const expected = names.map((name) => `review.r-1.${name}`);
    expect(subjects(review(changes), up)).toEqual(expected);
  });

  test("an approval whose call was never parked is no news, unless it was told that it opened", () => {
    const withdrawn = { ...decided("end", WITHDRAWN), by: "gateway" };
    const of = (decision: typeof withdrawn, up: number) =>
      subjects(
        review({ kind: "approval", version: 1, state: "closed", decisions: [decision] }),
        up,
      );
    expect(of(withdrawn, -1)).toEqual([]);
    expect(of(withdrawn, 0)).toEqual(["review.r-1.closed"]);
    expect(of({ ...withdrawn, by: "ada" }, -1)).toHaveLength(2);
  });

  test("one that closed says who decided what and why: the last of them", () => {
    const decisions = [decided("probe", "Try one."), decided("resume", "All is well.")];
    const [, , closed] = noticesOf(review({ version: 3, state: "closed", decisions }), told(-1));
    expect(closed?.notice).toMatchObject({
      what: "closed",
      at: AT + 1_000,
      decided: { decision: "resume", by: "ada", reason: "All is well." },
    });
  });

  test("one that tripped again says what the newest trip said", () => {
    const evidence = JSON.stringify({ numbers: {}, also: ["First.", "Second."] });
    const decisions = [decided("probe")];
    const [again] = noticesOf(review({ evidence, version: 2, decisions }), told(1));
    expect(again?.notice).toMatchObject({ what: "again", reason: "Second.", at: NOW });
  });

  test("an approval says when it is denied by itself, and no argument of its call", () => {
    const evidence = JSON.stringify({
      ...{ server: "desk", tool: "pay", task: "t-1", arguments_bytes: 20 },
      ...{ binding: "b".repeat(64), sealed: "AAAA" },
    });
    const [opened] = noticesOf(review({ kind: "approval", evidence }), told(-1));
    expect(opened?.notice.next).toEqual({ what: "denied", at: AT + 3_600_000 });
    expect(opened?.notice.numbers).toEqual({ server: "desk", tool: "pay", arguments_bytes: 20 });
    const model = { model: "m", reasons: ["it is long"], ...JSON.parse(evidence) };
    const { server, tool, ...ofModel } = model;
    const [asked] = noticesOf(
      review({ kind: "approval", evidence: JSON.stringify(ofModel) }),
      told(-1),
    );
    expect(asked?.notice.numbers).toEqual({ model: "m", arguments_bytes: 20 });
  });

  test("a trip of no tool in particular names none", () => {
    const evidence = JSON.stringify({ rule: "refusals", server: "", tool: "", numbers: { n: 1 } });
    const [opened] = noticesOf(review({ evidence }), told(-1));
    expect(opened?.notice.numbers).toEqual({ rule: "refusals", n: 1 });
  });

  test("evidence may be anything at all", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (evidence) => {
        const [opened] = noticesOf(review({ evidence }), told(-1));
        for (const value of Object.values(opened?.notice.numbers ?? {})) {
          expect(["string", "number"]).toContain(typeof value);
        }
        expect(Object.keys(opened?.notice.numbers ?? {}).length).toBeLessThanOrEqual(12);
      }),
    );
    expect(subjects(review({ evidence: "[1]" }), -1)).toEqual(["review.r-1.opened"]);
  });
});

describe("who hears of it", () => {
  const ALL: Route = { agents: ["*"], labels: {}, on: NOTICE_KINDS };
  const LABELS = { team: "support", org: null, owner: "ada" };
  const routed = (route: Partial<Route>, labels: typeof LABELS | null = LABELS) =>
    isRouted({ ...ALL, ...route }, { agent: "worker-1", kind: "trip", labels });

  test.each<readonly [string, Partial<Route>, boolean]>([
    ["everybody", {}, true],
    ["its id", { agents: ["worker-1"] }, true],
    ["another id", { agents: ["worker-2", "worker"] }, false],
    ["one of several", { agents: ["x", "work*"] }, true],
    ["its kind", { on: ["trip"] }, true],
    ["another kind", { on: ["pause", "alert"] }, false],
    ["its label", { labels: { team: "support" } }, true],
    ["all its labels", { labels: { team: "support", owner: "ada" } }, true],
    ["one label of another", { labels: { team: "support", owner: "bob" } }, false],
    ["a label that it lacks", { labels: { org: "acme" } }, false],
  ])("%s", (_, route, expected) => {
    expect(routed(route)).toBe(expected);
  });

  test("an agent that is in no manifest has no labels", () => {
    expect([routed({}, null), routed({ labels: { team: "support" } }, null)]).toEqual([
      true,
      false,
    ]);
  });

  test.each<readonly [string, string, boolean]>([
    ["*", "", true],
    ["a*", "a", true],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["*b*", "abc", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "acb", false],
    ["a.c", "abc", false],
    ["**", "x", true],
    ["A", "a", false],
  ])("%s and %s", (pattern, name, expected) => {
    expect(fits(pattern, name)).toBe(expected);
  });

  test("a pattern fits as a regular expression would say", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    const names = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    fc.assert(
      fc.property(letters, names, (pattern, name) => {
        const same = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(name);
        expect(fits(pattern, name)).toBe(same);
      }),
    );
  });
});

describe("how fast", () => {
  test("each attempt waits twice as long, from a second to five minutes, less up to half", () => {
    const longest = [1, 2, 3, 4, 9, 10, 500].map((attempts) => retryMs(attempts, 0));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, chance) => {
        const ms = retryMs(attempts, chance);
        expect(ms).toBeGreaterThanOrEqual(RETRY_FIRST_MS / 2);
        expect(ms).toBeLessThanOrEqual(RETRY_MAX_MS);
      }),
    );
  });

  test.each([
    [0, 0, { single: 0, folded: false }],
    [20, 0, { single: 20, folded: false }],
    [21, 0, { single: 19, folded: true }],
    [500, 0, { single: 19, folded: true }],
    [1, 19, { single: 1, folded: false }],
    [2, 19, { single: 0, folded: true }],
    [2, 20, { single: 0, folded: false }],
    [2, 99, { single: 0, folded: false }],
  ])("%i due after %i in a minute", (due, sent, plan) => {
    expect(planOf(due, sent)).toEqual(plan);
  });

  test("never more messages than a minute has room for, and never nothing while there is room", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(40), (due, sent) => {
        const { folded, single } = planOf(due, sent);
        const messages = single + (folded ? 1 : 0);
        expect(messages).toBeLessThanOrEqual(Math.max(MESSAGES_A_MINUTE - sent, 0));
        expect(messages > 0).toBe(due > 0 && sent < MESSAGES_A_MINUTE);
      }),
    );
  });
});
