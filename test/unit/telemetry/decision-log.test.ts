/** The decision log: what an entry holds, its order, its limits, its patience, and its end. */
import { beforeEach, describe, expect, test } from "vitest";
import type { DecisionEvent } from "../../../src/ports/decision-log.ts";
import type { PolicyAnswer } from "../../../src/ports/policy-engine.ts";
import {
  CLOSE_ASKING_MS,
  CLOSE_SENDING_MS,
  DecisionLog,
  MASKED_AT_ONCE_MAX,
  NOTED_MAX,
} from "../../../src/telemetry/decision-log/decision-log.ts";
import type { AskPolicies, NotedDecision } from "../../../src/telemetry/decision-log/event.ts";
import { ASK_MS_MAX } from "../../../src/telemetry/decision-log/judged.ts";
import {
  BATCH_MAX,
  DELAY_MS,
  LAST_AGAIN_MS,
  WAITING_MAX,
} from "../../../src/telemetry/decision-log/outlet.ts";
import {
  type FakeDecisionSink,
  fakeDecisionSink,
} from "../../../src/testing/fake-decision-sink.ts";
import { type TestClock, testClock } from "../../../src/testing/test-clock.ts";

const AT = Date.UTC(2026, 10, 17, 3, 7, 42, 5);
const MINUTE_MS = 60_000;
const UNDEFINED: PolicyAnswer = { kind: "undefined" };

let clock: TestClock;
let sink: FakeDecisionSink;
let said: (readonly [string, unknown])[];

beforeEach(() => {
  clock = testClock();
  sink = fakeDecisionSink();
  said = [];
});

function logTo(...sinks: FakeDecisionSink[]): DecisionLog {
  const words = said;
  const say = (message: string, fields: unknown) => words.push([message, fields]);
  const labels = { id: "gateway-1", version: "0.1.0" };
  return new DecisionLog({ sinks, labels, clock, log: { info: say, warn: say } });
}

function decision(no: number, more: Partial<NotedDecision> = {}): NotedDecision {
  return {
    ...{ id: `d-${no}`, at: AT + no, path: ["agent", "authz", "allow"], revision: "9f3c2ab" },
    input: { agent_id: "support", secret: "4111" },
    answer: { kind: "value", value: true },
    ...{ requestedBy: "support", ask: null },
    ...more,
  };
}

function note(log: DecisionLog, count: number, more: Partial<NotedDecision> = {}): void {
  for (let no = 0; no < count; no += 1) log.note(decision(no, more));
}

const idsOf = (events: readonly DecisionEvent[]) => events.map(({ decision_id }) => decision_id);
const idsTo = (count: number) => Array.from({ length: count }, (_, no) => `d-${no}`);

/** Policies that give this for the mask, and this for the drop. */
function asking(mask: PolicyAnswer, drop: PolicyAnswer = UNDEFINED): AskPolicies {
  return async ([, , name]) => (name === "mask" ? mask : drop);
}

async function turns(count = 20): Promise<void> {
  for (let no = 0; no < count; no += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets timers come due in steps, and what they began go on. */
async function pass(ms: number, stepMs = 500): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(Math.min(stepMs, ms - passed));
    await turns(5);
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 5_000 && !holds(); tries += 1) await pass(100, 100);
  expect(holds()).toBe(true);
}

async function onlyEntry(more: Partial<NotedDecision>): Promise<DecisionEvent | undefined> {
  const log = logTo(sink);
  log.note(decision(0, more));
  await pass(2 * DELAY_MS);
  await until(() => log.counts.waiting === 0);
  await pass(2 * DELAY_MS);
  expect(sink.events.length).toBeLessThan(2);
  return sink.events[0];
}

