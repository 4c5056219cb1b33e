import { describe, expect, test } from "vitest";
import type { Event } from "../../../src/guards/events.ts";
import type { DenialCode } from "../../../src/guards/verdict.ts";
import { AGENT_SERIES_MAX, type Reading } from "../../../src/telemetry/gauges.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { Counter, LABEL_CHARACTERS_MAX, SERIES_MAX } from "../../../src/telemetry/series.ts";
import { settled } from "./rows.ts";

const READING: Reading = {
  version: "0.1.0",
  configuration: "dir:abc",
  callsInFlight: 3,
  storeUp: true,
  heartbeatAgeMs: 1_500,
  journalWaiting: 2,
  decisionLog: null,
  modelsFlagged: 0,
  remote: null,
  agents: [
    {
      ...{ agent: "support", team: "care", org: "", owner: "ana", clutch: "engaged" },
      ...{ parked: 0, held: 0 },
    },
  ],
  reviews: [],
  commitments: [],
  notices: [],
  budgets: [],
};

function refused(model: string, provider: string | null, code: DenialCode): Event {
  const asked = {
    format: "openai-chat" as const,
    model,
    provider,
    stream: false,
    outputCap: null,
    bytes: 1,
    attempt: 0,
  };
  const origin = {
    decision: "d",
    call: "c",
    agent: "support",
    task: "ticket-7",
    key: "key_1",
    revision: "dir:1",
  };
  return { kind: "call.refused", asked, code, facts: {}, answers: [], ...origin };
}

