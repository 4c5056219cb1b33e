import { describe, expect, test } from "vitest";
import { segmentsOf } from "../../../dashboard/parts/segments.ts";
import {
  closeness,
  passersOf,
  passing,
  spanOf,
  tightestOf,
} from "../../../dashboard/words/budgets.ts";
import { costOf } from "../../../dashboard/words/costs.ts";
import { bodyOf, type Draft, missingIn } from "../../../dashboard/words/drafts.ts";
import { proposalLines } from "../../../dashboard/words/proposals.ts";
import {
  argumentsOf,
  type Choice,
  choicesOf,
  type Decision,
  preselected,
  tasksOf,
  usualReasons,
  verbOf,
} from "../../../dashboard/words/reviews.ts";
import type { BudgetView } from "../../../src/control/schemas/money.ts";
import type { ReviewView } from "../../../src/control/schemas/reviews.ts";

function budget(name: string, scope: string, spent: string, limit: string): BudgetView {
  return {
    ...{ name, scope, unit: "usd", limit_usd: limit, spent_usd: spent, reserved_usd: "0" },
    ...{ leased_usd: "0", forfeited_usd: "0", committed_usd: "0", window_ends_at: null },
    ...{ window: "lifetime", window_starts_at: null, forecast: null, passes_at: null },
    no_forecast: "its window has no end",
    remaining_usd: String(Number(limit) - Number(spent)),
  };
}

/** With what it will come to, and when that passes its cap. */
function ahead(spent: string, forecast: string, passesAt: string | null = null): BudgetView {
  const before = budget("acme", "", spent, "100");
  if (before.unit !== "usd") throw new Error("it is money");
  const window = { window: "month", window_starts_at: "2026-11-01T00:00:00Z" } as const;
  const reckoned = { by: "window", spent_usd: forecast } as const;
  return { ...before, ...window, forecast: reckoned, no_forecast: null, passes_at: passesAt };
}

describe("a forecast", () => {
  test("stands in the meter; above the cap the scale grows, to 1.3 at most", () => {
    expect(segmentsOf(budget("acme", "", "10", "100"))).toMatchObject({ cap: 100, forecast: null });
    expect(segmentsOf(ahead("10", "60"))).toMatchObject({ cap: 100, forecast: 60 });
    const over = segmentsOf(ahead("10", "125"));
    expect([over.cap, over.forecast]).toEqual([80, 100]);
    const far = segmentsOf(ahead("10", "900"));
    expect([far.cap, far.forecast]).toEqual([expect.closeTo(76.92, 2), 100]);
    expect(far.bars).toEqual([{ name: "spent", from: 0, width: expect.closeTo(7.69, 2) }]);
  });

  test("that passes its cap says when, and the soonest comes first", () => {
    const now = Date.parse("2026-11-17T03:11:20Z");
    expect(passing("2026-11-17T17:40:00.000Z", now)).toBe("over at 17:40 UTC");
    expect(passing("2026-11-19T17:40:00.000Z", now)).toBe("over on 19 Nov");
    const [late, soon] = ["2026-11-19T00:00:00Z", "2026-11-18T00:00:00Z"];
    const rows = [ahead("1", "2"), ahead("60", "160", late), ahead("60", "170", soon)];
    expect(passersOf(rows).map(({ passes_at: at }) => at)).toEqual([soon, late]);
  });

  test("an account is named with its scope, its window and what it counts", () => {
    expect(spanOf(ahead("1", "2"))).toBe("one account, a month");
    expect(spanOf(budget("each", "support", "1", "2"))).toBe("support, for ever");
  });
});

describe("the tightest cap", () => {
  test("of an agent is that of its accounts with the least left, as a share", () => {
    const budgets = [
      budget("acme", "", "10", "8000"),
      budget("each", "support", "4", "5"),
      budget("each", "billing", "5", "5"),
    ];
    expect(budgets.map(closeness)).toEqual([0.00125, 0.8, 1].map((one) => expect.closeTo(one, 3)));
    const calls = { calls: [], calls_minute: 0, calls_hour: 0 };
    const numbers = { team: null, owner: null, ...calls, spent_today_usd: "0" };
    const accounts = [
      { budget: "acme", scope: "" },
      { budget: "each", scope: "support" },
    ];
    const failed = { refused_hour: 0, failed_hour: 0, closest_breaker: null };
    const agent = { agent: "support", ...numbers, ...failed, accounts };
    expect(tightestOf([agent], budgets).get("support")?.name).toBe("each");
    expect(tightestOf([{ ...agent, accounts: [] }], budgets).size).toBe(0);
  });
});