describe("an entry", () => {
  test("has what OPA's have", async () => {
    const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
    expect(await onlyEntry({ trace, tookNs: 41_000.4 })).toEqual({
      labels: { id: "gateway-1", version: "0.1.0" },
      decision_id: "d-0",
      ...{ trace_id: trace.traceId, span_id: trace.spanId },
      bundles: { guardrails: { revision: "9f3c2ab" } },
      path: "agent/authz/allow",
      input: { agent_id: "support", secret: "4111" },
      result: true,
      requested_by: "support",
      timestamp: "2026-11-17T03:07:42.005Z",
      metrics: { timer_rego_query_eval_ns: 41_000 },
      req_id: 1,
    });
  });

  test("of what is undefined has no result, and no error", async () => {
    const entry = await onlyEntry({ answer: UNDEFINED });
    expect(entry).not.toHaveProperty("result");
    expect(entry).not.toHaveProperty("error");
    expect(entry).not.toHaveProperty("trace_id");
    expect(entry?.metrics).toEqual({});
  });

  test("of an error says it", async () => {
    const answer = { kind: "failed", code: "limit", because: "its time was over" } as const;
    const entry = await onlyEntry({ answer });
    expect(entry?.error).toEqual({ code: "policy_limit", message: "its time was over" });
    expect(entry).not.toHaveProperty("result");
  });

  test("of an engine with records of its own says where they are", async () => {
    const trace = { decisionId: "4ca636c1", revisions: { pii: "r-7" } };
    const entry = await onlyEntry({ answer: { kind: "value", value: false, trace } });
    expect(entry?.bundles).toEqual({
      pii: { revision: "r-7" },
      guardrails: { revision: "9f3c2ab" },
    });
    expect(entry?.custom).toEqual({ engine_decision_id: "4ca636c1" });
  });

  test("is counted from 1, also where others before it were dropped", async () => {
    const log = logTo(sink);
    log.note(decision(0, { ask: asking(UNDEFINED, { kind: "value", value: true }) }));
    log.note(decision(1));
    await until(() => sink.events.length === 1);
    expect(sink.events[0]?.req_id).toBe(2);
    expect(log.counts).toMatchObject({ noted: 2, dropped: 1, lost: 0, waiting: 0 });
  });
});

describe("masks", () => {
  test("are asked for about the whole entry, and what is noted stays as it was", async () => {
    const seen: unknown[] = [];
    const input = { agent_id: "support", secret: "4111" };
    const entry = await onlyEntry({
      input,
      ask: async ([, , name], about) => {
        seen.push(about);
        return name === "mask" ? { kind: "value", value: ["/input/secret"] } : UNDEFINED;
      },
    });
    expect(seen).toEqual([seen[0], seen[0]]);
    const { erased: _erased, ...rest } = entry ?? {};
    expect(seen[0]).toEqual({ ...rest, input });
    expect(entry?.input).toEqual({ agent_id: "support" });
    expect(entry?.erased).toEqual(["/input/secret"]);
    expect(input.secret).toBe("4111");
  });

  test("that make an entry too large take its input and result", async () => {
    const value = [{ op: "upsert", path: "/input/secret", value: "x".repeat(2_000_000) }];
    const entry = await onlyEntry({ ask: asking({ kind: "value", value }) });
    expect(entry).not.toHaveProperty("input");
    expect(entry?.error?.code).toBe("decision_log_too_large");
  });

  test("take the words of an error with them: it may quote what is masked", async () => {
    const answer = { kind: "failed", code: "error", because: 'parsing "4111"' } as const;
    const ask = asking({ kind: "value", value: ["/input/secret"] });
    expect(JSON.stringify(await onlyEntry({ answer, ask }))).not.toContain("4111");
    sink = fakeDecisionSink();
    const other = asking({ kind: "value", value: ["/input/nothing"] });
    expect((await onlyEntry({ answer, ask: other }))?.error?.message).toBe('parsing "4111"');
  });

  const because = 'the mask says "4111"';
  const failed = { kind: "failed", code: "error", because } as const;
  const never = () => new Promise<PolicyAnswer>(() => undefined);
  const thrower = () => {
    throw new Error(because);
  };
  const ways: readonly (readonly [string, AskPolicies, string])[] = [
    ["a mask that fails", asking(failed), "decision_log_mask_failed"],
    ["a drop that fails", asking(UNDEFINED, failed), "decision_log_drop_failed"],
    ["a mask of garbage", asking({ kind: "value", value: 7 }), "decision_log_mask_failed"],
    [
      "one garbled mask among good ones",
      asking({ kind: "value", value: ["/input/secret", { op: "hash", path: "/input" }] }),
      "decision_log_mask_failed",
    ],
    [
      "too many masks",
      asking({ kind: "value", value: Array(10_001).fill("/input/secret") }),
      "decision_log_mask_failed",
    ],
    ["no answer in time", never, "decision_log_drop_failed"],
    [
      "no answer in time for the mask",
      ([, , name]) => (name === "mask" ? never() : Promise.resolve(UNDEFINED)),
      "decision_log_mask_failed",
    ],
    ["an asker that rejects", async () => thrower(), "decision_log_drop_failed"],
    ["an asker that throws", thrower, "decision_log_drop_failed"],
    [
      "an asker that answers with nothing",
      // `as`: what no engine of ours does.
      (async () => undefined) as unknown as AskPolicies,
      "decision_log_drop_failed",
    ],
    [
      "an asker that answers in another way",
      (async () => ({ kind: "maybe" })) as unknown as AskPolicies,
      "decision_log_drop_failed",
    ],
  ];

  test.each(ways)("of %s leak nothing", async (_, ask, code) => {
    const entry = await onlyEntry({ ask, answer: { kind: "value", value: { no: "4111" } } });
    expect(entry).toMatchObject({ decision_id: "d-0", error: { code } });
    expect(entry).not.toHaveProperty("input");
    expect(entry).not.toHaveProperty("result");
    expect(JSON.stringify([entry, said])).not.toContain("4111");
    expect(said).toEqual([[expect.stringContaining("without input and result"), { withheld: 1 }]]);
  });

  test("that never come hold up what is noted after them for a moment", async () => {
    const log = logTo(sink);
    note(log, 3, { ask: () => new Promise(() => undefined) });
    note(log, 3);
    await pass(2 * ASK_MS_MAX + 2 * DELAY_MS);
    expect(sink.events.length).toBe(6);
    expect(log.counts.withheld).toBe(3);
  });
});