function linesOf(text: string, name: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("the metrics of a scrape", () => {
  test("tell what a task used as it ends, by its agent alone, and once", () => {
    const metrics = new Metrics();
    for (const no of [3, 6, 1]) metrics.observe(settled(no));
    const shared = { ...settled(3), task: "unnamed:key_1:2026-11-23" } as Event;
    metrics.observe(shared);
    const ended = { kind: "task.ended", agent: "support", outcome: "ok", by: "key_1" } as const;
    for (const task of ["ticket-0", "ticket-0", "ticket-9", "unnamed:key_1:2026-11-23"]) {
      metrics.observe({ ...ended, task });
    }
    const text = metrics.render(READING);
    expect(linesOf(text, "slipclutch_tasks_ended_total")).toEqual([
      'slipclutch_tasks_ended_total{agent="support",outcome="ok"} 3',
    ]);
    // Two calls of ticket-0; what has not ended is not told, and no task has its name here.
    expect(linesOf(text, "slipclutch_task_calls")).toContain(
      'slipclutch_task_calls_bucket{agent="support",le="2"} 1',
    );
    expect(linesOf(text, "slipclutch_task_calls_sum")).toEqual([
      'slipclutch_task_calls_sum{agent="support"} 2',
    ]);
    expect(linesOf(text, "slipclutch_task_spend_usd_sum")).toEqual([
      'slipclutch_task_spend_usd_sum{agent="support"} 0.0008',
    ]);
    expect(linesOf(text, "slipclutch_task_tokens_count")).toEqual([
      'slipclutch_task_tokens_count{agent="support"} 1',
    ]);
    expect(text).not.toContain("ticket-0");
  });

  test("say how long the oldest review of each kind has waited", () => {
    const reviews = [
      { agent: "a", kind: "trip", count: 1, oldestAgeMs: 1_500 },
      { agent: "a", kind: "approval", count: 3, oldestAgeMs: 60_000 },
    ];
    const text = new Metrics().render({ ...READING, reviews });
    expect(linesOf(text, "slipclutch_review")).toEqual([
      'slipclutch_reviews_open{agent="a",kind="approval"} 3',
      'slipclutch_reviews_open{agent="a",kind="trip"} 1',
      'slipclutch_review_oldest_age_seconds{agent="a",kind="approval"} 60',
      'slipclutch_review_oldest_age_seconds{agent="a",kind="trip"} 1.5',
    ]);
    expect(
      linesOf(new Metrics().render({ ...READING, reviews: null }), "slipclutch_review"),
    ).toEqual([]);
  });

  test("have each event that is worth an alert before it happens", () => {
    const lines = linesOf(new Metrics().render(READING), "slipclutch_events_total");
    expect(lines).toContain('slipclutch_events_total{event="journal.gap"} 0');
    expect(lines).toContain('slipclutch_events_total{event="configuration.rejected"} 0');
    expect(lines.every((line) => line.endsWith(" 0"))).toBe(true);
  });

  test("count what became of spans", () => {
    const metrics = new Metrics();
    metrics.spans("exported", 5);
    metrics.spans("no-room", 1);
    expect(linesOf(metrics.render(READING), "slipclutch_spans_total")).toEqual([
      'slipclutch_spans_total{became="exported"} 5',
      'slipclutch_spans_total{became="no-room"} 1',
    ]);
  });

  test("count what operators released, with and without evidence", () => {
    const metrics = new Metrics();
    const why = { release: "r", holder: "aa", unit: null, billed: "0", by: "jo", reason: "x" };
    const part = { budget: "all", scope: "s", unit: "usd", amount: "1500000000" } as const;
    for (const evidence of ["gone", "none", "none"] as const) {
      metrics.observe({ kind: "forfeit.released", ...why, evidence, releases: [part] });
    }
    const tokens = { budget: "t", scope: "", unit: "tokens", amount: "7" } as const;
    const calls = { budget: "c", scope: "", unit: "calls", amount: "2" } as const;
    const evidence = "gone";
    metrics.observe({ kind: "forfeit.released", ...why, evidence, releases: [tokens, calls] });
    expect(linesOf(metrics.render(READING), "slipclutch_forfeits_released")).toEqual([
      'slipclutch_forfeits_released_usd_total{budget="all",evidence="gone"} 1.5',
      'slipclutch_forfeits_released_usd_total{budget="all",evidence="none"} 3',
      'slipclutch_forfeits_released_tokens_total{budget="t",evidence="gone"} 7',
      'slipclutch_forfeits_released_calls_total{budget="c",evidence="gone"} 2',
    ]);
  });

  test("say the state of each agent's clutch, of too many the paused first, and count alarms", () => {
    const metrics = new Metrics();
    const alarm = { kind: "breaker.alarmed", agent: "a7", task: null, rule: "stuck" } as const;
    const more = { server: "desk", tool: "echo", says: "again", numbers: {} };
    metrics.observe({ ...alarm, ...more, action: "trip" });
    metrics.observe({ ...alarm, ...more, action: "alert" });
    const labels = { team: "", org: "", owner: "", parked: null, held: 0 };
    const agents = Array.from({ length: AGENT_SERIES_MAX + 1 }, (_, no) => {
      const clutch = no === AGENT_SERIES_MAX ? ("probing" as const) : ("engaged" as const);
      return { agent: `a${no}`, ...labels, clutch };
    });
    const text = metrics.render({ ...READING, agents });
    const rows = linesOf(text, "slipclutch_clutch{");
    expect(rows[0]).toBe(`slipclutch_clutch{agent="a${AGENT_SERIES_MAX}",state="probing"} 1`);
    expect(rows).toHaveLength(AGENT_SERIES_MAX);
    expect(linesOf(text, "slipclutch_breaker_alarms_total")).toEqual([
      'slipclutch_breaker_alarms_total{agent="a7",rule="stuck",action="trip"} 1',
      'slipclutch_breaker_alarms_total{agent="a7",rule="stuck",action="alert"} 1',
    ]);
  });

  test("tell which agents' calls wait, and say nothing of what the store did not", () => {
    const metrics = new Metrics();
    const labels = { team: "", org: "", owner: "", clutch: "disengaged" } as const;
    const agents = [
      { agent: "a", ...labels, parked: 12, held: 3 },
      { agent: "b", ...labels, parked: 0, held: 0 },
      { agent: "c", ...labels, parked: null, held: 1 },
    ];
    const text = metrics.render({ ...READING, agents });
    expect(linesOf(text, "slipclutch_parked_calls{")).toEqual([
      'slipclutch_parked_calls{agent="a"} 12',
    ]);
    expect(linesOf(text, "slipclutch_held_calls{")).toEqual([
      'slipclutch_held_calls{agent="a"} 3',
      'slipclutch_held_calls{agent="c"} 1',
    ]);
  });

  test("count calls, tokens and money by what the configuration names", () => {
    const metrics = new Metrics();
    metrics.observe(settled(1));
    metrics.observe(settled(2));
    metrics.observe(refused("gpt-5-mini", "openai", "budget.exhausted"));
    const text = metrics.render(READING);
    expect(linesOf(text, "slipclutch_calls_total")).toEqual([
      'slipclutch_calls_total{agent="support",model="gpt-5-mini",provider="openai",outcome="ok"} 2',
      'slipclutch_calls_total{agent="support",model="gpt-5-mini",provider="openai",outcome="refused"} 1',
    ]);
    expect(linesOf(text, "slipclutch_denials_total")).toEqual([
      'slipclutch_denials_total{agent="support",code="budget.exhausted"} 1',
    ]);
    expect(linesOf(text, "slipclutch_tokens_total")).toEqual([
      'slipclutch_tokens_total{agent="support",model="gpt-5-mini",kind="input"} 800',
      'slipclutch_tokens_total{agent="support",model="gpt-5-mini",kind="cached_input"} 20',
      'slipclutch_tokens_total{agent="support",model="gpt-5-mini",kind="output"} 200',
    ]);
    expect(linesOf(text, "slipclutch_spend_usd_total")).toEqual([
      'slipclutch_spend_usd_total{agent="support",model="gpt-5-mini"} 0.0008',
    ]);
  });

  test("are a text that Prometheus reads, with cumulative buckets", () => {
    const metrics = new Metrics();
    metrics.observe(settled(1));
    const text = metrics.render(READING);
    expect(linesOf(text, "slipclutch_provider_first_byte_seconds")).toMatchInlineSnapshot(`
      [
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="0.05"} 0",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="0.1"} 0",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="0.25"} 0",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="0.5"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="1"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="2.5"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="5"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="10"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="20"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="30"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="60"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="120"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="300"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="600"} 1",
        "slipclutch_provider_first_byte_seconds_bucket{provider="openai",le="+Inf"} 1",
        "slipclutch_provider_first_byte_seconds_sum{provider="openai"} 0.2998",
        "slipclutch_provider_first_byte_seconds_count{provider="openai"} 1",
      ]
    `);
    const names = linesOf(text, "# TYPE").map((line) => line.split(" ")[2]);
    expect(new Set(names).size).toBe(names.length);
    for (const line of text.trimEnd().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) slipclutch_\w+ .+|slipclutch_\w+(\{.+\})? \S+)$/);
    }
  });

  test("say what is so at the scrape", () => {
    const text = new Metrics().render(READING);
    expect(text).toContain('slipclutch_info{version="0.1.0",configuration="dir:abc"} 1\n');
    expect(text).toContain("slipclutch_calls_in_flight 3\n");
    expect(text).toContain("slipclutch_store_up 1\n");
    expect(text).toContain("slipclutch_heartbeat_age_seconds 1.5\n");
  });

  test("show what goes on costing, by agent and state, and nothing without the store", () => {
    const some = { agent: "support", count: 3, nanoUsdPerHour: 1_500_000_000n } as const;
    const commitments = [
      { ...some, state: "active" },
      { ...some, state: "unknown", count: 1 },
    ] as const;
    const text = new Metrics().render({ ...READING, commitments });
    expect(text).toContain('slipclutch_commitments{agent="support",state="active"} 3\n');
    expect(text).toContain('slipclutch_commitments{agent="support",state="unknown"} 1\n');
    const rate = 'slipclutch_commitments_usd_per_hour{agent="support",state="active"} 1.5\n';
    expect(text).toContain(rate);
    const lost = new Metrics().render({ ...READING, commitments: null });
    expect(lost).not.toContain("slipclutch_commitments{");
  });

  test("show budgets exactly, and none of single tasks", () => {
    const budget = {
      budget: "monthly",
      scope: "support",
      perTask: false,
      unit: "usd" as const,
      limit: 9_007_199_254_740_993_000_000_001n,
      spent: 1n,
      reserved: 2n,
      leased: 3n,
      forfeited: 4n,
      committed: 6n,
      remaining: -5n,
    };
    const task = { ...budget, budget: "each-task", scope: "ticket-7", perTask: true };
    const text = new Metrics().render({ ...READING, budgets: [budget, task] });
    expect(text).toContain(
      'slipclutch_budget_limit_usd{budget="monthly",scope="support"} 9007199254740993.000000001\n',
    );
    expect(text).toContain('budget_remaining_usd{budget="monthly",scope="support"} -0.000000005\n');
    expect(text).not.toContain("ticket-7");
  });

  test("show a budget in the series of its unit, and in no other", () => {
    const amounts = {
      spent: 1n,
      reserved: 2n,
      leased: 3n,
      forfeited: 4n,
      committed: 6n,
      remaining: 5n,
    };
    const one = { budget: "b", scope: "", perTask: false, limit: 15_000_000_000n, ...amounts };
    for (const unit of ["usd", "tokens", "calls"] as const) {
      const text = new Metrics().render({ ...READING, budgets: [{ ...one, unit }] });
      const shown = linesOf(text, "slipclutch_budget_limit");
      const limit = unit === "usd" ? "15" : "15000000000";
      expect(shown).toEqual([`slipclutch_budget_limit_${unit}{budget="b",scope=""} ${limit}`]);
      expect(linesOf(text, "slipclutch_budget_")).toHaveLength(7);
    }
  });

  test("never carry a model that a caller made up, nor a task", () => {
    const metrics = new Metrics();
    metrics.observe(refused("invented-1", null, "model.unknown"));
    metrics.observe(refused("invented-2", "openai", "model.unpriced"));
    metrics.observe(refused("invented-3", "openai", "model.not-granted"));
    metrics.observe(refused("invented-4", "openai", "call.cap"));
    metrics.observe(settled(1));
    const text = metrics.render(READING);
    expect(text).not.toContain("invented");
    expect(text).not.toContain("ticket-");
    expect(text).toContain('model="other",provider="none",outcome="refused"} 1');
  });

  test("count tool calls and their money by tools that are granted, and no invented name", () => {
    const metrics = new Metrics();
    const { usage: _, ...done } = settled(1) as Extract<Event, { kind: "call.settled" }>;
    const asked = { tool: "echo", server: "desk", by: "mcp", digest: "d", bytes: 2, attempt: 0 };
    const toolAsked = { ...asked, by: "mcp" as const };
    metrics.observe({ ...done, usage: null, asked: toolAsked });
    metrics.observe({ ...done, usage: null, asked: toolAsked, outcome: "error", charged: 0 });
    const refusal = refused("", null, "budget.exhausted") as Extract<
      Event,
      { kind: "call.refused" }
    >;
    metrics.observe({ ...refusal, asked: toolAsked });
    const before: readonly DenialCode[] = [
      "task.ended",
      "store.unreachable",
      "gateway.unsure",
      "gateway.fenced",
      "manifest.unknown-tool",
      "manifest.blacklisted",
    ];
    for (const code of before) {
      metrics.observe({ ...refusal, code, asked: { ...toolAsked, tool: `invented ${code}` } });
    }
    const text = metrics.render(READING);
    expect(linesOf(text, "slipclutch_tool_calls_total")).toEqual([
      'slipclutch_tool_calls_total{agent="support",server="desk",tool="echo",outcome="ok"} 1',
      'slipclutch_tool_calls_total{agent="support",server="desk",tool="echo",outcome="error"} 1',
      'slipclutch_tool_calls_total{agent="support",server="desk",tool="echo",outcome="refused"} 1',
      'slipclutch_tool_calls_total{agent="support",server="other",tool="other",outcome="refused"} 6',
    ]);
    expect(linesOf(text, "slipclutch_tool_spend_usd_total")).toEqual([
      'slipclutch_tool_spend_usd_total{agent="support",server="desk",tool="echo"} 0.0004',
    ]);
    expect(linesOf(text, "slipclutch_tool_seconds_count")).toEqual([
      'slipclutch_tool_seconds_count{server="desk"} 2',
    ]);
    // Those are of models.
    expect(linesOf(text, "slipclutch_calls_total")).toEqual([]);
    expect(linesOf(text, "slipclutch_spend_usd_total")).toEqual([]);
  });

  test("count an overbilled call and what it was over", () => {
    const metrics = new Metrics();
    const origin = { decision: "d", call: "c", agent: "a", task: "t", key: "k", revision: "dir:1" };
    metrics.observe({
      kind: "budget.overbilled",
      provider: "p",
      model: "m",
      unit: "usd",
      reserved: 1_000_000_000,
      charged: 3_500_000_000,
      ...origin,
    });
    const over = { provider: "p", model: "tokens", reserved: 5, charged: 8, ...origin };
    metrics.observe({ kind: "budget.overbilled", unit: "tokens", ...over });
    const text = metrics.render(READING);
    expect(text).toContain('slipclutch_overbilled_total{provider="p",model="m"} 1\n');
    expect(text).toContain('slipclutch_overbilled_tokens_total{provider="p",model="tokens"} 3\n');
    expect(linesOf(text, "slipclutch_overbilled_usd_total")).toHaveLength(1);
    expect(text).toContain('slipclutch_overbilled_usd_total{provider="p",model="m"} 2.5\n');
  });
});

