/** What the events of a gateway come to as spans: when each is told, and under which. */
import { describe, expect, test } from "vitest";
import type { Event, Origin } from "../../../src/guards/events.ts";
import type { Parent, Span } from "../../../src/ports/spans.ts";
import { isSampled } from "../../../src/telemetry/sampler.ts";
import { Traces } from "../../../src/telemetry/traces.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { settled } from "./rows.ts";

const ROOT: Parent = {
  ...{ traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" },
  ...{ sampled: true, remote: true, state: null },
};
const EVERY = { followsParent: true, share: 1 };

function world(storeId = "store-1") {
  const clock = testClock();
  const told: Span[] = [];
  let no = 0;
  const chance = {
    hex: (bytes: number) => {
      no += 1;
      return no.toString(16).padStart(bytes * 2, "0");
    },
  };
  const sink = { take: (span: Span) => void told.push(span), close: async () => undefined };
  const places = { provider: () => null, toolServer: () => null };
  const traces = new Traces({ clock, chance, sink, sampler: EVERY, places, storeId });
  return { clock, told, traces };
}

function settledAs(more: Partial<Origin> & { readonly endedMs?: number }): Event {
  // `as`: a settlement stays one, whoever it is of.
  return { ...settled(1), ...more } as Event;
}

const ASKED = {
  server: "desk",
  tool: "echo",
  by: "mcp",
  digest: "",
  bytes: 1,
  attempt: 0,
} as const;
const WHO = { agent: "support", task: "t", key: "key_1", revision: "dir:1" };

function refused(decision: string, more: Partial<Origin> = {}): Event {
  const why = { code: "manifest.arguments", facts: {}, answers: [], asked: ASKED } as const;
  return { kind: "call.refused", ...why, ...WHO, decision, call: decision, ...more };
}

function parked(decision: string): Event {
  return { kind: "call.parked", review: "r-1", asked: ASKED, ...WHO, decision, call: decision };
}

describe("a span", () => {
  test("lasts from its request to its settlement by the clock that is not set back", () => {
    const { clock, told, traces } = world();
    traces.begin("d-1", ROOT, null);
    const from = clock.wall();
    clock.advance(1_500);
    clock.step(-60_000);
    traces.observe(settledAs({ decision: "d-1", call: "d-1" }));
    expect(told).toMatchObject([{ parent: ROOT, startedAt: from, endedAt: from + 1_500 }]);
    traces.over("d-1", false);
    expect(told.length).toBe(1);
  });

  test("of a call that outlives its request is told when it ends, and once", () => {
    const { told, traces } = world();
    traces.begin("d-1", null, null);
    traces.over("d-1", true);
    expect(told).toEqual([]);
    traces.observe(settledAs({ decision: "d-1", call: "d-1" }));
    expect(told.length).toBe(1);
    // Forgotten: an event that comes now is of nobody's request.
    traces.observe(refused("d-1", { key: null }));
    expect(told.length).toBe(1);
  });

  test("of a call that a call makes is under it, also after that was told", () => {
    const { told, traces } = world();
    traces.begin("d-1", ROOT, null);
    traces.observe(refused("d-2", { call: "d-1" }));
    traces.observe(settledAs({ decision: "d-1", call: "d-1" }));
    const { spanId, traceId } = traces.contextOf({ decision: "d-3", call: "d-1" });
    traces.observe(settledAs({ decision: "d-3", call: "d-1" }));
    const [inner, outer, round] = told;
    expect(inner?.parent?.spanId).toBe(outer?.context.spanId);
    expect(round).toMatchObject({
      context: { traceId: ROOT.traceId, spanId },
      parent: { spanId: outer?.context.spanId, remote: false },
    });
    expect(traceId).toBe(ROOT.traceId);
  });

  test("of a call that was let go waited until it was read again", () => {
    const { clock, told, traces } = world();
    traces.begin("d-1", null, null);
    clock.advance(100);
    traces.observe(parked("d-1"));
    clock.advance(5_000);
    traces.observe(settledAs({ decision: "d-1", call: "d-1", endedMs: 300 }));
    expect(told[0]?.events).toMatchObject([
      {
        name: "slipclutch.parked",
        attributes: { "slipclutch.review": "r-1", "slipclutch.parked.wait_ms": { double: 4_700 } },
      },
    ]);
  });

  test("of a call whose client left while it waited is told without an error", () => {
    const { told, traces } = world();
    traces.begin("d-1", null, null);
    traces.observe(parked("d-1"));
    traces.over("d-1", false);
    expect(told).toMatchObject([{ failed: false, attributes: { "slipclutch.outcome": "left" } }]);
  });

  test("of a call that its agent was spared the refusal of says which it would have been", () => {
    const { told, traces } = world();
    traces.begin("d-1", null, null);
    const why = { code: "manifest.arguments", facts: {}, asked: ASKED } as const;
    traces.observe({ kind: "call.spared", ...why, ...WHO, decision: "d-1", call: "d-1" });
    traces.observe(settledAs({ decision: "d-1", call: "d-1" }));
    expect(told[0]?.attributes).toMatchObject({
      "slipclutch.verdict": "allow",
      "slipclutch.would_deny": "manifest.arguments",
    });
  });

  test("never has the words of a fault", () => {
    const { told, traces } = world();
    const fault = { outcome: "fault", fault: "protocol: a secret was answered" } as const;
    traces.observe({ ...settledAs({ decision: "d-1", call: "d-1" }), ...fault } as Event);
    expect(told[0]?.attributes["error.type"]).toBe("protocol");
    expect(JSON.stringify(told)).not.toContain("secret");
  });
});

describe("a task that was opened", () => {
  const task = { agent: "support", task: "t-1" };
  const ended = (name: string): Event => {
    return { kind: "task.ended", agent: "support", task: name, outcome: "ok", by: "key_1" };
  };

  test("has one trace at every gateway of its store, and another one at another", () => {
    const contexts = [world(), world(), world("store-2")].map(({ traces }) => {
      traces.begin("d-1", null, task);
      return traces.contextOf({ decision: "d-1", call: "d-1" }).traceId;
    });
    expect(contexts[0]).toBe(contexts[1]);
    expect(contexts[2]).not.toBe(contexts[0]);
  });

  test("is told from its opening to its end, and only if it was opened on purpose", () => {
    const { clock, told, traces } = world();
    const from = clock.wall();
    traces.observe({ kind: "task.opened", ...task, parent: null, how: "opened" });
    traces.observe({ kind: "task.opened", ...task, task: "t-2", parent: null, how: "named" });
    clock.advance(60_000);
    traces.begin("d-1", null, task);
    traces.observe(settledAs({ decision: "d-1", call: "d-1" }));
    traces.observe(ended("t-1"));
    traces.observe(ended("t-2"));
    traces.observe(ended("t-1"));
    expect(told.map(({ name }) => name)).toEqual(["chat gpt-5-mini", "invoke_agent support"]);
    expect(told[1]).toMatchObject({ startedAt: from, endedAt: from + 60_000, parent: null });
    expect(told[0]?.parent?.spanId).toBe(told[1]?.context.spanId);
  });
});

test("a share of traces is a share of their ids", () => {
  const ids = Array.from({ length: 1_000 }, (_, no) => {
    return Math.floor((no / 1_000) * 2 ** 32)
      .toString(16)
      .padStart(8, "0")
      .padEnd(14, "0");
  });
  const sampled = ids.filter((id) => {
    return isSampled(id.padStart(32, "f"), null, { followsParent: true, share: 0.25 });
  });
  expect(sampled.length).toBe(250);
});