describe("what is no JSON, or too large,", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  let deep: unknown = 1;
  for (let no = 0; no < 5_000; no += 1) deep = [deep];
  const values: readonly (readonly [string, unknown, string])[] = [
    ["a bigint", { a: 1n }, "decision_log_no_json"],
    ["a function", { a: () => 1 }, "decision_log_no_json"],
    ["no number", [Number.NaN], "decision_log_no_json"],
    ["a class", { at: new Date(0) }, "decision_log_no_json"],
    [
      "a getter that throws",
      Object.defineProperty({}, "a", {
        enumerable: true,
        get: () => {
          throw new Error("4111");
        },
      }),
      "decision_log_no_json",
    ],
    ["a cycle", cycle, "decision_log_too_large"],
    ["a well", deep, "decision_log_too_large"],
    ["a long text", { a: "x".repeat(2_000_000) }, "decision_log_too_large"],
    ["many elements", { a: Array(1_000_000).fill(1) }, "decision_log_too_large"],
  ];

  test.each(values)("is left out: %s", async (_, value, code) => {
    for (const more of [
      { input: { value } },
      { answer: { kind: "value", value } as const },
      { input: { value }, ask: asking({ kind: "value", value: ["/input/value"] }) },
    ]) {
      sink = fakeDecisionSink();
      const entry = await onlyEntry(more);
      expect(entry).toMatchObject({ decision_id: "d-0", error: { code } });
      expect(entry).not.toHaveProperty("input");
      expect(entry).not.toHaveProperty("result");
    }
  });

  test("costs no time to note", () => {
    const log = logTo(sink);
    const input = { list: Array.from({ length: 2_000_000 }, (_, no) => ({ no })) };
    const from = performance.now();
    for (let no = 0; no < 100; no += 1) log.note(decision(no, { input }));
    expect(performance.now() - from).toBeLessThan(500);
  });
});

test("noting never throws, whatever is noted", async () => {
  const log = logTo(sink);
  // `as`: what a bug could hand in.
  for (const bad of [{ at: Number.NaN }, { path: null }, { answer: null }, { input: null }]) {
    log.note(decision(0, bad as unknown as Partial<NotedDecision>));
  }
  log.note(decision(1));
  await until(() => sink.events.some(({ decision_id }) => decision_id === "d-1"));
  const { lost, noted, sinks, waiting } = log.counts;
  expect(noted).toBe(5);
  expect(waiting).toBe(0);
  expect(lost + (sinks.fake?.written ?? 0)).toBe(5);
});