describe("one counter", () => {
  const metric = { name: "slipclutch_test_total", labels: ["agent"], help: "A test." };

  test("counts what is past its bound together, and keeps the sum", () => {
    const counter = new Counter(metric);
    for (let no = 0; no < SERIES_MAX + 50; no += 1) counter.add([`agent-${no}`]);
    const lines = linesOf(counter.text(), "slipclutch_test_total");
    expect(lines).toHaveLength(SERIES_MAX + 1);
    expect(lines.at(-1)).toBe('slipclutch_test_total{agent="other"} 50');
  });

  test("escapes and cuts what a label holds", () => {
    const counter = new Counter(metric);
    counter.add(['a"b\\c\nd']);
    counter.add(["x".repeat(500)]);
    const [first, second] = linesOf(counter.text(), "slipclutch_test_total");
    expect(first).toBe('slipclutch_test_total{agent="a\\"b\\\\c\\nd"} 1');
    expect(second).toBe(`slipclutch_test_total{agent="${"x".repeat(LABEL_CHARACTERS_MAX)}"} 1`);
  });

  test("stays exact beyond what a number holds", () => {
    const counter = new Counter(metric);
    counter.add(["a"], Number.MAX_SAFE_INTEGER);
    counter.add(["a"], 2);
    expect(counter.text()).toContain(" 9007199254740993\n");
  });
});