const CALL: ReviewView["calls"][number] = {
  ...{ call: "c-1", task: "t-1", what: "tool", state: "parked", at: "2026-11-17T03:07:42.000Z" },
  ...{
    attached: true,
    maybe_sent: false,
    edited: false,
    bytes: 24,
    worst_case_usd: "0.348",
    held_until: null,
  },
  asked: { server: "desk", tool: "echo" },
};
const SPENT = { from: "", to: "", calls: 9, usd: "3.132", whole: true, tasks: [] };
const MOST = { calls: 1, worst_case_usd: "0.348", unreckoned: 0 };

function review(change: Partial<ReviewView> = {}): ReviewView {
  return {
    ...{ id: "r-1", agent: "support", kind: "trip", reason: "", opened_at: "", parked: 1 },
    ...{ version: 0, state: "open", evidence: { task: "t-1" }, decisions: [], calls: [CALL] },
    ...{ proposal: null, two_people: [], last_calls: [], spent: SPENT, spent_since: SPENT },
    resuming: { ...MOST, whole: true, tasks: [{ task: "t-1", ...MOST }] },
    deadlines: { held_until: null, errors_from: null, expires_at: null },
    last_approved: null,
    ...change,
  };
}

describe("the choices of a review", () => {
  const decisions = (kind: string, calls = [CALL]): readonly Decision[] =>
    choicesOf(review({ kind, calls, evidence: {} }))
      .filter(({ off }) => off === null)
      .map(({ decision }) => decision);

  test("are those that its kind takes, and none that would do nothing", () => {
    expect(decisions("trip")).toEqual(["resume", "probe", "change", "deny", "end"]);
    expect(decisions("pause", [])).toEqual(["resume", "change"]);
    expect(decisions("budget")).toEqual(["resume", "change", "deny", "end"]);
    expect(decisions("approval")).toEqual(["approve", "change", "deny"]);
    expect(decisions("outcome_unknown")).toEqual(["ran", "did_not_run"]);
    expect(decisions("outcome_unknown", [])).toEqual([]);
  });

  test("begin with the least risky that makes progress, or with none where only a person knows", () => {
    const first = (kind: string, change: Partial<ReviewView> = {}) => {
      const one = review({ kind, ...change });
      return preselected(one, choicesOf(one));
    };
    expect(first("trip")).toBe("probe");
    expect(first("pause", { calls: [], evidence: {} })).toBe("resume");
    expect(first("budget")).toBe("resume");
    expect(first("approval")).toBeNull();
    expect(first("outcome_unknown")).toBeNull();
  });

  test("edit no request to a model, nor what its agent runs itself", () => {
    const evidence = { model: "m", task: "t-1", arguments: { messages: [] } };
    const model = review({ kind: "approval", evidence });
    expect(choicesOf(model).map(({ decision }) => decision)).toEqual(["approve", "deny"]);
    expect(choicesOf(model)[0]?.says).toContain("this call of the model m goes out, once");
    expect(usualReasons(model)).toContain("Request is right");
    const own = review({ kind: "approval", calls: [{ ...CALL, what: "decision" }] });
    expect(choicesOf(own).map(({ decision }) => decision)).toEqual(["approve", "deny"]);
  });

  test("have one letter each", () => {
    for (const kind of ["trip", "pause", "budget", "approval", "outcome_unknown"]) {
      const keys = choicesOf(review({ kind })).map(({ key }) => key);
      expect(new Set(keys).size, kind).toBe(keys.length);
    }
  });

  test("say what they cost at most, or that more is not known", () => {
    const says = (decision: Decision, one = review()) => {
      const choice = choicesOf(one).find((each) => each.decision === decision);
      return choice === undefined
        ? null
        : `${verbOf(choice, "t-1")}, ${costOf(choice, one, "t-1")}`;
    };
    expect(says("probe")).toBe("Probe t-1, at most $0.348");
    expect(says("resume")).toBe("Resume all, at most $0.348");
    expect(says("end")).toBe("End t-1 for good, $0.00");
    const partly = review({ resuming: { ...MOST, unreckoned: 1, whole: true, tasks: [] } });
    expect(says("resume", partly)).toBe("Resume all, over $0.348");
    expect(says("probe", partly)).toBe("Probe t-1, ");
  });

  test("name the task that tripped first", () => {
    const other = { ...CALL, call: "c-2", task: "t-2" };
    expect(tasksOf(review({ calls: [other, CALL] }))).toEqual(["t-1", "t-2"]);
    expect(tasksOf(review({ calls: [other], evidence: "text" }))).toEqual(["t-2"]);
  });
});

