import { describe, expect, test } from "vitest";
import { explanationView } from "../../../src/control/explanation.ts";
import type { Event } from "../../../src/guards/events.ts";
import { settled } from "../telemetry/rows.ts";

const AT = Date.UTC(2026, 0, 2);
const done = settled(1) as Extract<Event, { kind: "call.settled" }>;
const { decision, call, agent, task, key, revision, asked, answers, legs } = done;
const origin = { decision, call, agent, task, key, revision };
const open = legs.map((leg) => ({ ...leg, charged: null }));
const admitted: Event = { kind: "call.admitted", asked, answers, legs: open, ...origin };

function explained(events: readonly Event[], more: { inFlight?: boolean; lostAt?: number } = {}) {
  const records = events.map((event, index) => ({ at: AT + index, event, position: index + 1 }));
  const { inFlight = false, lostAt = null } = more;
  return explanationView({ records, inFlight, lostAt });
}

describe("a decision explained", () => {
  test("that settled: asked, answered, cost, outcome", () => {
    expect(explained([admitted, done])).toMatchObject({
      decision: "dec_1",
      state: "settled",
      at: "2026-01-02T00:00:00.001Z",
      asked: { model: "gpt-5-mini", output_cap: 512 },
      answers: [{ guard: "identity" }, { guard: "manifest" }, { guard: "budget" }],
      denial: null,
      budgets: [{ budget: "monthly", reserved_usd: "0.0012", charged_usd: "0.0004" }, {}],
      outcome: { outcome: "ok", status: 200, charged_usd: "0.0004", ended_ms: 900 },
      remarks: [],
    });
  });

  test("that was refused: the code, what it means, the numbers", () => {
    const facts = { budget: "monthly", remaining_usd: "0.10" };
    const refused: Event = {
      kind: "call.refused",
      code: "budget.exhausted",
      facts,
      asked,
      answers,
      ...origin,
    };
    expect(explained([refused])).toMatchObject({
      state: "refused",
      denial: { code: "budget.exhausted", says: expect.stringContaining("budget"), facts },
      budgets: [],
      outcome: null,
    });
  });

  test("that is in flight", () => {
    expect(explained([admitted], { inFlight: true })).toMatchObject({
      state: "in-flight",
      budgets: [{ reserved_usd: "0.0012", charged_usd: null }, {}],
    });
  });

  test("that settled while it was looked for", () => {
    expect(explained([admitted, done], { inFlight: true })).toMatchObject({ state: "settled" });
  });

  test("whose process died: what it held is forfeited", () => {
    const view = explained([admitted], { lostAt: AT });
    expect(view).toMatchObject({ state: "lost", outcome: null });
    expect(view?.remarks.join(" ")).toContain("forfeited");
  });

  test("whose process is another one that may be alive", () => {
    expect(explained([admitted])).toMatchObject({ state: "unknown" });
  });

  test("of another version, with a code that this one does not have", () => {
    const code = "nobody.knows" as "task.ended";
    const refused: Event = { kind: "call.refused", code, facts: {}, asked, answers, ...origin };
    expect(explained([refused])?.denial).toEqual({ code, says: "", hint: "", facts: {} });
  });

  test("with what was out of the ordinary", () => {
    const money = { unit: "usd", reserved: 1, charged: 2 } as const;
    const view = explained([
      { kind: "call.capped", model: "m", cap: 512, ...origin },
      { kind: "budget.overbilled", provider: "p", model: "m", ...money, ...origin },
      { ...done, estimated: true },
    ]);
    expect(view?.remarks).toHaveLength(3);
    expect(view?.remarks.join(" ")).toMatch(/512 tokens.*billed more.*most it may have been/);
  });

  test("with the results that it brought of calls that were never allowed", () => {
    const kind = "result.unallowed" as const;
    const code = "manifest.unknown-tool" as const;
    const view = explained([
      { kind, tool: "wipe", code, facts: {}, beyond: 0, ...origin },
      { kind, tool: null, code: null, facts: {}, beyond: 4, ...origin },
      done,
    ]);
    expect(view?.remarks).toEqual([
      "It brought the model the result of a call of wipe that is refused (manifest.unknown-tool).",
      "It brought the model the result of a call that the model has not asked for. There were 4 more.",
    ]);
  });

  test("of a tool: which, with what arguments, and what was out of the ordinary of a tool", () => {
    const asked = {
      ...{ server: "desk", tool: "echo", by: "mcp", digest: "ab12", bytes: 7, attempt: 0 },
      by: "mcp" as const,
    };
    const tool = { ...done, asked, usage: null, status: null, estimated: true };
    const over = { unit: "usd", reserved: 1, charged: 2, provider: "desk", model: "echo" } as const;
    const view = explained([tool, { kind: "budget.overbilled", ...over, ...origin }]);
    expect(view).toMatchObject({ asked, outcome: { outcome: "ok", usage: null } });
    expect(view?.remarks.join(" ")).toMatch(/tool may have run.*`max` of its cost/);
  });

  test("of a call that goes on costing: what was set aside, and what became of it", () => {
    const tool = { server: "cloud", tool: "create" };
    const money = { perHour: "2000000000", accrued: "1500000000" };
    const known = { decision, agent: "support", task: "t1", ...tool, service: '"s"', ...money };
    const leg = { budget: "all", scope: "", unit: "usd", window: 0, charged: null } as const;
    const begun = { ...tool, perHour: 2_000_000_000, horizonMs: 3_600_000 };
    const opened: Event = {
      ...{ kind: "commitment.opened", ...origin, ...begun },
      legs: [{ ...leg, reserved: 2_000_000_000 }],
    };
    const view = explained([
      opened,
      done,
      { kind: "commitment.renewed", ...known },
      { kind: "commitment.unknown", ...known },
      { kind: "commitment.unrenewable", ...known, budget: "all", left: "5" },
      { kind: "commitment.ended", ...known, by: "ada", reason: "gone" },
    ]);
    expect(view?.state).toBe("settled");
    expect(view?.remarks).toEqual([
      "What it begins costs $2 an hour until it ends; set aside: $2 of all.",
      "Nobody knows whether it began anything: it is charged on until a person ends it.",
      "What it began could not be renewed: all does not cover it.",
      "What it began has ended (ada: gone) and has cost $1.5.",
    ]);
    const uncapped = explained([{ ...opened, legs: [] }, done]);
    expect(uncapped?.remarks[0]).toContain("no budget pays for it");
  });

  test("that was a question to a policy: which, and what it said", () => {
    const kind = "policy.asked" as const;
    const question = { kind, policy: "authz", path: "agent/authz/allow", ...origin };
    expect(explained([{ ...question, verdict: "deny", because: "it is false" }])).toMatchObject({
      ...{ state: "asked", asked: null, denial: null, budgets: [], outcome: null, remarks: [] },
      answers: [
        {
          ...{ guard: "policy", answer: "deny" },
          numbers: { policy: "authz", path: "agent/authz/allow", because: "it is false" },
        },
      ],
    });
    const nowhere: Event = { ...question, policy: null, verdict: "none", because: null };
    expect(explained([nowhere])?.answers).toEqual([
      { guard: "policy", answer: "none", numbers: { path: "agent/authz/allow" } },
    ]);
    const refused: Event = {
      ...{ kind: "call.refused", code: "gateway.unsure", facts: {}, asked: null, answers },
      ...origin,
    };
    const failed: Event = { ...question, verdict: "failed", because: "error: x" };
    expect(explained([failed, refused])).toMatchObject({ state: "refused", answers });
  });

  test("that nobody knows is nothing", () => {
    expect(explained([])).toBeNull();
    expect(explained([{ kind: "call.capped", model: "m", cap: 1, ...origin }])).toBeNull();
  });
});