describe("the way to a sink", () => {
  test("waits for others to go with an entry, and not longer than that", async () => {
    const log = logTo(sink);
    note(log, 3);
    await pass(DELAY_MS / 2);
    expect(sink.asked).toEqual([]);
    await pass(DELAY_MS);
    expect(sink.asked).toEqual([3]);
    expect(idsOf(sink.events)).toEqual(idsTo(3));
  });

  test("keeps their order, with masks that take their time", async () => {
    const log = logTo(sink);
    for (let no = 0; no < 50; no += 1) {
      const ask: AskPolicies = async () => {
        await turns(50 - no);
        return UNDEFINED;
      };
      log.note(decision(no, { ask: no % 3 === 0 ? null : ask }));
    }
    await until(() => sink.events.length === 50);
    expect(idsOf(sink.events)).toEqual(idsTo(50));
  });

  test("asks about a few at once, and gives the rest of the process its turn", async () => {
    const log = logTo(sink);
    let asked = 0;
    const ask: AskPolicies = async () => {
      asked += 1;
      return UNDEFINED;
    };
    note(log, 100, { ask });
    expect(asked).toBe(0);
    clock.advance(1);
    await turns();
    expect(asked).toBe(2 * MASKED_AT_ONCE_MAX);
  });

  test("sends a full batch at once", async () => {
    const log = logTo(sink);
    note(log, BATCH_MAX.items + 1);
    for (let no = 0; no < BATCH_MAX.items && sink.asked.length === 0; no += 1) await pass(1, 1);
    expect(sink.asked).toEqual([BATCH_MAX.items]);
  });

  test("tries the same again, later each time, until it is taken", async () => {
    const log = logTo(sink);
    sink.answer("fails");
    note(log, 2);
    await pass(DELAY_MS);
    const times: number[] = [];
    let seen = 0;
    await until(() => {
      if (sink.asked.length > seen) times.push(clock.monotonic());
      seen = sink.asked.length;
      return times.length === 9;
    });
    const gaps = times.slice(1).map((time, no) => time - (times[no] ?? 0));
    expect(gaps.slice(0, 4).map((gap) => Math.round(gap / 1_000))).toEqual([1, 2, 4, 8]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(LAST_AGAIN_MS + 200);
    log.note(decision(2));
    sink.answer("takes");
    await until(() => sink.events.length === 3);
    expect(idsOf(sink.events)).toEqual(idsTo(3));
    expect(log.counts.sinks.fake).toEqual({ written: 3, lost: 0, waiting: 0 });
    expect(said.map(([message]) => message)).toEqual([
      "the decision log is not written; calls go on, and its entries wait",
      "the decision log is written again",
    ]);
  });

  test("finds the one that is refused, and sends all others in their order", async () => {
    const log = logTo(sink);
    sink.answer((events) =>
      events.some(({ decision_id }) => decision_id === "d-37") ? "refuses" : "takes",
    );
    note(log, 100);
    await until(() => log.counts.sinks.fake?.waiting === 0 && sink.events.length === 99);
    expect(idsOf(sink.events)).toEqual(idsTo(100).filter((id) => id !== "d-37"));
    expect(log.counts.sinks.fake).toEqual({ written: 99, lost: 1, waiting: 0 });
    const fields = { sink: "fake", refused: 1, because: "one of them is not wanted" };
    expect(said).toContainEqual(["entries of the decision log were refused", fields]);
  });

  test("a sink that hangs holds up no other", async () => {
    const other = fakeDecisionSink("other");
    sink.answer("hangs");
    const log = logTo(sink, other);
    note(log, 10);
    await until(() => other.events.length === 10);
    expect(log.counts.sinks).toMatchObject({
      fake: { written: 0, lost: 0, waiting: 10 },
      other: { written: 10, lost: 0, waiting: 0 },
    });
    expect(sink.asked.length).toBe(1);
  });
});

describe("limits", () => {
  test("of what was noted: the oldest go, counted and told once a minute", async () => {
    const log = logTo(sink);
    note(log, NOTED_MAX.items + 3);
    expect(log.counts).toMatchObject({ lost: 3, waiting: NOTED_MAX.items });
    const message = "decisions were lost before they could be logged";
    expect(said).toEqual([[message, { lost: 1 }]]);
    await until(() => log.counts.waiting === 0);
    clock.advance(MINUTE_MS);
    expect(said).toEqual([
      [message, { lost: 1 }],
      [message, { lost: 2 }],
    ]);
    expect(sink.events[0]?.decision_id).toBe("d-3");
  });

  test("of what was noted, in bytes", () => {
    const log = logTo(sink);
    const input = { text: "x".repeat(1_000_000) };
    note(log, 100, { input });
    const { lost, waiting } = log.counts;
    expect(waiting).toBe(Math.floor(NOTED_MAX.bytes / (1_000_000 + 1_024 + 4 * 16)));
    expect(lost + waiting).toBe(100);
  });

  test("of what waits for a sink that is away", async () => {
    const log = logTo(sink);
    sink.answer("fails");
    for (let no = 0; no < WAITING_MAX.items + 700; no += 1) {
      log.note(decision(no));
      if (no % 1_000 === 999) await until(() => log.counts.waiting === 0);
    }
    await until(() => log.counts.waiting === 0);
    await pass(3 * MINUTE_MS);
    const before = log.counts.sinks.fake;
    expect(before?.lost).toBe(700);
    expect(before?.waiting).toBe(WAITING_MAX.items);
    const told = said.filter(([message]) => message.includes("were lost"));
    const counts = told.map(([, fields]) => (fields as { lost: number }).lost); // of that message
    expect(counts.reduce((sum, count) => sum + count)).toBe(700);
    expect(counts.length).toBeLessThan(6);
    sink.answer("takes");
    await until(() => sink.events.length === WAITING_MAX.items);
    expect(idsOf(sink.events)).toEqual(idsTo(WAITING_MAX.items + 700).slice(700));
    expect(Math.max(...sink.asked)).toBe(BATCH_MAX.items);
  });

  test("of one batch, in bytes", async () => {
    const log = logTo(sink);
    note(log, 20, { input: { text: "x".repeat(200_000) } });
    await until(() => sink.events.length === 20);
    expect(Math.max(...sink.asked)).toBe(Math.floor(BATCH_MAX.bytes / 201_088));
  });
});

describe("at the end", () => {
  test("all that was noted is sent", async () => {
    const log = logTo(sink);
    note(log, 30, { ask: asking({ kind: "value", value: ["/input/secret"] }) });
    let isOver = false;
    const closing = log.close().then(() => {
      isOver = true;
    });
    await until(() => isOver);
    await closing;
    expect(idsOf(sink.events)).toEqual(idsTo(30));
    await expect(sink.send(sink.events)).rejects.toThrow("closed");
    expect(clock.waiting).toBe(0);
  });

  test.each(["hangs", "fails"] as const)("a sink that %s costs a bounded time", async (answer) => {
    const log = logTo(sink);
    sink.answer(answer);
    note(log, 5);
    await pass(2 * DELAY_MS);
    note(log, 5);
    const from = clock.monotonic();
    let isOver = false;
    void log.close().then(() => {
      isOver = true;
    });
    await until(() => isOver);
    expect(clock.monotonic() - from).toBeLessThanOrEqual(CLOSE_SENDING_MS + 1_000);
    expect(log.counts.sinks.fake).toEqual({ written: 0, lost: 10, waiting: 0 });
    expect(said).toContainEqual([
      "entries of the decision log were lost",
      { sink: "fake", lost: 10 },
    ]);
    expect(clock.waiting).toBe(0);
  });

  test("a mask that never comes costs a bounded time, and nothing of what is masked", async () => {
    const log = logTo(sink);
    sink.answer("fails");
    note(log, 5);
    await pass(2 * DELAY_MS);
    sink.answer("takes");
    for (let no = 0; no < 100; no += 1) {
      log.note(decision(no + 5, { ask: () => new Promise(() => undefined) }));
    }
    const from = clock.monotonic();
    let isOver = false;
    void log.close().then(() => {
      isOver = true;
    });
    await until(() => isOver);
    const { lost, sinks, waiting } = log.counts;
    expect(waiting).toBe(0);
    expect(clock.monotonic() - from).toBeLessThanOrEqual(CLOSE_ASKING_MS + 1_000);
    expect(lost + (sinks.fake?.written ?? 0)).toBe(105);
    expect(lost).toBeGreaterThan(0);
    expect(idsOf(sink.events).slice(0, 5)).toEqual(idsTo(5));
  });

  test("what is noted after it is lost, and counted", async () => {
    const log = logTo(sink);
    await log.close();
    await log.close();
    log.note(decision(0));
    expect(log.counts).toMatchObject({ noted: 1, lost: 1 });
  });
});

test("policies may be let go once all that was noted under them was asked about", async () => {
  const log = logTo(sink);
  await log.settled();
  let asked = 0;
  const ask: AskPolicies = async () => {
    asked += 1;
    return UNDEFINED;
  };
  note(log, 20, { ask });
  let isSettled = false;
  void log.settled().then(() => {
    isSettled = true;
  });
  // What comes after them goes on and on, and is not waited for.
  await until(() => {
    note(log, 20);
    return isSettled;
  });
  expect(asked).toBe(40);
  expect(log.counts.waiting).toBeGreaterThan(0);
});