const PROPOSAL = {
  ...{ decision: "change" as const, by: "ada", reason: "smaller", at: "2026-11-17T03:08:00.000Z" },
  ...{ task: null, call: null, message: null, limit: null, arguments: { amount: 90 } },
} as const;

const DRAFT: Draft = {
  ...{ decision: "change", task: "t-1", call: "c-1", message: "", reason: "looked" },
  ...{ limit: "", editCall: "", edited: "" },
};

function chosen(one: ReviewView, decision: Decision, me = ""): Choice {
  const choice = choicesOf(one, me).find((each) => each.decision === decision);
  if (choice === undefined) throw new Error(`${decision} is no choice of it`);
  return choice;
}

describe("a change", () => {
  const APPROVAL = review({ kind: "approval", evidence: { arguments: { amount: 900 } } });
  const original = argumentsOf(APPROVAL);
  const missing = (one: ReviewView, draft: Partial<Draft>) =>
    missingIn(one, chosen(one, "change"), { ...DRAFT, ...draft });
  const body = (one: ReviewView, draft: Partial<Draft>) =>
    bodyOf(one, chosen(one, "change"), { ...DRAFT, ...draft }, 3);

  test("is of something, and what is typed has to make sense", () => {
    expect(missing(review(), {})).toContain("Change something");
    expect(missing(review(), { message: "Stop." })).toBeNull();
    expect(missing(review({ kind: "budget" }), { limit: "much" })).toContain("no number");
    expect(missing(review({ kind: "budget" }), { limit: "750" })).toBeNull();
    expect(missing(APPROVAL, { edited: original })).toContain("Change something");
    expect(missing(APPROVAL, { edited: "{" })).toContain("no JSON");
    expect(missing(APPROVAL, { edited: "[]" })).toContain("no JSON");
    expect(missing(APPROVAL, { edited: '{"amount":90}', reason: " " })).toContain("Say why");
    expect(missing(APPROVAL, { edited: '{"amount":90}' })).toBeNull();
  });

  test("sends what was changed, and nothing else", () => {
    const said = { version: 3, decision: "change", reason: "looked" };
    expect(body(review(), { message: " Stop. " })).toEqual({ ...said, message: "Stop." });
    expect(body(review(), { editCall: "c-1", edited: '{"n":1}' })).toEqual({
      ...said,
      ...{ call: "c-1", arguments: { n: 1 } },
    });
    expect(body(APPROVAL, { edited: '{"amount":90}' })).toEqual({
      ...said,
      arguments: { amount: 90 },
    });
    expect(body(review({ kind: "budget" }), { limit: " 750 " })).toEqual({ ...said, limit: "750" });
  });

  test("that is proposed is agreed to word for word, by another", () => {
    const one = review({ kind: "approval", proposal: PROPOSAL, two_people: ["change"] });
    expect(bodyOf(one, chosen(one, "agree"), DRAFT, 4)).toEqual({
      ...{ version: 4, decision: "change", reason: "looked", arguments: { amount: 90 } },
    });
    expect(chosen(one, "agree", "grace").off).toBeNull();
    expect(chosen(one, "agree", "ada").off).toContain("another person");
    expect(proposalLines(one)).toEqual(["Resume with a change", 'arguments {"amount":90}']);
  });
});
