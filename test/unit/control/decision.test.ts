import { describe, expect, test } from "vitest";
import { collectDecision } from "../../../src/control/decision.ts";
import { explanationView } from "../../../src/control/explanation.ts";
import type { Recorded } from "../../../src/control/operations.ts";
import type { Event } from "../../../src/guards/events.ts";
import { Chain } from "../../../src/telemetry/chain.ts";
import { settled, storeOf } from "../telemetry/rows.ts";

const AT = Date.UTC(2026, 0, 2);
const done = settled(1) as Extract<Event, { kind: "call.settled" }>;
const { decision, call, agent, task, key, asked, answers, legs } = done;
const origin = { decision, call, agent, task, key };
const open = legs.map((leg) => ({ ...leg, charged: null }));
const admitted: Event = { kind: "call.admitted", asked, answers, legs: open, ...origin };
const gap: Event = { kind: "journal.gap", writer: "aa", lastNo: 1, forfeits: [] };

async function explained(
  stored: readonly Event[],
  here: { waiting?: readonly Event[]; inFlight?: Event } = {},
) {
  const chains = { aa: new Chain("aa"), bb: new Chain("bb") };
  const entries = stored.map((event, index) => ({
    ...chains[event.kind === "journal.gap" ? "bb" : "aa"].append(event, AT + index),
    position: index + 1,
  }));
  const pages = storeOf({ entries, anchors: [] });
  const store = {
    ...pages,
    read: async (query: Parameters<typeof pages.read>[0]) =>
      (await pages.read(query)).filter(
        (entry) =>
          (query.decision === undefined || entry.decision === query.decision) &&
          (query.kind === undefined || entry.kind === query.kind),
      ),
  };
  const waiting = (here.waiting ?? []).map((event) => ({ event, at: AT }));
  const inFlight: Recorded | null = here.inFlight
    ? { at: AT, event: here.inFlight, position: null }
    : null;
  const journals = [{ about: () => waiting }];
  const records = await collectDecision(decision, { store, journals, inFlight });
  return records ? explanationView(records) : null;
}

describe("a decision explained", () => {
  test("that settled: asked, answered, cost, outcome", async () => {
    expect(await explained([admitted, done])).toMatchObject({
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

  test("that settled a moment ago and is not in the store yet", async () => {
    expect(await explained([], { waiting: [done] })).toMatchObject({ state: "settled" });
    expect(await explained([admitted], { waiting: [done] })).toMatchObject({ state: "settled" });
  });

  test("that was refused: the code, what it means, the numbers", async () => {
    const facts = { budget: "monthly", remaining_usd: "0.10" };
    const refused: Event = {
      kind: "call.refused",
      code: "budget.exhausted",
      facts,
      asked,
      answers,
      ...origin,
    };
    expect(await explained([refused])).toMatchObject({
      state: "refused",
      denial: { code: "budget.exhausted", says: expect.stringContaining("budget"), facts },
      budgets: [],
      outcome: null,
    });
  });

  test("that is in flight, whether its admission was flushed or not", async () => {
    expect(await explained([], { inFlight: admitted })).toMatchObject({ state: "in-flight" });
    expect(await explained([admitted], { inFlight: admitted })).toMatchObject({
      state: "in-flight",
      budgets: [{ reserved_usd: "0.0012", charged_usd: null }, {}],
    });
  });

  test("whose process died: what it held is forfeited", async () => {
    const view = await explained([admitted, gap]);
    expect(view).toMatchObject({ state: "lost", outcome: null });
    expect(view?.remarks.join(" ")).toContain("forfeited");
  });

  test("whose process is another one that may be alive", async () => {
    expect(await explained([admitted])).toMatchObject({ state: "unknown" });
    const other: Event = { ...gap, writer: "cc" };
    expect(await explained([admitted, other])).toMatchObject({ state: "unknown" });
  });

  test("with what was out of the ordinary", async () => {
    const money = { reserved: 1, charged: 2 };
    const view = await explained([
      { kind: "call.capped", model: "m", cap: 512, ...origin },
      { kind: "call.written-late", lateMs: 31_000, ...origin },
      { kind: "budget.overbilled", provider: "p", model: "m", ...money, ...origin },
      { ...done, estimated: true },
    ]);
    expect(view?.remarks).toHaveLength(4);
    expect(view?.remarks.join(" ")).toMatch(/512 tokens.*31000 ms late.*billed more.*upper count/);
  });

  test("that nobody knows is nothing", async () => {
    expect(await explained([])).toBeNull();
  });
});
